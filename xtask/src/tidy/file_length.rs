//! Rule: no source file over 600 lines.

use super::finding::Finding;
use super::tree::Tree;

const LIMIT: usize = 600;

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
    fn source_file_at_the_limit_passes() {
        let (source, document) = ("x\n".repeat(600), "x\n".repeat(2_000));
        assert_eq!(check(&Tree::of([("a.rs", source.as_str()), ("a.md", &document)])), []);
    }

    #[test]
    fn source_file_over_the_limit_is_found() {
        let source = "x\n".repeat(601);
        let found = check(&Tree::of([("a.py", source.as_str())]));
        assert_eq!(found, [Finding::new("a.py", 601, "601 lines, at most 600 allowed")]);
    }
}
