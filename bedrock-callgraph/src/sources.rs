//! Reads the calls in the Python and JavaScript files of a worker and in the code that it shares with others, and the calls
//! of `context.invoke` in the files of a durable Rust worker.

use std::fs;
use std::path::{Path, PathBuf};

use bedrock_build::{App, Language, PathDependencies, Worker};
use ignore::WalkBuilder;

use super::name_resolution::FileCalls;
use super::node::SourceLine;
use super::shared_code::shared_code;
use super::source_files::{EXCLUDED_FOLDERS, source_files, worker_files};
use super::{javascript, python, rust_source};
use bedrock_diagnostics::{Error, Result, relative_path};

/// Files without this word are not parsed, because they cannot call a worker. A worker may have thousands of files.
const INVOKE: &str = "invoke";
/// The file with `invoke` in a JavaScript worker's folder, which may use the SDK for it.
const BASE_FILES: [&str; 2] = ["worker.js", "worker.cjs"];
/// Words in the names of AWS's SDKs and of libraries that use them.
const SDKS: [&str; 3] = ["boto", "aws-sdk", "awslambda"];

/// The calls in the files of one worker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkerCalls {
    /// Calls with a literal name, in the order of the files.
    pub named: Vec<(SourceLine, String)>,
    /// Calls whose function name is computed at run time.
    pub computed: Vec<SourceLine>,
    /// Lines of syntax errors.
    pub unreadable: Vec<SourceLine>,
}

impl WorkerCalls {
    /// Adds the calls of the file at `path`.
    pub fn add(&mut self, path: &str, calls: FileCalls) {
        let place = |line| SourceLine { path: path.to_owned(), line };
        self.named.extend(calls.named.into_iter().map(|named| (place(named.line), named.name)));
        self.computed.extend(calls.computed.into_iter().map(place));
        self.unreadable.extend(calls.unreadable.map(place));
    }
}

/// Returns the calls in the files of a worker, and in the code that it shares with others. The calls of a Rust worker are
/// read from its program, except those of `context.invoke`.
pub(crate) fn calls_of(app: &App, worker: &Worker) -> Result<WorkerCalls> {
    let mut found = WorkerCalls::default();
    let is_durable = worker.settings.durable.is_some();
    if worker.language == Language::Rust {
        return if is_durable { calls_of_rust(app, worker) } else { Ok(found) };
    }
    for folder in folders(app, worker)? {
        for within in &folder.files {
            let text = folder.read(within)?;
            if !text.contains(INVOKE) {
                continue;
            }
            let calls = match worker.language {
                Language::Python => python::scan(&text, is_durable),
                _ => javascript::scan(within, &text, is_durable),
            };
            found.add(&format!("{}/{within}", folder.shown), calls);
        }
    }
    Ok(found)
}

/// Returns the calls of `context.invoke` in the crate of a durable worker.
fn calls_of_rust(app: &App, worker: &Worker) -> Result<WorkerCalls> {
    let mut found = WorkerCalls::default();
    let shown = format!("{}/src", worker.dir);
    let dir = app.root.join(&shown);
    let files = source_files(&app.root, &dir, Language::Rust)?;
    let folder = CodeFolder { dir, shown, files };
    for within in &folder.files {
        let text = folder.read(within)?;
        if text.contains(INVOKE) {
            found.add(&format!("{}/{within}", folder.shown), rust_source::scan(&text));
        }
    }
    Ok(found)
}

/// Returns whether a worker may make calls that are not read: with one of AWS's SDKs, or in files behind symbolic links.
pub(crate) fn may_call_unseen(app: &App, worker: &Worker) -> Result<bool> {
    let folders = folders(app, worker)?;
    let has_entry = folders.first().is_some_and(|own| own.files.iter().any(|file| file.as_str() == worker.entry));
    if !has_entry || has_links(&app.root.join(&worker.dir)) {
        return Ok(true);
    }
    for folder in &folders {
        for within in folder.files.iter().filter(|within| !BASE_FILES.contains(&within.as_str())) {
            let text = folder.read(within)?.to_ascii_lowercase();
            if text.contains("lambda") && SDKS.iter().any(|sdk| text.contains(sdk)) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// A folder with code of a worker.
struct CodeFolder {
    dir: PathBuf,
    /// Its path in the app, if it is in the app.
    shown: String,
    /// Paths in the folder.
    files: Vec<String>,
}

impl CodeFolder {
    fn read(&self, within: &str) -> Result<String> {
        let bytes = fs::read(self.dir.join(within))
            .map_err(|error| Error::io(format!("failed to read `{}/{within}`", self.shown), &error))?;
        // Worker names are ASCII, so the encoding of the rest does not matter.
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// Returns the folder of a worker, then the shared folder and the folders among its dependencies.
fn folders(app: &App, worker: &Worker) -> Result<Vec<CodeFolder>> {
    let own =
        CodeFolder { dir: app.root.join(&worker.dir), shown: worker.dir.clone(), files: worker_files(app, worker)? };
    let mut found = vec![own];
    if let Some(shared) = shared_code(app, worker)?.filter(|shared| !shared.files.is_empty()) {
        found.push(CodeFolder { dir: app.root.join(&shared.dir), shown: shared.dir, files: shared.files });
    }
    let real_root = app.root.canonicalize().unwrap_or_else(|_| app.root.clone());
    for dependency in PathDependencies::of(&app.root, &worker.dir, worker.language).found {
        let files = source_files(&real_root, &dependency.dir, worker.language)?;
        let shown = relative_path(&dependency.dir, &real_root);
        found.push(CodeFolder { dir: dependency.dir, shown, files });
    }
    Ok(found)
}

/// Returns whether a folder contains symbolic links to code of the worker.
fn has_links(folder: &Path) -> bool {
    let walk = WalkBuilder::new(folder)
        .standard_filters(false)
        .filter_entry(|entry| !EXCLUDED_FOLDERS.iter().any(|name| entry.file_name() == *name))
        .build();
    walk.flatten().any(|entry| entry.path_is_symlink())
}

#[cfg(test)]
mod tests;
