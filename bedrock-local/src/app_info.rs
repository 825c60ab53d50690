//! What the local runtime knows about an app: compiled in by `#[bedrock::main]`, or read from disk.

use std::path::{Path, PathBuf};

use bedrock_build::{App, WorkerIndex};

use super::worker_environment::WorkerEnvironment;

/// An app, as the local runtime knows it.
#[derive(Debug, Clone)]
pub struct AppInfo {
    /// The app's name.
    pub name: &'static str,
    /// Absolute path of the app's folder.
    pub root: PathBuf,
    /// The folder that the local runtime writes to, `target/bedrock`.
    pub scratch: PathBuf,
    /// The app's workers.
    pub catalog: WorkerIndex,
    /// The environment variables of the workers.
    pub(crate) environment: WorkerEnvironment,
}

impl AppInfo {
    /// Returns the app that the build script described to the compiler.
    pub fn compiled(name: &'static str, root: &str, catalog: &str) -> Self {
        // Compiled paths become wrong when a checkout is moved. `BEDROCK_APP_DIR` is the current path.
        let current_root = std::env::var_os("BEDROCK_APP_DIR").map(PathBuf::from);
        let root = current_root.unwrap_or_else(|| PathBuf::from(root));
        let catalog = WorkerIndex::decode(catalog).unwrap_or_default();
        let environment = WorkerEnvironment::read_when_needed(root.clone());
        Self { name, scratch: scratch_folder(&root), root, catalog, environment }
    }

    /// Returns an app that was read from disk, for programs that run its Python and JavaScript workers without being
    /// the app's own program.
    pub fn from_disk(app: &App, scratch: PathBuf) -> Result<Self, bedrock_build::Problem> {
        let catalog = WorkerIndex::of(app, &app.root)?;
        let environment = WorkerEnvironment::from_app(app);
        Ok(Self { name: leak(app.name.as_str()), root: app.root.clone(), scratch, catalog, environment })
    }

    /// Returns the app that contains the package which cargo runs, or the current folder. For programs without
    /// `#[bedrock::main]`, for example unit tests. The app has no workers if none is found.
    pub fn discover() -> Self {
        let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let folder = package.or_else(|| std::env::current_dir().ok()).unwrap_or_else(|| PathBuf::from("."));
        match App::find(&folder) {
            Ok(app) => Self::from_disk(&app, scratch_folder(&app.root)).unwrap_or_else(|_| Self::empty(folder)),
            Err(_) => Self::empty(folder),
        }
    }

    fn empty(root: PathBuf) -> Self {
        let environment = WorkerEnvironment::read_when_needed(root.clone());
        Self { name: "app", scratch: scratch_folder(&root), root, catalog: WorkerIndex::default(), environment }
    }
}

/// Returns the folder `bedrock` in cargo's target folder, which contains the program itself. Falls back to the app's
/// `target`.
pub fn scratch_folder(root: &Path) -> PathBuf {
    let exe = std::env::current_exe().unwrap_or_default();
    let target = exe.ancestors().find(|dir| dir.join("CACHEDIR.TAG").is_file());
    target.map_or_else(|| root.join("target"), Path::to_owned).join("bedrock")
}

/// Leaks the app's name, which is needed until the program ends. A program has one app.
fn leak(name: &str) -> &'static str {
    Box::leak(name.to_owned().into_boxed_str())
}
