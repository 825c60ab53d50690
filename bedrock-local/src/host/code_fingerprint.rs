//! Detects whether the code of a worker has changed since a process loaded it. Files that a process loads later, during
//! a call, are not covered; nor are dependencies.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

/// File name extensions of JavaScript and TypeScript code. Data files are not included, because the worker may write them itself.
const CODE_EXTENSIONS: [&str; 6] = ["cjs", "cts", "js", "mjs", "mts", "ts"];

/// Returns a number that changes when a code file in the folders is added, deleted or saved.
pub(super) fn fingerprint(folders: &[PathBuf]) -> u64 {
    let mut files = Vec::new();
    let mut folders = folders.to_vec();
    while let Some(folder) = folders.pop() {
        // Files that cannot be read cannot be loaded either.
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name();
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                if name != "node_modules" && !name.to_string_lossy().starts_with('.') {
                    folders.push(path);
                }
            } else if is_code(&path) {
                files.push((path, metadata.modified().ok(), metadata.len()));
            }
        }
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    files.hash(&mut hasher);
    hasher.finish()
}

fn is_code(path: &Path) -> bool {
    path.extension().is_some_and(|extension| CODE_EXTENSIONS.iter().any(|code| extension == *code))
}

#[cfg(test)]
mod tests {
    use super::fingerprint;
    use std::fs;

    #[test]
    fn fingerprint_changes_only_with_code_files() {
        let dir = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            fs::create_dir_all(dir.path().join(path).parent().expect("a folder")).expect("a folder");
            fs::write(dir.path().join(path), text).expect("a file");
            fingerprint(&[dir.path().to_owned()])
        };
        let first = write("main.js", "1");
        assert_eq!(write("data/orders.json", "{}"), first);
        assert_eq!(write("node_modules/a/index.js", ""), first);
        let second = write("lib/a.mjs", "");
        assert_ne!(second, first);
        assert_ne!(write("main.js", "12"), second);
        write("main.js", "1");
        fs::remove_file(dir.path().join("lib/a.mjs")).expect("deleted");
        assert_ne!(fingerprint(&[dir.path().to_owned()]), second);
    }
}
