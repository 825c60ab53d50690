//! Rule: modules are named after their content.

use super::finding::Finding;
use super::tree::{Entry, Tree};

const EMPTY_WORDS: [&str; 4] = ["utils", "helpers", "common", "imp"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.with_extension(&["rs", "py", "js", "mjs", "cjs", "ts", "tsx", "sh"])
        .filter_map(|file| {
            let word = empty_word(file)?;
            Some(Finding::new(
                &file.path,
                1,
                format!("`{word}` describes no content: name the file or folder after its content"),
            ))
        })
        .collect()
}

/// A part of the path, a folder or the file's own name without its extension, that is one of the words.
fn empty_word(file: &Entry) -> Option<&'static str> {
    let mut parts = file.path.split('/').map(|part| part.split_once('.').map_or(part, |(stem, _)| stem));
    parts.find_map(|part| EMPTY_WORDS.into_iter().find(|word| *word == part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptive_names_pass() {
        assert_eq!(check(&Tree::of([("a/src/zip.rs", ""), ("a/src/important.rs", ""), ("common.md", "")])), []);
    }

    #[test]
    fn empty_words_are_found_in_files_and_folders() {
        let tree = Tree::of([("a/utils.rs", ""), ("a/tests/common/mod.rs", ""), ("a/helpers.test.mjs", "")]);
        let found = check(&tree);
        assert_eq!(found.len(), 3);
        assert_eq!(
            found[0],
            Finding::new("a/utils.rs", 1, "`utils` describes no content: name the file or folder after its content")
        );
    }
}
