//! Finds the Python and JavaScript files of a worker and reads the calls in them.

use std::fs;
use std::path::Path;

use bedrock_build::{App, Language, Worker};
use ignore::{DirEntry, WalkBuilder};

use super::imports::imported_files;
use super::name_resolution::FileCalls;
use super::node::SourceLine;
use super::{javascript, python};
use bedrock_diagnostics::{Error, Result};

/// Folders without code of the worker itself.
const EXCLUDED_FOLDERS: [&str; 6] = ["node_modules", "venv", "__pycache__", "test", "tests", "__tests__"];
/// Files without this word are not parsed, because they cannot call a worker. A worker may have thousands of files.
const INVOKE: &str = "invoke";
/// The file with `invoke` in a JavaScript worker's folder, which may use the SDK for it.
const BASE_FILES: [&str; 2] = ["worker.js", "worker.cjs"];
/// Words in the names of AWS's SDKs and of libraries that use them.
const SDKS: [&str; 3] = ["boto", "aws-sdk", "awslambda"];
/// Ignore files of the app that apply.
const IGNORE_FILES: [&str; 2] = [".gitignore", ".bedrockignore"];

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

/// Returns the calls in the files of a worker. Empty for a Rust worker, whose calls are read from its program.
pub(crate) fn calls_of(app: &App, worker: &Worker) -> Result<WorkerCalls> {
    let mut found = WorkerCalls::default();
    if worker.language == Language::Rust {
        return Ok(found);
    }
    for within in files(app, worker)? {
        let path = format!("{}/{within}", worker.dir);
        let bytes =
            fs::read(app.root.join(&path)).map_err(|error| Error::io(format!("failed to read `{path}`"), &error))?;
        // Worker names are ASCII, so the encoding of the rest does not matter.
        let text = String::from_utf8_lossy(&bytes);
        if !text.contains(INVOKE) {
            continue;
        }
        let calls = match worker.language {
            Language::Python => python::scan(&text),
            _ => javascript::scan(&within, &text),
        };
        found.add(&path, calls);
    }
    Ok(found)
}

/// Returns whether a worker may make calls that are not read: with one of AWS's SDKs, or in files behind symbolic links.
pub(crate) fn may_call_unseen(app: &App, worker: &Worker) -> Result<bool> {
    let files = files(app, worker)?;
    if !files.iter().any(|file| file.as_str() == worker.entry) || has_links(&app.root.join(&worker.dir)) {
        return Ok(true);
    }
    for within in files.iter().filter(|within| !BASE_FILES.contains(&within.as_str())) {
        let path = format!("{}/{within}", worker.dir);
        let bytes =
            fs::read(app.root.join(&path)).map_err(|error| Error::io(format!("failed to read `{path}`"), &error))?;
        let text = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
        if text.contains("lambda") && SDKS.iter().any(|sdk| text.contains(sdk)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns whether a folder contains symbolic links to code of the worker.
fn has_links(folder: &Path) -> bool {
    let walk = WalkBuilder::new(folder)
        .standard_filters(false)
        .filter_entry(|entry| !EXCLUDED_FOLDERS.iter().any(|name| entry.file_name() == *name))
        .build();
    walk.flatten().any(|entry| entry.path_is_symlink())
}

/// Returns the files in the worker's language, sorted. Paths are relative to the worker's folder, with `/`.
fn files(app: &App, worker: &Worker) -> Result<Vec<String>> {
    let folder = app.root.join(&worker.dir);
    let mut walk = WalkBuilder::new(&app.root);
    // Only ignore files of the app apply, not settings of this machine.
    walk.standard_filters(false).hidden(true);
    for name in IGNORE_FILES {
        let mut above = folder.ancestors().take_while(|above| above.starts_with(&app.root));
        if above.all(|above| is_file_or_absent(&above.join(name))) {
            walk.add_custom_ignore_filename(name);
        }
    }
    let inside = folder.clone();
    walk.filter_entry(move |entry| {
        let is_readable = || IGNORE_FILES.iter().all(|name| is_file_or_absent(&entry.path().join(name)));
        is_above(&inside, entry.path()) || (is_own(&inside, entry) && is_readable())
    });
    let mut files = Vec::new();
    for entry in walk.build() {
        let entry = entry.map_err(|error| {
            Error::call(format!("failed to read the files of worker `{}`", worker.name)).cause(error.to_string())
        })?;
        let within = entry.path().strip_prefix(&folder).unwrap_or(Path::new(""));
        if entry.file_type().is_some_and(|kind| kind.is_file()) && is_source(worker.language, within) {
            files.push(within.to_string_lossy().replace('\\', "/"));
        }
    }
    // What the main file imports is packed, whatever its name and ignore files say.
    let imported = imported_files(&folder, worker.language, worker.entry).into_iter().filter(|file| !file.is_optional);
    files.extend(
        imported
            .map(|file| file.path)
            .filter(|path| has_extension(worker.language, path) && folder.join(path).is_file()),
    );
    files.sort();
    files.dedup();
    Ok(files)
}

/// Returns whether an ignore file can be opened: reading another kind of file could block for ever.
fn is_file_or_absent(path: &Path) -> bool {
    fs::metadata(path).map_or(true, |metadata| metadata.is_file())
}

fn is_above(folder: &Path, path: &Path) -> bool {
    folder.starts_with(path)
}

fn is_own(folder: &Path, entry: &DirEntry) -> bool {
    let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
    entry.path().starts_with(folder) && !(is_folder && EXCLUDED_FOLDERS.iter().any(|name| entry.file_name() == *name))
}

fn is_source(language: Language, path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let Some((stem, extension)) = name.rsplit_once('.') else { return false };
    if !has_extension(language, &name) {
        return false;
    }
    match (language, extension) {
        (Language::Python, _) => stem != "conftest" && !stem.starts_with("test_") && !stem.ends_with("_test"),
        (Language::JavaScript, _) => !matches!(stem.rsplit_once('.'), Some((_, "test" | "spec" | "d"))),
        _ => false,
    }
}

fn has_extension(language: Language, path: &str) -> bool {
    match (language, path.rsplit_once('.').map(|(_, extension)| extension)) {
        (Language::Python, Some(extension)) => extension == "py",
        (Language::JavaScript, Some(extension)) => {
            matches!(extension, "js" | "mjs" | "cjs" | "ts" | "mts" | "cts" | "tsx")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
