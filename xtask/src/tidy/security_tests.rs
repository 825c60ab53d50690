//! Rule: each row of the tables in `SECURITY.md` names at least one test or fuzz target, and each that it names exists.

use super::finding::Finding;
use super::tree::Tree;

const PAGE: &str = "SECURITY.md";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(page) = tree.files.iter().find(|file| file.path == PAGE) else { return Vec::new() };
    let mut findings = Vec::new();
    for (index, line) in page.text.lines().enumerate() {
        let Some(names) = test_column(line) else { continue };
        let names: Vec<&str> = names.split('`').skip(1).step_by(2).collect();
        if names.is_empty() {
            findings.push(Finding::new(PAGE, index + 1, "names no test"));
        }
        for name in names.into_iter().filter(|name| !exists(tree, name)) {
            findings.push(Finding::new(PAGE, index + 1, format!("`{name}` is not a test")));
        }
    }
    findings
}

/// Returns the last of three columns. `None` for the header and for other lines.
fn test_column(line: &str) -> Option<&str> {
    let cells: Vec<&str> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
    let [source, _, tests] = cells[..] else { return None };
    (!matches!(source, "source" | "attack") && !source.starts_with("---")).then_some(tests)
}

fn exists(tree: &Tree, name: &str) -> bool {
    let rust = format!("fn {name}()");
    let python = format!("def {name}(");
    let target = format!("fuzz/targets/{name}.rs");
    tree.files.iter().any(|file| match file.extension() {
        "rs" if file.path == target => true,
        "rs" => file.text.contains(&rust),
        "py" => file.text.contains(&python),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE_TEXT: &str = "| source | what | tests |\n| --- | --- | --- |\n| a page | read | `page_reads`, `gone` |\n| a | b | none |\n| c | d | `test_host`, `urls` |\n";

    #[test]
    fn missing_tests_are_found_on_their_line() {
        let tree = Tree::of([
            (PAGE, PAGE_TEXT),
            ("a/src/lib.rs", "#[test]\nfn page_reads() {}\n"),
            ("fuzz/targets/urls.rs", ""),
            ("b/test_a.py", "def test_host(app):\n    pass\n"),
        ]);
        assert_eq!(
            check(&tree),
            [Finding::new(PAGE, 3, "`gone` is not a test"), Finding::new(PAGE, 4, "names no test")]
        );
    }
}
