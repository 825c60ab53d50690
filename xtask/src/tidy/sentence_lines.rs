//! Rule: one sentence per line in the documents, so that a change of a sentence is a change of a line. The check is a rough one:
//! a line of text must not contain the end of a sentence before its own end.

use super::finding::Finding;
use super::tree::{Entry, Tree};

const FILES: [&str; 3] = ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"];

/// Abbreviations whose full stop does not end a sentence.
const ABBREVIATIONS: [&str; 5] = ["e.g.", "i.e.", "etc.", "vs.", "cf."];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let is_document = |file: &&Entry| {
        FILES.contains(&file.path.as_str()) || (file.path.starts_with("docs/") && file.extension() == "md")
    };
    tree.files.iter().filter(is_document).flat_map(findings).collect()
}

fn findings(file: &Entry) -> Vec<Finding> {
    let mut is_code = false;
    let mut findings = Vec::new();
    for (number, line) in file.lines() {
        let text = line.trim_start();
        if text.starts_with("```") || text.starts_with("~~~") {
            is_code = !is_code;
        }
        // A row of a table is one line, whatever is in it.
        if !is_code && !text.starts_with('|') && has_two_sentences(text) {
            findings.push(Finding::new(&file.path, number, "more than one sentence: start a new line after each"));
        }
    }
    findings
}

fn has_two_sentences(line: &str) -> bool {
    let text = without_code(line);
    let words: Vec<&str> = text.split_whitespace().collect();
    // The number of a list item is no sentence.
    let start = usize::from(words.first().is_some_and(|word| is_list_number(word)));
    words[start..].windows(2).any(|pair| ends_sentence(pair[0]) && starts_sentence(pair[1]))
}

fn is_list_number(word: &str) -> bool {
    word.strip_suffix('.').is_some_and(|number| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()))
}

fn ends_sentence(word: &str) -> bool {
    let word = word.trim_end_matches(['"', '”', '’', ')', '*', '_']);
    word.ends_with(['.', '!', '?']) && !word.ends_with("...") && !ABBREVIATIONS.contains(&word)
}

fn starts_sentence(word: &str) -> bool {
    let first = word.trim_start_matches(['"', '“', '‘', '(', '*', '_', '[']).chars().next();
    first.is_some_and(|c| c.is_uppercase() || c == '`')
}

/// The line with code in backticks replaced by one backtick: a full stop within it ends no sentence.
fn without_code(line: &str) -> String {
    let parts = line.split('`').enumerate();
    parts.map(|(index, part)| if index % 2 == 0 { part } else { "`x`" }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sentence_per_line_passes() {
        let text = "# Title. With a dot\n\nOne sentence, e.g. AWS's, with `a. B` in it.\nAnother one (see below.)\n\n\
                    1. First\n| a. B | C. D |\n```sh\necho A. B\n```\n";
        // A heading is one line, but has the end of a sentence in it.
        assert_eq!(check(&Tree::of([("README.md", text)])).len(), 1);
        assert_eq!(check(&Tree::of([("docs/src/a.md", text.trim_start_matches("# Title. With a dot\n"))])), []);
    }

    #[test]
    fn second_sentence_is_found_and_other_files_are_not_checked() {
        let text = "\nOne sentence. Another one.\nRun it! `cargo` does.\nIs it? (Yes.)\n";
        let tree = Tree::of([("docs/a.md", text), ("dashboard/README.md", text), ("CHANGELOG.md", text)]);
        let found = check(&tree);
        assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [2, 3, 4]);
        assert_eq!(found[0].path, "docs/a.md");
    }
}
