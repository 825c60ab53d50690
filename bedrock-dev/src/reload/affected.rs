//! Determines what a set of changed files affects. The decision uses only paths and lists of dependencies; whether a Rust program really differs
//! is known when it is built.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use bedrock_build::{App, DOTENV_FILES, Language, PathDependencies, Worker, shared_dir};

/// Files of the app that cargo and rustup read, in addition to manifests.
const CARGO_FILES: [&str; 5] = ["Cargo.lock", "build.rs", "rust-toolchain", "rust-toolchain.toml", ".cargo"];
/// Entry files: a folder with exactly one of them is a worker. Adding or removing one changes the list of workers.
const ENTRY_FILES: [&str; 8] =
    ["main.py", "main.js", "main.mjs", "main.cjs", "main.ts", "main.mts", "main.cts", "Cargo.toml"];
/// Extensions of files that a bundled JavaScript worker may import from outside of its folder.
const SCRIPT_EXTENSIONS: [&str; 8] = ["cjs", "js", "json", "jsx", "mjs", "mts", "ts", "tsx"];

/// Returns the names of the workers that import a file of a shared folder, `workers/_shared/python` or `workers/_shared/javascript`.
/// The path is relative to the app.
pub type SharedFileUsersFn = dyn Fn(&App, &Path) -> BTreeSet<String> + Send + Sync;

/// Workers and build steps affected by a set of changed files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Affected {
    /// Python and JavaScript workers whose processes have to be replaced.
    pub hosted_workers: BTreeSet<String>,
    /// Whether the executables of Rust workers have to be built.
    pub rust_workers: bool,
    /// Whether the endpoint's executable has to be built.
    pub endpoint: bool,
    /// Whether the app's settings and its list of workers have to be read.
    pub settings: bool,
}

impl Affected {
    /// Returns everything in the app, for unknown changes.
    pub fn everything(app: &App) -> Self {
        let hosted = app.workers.iter().filter(|worker| worker.language != Language::Rust);
        Self {
            hosted_workers: hosted.map(|worker| worker.name.to_string()).collect(),
            rust_workers: true,
            endpoint: true,
            settings: true,
        }
    }

    /// Returns whether nothing is affected.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns whether executables have to be built.
    pub fn has_programs(&self) -> bool {
        self.rust_workers || self.endpoint
    }

    /// Adds what another change affects.
    pub fn merge(&mut self, other: Self) {
        self.hosted_workers.extend(other.hosted_workers);
        self.rust_workers |= other.rust_workers;
        self.endpoint |= other.endpoint;
        self.settings |= other.settings;
    }

    fn programs() -> Self {
        // The endpoint is compiled with the types of Rust workers.
        Self { rust_workers: true, endpoint: true, ..Self::default() }
    }

    fn settings() -> Self {
        Self { settings: true, ..Self::default() }
    }

    fn hosted_worker(worker: &Worker) -> Self {
        Self { hosted_workers: BTreeSet::from([worker.name.to_string()]), ..Self::default() }
    }
}

/// Determines what changes of these files affect. Paths are absolute; paths outside of the app belong to crates that it
/// uses. Without `users`, a shared file affects all workers of its language.
pub fn affected<'a>(
    app: &App,
    changed: impl IntoIterator<Item = &'a PathBuf>,
    users: Option<&SharedFileUsersFn>,
) -> Affected {
    let mut all = Affected::default();
    let mut packages = None;
    for path in changed {
        all.merge(match path.strip_prefix(&app.root) {
            Ok(relative_path) => affected_in_app(app, relative_path),
            Err(_) if is_rust_source(path) => Affected::programs(),
            Err(_) => Affected::default(),
        });
        let shared = path.strip_prefix(&app.root).ok().filter(|path| is_in_shared_folder(app, path));
        if let Some(path) = shared.filter(|path| !is_output(path)) {
            let users = users.map_or_else(|| workers_of_folder(app, path), |users| users(app, path));
            all.hosted_workers.extend(users);
        }
        if !is_output(path) {
            let packages = packages.get_or_insert_with(|| local_packages(app));
            let users = packages.iter().filter(|(_, packages)| packages.has_file(path));
            all.hosted_workers.extend(users.map(|(worker, _)| worker.name.to_string()));
        }
    }
    all
}

/// Returns the Python and JavaScript workers with dependencies that are folders.
fn local_packages(app: &App) -> Vec<(&Worker, PathDependencies)> {
    let of = |worker: &'_ Worker| PathDependencies::of(&app.root, &worker.dir, worker.language);
    app.workers.iter().map(|worker| (worker, of(worker))).filter(|(_, packages)| !packages.found.is_empty()).collect()
}

