//! Finds the code in the shared folder that a worker imports: `workers/_shared/python` and `workers/_shared/javascript`.
//! Its unit is a file or a folder directly in there: a module or a package.

use std::collections::BTreeSet;
use std::path::Path;

use bedrock_build::{App, Language, Worker, shared_dir};

use super::import_name::{folder_of, normalized};
use super::imports::{imported_files, source};
use super::source_files::{source_files, worker_files};
use super::{javascript, python};
use bedrock_diagnostics::Result;

/// Endings of a Python module in a folder.
const PYTHON_MODULES: [&str; 3] = [".py", "/__init__.py", ".so"];

/// The shared code that a worker imports, directly or through other shared code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SharedCode {
    /// The shared folder, relative to the app: `workers/_shared/python`.
    pub dir: String,
    /// Names of files and folders directly in the shared folder.
    pub units: BTreeSet<String>,
    /// The code files in the units, sorted. Paths are relative to the shared folder.
    pub files: Vec<String>,
    /// Imports of files that are neither the worker's nor shared. They work only on this machine.
    pub outside: Vec<OutsideImport>,
}

/// An import of a file that is not packed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OutsideImport {
    /// The file that imports, relative to the app.
    pub importer: String,
    /// The import as it is written.
    pub name: String,
    /// The imported file, relative to the app.
    pub file: String,
}

/// Returns the shared code that a worker imports. `None` for a Rust worker.
pub fn shared_code(app: &App, worker: &Worker) -> Result<Option<SharedCode>> {
    let Some(dir) = shared_dir(&worker.dir, worker.language) else { return Ok(None) };
    let folder = app.root.join(&dir);
    let own = imported_files(&app.root.join(&worker.dir), worker.language, worker.entry);
    let loaded = own.into_iter().filter(|file| !file.is_optional);
    let loaded = loaded.map(|file| format!("{}/{}", worker.dir, file.path)).collect();
    let mut search =
        Search { app, worker, folder: &folder, loaded, found: SharedCode { dir, ..SharedCode::default() } };
    for path in worker_files(app, worker)? {
        search.read(&format!("{}/{path}", worker.dir));
    }
    if !search.found.units.is_empty() {
        let all = source_files(&app.root, &folder, worker.language)?;
        let mut read = BTreeSet::new();
        while let Some(path) = all.iter().find(|path| search.has(path) && !read.contains(*path)) {
            read.insert(path.clone());
            search.read(&format!("{}/{path}", search.found.dir));
        }
        search.found.files = read.into_iter().collect();
    }
    search.found.outside.sort();
    search.found.outside.dedup();
    Ok(Some(search.found))
}

/// Returns the names of the workers that import a file of a shared folder. A file that does not exist any more may have been
/// imported by all workers of its language. `path` is relative to the app.
pub fn workers_with_shared_file(app: &App, path: &Path) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for worker in &app.workers {
        let Some(dir) = shared_dir(&worker.dir, worker.language) else { continue };
        let Ok(within) = path.strip_prefix(&dir) else { continue };
        let unit = within.components().next().map(|unit| unit.as_os_str().to_string_lossy().into_owned());
        let is_gone = !app.root.join(path).exists();
        let imports = |unit: &String| -> Result<bool> {
            let shared = shared_code(app, worker)?.unwrap_or_default();
            // All shared files depend on the list of their package.
            Ok(shared.units.contains(unit) || (unit == "package.json" && !shared.units.is_empty()))
        };
        if is_gone || unit.as_ref().is_none_or(|unit| imports(unit).unwrap_or(true)) {
            found.insert(worker.name.to_string());
        }
    }
    Ok(found)
}

struct Search<'a> {
    app: &'a App,
    worker: &'a Worker,
    /// The shared folder.
    folder: &'a Path,
    /// The worker's files that its main file imports, relative to the app. Others, such as settings of tools, may import files
    /// outside of the app.
    loaded: BTreeSet<String>,
    found: SharedCode,
}

impl Search<'_> {
    fn has(&self, path: &str) -> bool {
        self.found.units.contains(path.split('/').next().unwrap_or(path))
    }

    /// Reads the imports of a file. `path` is relative to the app.
    fn read(&mut self, path: &str) {
        let Some(text) = source(&self.app.root.join(path), self.worker.language) else { return };
        match self.worker.language {
            Language::Python => {
                for import in python::imports(&text) {
                    self.add_module(&import.name);
                }
            }
            _ => {
                for import in javascript::imports(path, &text) {
                    self.add_path(path, &import.name);
                }
            }
        }
    }

    /// Adds the unit of a Python module. The worker's own modules come first on the import path.
    fn add_module(&mut self, module: &str) {
        let first = module.split('.').next().unwrap_or(module);
        let own = self.app.root.join(&self.worker.dir);
        let is_in = |folder: &Path| PYTHON_MODULES.iter().any(|end| folder.join(format!("{first}{end}")).is_file());
        if first.is_empty() || is_in(&own) {
            return;
        }
        for unit in [first.to_owned(), format!("{first}.py"), format!("{first}.pyi")] {
            if self.folder.join(&unit).exists() {
                self.found.units.insert(unit);
            }
        }
    }

    /// Adds the unit of a path in JavaScript.
    fn add_path(&mut self, importer: &str, name: &str) {
        let root = &self.app.root;
        let shared = format!("{}/", self.found.dir);
        let is_shared = importer.starts_with(&shared);
        if name.starts_with('#') && is_shared {
            let within = importer.strip_prefix(&shared).unwrap_or(importer);
            for file in javascript::resolve(self.folder, within, name) {
                self.add_unit(&file);
            }
            return;
        }
        if !name.starts_with('.') {
            return;
        }
        let own = format!("{}/", self.worker.dir);
        let is_loaded = is_shared || self.loaded.contains(importer);
        for file in javascript::resolve(root, importer, name) {
            if let Some(within) = file.strip_prefix(&shared) {
                self.add_unit(within);
            } else if is_loaded && (is_shared || !file.starts_with(&own)) {
                self.found.outside.push(OutsideImport { importer: importer.to_owned(), name: name.to_owned(), file });
            }
        }
        if is_loaded && normalized(&format!("{}{name}", folder_of(importer))).is_none() {
            let import = OutsideImport { importer: importer.to_owned(), name: name.to_owned(), file: name.to_owned() };
            self.found.outside.push(import);
        }
    }

    fn add_unit(&mut self, within: &str) {
        self.found.units.extend(within.split('/').next().map(str::to_owned));
    }
}

/// Returns a JavaScript file of a worker with the paths that its imports have in a zip: there the shared folder is in the
/// worker's folder. `path` and `worker_dir` are relative to the app. `None` if no path differs.
pub fn with_packed_paths(path: &str, worker_dir: &str, text: &str) -> Option<String> {
    let shared = shared_dir(worker_dir, Language::JavaScript)?;
    let within = path.strip_prefix(worker_dir)?.trim_start_matches('/');
    javascript::replace_imports(path, text, |name| {
        let target = normalized(&format!("{}{name}", folder_of(path))).filter(|_| name.starts_with('.'))?;
        let rest = target.strip_prefix(&shared).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
        let up = "../".repeat(within.matches('/').count());
        let start = if up.is_empty() { "./" } else { up.as_str() };
        Some(format!("{start}{PACKED_SHARED_JAVASCRIPT}{rest}"))
    })
}

/// The folder of shared JavaScript code in a zip. Shared Python code is next to the worker's, on the same import path.
pub const PACKED_SHARED_JAVASCRIPT: &str = "_shared/javascript";

#[cfg(test)]
mod tests;
