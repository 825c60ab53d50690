//! Rule: there is a CHANGELOG.md.

use super::finding::Finding;
use super::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    match tree.get("CHANGELOG.md") {
        Some(_) => Vec::new(),
        None => vec![Finding::new("CHANGELOG.md", 1, "is missing")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changelog_passes() {
        assert_eq!(check(&Tree::of([("CHANGELOG.md", "# Changelog\n")])), []);
    }

    #[test]
    fn missing_changelog_is_found() {
        assert_eq!(check(&Tree::of([("a/CHANGELOG.md", "")])), [Finding::new("CHANGELOG.md", 1, "is missing")]);
    }
}
