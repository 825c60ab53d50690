//! Rule: each Rust file that names an AWS crate is listed in ARCHITECTURE.md, by its path in backticks.
//! What counts is a path that begins with the crate's name; comments, strings and other names do not.

use proc_macro2::{TokenStream, TokenTree};

use super::finding::Finding;
use super::tree::Tree;

const LIST: &str = "ARCHITECTURE.md";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let list = tree.get(LIST);
    let mut findings = Vec::new();
    if list.is_none() {
        findings.push(Finding::new(LIST, 1, "is missing: it lists the files that name an AWS crate"));
    }
    let listed = list.map_or("", |file| file.text.as_str());
    for file in tree.with_extension(&["rs"]) {
        let Ok(tokens) = file.text.parse::<TokenStream>() else { continue };
        if let Some((name, line)) = first_named(tokens)
            && !listed.contains(&format!("`{}`", file.path))
        {
            let message = format!("names the AWS crate `{name}` and is not listed in {LIST} as `{}`", file.path);
            findings.push(Finding::new(&file.path, line, message));
        }
    }
    findings
}

/// The first AWS crate that a path or a `use` begins with, inside macros too, and its line.
fn first_named(tokens: TokenStream) -> Option<(String, usize)> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => {
                if let Some(named) = first_named(group.stream()) {
                    return Some(named);
                }
            }
            TokenTree::Ident(ident) if is_aws(&ident.to_string()) && begins_path(&tokens, at) => {
                return Some((ident.to_string(), ident.span().start().line));
            }
            _ => {}
        }
    }
    None
}

fn is_aws(name: &str) -> bool {
    name.starts_with("aws_") || name.starts_with("lambda_runtime") || matches!(name, "lambda_http" | "lambda_extension")
}

fn begins_path(tokens: &[TokenTree], at: usize) -> bool {
    let is_punct = |at: Option<usize>, wanted: char| matches!(at.and_then(|at| tokens.get(at)), Some(TokenTree::Punct(punct)) if punct.as_char() == wanted);
    let is_ident = |at: Option<usize>, wanted: Option<&[&str]>| match at.and_then(|at| tokens.get(at)) {
        Some(TokenTree::Ident(ident)) => wanted.is_none_or(|wanted| wanted.iter().any(|word| ident == word)),
        _ => false,
    };
    let is_separated = |first: Option<usize>| is_punct(first, ':') && is_punct(first.map(|first| first + 1), ':');
    // `x::aws_y` is somebody's own; `::aws_y` is the crate.
    if is_separated(at.checked_sub(2)) && is_ident(at.checked_sub(3), None) {
        return false;
    }
    is_separated(Some(at + 1)) || is_ident(at.checked_sub(1), Some(&["use", "crate"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const USES: &str = "//! Does.\n\nuse aws_config::Region;\n";

    #[test]
    fn a_listed_file_and_files_that_only_sound_like_aws_pass() {
        let tree = Tree::of([
            ("ARCHITECTURE.md", "- `a/src/region.rs`: why\n"),
            ("a/src/region.rs", USES),
            (
                "a/src/other.rs",
                "/// As `lambda_http::run` does.\nfn aws_header() { let aws_id = crate::aws_x::id(); }\n",
            ),
        ]);
        assert_eq!(check(&tree), []);
    }

    #[test]
    fn a_file_that_is_not_listed_is_found_at_the_crate_name() {
        let list = ("ARCHITECTURE.md", "- `b/a/src/region.rs`: another file\n");
        let found = check(&Tree::of([list, ("a/src/region.rs", USES)]));
        let message = "names the AWS crate `aws_config` and is not listed in ARCHITECTURE.md as `a/src/region.rs`";
        assert_eq!(found, [Finding::new("a/src/region.rs", 3, message)]);
        for text in
            ["fn f() { ::lambda_http::run() }", "quote! { x(lambda_runtime::run()) }", "extern crate aws_types;"]
        {
            assert_eq!(check(&Tree::of([list, ("a.rs", text)])).len(), 1, "{text}");
        }
    }

    #[test]
    fn a_missing_list_is_a_finding_of_its_own() {
        let found = check(&Tree::of([("a.rs", "fn f() {}\n")]));
        assert_eq!(found, [Finding::new(LIST, 1, "is missing: it lists the files that name an AWS crate")]);
    }
}
