//! Rule: no Rust function over 60 lines, from its signature to its closing brace.

use proc_macro2::{Ident, Span};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Block, ImplItemFn, ItemFn, Signature, TraitItemFn};

use super::finding::Finding;
use super::tree::{Entry, Tree};

const LIMIT: usize = 60;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    // What does not parse is the compiler's to report, or is meant not to compile.
    tree.with_extension(&["rs"])
        .filter_map(|file| Some((file, syn::parse_file(&file.text).ok()?)))
        .flat_map(long)
        .collect()
}

fn long((file, syntax): (&Entry, syn::File)) -> Vec<Finding> {
    let mut functions = Functions { file, findings: Vec::new() };
    functions.visit_file(&syntax);
    functions.findings
}

struct Functions<'a> {
    file: &'a Entry,
    findings: Vec<Finding>,
}

impl Functions<'_> {
    fn measure(&mut self, signature: &Signature, block: &Block) {
        let first = line(signature.span());
        let lines = block.brace_token.span.close().end().line + 1 - first;
        if lines > LIMIT {
            self.report(&signature.ident, first, lines);
        }
    }

    fn report(&mut self, name: &Ident, first: usize, lines: usize) {
        let message = format!("the function `{name}` has {lines} lines, at most {LIMIT} allowed");
        self.findings.push(Finding::new(&self.file.path, first, message));
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.measure(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.measure(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if let Some(block) = &function.default {
            self.measure(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

fn line(span: Span) -> usize {
    span.start().line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(lines: usize) -> String {
        format!("/// Not counted.\n#[inline]\npub async fn f(\n) {{\n{}}}\n", "    g();\n".repeat(lines - 3))
    }

    #[test]
    fn a_function_of_60_lines_passes() {
        assert_eq!(check(&Tree::of([("a.rs", function(60).as_str())])), []);
    }

    #[test]
    fn a_function_of_61_lines_is_found_wherever_it_stands() {
        let message = "the function `f` has 61 lines, at most 60 allowed";
        assert_eq!(check(&Tree::of([("a.rs", function(61).as_str())])), [Finding::new("a.rs", 3, message)]);
        for around in ["impl X", "trait X", "mod x", "fn g()"] {
            let text = format!("{around} {{\n{}}}\n", function(61).replace("pub ", ""));
            let found = check(&Tree::of([("a.rs", text.as_str())]));
            assert!(found.contains(&Finding::new("a.rs", 4, message)), "{around}: {found:?}");
        }
    }

    #[test]
    fn text_that_is_no_rust_is_left_to_the_compiler() {
        assert_eq!(check(&Tree::of([("tests/ui/fail.rs", "fn {")])), []);
    }
}
