//! Rule: no source file over 400 lines.

use super::finding::Finding;
use super::tree::Tree;

const LIMIT: usize = 400;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.with_extension(&["rs", "py", "js", "mjs", "cjs", "ts", "tsx", "sh"])
        .filter_map(|file| {
            let lines = file.text.lines().count();
            (lines > LIMIT).then(|| Finding::new(&file.path, lines, format!("{lines} lines, at most {LIMIT} allowed")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_file_of_400_lines_passes_and_so_does_a_longer_document() {
        let (source, document) = ("x\n".repeat(400), "x\n".repeat(900));
        assert_eq!(check(&Tree::of([("a.rs", source.as_str()), ("a.md", &document)])), []);
    }

    #[test]
    fn a_source_file_of_401_lines_is_found() {
        let source = "x\n".repeat(401);
        let found = check(&Tree::of([("a.py", source.as_str())]));
        assert_eq!(found, [Finding::new("a.py", 401, "401 lines, at most 400 allowed")]);
    }
}
