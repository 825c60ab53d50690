//! Rule: ARCHITECTURE.md stays short enough to be read at once.

use super::finding::Finding;
use super::tree::Tree;

const PATH: &str = "ARCHITECTURE.md";
const MAX_WORDS: usize = 1_500;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(file) = tree.get(PATH) else { return vec![Finding::new(PATH, 1, "is missing")] };
    let words = file.text.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count();
    if words <= MAX_WORDS {
        return Vec::new();
    }
    vec![Finding::new(PATH, 1, format!("{words} words, at most {MAX_WORDS} allowed"))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn document_at_the_limit_passes_and_punctuation_is_not_counted() {
        let text = "# Map\n".to_owned() + &"word ".repeat(MAX_WORDS - 1) + "| --- |\n";
        assert_eq!(check(&Tree::of([(PATH, text.as_str())])), []);
    }

    #[test]
    fn document_over_the_limit_is_found() {
        let text = "word ".repeat(MAX_WORDS + 1);
        let found = check(&Tree::of([(PATH, text.as_str())]));
        assert_eq!(found, [Finding::new(PATH, 1, "1501 words, at most 1500 allowed")]);
    }

    #[test]
    fn missing_document_is_found() {
        assert_eq!(check(&Tree::of([])), [Finding::new(PATH, 1, "is missing")]);
    }
}
