//! A checkout of this project that a new app depends on by path, for `--bedrock-path`.

use std::path::{Component, Path, PathBuf};

use bedrock_diagnostics::{Error, Result};

/// The path as it goes into the new app's `Cargo.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checkout(String);

impl Checkout {
    /// `given` is relative to `base`; an absolute path stays one, a relative one is written relative to the app, so
    /// that app and checkout can be moved together. `app` is a folder to be, in a folder that exists.
    pub(crate) fn find(given: &Path, base: &Path, app: &Path) -> Result<Self> {
        let found = base.join(given);
        for package in ["bedrock-rt", "bedrock-build"] {
            if !found.join(package).join("Cargo.toml").is_file() {
                return Err(Error::call(format!("`{}` is no checkout of cargo bedrock", given.display()))
                    .cause(format!("it has no `{package}/Cargo.toml`")));
            }
        }
        let path = if given.is_absolute() {
            given.to_owned()
        } else {
            let real = found.canonicalize();
            relative(&real.map_err(|error| Error::io(format!("failed to find `{}`", given.display()), &error))?, app)
        };
        match path.to_str() {
            Some(text) => Ok(Self(text.trim_end_matches('/').to_owned())),
            None => Err(Error::call(format!("`{}` cannot be written in a `Cargo.toml`", path.display()))
                .cause("it is not UTF-8")),
        }
    }

    /// The path of one of its packages.
    pub(crate) fn package(&self, name: &str) -> String {
        format!("{}/{name}", self.0)
    }
}

/// The way from the folder `from` to `to`, both absolute and without symlinks.
fn relative(to: &Path, from: &Path) -> PathBuf {
    let shared = to.components().zip(from.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(to.components().skip(shared)).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::relative;

    #[test]
    fn the_way_between_two_folders_goes_up_and_down_again() {
        for (to, from, way) in [
            ("/a/bedrock", "/a/my_app", "../bedrock"),
            ("/a/bedrock", "/a/b/c/my_app", "../../../bedrock"),
            ("/a/my_app/vendor/bedrock", "/a/my_app", "vendor/bedrock"),
            ("/bedrock", "/my_app", "../bedrock"),
            ("/a", "/a/b", ".."),
        ] {
            assert_eq!(relative(Path::new(to), Path::new(from)), Path::new(way), "{from} to {to}");
        }
    }
}
