//! Rule: each script in `findings` can be started, and says in its first lines what a reader would guess, what the tool does
//! instead, in which version, and when that was seen.

use super::finding::Finding;
use super::tree::{Entry, Tree};

/// The header must be within these lines.
const MAX_HEADER_LINES: usize = 30;
const PARTS: [&str; 4] = ["guess", "behaviour", "version", "date"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let scripts = tree.files.iter().filter(|file| file.path.starts_with("findings/") && file.extension() == "sh");
    scripts.flat_map(findings).collect()
}

fn findings(file: &Entry) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !file.is_executable {
        findings.push(Finding::new(&file.path, 1, "is not executable"));
    }
    let header: Vec<&str> = file.text.lines().take(MAX_HEADER_LINES).take_while(|line| line.starts_with('#')).collect();
    for part in PARTS {
        let value = header.iter().find_map(|line| line.strip_prefix("# ")?.strip_prefix(part)?.strip_prefix(':'));
        match value.map(str::trim) {
            None | Some("") => {
                findings.push(Finding::new(&file.path, 1, format!("has no `# {part}:` in its first lines")));
            }
            Some(date) if part == "date" && !is_date(date) => {
                findings.push(Finding::new(&file.path, 1, format!("`{date}` is not a date such as 2026-11-29")));
            }
            Some(_) => {}
        }
    }
    findings
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let is_number = |part: &&str| part.chars().all(|c| c.is_ascii_digit());
    parts.iter().map(|part| part.len()).eq([4, 2, 2]) && parts.iter().all(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "#!/usr/bin/env bash\n# guess: one\n#   that goes on\n# behaviour: another\n# version: a 1.2\n# date: 2026-11-29\nset -eu\n";

    fn tree(text: &str, is_executable: bool) -> Tree {
        let mut tree = Tree::of([("findings/a.sh", text), ("findings/README.md", "Text.\n"), ("b.sh", "")]);
        tree.files[0].is_executable = is_executable;
        tree
    }

    #[test]
    fn complete_header_passes() {
        assert_eq!(check(&tree(GOOD, true)), []);
    }

    #[test]
    fn script_that_cannot_be_started_is_found() {
        assert_eq!(check(&tree(GOOD, false)), [Finding::new("findings/a.sh", 1, "is not executable")]);
    }

    #[test]
    fn missing_parts_and_wrong_dates_are_found() {
        let text = GOOD.replace("# version: a 1.2\n", "").replace("2026-11-29", "today");
        let found = check(&tree(&text, true));
        assert_eq!(
            found,
            [
                Finding::new("findings/a.sh", 1, "has no `# version:` in its first lines"),
                Finding::new("findings/a.sh", 1, "`today` is not a date such as 2026-11-29"),
            ]
        );
    }
}
