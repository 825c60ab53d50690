//! What the app is, for the local runtime: compiled in by `#[bedrock::main]`, or found on disk.

use std::path::{Path, PathBuf};

use bedrock_build::{App, Catalog};

/// An app as the local runtime sees it.
#[derive(Debug, Clone)]
pub struct AppInfo {
    /// The app's name.
    pub name: &'static str,
    /// Absolute path of its folder.
    pub root: PathBuf,
    /// Where the local runtime may write: `target/bedrock`.
    pub scratch: PathBuf,
    /// Its workers.
    pub catalog: Catalog,
}

impl AppInfo {
    /// From what the build script handed to the compiler.
    pub fn compiled(name: &'static str, root: &str, catalog: &str) -> Self {
        // Compiled paths go stale when a checkout is moved; cargo tells where it is now.
        let moved = std::env::var_os("BEDROCK_APP_DIR").map(PathBuf::from);
        let root = moved.unwrap_or_else(|| PathBuf::from(root));
        let catalog = Catalog::decode(catalog).unwrap_or_default();
        Self { name, scratch: scratch(&root), root, catalog }
    }

    /// From the disk, for a program that runs Python and JavaScript workers without being the app.
    pub fn of(app: &App, scratch: PathBuf) -> Result<Self, bedrock_build::Problem> {
        let catalog = Catalog::of(app, &app.root)?;
        Ok(Self { name: leak(app.name.as_str()), root: app.root.clone(), scratch, catalog })
    }

    /// For a program without `#[bedrock::main]`, a unit test for instance: the app that cargo runs, if any.
    pub(crate) fn around() -> Self {
        let here = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).or_else(|| std::env::current_dir().ok());
        let here = here.unwrap_or_else(|| PathBuf::from("."));
        match App::find(&here) {
            Ok(app) => Self::of(&app, scratch(&app.root)).unwrap_or_else(|_| Self::nothing(here)),
            Err(_) => Self::nothing(here),
        }
    }

    fn nothing(root: PathBuf) -> Self {
        Self { name: "app", scratch: scratch(&root), root, catalog: Catalog::default() }
    }
}

/// `bedrock` in cargo's target folder, which is where the program itself lies; else in the app's `target`.
pub(super) fn scratch(root: &Path) -> PathBuf {
    let exe = std::env::current_exe().unwrap_or_default();
    let target = exe.ancestors().find(|dir| dir.join("CACHEDIR.TAG").is_file());
    target.map_or_else(|| root.join("target"), Path::to_owned).join("bedrock")
}

/// An app's name lives as long as the program; there is one.
fn leak(name: &str) -> &'static str {
    Box::leak(name.to_owned().into_boxed_str())
}
