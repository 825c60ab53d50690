//! From files that changed to what has to be made anew. Decides by paths alone; whether a Rust program is really another
//! one is seen when it is built.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use bedrock_build::{App, Language, Worker};

/// Files of the app that cargo and rustup read, besides manifests.
const CARGO: [&str; 5] = ["Cargo.lock", "build.rs", "rust-toolchain", "rust-toolchain.toml", ".cargo"];
/// Files of which one makes a folder a worker; a second one, or none, makes it another one or none.
const ENTRIES: [&str; 5] = ["main.py", "main.js", "main.mjs", "main.cjs", "Cargo.toml"];
/// What a bundled JavaScript worker may take from outside of its folder.
const SCRIPTS: [&str; 8] = ["cjs", "js", "json", "jsx", "mjs", "mts", "ts", "tsx"];

/// What a change has to do with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Affected {
    /// Python and JavaScript workers, which get new processes.
    pub hosted: BTreeSet<String>,
    /// Programs of Rust workers, which have to be built.
    pub rust: bool,
    /// The endpoint's program, which has to be built.
    pub endpoint: bool,
    /// The app's settings or its list of workers, which have to be read.
    pub settings: bool,
}

impl Affected {
    /// When nobody knows what changed.
    pub fn everything(app: &App) -> Self {
        let hosted = app.workers.iter().filter(|worker| worker.language != Language::Rust);
        Self {
            hosted: hosted.map(|worker| worker.name.to_string()).collect(),
            rust: true,
            endpoint: true,
            settings: true,
        }
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what another change has to do with.
    pub fn add(&mut self, other: Self) {
        self.hosted.extend(other.hosted);
        self.rust |= other.rust;
        self.endpoint |= other.endpoint;
        self.settings |= other.settings;
    }

    fn programs() -> Self {
        // The endpoint knows the types of Rust workers.
        Self { rust: true, endpoint: true, ..Self::default() }
    }

    fn settings() -> Self {
        Self { settings: true, ..Self::default() }
    }

    fn hosted(worker: &Worker) -> Self {
        Self { hosted: BTreeSet::from([worker.name.to_string()]), ..Self::default() }
    }
}

/// What changes of these files have to do with. Paths are absolute; those outside of the app are of crates that it uses.
pub fn affected<'a>(app: &App, changed: impl IntoIterator<Item = &'a PathBuf>) -> Affected {
    let mut all = Affected::default();
    for path in changed {
        all.add(match path.strip_prefix(&app.root) {
            Ok(within) => inside(app, within),
            Err(_) if is_rust(path) => Affected::programs(),
            Err(_) => Affected::default(),
        });
    }
    all
}

fn inside(app: &App, path: &Path) -> Affected {
    if let Ok(within) = path.strip_prefix(&app.settings.workers_dir) {
        return among_workers(app, path, within);
    }
    let first = name(path.components().next());
    if path == Path::new("Cargo.toml") {
        return Affected { settings: true, ..Affected::programs() };
    }
    let mut affected = if first == "src" {
        // The app's own package: no worker can depend on it.
        Affected { endpoint: true, ..Affected::default() }
    } else if CARGO.contains(&first) || is_rust(path) {
        Affected::programs()
    } else {
        Affected::default()
    };
    affected.add(bundled(app, path));
    affected
}

fn among_workers(app: &App, path: &Path, within: &Path) -> Affected {
    let mut parts = within.components();
    let (folder, rest) = (name(parts.next()), parts.as_path());
    if folder.starts_with(['.', '_']) {
        let mut affected = if is_rust(path) { Affected::programs() } else { Affected::default() };
        affected.add(bundled(app, path));
        return affected;
    }
    let Some(worker) = app.workers.iter().find(|worker| worker.name.as_str() == folder) else {
        return Affected::settings();
    };
    let is_entry = ENTRIES.iter().any(|entry| rest == Path::new(entry));
    if rest == Path::new("") || (is_entry && rest != Path::new(worker.entry)) {
        return Affected { settings: true, ..of(app, worker, path) };
    }
    of(app, worker, path)
}

fn of(app: &App, worker: &Worker, path: &Path) -> Affected {
    let mut affected = match worker.language {
        Language::Rust => Affected::programs(),
        Language::Python | Language::JavaScript => Affected::hosted(worker),
    };
    affected.add(bundled(app, path));
    affected
}

/// The workers into which a script may be bundled.
fn bundled(app: &App, path: &Path) -> Affected {
    let mut all = Affected::default();
    let extension = path.extension().unwrap_or_default();
    if SCRIPTS.iter().any(|script| extension == *script) {
        for worker in app.workers.iter().filter(|worker| worker.settings.bundle) {
            // Of another worker it takes nothing that would not be its own as well.
            if !path.starts_with(&app.settings.workers_dir) || path.starts_with(&worker.dir) || is_shared(app, path) {
                all.add(Affected::hosted(worker));
            }
        }
    }
    all
}

fn is_shared(app: &App, path: &Path) -> bool {
    let within = path.strip_prefix(&app.settings.workers_dir).unwrap_or(path);
    name(within.components().next()).starts_with('_')
}

/// Whether cargo may have read it: what lies in `src` can be included.
fn is_rust(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    extension == "rs" || path.ends_with("Cargo.toml") || path.components().any(|part| name(Some(part)) == "src")
}

fn name(part: Option<Component<'_>>) -> &str {
    part.and_then(|part| part.as_os_str().to_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
