//! Files that a worker writes itself. Reloading on files that the worker itself writes would loop forever, so files
//! that are not code are ignored if they change while their worker runs.

use std::path::Path;

/// Extensions of code, and of files that define dependencies.
const CODE_EXTENSIONS: [&str; 12] = ["cjs", "cts", "js", "jsx", "lock", "mjs", "mts", "py", "rs", "toml", "ts", "tsx"];
/// Files that are treated as code.
const CODE_FILE_NAMES: [&str; 5] = [".bedrockignore", ".env", ".gitignore", "package-lock.json", "package.json"];

/// Returns whether a file is treated as code, no matter which program writes it.
pub(super) fn is_code(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let extension = path.extension().unwrap_or_default();
    CODE_EXTENSIONS.iter().any(|code| extension == *code)
        || CODE_FILE_NAMES.contains(&&*name)
        || name.starts_with("requirements")
}

#[cfg(test)]
mod tests {
    use super::{Path, is_code};

    #[test]
    fn code_is_recognized_by_its_name() {
        for code in ["main.py", "a/b.mjs", "src/lib.rs", "requirements-dev.txt", "package.json", ".env"] {
            assert!(is_code(Path::new(code)), "{code}");
        }
        for data in ["out.csv", "cache.json", "state.sqlite", "cache", "notes.md"] {
            assert!(!is_code(Path::new(data)), "{data}");
        }
    }
}
