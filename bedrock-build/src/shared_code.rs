//! Where the code is that several workers of one language import: `_shared/python` and `_shared/javascript` in the workers folder.

use crate::language::Language;

/// Name of the folder in the workers folder.
pub const SHARED_FOLDER: &str = "_shared";

/// Returns the folder of the code that workers of a language share, relative to the app: `workers/_shared/python`.
/// `worker_dir` is the folder of any worker. `None` for Rust, whose crates share code as cargo does it.
pub fn shared_dir(worker_dir: &str, language: Language) -> Option<String> {
    let start = worker_dir.rsplit_once('/').map_or_else(String::new, |(above, _)| format!("{above}/"));
    (language != Language::Rust).then(|| format!("{start}{SHARED_FOLDER}/{}", language.as_str()))
}

#[cfg(test)]
mod tests {
    use super::{Language, shared_dir};

    #[test]
    fn shared_folder_is_next_to_the_workers() {
        assert_eq!(shared_dir("workers/mail", Language::Python).as_deref(), Some("workers/_shared/python"));
        assert_eq!(shared_dir("a/b/mail", Language::JavaScript).as_deref(), Some("a/b/_shared/javascript"));
        assert_eq!(shared_dir("mail", Language::Python).as_deref(), Some("_shared/python"));
        assert_eq!(shared_dir("workers/mail", Language::Rust), None);
    }
}
