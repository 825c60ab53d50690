//! The files of a worker that its main file imports, directly or through others. Imports of packages are left out.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use bedrock_build::Language;

use super::{javascript, python};

/// Files above this size are generated, and are not parsed.
const MAX_PARSED_BYTES: u64 = 4 * 1024 * 1024;

/// A file that is imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedFile {
    /// Path in the worker's folder, with `/` between names.
    pub path: String,
    /// All of its imports are in a `try`, so the worker may run without it.
    pub is_optional: bool,
}

/// Returns the files in `folder` that `entry` imports, directly or through others, and `entry` itself, sorted by path. Ignore
/// files do not matter. A file that cannot be read imports no other.
pub fn imported_files(folder: &Path, language: Language, entry: &str) -> Vec<ImportedFile> {
    let mut found: BTreeMap<String, bool> = BTreeMap::new();
    let mut pending = vec![(entry.to_owned(), false)];
    while let Some((path, is_optional)) = pending.pop() {
        match found.get(&path) {
            // A file that was optional so far makes its own imports required.
            Some(was_optional) if !was_optional || is_optional => continue,
            _ => found.insert(path.clone(), is_optional),
        };
        let Some(text) = source(&folder.join(&path), language) else { continue };
        let imports = match language {
            Language::Python => python::imports(&text),
            _ => javascript::imports(&path, &text),
        };
        for import in imports {
            let files = match language {
                Language::Python => python::resolve(folder, &path, &import.name),
                _ => javascript::resolve(folder, &path, &import.name),
            };
            pending.extend(files.into_iter().map(|file| (file, is_optional || import.is_optional)));
        }
    }
    found.into_iter().map(|(path, is_optional)| ImportedFile { path, is_optional }).collect()
}

/// Returns the text of a file that may have imports.
pub(crate) fn source(path: &Path, language: Language) -> Option<String> {
    let extension = path.extension()?.to_str()?;
    let is_source = match language {
        Language::Python => extension == "py",
        _ => matches!(extension, "js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx"),
    };
    let metadata = fs::metadata(path).ok()?;
    if !is_source || !metadata.is_file() || metadata.len() > MAX_PARSED_BYTES {
        return None;
    }
    Some(String::from_utf8_lossy(&fs::read(path).ok()?).into_owned())
}

#[cfg(test)]
mod tests;
