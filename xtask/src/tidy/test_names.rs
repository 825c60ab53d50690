//! Rule: names of tests are short enough to be remembered and typed.

use syn::visit::{self, Visit};
use syn::{Attribute, ItemFn};

use super::finding::Finding;
use super::syntax::line;
use super::tree::{Entry, Tree};

const MAX_LENGTH: usize = 60;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let rust = tree.with_extension(&["rs"]).flat_map(rust);
    rust.chain(tree.with_extension(&["py"]).flat_map(python)).collect()
}

fn rust(file: &Entry) -> Vec<Finding> {
    let mut tests = Tests { file, findings: Vec::new() };
    if let Some(syntax) = file.syntax() {
        tests.visit_file(syntax);
    }
    tests.findings
}

struct Tests<'a> {
    file: &'a Entry,
    findings: Vec<Finding>,
}

impl<'ast> Visit<'ast> for Tests<'_> {
    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        if function.attrs.iter().any(is_test) {
            let place = line(function.sig.ident.span());
            self.findings.extend(too_long(self.file, place, &function.sig.ident.to_string()));
        }
        visit::visit_item_fn(self, function);
    }
}

/// `#[test]`, `#[tokio::test]`, `#[bedrock::test]`
fn is_test(attribute: &Attribute) -> bool {
    attribute.path().segments.last().is_some_and(|segment| segment.ident == "test")
}

fn python(file: &Entry) -> Vec<Finding> {
    let names = file.lines().filter_map(|(number, line)| {
        let line = line.trim_start();
        let line = line.strip_prefix("async ").unwrap_or(line);
        let (name, _) = line.strip_prefix("def ")?.split_once('(')?;
        name.starts_with("test_").then_some((number, name))
    });
    names.filter_map(|(number, name)| too_long(file, number, name)).collect()
}

fn too_long(file: &Entry, line: usize, name: &str) -> Option<Finding> {
    let length = name.chars().count();
    let message = format!("the name of the test has {length} characters, at most {MAX_LENGTH} allowed: `{name}`");
    (length > MAX_LENGTH).then(|| Finding::new(&file.path, line, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_and_long_functions_without_test_pass() {
        let name = "a".repeat(60);
        let rust = format!("#[test]\nfn {name}() {{}}\nfn b{name}() {{}}\n");
        let python = format!("def test_{}():\n    pass\ndef b{name}():\n    pass\n", "a".repeat(55));
        assert_eq!(check(&Tree::of([("a.rs", rust.as_str()), ("a.py", &python)])), []);
    }

    #[test]
    fn long_names_are_found_in_both_languages() {
        let name = "a".repeat(61);
        let rust = format!("mod tests {{\n    #[tokio::test]\n    async fn {name}() {{}}\n}}\n");
        let python = format!("class T:\n    async def test_{}(self):\n        pass\n", "a".repeat(56));
        let found = check(&Tree::of([("a.rs", rust.as_str()), ("a.py", &python)]));
        let places: Vec<_> = found.iter().map(|finding| (finding.path.as_str(), finding.line)).collect();
        assert_eq!(places, [("a.rs", 3), ("a.py", 2)]);
        assert!(found[0].message.starts_with("the name of the test has 61 characters, at most 60 allowed: `aaa"));
    }
}
