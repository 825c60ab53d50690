//! Which names the files of the crate that is being compiled contain. Their text is searched and not parsed: a name in a
//! comment is found, too, and a name that is not found is used nowhere.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro::Span;

/// How many files of a crate are searched.
const MAX_FILES: usize = 5_000;

/// Text with which a crate can have files elsewhere: each is a list of what a file then contains.
const FILES_ELSEWHERE: [&[&str]; 3] = [&["#[path"], &["cfg_attr", "path ="], &["include!"]];

/// Folders of a package with crates that use the library of the package, and what it declares.
const USERS: [&str; 3] = ["benches", "examples", "tests"];

/// The text of the files of a crate.
pub(crate) struct CrateSources {
    texts: Vec<String>,
}

impl CrateSources {
    /// Reads the files in the folder of the file that the macro is in, and those of tests and examples. Returns `None` if the crate may have other files, or
    /// if one cannot be read.
    pub(crate) fn read() -> Option<Self> {
        let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR")?).canonicalize().ok()?;
        let root = Span::call_site().local_file()?.canonicalize().ok()?;
        if !root.starts_with(&package) {
            return None;
        }
        let mut files = Vec::new();
        add_files(root.parent()?, &mut files)?;
        for folder in USERS.map(|folder| package.join(folder)).iter().filter(|folder| folder.is_dir()) {
            add_files(folder, &mut files)?;
        }
        let texts: Vec<String> = files.iter().map(fs::read_to_string).collect::<Result<_, _>>().ok()?;
        (!texts.iter().any(|text| has_files_elsewhere(text))).then_some(Self { texts })
    }

    /// Returns whether a file contains the word.
    pub(crate) fn mention(&self, word: &str) -> bool {
        self.texts.iter().any(|text| has_word(text, word))
    }
}

/// Adds the files of Rust in `dir` and its folders, except those of other packages. Returns `None` if there are too many.
fn add_files(dir: &Path, files: &mut Vec<PathBuf>) -> Option<()> {
    for entry in fs::read_dir(dir).ok()? {
        let entry = entry.ok()?;
        let path = entry.path();
        let name = entry.file_name();
        // A link to a folder is followed: it may have modules.
        if path.is_dir() {
            let is_other = name.to_string_lossy().starts_with('.') || name == "target" || name == "node_modules";
            if !is_other && !path.join("Cargo.toml").is_file() {
                add_files(&path, files)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
        if files.len() > MAX_FILES {
            return None;
        }
    }
    Some(())
}

fn has_files_elsewhere(text: &str) -> bool {
    FILES_ELSEWHERE.iter().any(|parts| parts.iter().all(|part| text.contains(part)))
}

fn has_word(text: &str, word: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::{CrateSources, add_files, has_files_elsewhere, has_word};
    use std::fs;
    use std::path::Path;

    #[test]
    fn words_are_found_whole() {
        for text in ["invoke!(\"resizer\", x)", "use workers::resizer;", "r#resizer", "resizer", "resizer2 resizer"] {
            assert!(has_word(text, "resizer"), "{text}");
        }
        for text in ["", "resizers", "my_resizer", "resizer2", "resize", "öresizer"] {
            assert!(!has_word(text, "resizer"), "{text}");
        }
        let sources = CrateSources { texts: vec!["a b".to_owned(), "c".to_owned()] };
        assert!(sources.mention("c") && !sources.mention("d"));
    }

    #[test]
    fn attributes_can_name_files_elsewhere() {
        for text in ["#[path = \"a.rs\"]", "#[cfg_attr(unix, path = \"a.rs\")]", "include!(\"a.rs\")"] {
            assert!(has_files_elsewhere(text), "{text}");
        }
        assert!(!has_files_elsewhere("let path = \"a.rs\"; mod a;"));
    }

    #[test]
    fn files_of_other_packages_are_not_read() {
        let root = tempfile::tempdir().expect("a folder");
        let write = |path: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, "").expect("a file");
        };
        for path in ["main.rs", "a/mod.rs", "a/b/c.rs", "target/x.rs", ".git/x.rs", "w/Cargo.toml", "w/lib.rs", "n.py"]
        {
            write(path);
        }
        let mut files = Vec::new();
        add_files(root.path(), &mut files).expect("few files");
        files.sort();
        let relative: Vec<&Path> = files.iter().filter_map(|path| path.strip_prefix(root.path()).ok()).collect();
        assert_eq!(relative, ["a/b/c.rs", "a/mod.rs", "main.rs"].map(Path::new));
    }
}
