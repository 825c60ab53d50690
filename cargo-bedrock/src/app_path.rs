//! A path of a file below the folder of an app. Records in the app name files that are edited and deleted, and a record may come
//! with a repository from elsewhere.

use std::path::{Component, Path, PathBuf};

use bedrock_diagnostics::{Error, Result};

/// A path below an app, also after all links are followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AppPath(PathBuf);

impl AppPath {
    /// Checks a path that `record` names, which is relative to the app in `root`.
    pub(crate) fn of(root: &Path, path: &str, record: &str) -> Result<Self> {
        let refused = |cause: &str| {
            Error::app(format!("`{record}` names `{}`", path.escape_debug()))
                .cause(cause.to_owned())
                .help(format!("look at how `{record}` came into the app, and restore it from an older commit"))
        };
        let relative = Path::new(path);
        let is_plain = relative.components().all(|part| matches!(part, Component::Normal(_)));
        if !is_plain || path.is_empty() || path.contains('\0') {
            return Err(refused("only paths below the app are changed"));
        }
        let real_root = root.canonicalize().map_err(|_| refused("the app's folder cannot be read"))?;
        let place = root.join(relative);
        // What does not exist yet is created below the nearest folder that exists. A link to nowhere exists too.
        let nearest = place.ancestors().find(|ancestor| ancestor.symlink_metadata().is_ok()).unwrap_or(root);
        match nearest.canonicalize() {
            Ok(real) if real.starts_with(&real_root) => Ok(Self(place)),
            _ => Err(refused("a link leads out of the app")),
        }
    }

    /// Checks all paths that a record names.
    pub(crate) fn check_all<'p>(root: &Path, paths: impl Iterator<Item = &'p String>, record: &str) -> Result<()> {
        for path in paths {
            Self::of(root, path, record)?;
        }
        Ok(())
    }

    /// Returns the path on the disk.
    pub(crate) fn on_disk(&self) -> &Path {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::AppPath;

    #[test]
    fn paths_out_of_the_app_are_refused() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().join("app");
        fs::create_dir_all(root.join("inside")).expect("a folder");
        fs::create_dir_all(dir.path().join("outside")).expect("a folder");
        fs::write(root.join("inside/file"), "").expect("a file");
        symlink("../outside", root.join("out")).expect("a link");
        symlink("inside", root.join("in")).expect("a link");
        symlink("../nowhere", root.join("dangling")).expect("a link");
        symlink("../../outside/file", root.join("inside/linked")).expect("a link");
        for path in ["inside/file", "inside/new", "new/folder/file", "in/file", "..a"] {
            let checked = AppPath::of(&root, path, "record").expect(path);
            assert_eq!(checked.on_disk(), root.join(path));
        }
        for path in [
            "../outside/file",
            "inside/../../outside",
            "/etc/passwd",
            "",
            ".",
            "out/file",
            "out/a/b",
            "dangling",
            "inside/linked",
        ] {
            assert!(AppPath::of(&root, path, "record").is_err(), "{path}");
        }
    }
}
