//! Rule: no parameter is a tuple that is taken apart, and no `let` binds several values that have nothing to do with each
//! other. A struct gives the parameters names; two `let` statements are easier to read than one. Tests are not checked.

use syn::visit::{self, Visit};
use syn::{Expr, FnArg, ImplItemFn, Item, Local, Pat, Signature};

use super::finding::Finding;
use super::syntax::{attributes, is_for_tests, line};
use super::tree::{Entry, Tree};

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.with_extension(&["rs"]).filter(|file| !file.is_test()).flat_map(findings).collect()
}

fn findings(file: &Entry) -> Vec<Finding> {
    let mut patterns = Patterns { file, findings: Vec::new() };
    if let Some(syntax) = file.syntax() {
        patterns.visit_file(syntax);
    }
    patterns.findings
}

struct Patterns<'a> {
    file: &'a Entry,
    findings: Vec<Finding>,
}

impl<'ast> Visit<'ast> for Patterns<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        if !is_for_tests(&function.attrs) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_signature(&mut self, signature: &'ast Signature) {
        for argument in &signature.inputs {
            if let FnArg::Typed(argument) = argument
                && is_tuple(&argument.pat)
            {
                let message = format!("`{}` has a tuple as a parameter: name its parts", signature.ident);
                self.findings.push(Finding::new(&self.file.path, line(signature.ident.span()), message));
            }
        }
    }

    fn visit_local(&mut self, local: &'ast Local) {
        // With `else` it is a match on several values at once.
        let value = local.init.as_ref().filter(|init| init.diverge.is_none()).map(|init| &*init.expr);
        if is_tuple(&local.pat) && matches!(value, Some(Expr::Tuple(_))) {
            let message = "one `let` for several values: write one for each";
            self.findings.push(Finding::new(&self.file.path, line(local.let_token.span), message));
        }
        visit::visit_local(self, local);
    }
}

fn is_tuple(pattern: &Pat) -> bool {
    match pattern {
        Pat::Tuple(_) => true,
        Pat::Reference(reference) => is_tuple(&reference.pat),
        Pat::Type(typed) => is_tuple(&typed.pat),
        Pat::Paren(inner) => is_tuple(&inner.pat),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_one_call_and_closures_pass() {
        let text = "fn f(a: u8) -> (u8, u8) {\n    let (a, b) = g();\n    h(|(x, y)| x + y);\n    let pair = (a, b);\n    let (Some(a), Some(b)) = pair else { return pair };\n    let (1, 2) = (a, b) else { return pair };\n    pair\n}\n";
        assert_eq!(check(&Tree::of([("src/a.rs", text)])), []);
    }

    #[test]
    fn tests_are_not_checked() {
        let text = "#[cfg(test)]\nmod tests {\n    fn f((a, b): (u8, u8)) {\n        let (c, d) = (a, b);\n    }\n}\n";
        let tree = Tree::of([("src/a.rs", text), ("tests/b.rs", "fn f((a, b): (u8, u8)) {}\n")]);
        assert_eq!(check(&tree), []);
    }

    #[test]
    fn parameters_and_bindings_are_found() {
        let text = "fn f((a, b): (u8, u8)) {\n    let (c, d) = (a, b);\n}\nimpl T {\n    fn g(&self, &(a, b): &(u8, u8)) {}\n}\n";
        let found = check(&Tree::of([("src/a.rs", text)]));
        assert_eq!(
            found,
            [
                Finding::new("src/a.rs", 1, "`f` has a tuple as a parameter: name its parts"),
                Finding::new("src/a.rs", 2, "one `let` for several values: write one for each"),
                Finding::new("src/a.rs", 5, "`g` has a tuple as a parameter: name its parts"),
            ]
        );
    }
}
