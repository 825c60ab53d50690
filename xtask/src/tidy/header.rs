//! Rule: every source file begins by saying what it does.

use super::finding::Finding;
use super::tree::{Entry, Tree};

/// A `build.rs` or `main.rs` that is no longer than this says it all in its one call.
const OBVIOUS: usize = 6;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.files.iter().filter(|file| !is_excepted(file)).filter_map(missing).collect()
}

/// Macro tests show the user's code as it is, and so do the workers of examples and templates.
fn is_excepted(file: &Entry) -> bool {
    let path = file.path.as_str();
    let is_of_an_app = ["examples/", "conformance/", "benchmarks/"].iter().any(|folder| path.starts_with(folder));
    path.contains("/tests/ui/")
        || path.starts_with("templates/files/")
        || (file.extension() != "rs" && is_of_an_app && path.contains("/workers/"))
}

fn missing(file: &Entry) -> Option<Finding> {
    let text = file.text.as_str();
    let (has_header, wanted) = match file.extension() {
        "rs" => {
            let is_obvious = matches!(file.name(), "build.rs" | "main.rs") && text.lines().count() <= OBVIOUS;
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
    let message = format!("does not begin with {wanted} that says what the file does and what it leaves to others");
    (!has_header).then(|| Finding::new(&file.path, 1, message))
}

/// The line with which a system finds the interpreter is no header.
fn begins_with(text: &str, openings: &[&str]) -> bool {
    let text = if text.starts_with("#!") { text.split_once('\n').map_or("", |(_, rest)| rest) } else { text };
    openings.iter().any(|opening| text.trim_start().starts_with(opening))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_say_what_they_do_pass() {
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
    fn what_a_user_would_write_needs_no_header() {
        let tree = Tree::of([
            ("examples/space/workers/system_counter/main.py", "import json\n"),
            ("templates/files/worker/rust/build.rs", "use x;\n"),
            ("bedrock-macros/tests/ui/fail/typo.rs", "use bedrock::invoke;\n"),
        ]);
        assert_eq!(check(&tree), []);
    }

    #[test]
    fn files_that_do_not_are_found_at_their_first_line() {
        let long = "fn main() {}\n".repeat(7);
        let paths =
            ["a/build.rs", "a/b.rs", "a/b.py", "a/workers/b.py", "a/b.mjs", "a/b.ts", "a/b.sh", "examples/x/src/b.rs"];
        let tree = Tree::of(paths.map(|path| (path, long.as_str())));
        let found = check(&tree);
        assert_eq!(found.iter().map(|finding| finding.path.as_str()).collect::<Vec<_>>(), paths);
        assert!(found[0].message.starts_with("does not begin with `//!`"), "{}", found[0]);
        assert_eq!(found[0].line, 1);
    }

    #[test]
    fn a_shebang_alone_is_no_header() {
        assert_eq!(check(&Tree::of([("a.sh", "#!/bin/sh\nset -eu\n")])).len(), 1);
    }
}