/// Returns whether a file is in the shared folder of a language.
fn is_in_shared_folder(app: &App, path: &Path) -> bool {
    !workers_of_folder(app, path).is_empty()
}

/// Returns the names of the workers in whose shared folder a file is.
fn workers_of_folder(app: &App, path: &Path) -> BTreeSet<String> {
    let shares = |worker: &&Worker| shared_dir(&worker.dir, worker.language).is_some_and(|dir| path.starts_with(dir));
    app.workers.iter().filter(shares).map(|worker| worker.name.to_string()).collect()
}

/// Returns whether tools write a file next to code: when a package is built or installed, and when Python or tests run.
fn is_output(path: &Path) -> bool {
    let is_folder_of_tools =
        |name: &str| matches!(name, "__pycache__" | "node_modules" | "build" | "dist") || name.ends_with(".egg-info");
    path.components().any(|part| is_folder_of_tools(name(Some(part))))
        || path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

fn affected_in_app(app: &App, path: &Path) -> Affected {
    if let Ok(path_in_workers) = path.strip_prefix(&app.settings.workers_dir) {
        return affected_in_workers_dir(app, path, path_in_workers);
    }
    let top_level_name = name(path.components().next());
    let is_settings = ["Cargo.toml"].iter().chain(&DOTENV_FILES).any(|file| path == Path::new(file));
    if is_settings {
        return Affected { settings: true, ..Affected::programs() };
    }
    let mut affected = if top_level_name == "src" {
        // No worker can depend on the app's own package.
        Affected { endpoint: true, ..Affected::default() }
    } else if CARGO_FILES.contains(&top_level_name) || is_rust_source(path) {
        Affected::programs()
    } else {
        Affected::default()
    };
    affected.merge(affected_bundles(app, path));
    affected
}

fn affected_in_workers_dir(app: &App, path: &Path, path_in_workers: &Path) -> Affected {
    let mut parts = path_in_workers.components();
    let folder = name(parts.next());
    let path_in_folder = parts.as_path();
    if folder.starts_with(['.', '_']) {
        let mut affected = if is_rust_source(path) { Affected::programs() } else { Affected::default() };
        affected.merge(affected_bundles(app, path));
        return affected;
    }
    let Some(worker) = app.workers.iter().find(|worker| worker.name.as_str() == folder) else {
        return Affected::settings();
    };
    let is_entry_file = ENTRY_FILES.iter().any(|entry| path_in_folder == Path::new(entry));
    if path_in_folder == Path::new("") || (is_entry_file && path_in_folder != Path::new(worker.entry)) {
        return Affected { settings: true, ..affected_by_worker_file(app, worker, path) };
    }
    affected_by_worker_file(app, worker, path)
}

fn affected_by_worker_file(app: &App, worker: &Worker, path: &Path) -> Affected {
    let mut affected = match worker.language {
        Language::Rust => Affected::programs(),
        Language::Python | Language::JavaScript => Affected::hosted_worker(worker),
    };
    affected.merge(affected_bundles(app, path));
    affected
}

/// Returns the workers into which a script may be bundled.
fn affected_bundles(app: &App, path: &Path) -> Affected {
    let mut all = Affected::default();
    let extension = path.extension().unwrap_or_default();
    if SCRIPT_EXTENSIONS.iter().any(|script| extension == *script) {
        for worker in app.workers.iter().filter(|worker| worker.settings.bundle) {
            // A bundle never imports files of another worker.
            let is_shared = is_shared(app, path) && !is_in_shared_folder(app, path);
            if !path.starts_with(&app.settings.workers_dir) || path.starts_with(&worker.dir) || is_shared {
                all.merge(Affected::hosted_worker(worker));
            }
        }
    }
    all
}

/// Returns whether a file is in a shared folder, such as `workers/_shared`.
fn is_shared(app: &App, path: &Path) -> bool {
    let path_in_workers = path.strip_prefix(&app.settings.workers_dir).unwrap_or(path);
    name(path_in_workers.components().next()).starts_with('_')
}

/// Returns whether cargo may read the file. Any file in `src` may be included with `include_str!` and the like.
fn is_rust_source(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    extension == "rs" || path.ends_with("Cargo.toml") || path.components().any(|part| name(Some(part)) == "src")
}

fn name(part: Option<Component<'_>>) -> &str {
    part.and_then(|part| part.as_os_str().to_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
