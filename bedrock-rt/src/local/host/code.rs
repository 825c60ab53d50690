//! Whether the code of a worker has changed since one of its processes loaded it. What a process loads later, when it is
//! called, is not looked at; nor are dependencies.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::Path;

/// How the names of a JavaScript worker's code end. Data is left out: the worker may write it itself.
const CODE: [&str; 4] = ["cjs", "js", "mjs", "ts"];

/// A number that is another one when a file of code in the folder came, went or was saved.
pub(super) fn fingerprint(folder: &Path) -> u64 {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        // What cannot be read cannot be loaded either.
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let Ok(found) = entry.metadata() else { continue };
            if found.is_dir() {
                if name != "node_modules" && !name.to_string_lossy().starts_with('.') {
                    folders.push(path);
                }
            } else if is_code(&path) {
                files.push((path, found.modified().ok(), found.len()));
            }
        }
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    files.hash(&mut hasher);
    hasher.finish()
}

fn is_code(path: &Path) -> bool {
    path.extension().is_some_and(|extension| CODE.iter().any(|code| extension == *code))
}

#[cfg(test)]
mod tests {
    use super::fingerprint;
    use std::fs;

    #[test]
    fn code_that_is_saved_comes_or_goes_makes_another_number_and_nothing_else_does() {
        let dir = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            fs::create_dir_all(dir.path().join(path).parent().expect("a folder")).expect("a folder");
            fs::write(dir.path().join(path), text).expect("a file");
            fingerprint(dir.path())
        };
        let first = write("main.js", "1");
        assert_eq!(write("data/orders.json", "{}"), first);
        assert_eq!(write("node_modules/a/index.js", ""), first);
        let second = write("lib/a.mjs", "");
        assert_ne!(second, first);
        assert_ne!(write("main.js", "12"), second);
        write("main.js", "1");
        fs::remove_file(dir.path().join("lib/a.mjs")).expect("gone");
        assert_ne!(fingerprint(dir.path()), second);
    }
}
