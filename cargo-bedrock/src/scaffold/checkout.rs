//! `--bedrock-path`: a checkout of this project that a new app depends on by path.

use std::path::{Component, Path, PathBuf};

use bedrock_diagnostics::{Error, Result};

/// Path of a checkout, as the new app's `Cargo.toml` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checkout(String);

impl Checkout {
    /// Checks that `given`, relative to `base`, is a checkout. An absolute path stays absolute. A relative one is made
    /// relative to the folder `app`, so that app and checkout can be moved together. `app` does not have to exist yet.
    pub(crate) fn find(given: &Path, base: &Path, app: &Path) -> Result<Self> {
        let found = base.join(given);
        for package in ["bedrock-rt", "bedrock-build"] {
            if !found.join(package).join("Cargo.toml").is_file() {
                return Err(Error::call(format!("`{}` is not a checkout of cargo bedrock", given.display()))
                    .cause(format!("it has no `{package}/Cargo.toml`")));
            }
        }
        let path = if given.is_absolute() {
            given.to_owned()
        } else {
            let real = found.canonicalize();
            relative_from(
                &real.map_err(|error| Error::io(format!("failed to find `{}`", given.display()), &error))?,
                app,
            )
        };
        match path.to_str() {
            Some(text) => Ok(Self(text.trim_end_matches('/').to_owned())),
            None => Err(Error::call(format!("`{}` cannot be written in a `Cargo.toml`", path.display()))
                .cause("it is not UTF-8")),
        }
    }

    /// Returns the path of one of its packages.
    pub(crate) fn package_path(&self, name: &str) -> String {
        format!("{}/{name}", self.0)
    }
}

/// Returns the relative path from the folder `from` to `to`. Both are absolute and without symlinks.
fn relative_from(to: &Path, from: &Path) -> PathBuf {
    let shared = to.components().zip(from.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(to.components().skip(shared)).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::relative_from;

    #[test]
    fn relative_path_leads_from_one_folder_to_another() {
        for (to, from, expected) in [
            ("/a/bedrock", "/a/my_app", "../bedrock"),
            ("/a/bedrock", "/a/b/c/my_app", "../../../bedrock"),
            ("/a/my_app/vendor/bedrock", "/a/my_app", "vendor/bedrock"),
            ("/bedrock", "/my_app", "../bedrock"),
            ("/a", "/a/b", ".."),
        ] {
            assert_eq!(relative_from(Path::new(to), Path::new(from)), Path::new(expected), "{from} to {to}");
        }
    }
}
