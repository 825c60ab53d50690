//! What the local runtime knows about an app: compiled in by `#[bedrock::main]`, or read from disk.

use std::path::{Path, PathBuf};

use bedrock_build::{App, Language, WorkerEntry, WorkerIndex};

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
    /// Whether the settings name local services of AWS, and a function uses a resource.
    pub uses_services: bool,
    /// The environment variables of the workers.
    pub(crate) environment: WorkerEnvironment,
}

impl AppInfo {
    /// Returns the app that the build script described to the compiler.
    pub fn compiled(name: &'static str, root: &str, catalog: &str) -> Self {
        // Compiled paths become wrong when a checkout is moved. `BEDROCK_APP_DIR` is the current path.
        let current_root = std::env::var_os("BEDROCK_APP_DIR").map(PathBuf::from);
        let root = current_root.unwrap_or_else(|| PathBuf::from(root));
        let app = App::open(&root).ok();
        let uses_services = app.as_ref().is_some_and(App::uses_local_services);
        let catalog = with_workers_on_disk(WorkerIndex::decode(catalog).unwrap_or_default(), app.as_ref());
        let environment = WorkerEnvironment::read_when_needed(root.clone());
        Self { name, scratch: scratch_folder(&root), root, catalog, uses_services, environment }
    }

    /// Returns an app that was read from disk, for programs that run its Python and JavaScript workers without being
    /// the app's own program.
    pub fn from_disk(app: &App, scratch: PathBuf) -> Result<Self, bedrock_build::Problem> {
        let catalog = WorkerIndex::of(app, &app.root)?;
        let environment = WorkerEnvironment::from_app(app);
        let uses_services = app.uses_local_services();
        let name = leak(app.name.as_str());
        Ok(Self { name, root: app.root.clone(), scratch, catalog, uses_services, environment })
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
        let catalog = WorkerIndex::default();
        Self { name: "app", scratch: scratch_folder(&root), root, catalog, uses_services: false, environment }
    }
}

/// Returns the compiled index with the Python and JavaScript workers that are on disk today: a new folder compiles nothing.
/// An app that cannot be read keeps the compiled index.
fn with_workers_on_disk(compiled: WorkerIndex, app: Option<&App>) -> WorkerIndex {
    let Some(on_disk) = app.and_then(|app| WorkerIndex::of(app, &app.root).ok()) else { return compiled };
    let is_hosted = |entry: &WorkerEntry| entry.language != Language::Rust;
    let hosted = on_disk.entries.into_iter().filter(is_hosted);
    let mut entries: Vec<WorkerEntry> = compiled.entries.into_iter().filter(|entry| !is_hosted(entry)).collect();
    entries.extend(hosted);
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    WorkerIndex { entries }
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

#[cfg(test)]
mod tests {
    use super::AppInfo;

    #[test]
    fn new_folder_is_a_worker_of_a_compiled_app() {
        let root = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        };
        let compiled = "greeter|rust|workers/greeter|Cargo.toml|30|256|provided.al2023|greeter;\
                        gone|python|workers/gone|main.py|30|256|python3.13|";
        let names = || {
            let info = AppInfo::compiled("shop", &root.path().display().to_string(), compiled);
            info.catalog.entries.into_iter().map(|entry| entry.name).collect::<Vec<_>>()
        };
        assert_eq!(names(), ["greeter", "gone"], "it is not an app");
        write("Cargo.toml", "[package]\nname = \"shop\"\n[package.metadata.bedrock]\n");
        write("workers/greeter/Cargo.toml", "[package]\nname = \"greeter\"\n");
        write("workers/added/main.py", "");
        assert_eq!(names(), ["added", "greeter"]);
    }
}
