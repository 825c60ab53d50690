//! Lists the files of a folder that are code in a language: without tests, dependencies, and what ignore files exclude.

use std::fs;
use std::path::Path;

use bedrock_build::{App, Language, Worker};
use ignore::{DirEntry, WalkBuilder};

use super::imports::imported_files;
use bedrock_diagnostics::{Error, Result, relative_path};

/// Folders without code of the folder itself.
pub(crate) const EXCLUDED_FOLDERS: [&str; 6] = ["node_modules", "venv", "__pycache__", "test", "tests", "__tests__"];
/// Ignore files of the app that apply.
const IGNORE_FILES: [&str; 2] = [".gitignore", ".bedrockignore"];

/// Returns the files of `folder` in a language, sorted. Paths are relative to the folder, with `/`. Only ignore files in the app
/// apply. Empty if the folder does not exist.
pub(crate) fn source_files(app: &Path, folder: &Path, language: Language) -> Result<Vec<String>> {
    let start = if folder.starts_with(app) { app } else { folder };
    let mut walk = WalkBuilder::new(start);
    // Only ignore files of the app apply, not settings of this machine.
    walk.standard_filters(false).hidden(true);
    for name in IGNORE_FILES {
        let mut above = folder.ancestors().take_while(|above| above.starts_with(start));
        if above.all(|above| is_file_or_absent(&above.join(name))) {
            walk.add_custom_ignore_filename(name);
        }
    }
    let inside = folder.to_owned();
    walk.filter_entry(move |entry| {
        let is_readable = || IGNORE_FILES.iter().all(|name| is_file_or_absent(&entry.path().join(name)));
        is_above(&inside, entry.path()) || (is_own(&inside, entry) && is_readable())
    });
    let mut files = Vec::new();
    for entry in walk.build() {
        let entry = entry.map_err(|error| {
            Error::call(format!("failed to read the files in `{}`", relative_path(folder, app)))
                .cause(error.to_string())
        })?;
        let Ok(within) = entry.path().strip_prefix(folder) else { continue };
        if entry.file_type().is_some_and(|kind| kind.is_file()) && is_source(language, within) {
            files.push(within.to_string_lossy().replace('\\', "/"));
        }
    }
    files.sort();
    Ok(files)
}

/// Returns the files in the worker's language, sorted. Paths are relative to the worker's folder, with `/`.
pub(crate) fn worker_files(app: &App, worker: &Worker) -> Result<Vec<String>> {
    let folder = app.root.join(&worker.dir);
    let mut files = source_files(&app.root, &folder, worker.language)?;
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
        (Language::Rust, _) => true,
    }
}

fn has_extension(language: Language, path: &str) -> bool {
    match (language, path.rsplit_once('.').map(|(_, extension)| extension)) {
        (Language::Python, Some(extension)) => extension == "py",
        (Language::JavaScript, Some(extension)) => {
            matches!(extension, "js" | "mjs" | "cjs" | "ts" | "mts" | "cts" | "tsx")
        }
        (Language::Rust, Some(extension)) => extension == "rs",
        _ => false,
    }
}
