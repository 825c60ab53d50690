//! Rule: every source file starts with a comment that says what it does.

use super::finding::Finding;
use super::tree::{Entry, Tree};

/// A `build.rs` or `main.rs` of at most this many lines needs no comment: it is one call.
const MAX_OBVIOUS_LINES: usize = 6;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.files.iter().filter(|file| !is_excepted(file)).filter_map(missing).collect()
}

/// Tests of macros, and the workers of examples and templates, show the code that a user would write.
fn is_excepted(file: &Entry) -> bool {
    let path = file.path.as_str();
    let is_of_an_app = ["examples/", "conformance/", "benchmarks/"].iter().any(|folder| path.starts_with(folder));
    path.contains("/tests/ui/")
        || path.starts_with("templates/files/")
        || (file.extension() != "rs" && is_of_an_app && path.contains("/workers/"))
}

fn missing(file: &Entry) -> Option<Finding> {
    let text = file.text.as_str();
    let (has_header, expected) = match file.extension() {
        "rs" => {
            let is_obvious = matches!(file.name(), "build.rs" | "main.rs") && text.lines().count() <= MAX_OBVIOUS_LINES;
            (text.starts_with("//!") || is_obvious, "`//!`")
        }
        "py" => {
            let is_empty = file.name() == "__init__.py" && text.trim().is_empty();
            (is_empty || begins_with(text, &["\"\"\"", "'''", "#"]), "a docstring")
        }
        "js" | "mjs" | "cjs" | "ts" | "tsx" => {
            (begins_with(text.trim_start_matches("'use strict';\n"), &["//", "/*"]), "a comment")
        }
        "sh" => (begins_with(text, &["#"]), "a comment"),
        _ => return None,
    };
    let message = format!("does not start with {expected} that says what the file does and what it leaves to others");
    (!has_header).then(|| Finding::new(&file.path, 1, message))
}

/// Whether the text starts with a comment. A `#!` line is not a comment.
fn begins_with(text: &str, openings: &[&str]) -> bool {
    let text = if text.starts_with("#!") { text.split_once('\n').map_or("", |(_, rest)| rest) } else { text };
    openings.iter().any(|opening| text.trim_start().starts_with(opening))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_with_a_header_pass() {
        let tree = Tree::of([
            ("a/src/lib.rs", "//! Does.\n"),
            ("a/build.rs", "fn main() {\n    bedrock_build::emit();\n}\n"),
            ("a/b.py", "#!/usr/bin/env python3\n\"\"\"Does.\"\"\"\n"),
            ("a/__init__.py", ""),
            ("a/b.mjs", "// Does.\n"),
            ("a/b.cjs", "'use strict';\n// Does.\n"),
            ("a/b.tsx", "// Does.\n"),
            ("a/b.sh", "#!/bin/sh\n# Does.\n"),
            ("a/notes.txt", "Anything.\n"),
        ]);
        assert_eq!(check(&tree), []);
    }

    #[test]
    fn code_of_users_needs_no_header() {
        let tree = Tree::of([
            ("examples/space/workers/system_counter/main.py", "import json\n"),
            ("templates/files/worker/rust/build.rs", "use x;\n"),
            ("bedrock-macros/tests/ui/fail/typo.rs", "use bedrock::invoke;\n"),
        ]);
        assert_eq!(check(&tree), []);
    }

    #[test]
    fn files_without_a_header_are_found() {
        let long = "fn main() {}\n".repeat(7);
        let paths =
            ["a/build.rs", "a/b.rs", "a/b.py", "a/workers/b.py", "a/b.mjs", "a/b.ts", "a/b.sh", "examples/x/src/b.rs"];
        let tree = Tree::of(paths.map(|path| (path, long.as_str())));
        let found = check(&tree);
        assert_eq!(found.iter().map(|finding| finding.path.as_str()).collect::<Vec<_>>(), paths);
        assert!(found[0].message.starts_with("does not start with `//!`"), "{}", found[0]);
        assert_eq!(found[0].line, 1);
    }

    #[test]
    fn shebang_is_not_a_header() {
        assert_eq!(check(&Tree::of([("a.sh", "#!/bin/sh\nset -eu\n")])).len(), 1);
    }
}
