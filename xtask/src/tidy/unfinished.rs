//! Rule: no unfinished code and no disabled test. A test that needs a missing tool prints that and returns.

use super::finding::Finding;
use super::tree::Tree;

/// The calls of each language, in two parts, so that this file does not violate its own rule.
const RUST: [(&str, &str); 3] = [("to", "do!("), ("unimple", "mented!("), ("#[ig", "nore")];
const JAVASCRIPT: [(&str, &str); 6] = [
    ("test.sk", "ip("),
    ("it.sk", "ip("),
    ("describe.sk", "ip("),
    ("test.to", "do("),
    ("it.to", "do("),
    ("describe.to", "do("),
];
const PYTHON: [(&str, &str); 3] = [("mark.sk", "ip("), ("mark.sk", "ip\n"), ("mark.xf", "ail")];
/// Words of comments, in any language.
const WORDS: [(&str, &str); 2] = [("FIX", "ME"), ("XX", "X")];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.with_extension(&["rs", "py", "js", "mjs", "cjs", "ts", "tsx", "sh"]) {
        let calls: &[_] = match file.extension() {
            "rs" => &RUST,
            "py" => &PYTHON,
            "js" | "mjs" | "cjs" | "ts" | "tsx" => &JAVASCRIPT,
            _ => &[],
        };
        for (number, line) in file.lines() {
            let line = format!("{line}\n");
            let call = calls.iter().map(joined).find(|call| line.contains(call.as_str()));
            let found = call.or_else(|| WORDS.iter().map(joined).find(|word| has_word(&line, word)));
            if let Some(found) = found {
                findings.push(Finding::new(&file.path, number, format!("`{}`: finish it or remove it", found.trim())));
            }
        }
    }
    findings
}

fn joined(parts: &(&str, &str)) -> String {
    format!("{}{}", parts.0, parts.1)
}

/// Whether the line has it as a word. The template of a temporary name is a longer word.
fn has_word(line: &str, word: &str) -> bool {
    line.split(|c: char| !c.is_alphanumeric()).any(|part| part == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finished_code_passes() {
        let tree = Tree::of([
            ("a.rs", "fn f() { x.iter().skip(1); y.todo(); }\n"),
            ("a.py", "pytest.skip('no node')\n@pytest.mark.skipif(old, reason='x')\n"),
            ("a.mjs", "rest = rest.slice(1); skip(2);\n"),
            ("a.sh", "mktemp /tmp/a.XXXXXX\n"),
        ]);
        assert_eq!(check(&tree), []);
    }

    #[test]
    fn unfinished_code_is_found() {
        let text = |parts: &[(&str, &str)]| parts.iter().map(|part| joined(part) + "\n").collect::<String>();
        let (rust, python) = (text(&RUST) + &text(&WORDS), text(&PYTHON).replace("\n\n", "\n"));
        let script = text(&JAVASCRIPT);
        let found = check(&Tree::of([("a.rs", rust.as_str()), ("a.py", &python), ("a.mjs", &script)]));
        let places: Vec<_> = found.iter().map(|finding| (finding.path.as_str(), finding.line)).collect();
        let of = |path, lines: std::ops::RangeInclusive<usize>| lines.map(move |line| (path, line));
        assert_eq!(places, of("a.rs", 1..=5).chain(of("a.py", 1..=3)).chain(of("a.mjs", 1..=6)).collect::<Vec<_>>());
        assert_eq!(found[2].message, format!("`{}`: finish it or remove it", joined(&RUST[2])));
    }
}
