//! Rule: no word of the vocabulary that this repository has given up. An exception is a line `path word reason` in
//! `xtask/banned_words_allowed.txt`; one that is not needed any more is a finding, too.

use super::finding::Finding;
use super::tree::{Entry, Tree};

const ALLOWED: &str = "xtask/banned_words_allowed.txt";

/// Each word in two parts, so that this file does not violate its own rule.
const WORDS: [(&str, &str); 6] =
    [("work", "shop"), ("happen", "ing"), ("happen", "ings"), ("who", "ever"), ("some", "body"), ("no", "body")];

/// A line of the file of exceptions.
struct Exception<'a> {
    line: usize,
    path: &'a str,
    word: &'a str,
}

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let words = WORDS.map(|(start, end)| format!("{start}{end}"));
    let mut findings = Vec::new();
    let exceptions = tree.get(ALLOWED).map(|file| exceptions(file, &mut findings)).unwrap_or_default();
    let mut is_used = vec![false; exceptions.len()];
    for file in tree.with_extension(&["rs", "py", "mjs", "ts", "tsx", "md"]) {
        for (number, line) in file.lines() {
            for word in banned(line, &words) {
                let allowed =
                    exceptions.iter().position(|exception| exception.path == file.path && exception.word == word);
                match allowed {
                    Some(index) => is_used[index] = true,
                    None => findings.push(Finding::new(&file.path, number, format!("the word `{word}` is banned"))),
                }
            }
        }
    }
    let unused = exceptions.iter().zip(is_used).filter(|(_, is_used)| !is_used);
    findings.extend(unused.map(|(exception, _)| {
        let message =
            format!("`{}` does not have the word `{}` any more: delete this line", exception.path, exception.word);
        Finding::new(ALLOWED, exception.line, message)
    }));
    findings
}

fn exceptions<'a>(file: &'a Entry, findings: &mut Vec<Finding>) -> Vec<Exception<'a>> {
    let mut exceptions = Vec::new();
    for (number, line) in file.lines().filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
        match line.splitn(3, ' ').collect::<Vec<_>>()[..] {
            [path, word, _reason] => exceptions.push(Exception { line: number, path, word }),
            _ => findings.push(Finding::new(&file.path, number, "is not of the form `path word reason`")),
        }
    }
    exceptions
}

/// The banned words in a line, in lower case. Parts of `snake_case` and `CamelCase` names count as words.
fn banned<'a>(line: &str, words: &'a [String]) -> Vec<&'a str> {
    let parts = split_words(line);
    words.iter().map(String::as_str).filter(|word| parts.iter().any(|part| part == word)).collect()
}

fn split_words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in line.chars() {
        let is_new = !c.is_alphabetic() || (c.is_uppercase() && was_lower);
        if is_new {
            words.push(String::new());
        }
        if c.is_alphabetic()
            && let Some(last) = words.last_mut()
        {
            last.extend(c.to_lowercase());
        }
        was_lower = c.is_lowercase();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(index: usize) -> String {
        format!("{}{}", WORDS[index].0, WORDS[index].1)
    }

    #[test]
    fn other_words_and_other_files_pass() {
        let tree = Tree::of([("a.md", "It happened in shops. Nobodyknows.\n"), ("a.txt", &word(0))]);
        assert_eq!(check(&tree), []);
    }

    #[test]
    fn words_are_found_in_any_case_and_in_names() {
        let upper = word(3).to_uppercase();
        let text = format!("{upper} does.\nfn open_{}() {{}}\nstruct My{}S;\n", word(0), ["Happen", "ings"].concat());
        let places: Vec<_> = check(&Tree::of([("a.rs", text.as_str())])).iter().map(|finding| finding.line).collect();
        assert_eq!(places, [1, 2, 3]);
    }

    #[test]
    fn exception_allows_a_word_in_one_file() {
        let text = format!("A {} is an event of AWS.\n", word(0));
        let allowed = format!("# Exceptions\n\na.md {} it is the name of a page\n", word(0));
        let tree = Tree::of([("a.md", text.as_str()), ("b.md", &text), (ALLOWED, &allowed)]);
        assert_eq!(check(&tree), [Finding::new("b.md", 1, format!("the word `{}` is banned", word(0)))]);
    }

    #[test]
    fn exception_without_use_or_reason_is_found() {
        let allowed = format!("a.md {0} because\nb.md {0}\n", word(0));
        let found = check(&Tree::of([("a.md", ""), (ALLOWED, &allowed)]));
        assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [2, 1]);
    }
}
