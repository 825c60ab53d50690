//! Rule: the files of a crate do not import each other in a circle: each can be read, tested and moved with what it imports.

mod cycles;
mod modules;
mod paths;

use super::finding::Finding;
use super::tree::{Entry, Tree};
use cycles::shortest_cycles;
use modules::Crate;

/// Checks each crate. Modules for tests are not checked, and neither are imports of `lib.rs` and `main.rs`, where everything is
/// put together. A `mod.rs` that only declares modules and exports their items does not import them.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let manifests = tree.files.iter().filter(|file| file.name() == "Cargo.toml");
    manifests
        .flat_map(|manifest| of_crate(tree, manifest.path.strip_suffix("Cargo.toml").unwrap_or_default()))
        .collect()
}

fn of_crate(tree: &Tree, folder: &str) -> Vec<Finding> {
    let source = format!("{folder}src/");
    let files: Vec<&Entry> =
        tree.with_extension(&["rs"]).filter(|file| file.path.starts_with(source.as_str())).collect();
    let krate = Crate::new(&source, &files);
    let imports = krate.imports();
    let edges: Vec<(usize, usize)> = imports.iter().map(|import| (import.from, import.to)).collect();
    let mut findings = Vec::new();
    for cycle in shortest_cycles(krate.len(), &edges) {
        let Some(import) = imports.iter().find(|import| import.from == cycle.files[0] && import.to == cycle.files[1])
        else {
            continue;
        };
        let name = |file: usize| krate.path(file).strip_prefix(source.as_str()).unwrap_or_default();
        let names: Vec<&str> = cycle.files.iter().map(|file| name(*file)).collect();
        let size = if cycle.size > names.len() - 1 {
            format!(" ({} files are tied together)", cycle.size)
        } else {
            String::new()
        };
        let message = format!("imports in a circle: {}{size}", names.join(" -> "));
        findings.push(Finding::new(krate.path(import.from), import.line, message));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(files: &[(&str, &str)]) -> Vec<String> {
        let manifest = [("a/Cargo.toml", "")];
        let tree = Tree::of(manifest.into_iter().chain(files.iter().copied()));
        check(&tree).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn files_that_import_each_other_are_found() {
        let found = messages(&[
            ("a/src/lib.rs", "mod one;\nmod two;\n"),
            ("a/src/one.rs", "//! One.\nuse crate::two::Two;\npub(crate) struct One(Two);\n"),
            ("a/src/two.rs", "pub(crate) struct Two;\nfn f() -> super::one::One { todo() }\n"),
        ]);
        assert_eq!(found, ["a/src/one.rs:2: imports in a circle: one.rs -> two.rs -> one.rs"]);
    }

    #[test]
    fn child_and_parent_that_import_each_other_are_found() {
        let parent = "mod child;\npub(crate) struct Options;\nfn f() { child::run(); }\n";
        let child = "use super::Options;\npub(super) fn run() {}\n";
        let found = messages(&[("a/src/main.rs", "mod p;\n"), ("a/src/p/mod.rs", parent), ("a/src/p/child.rs", child)]);
        assert_eq!(found, ["a/src/p/mod.rs:3: imports in a circle: p/mod.rs -> p/child.rs -> p/mod.rs"]);
    }

    #[test]
    fn exported_item_counts_as_import_of_the_file_that_defines_it() {
        let parent = "mod one;\nmod two;\npub(crate) use one::One;\npub(crate) use two::*;\n";
        let one = "use super::Two;\npub(crate) struct One;\n";
        let root = ("a/src/lib.rs", "mod p;\n");
        let found = messages(&[
            root,
            ("a/src/p/mod.rs", parent),
            ("a/src/p/one.rs", one),
            ("a/src/p/two.rs", "pub(crate) struct Two;\n"),
        ]);
        assert_eq!(found, [""; 0]);
        let found = messages(&[
            root,
            ("a/src/p/mod.rs", parent),
            ("a/src/p/one.rs", one),
            ("a/src/p/two.rs", "pub(crate) struct Two(crate::p::One);\n"),
        ]);
        assert_eq!(found, ["a/src/p/one.rs:1: imports in a circle: p/one.rs -> p/two.rs -> p/one.rs"]);
    }

    #[test]
    fn tests_and_roots_may_import_everything() {
        let found = messages(&[
            ("a/src/lib.rs", "mod one;\nmod two;\n#[cfg(test)]\nmod checks;\nuse one::One;\npub struct Root(One);\n"),
            (
                "a/src/one.rs",
                "use crate::Root;\npub(crate) struct One;\n#[cfg(test)]\nmod tests { use crate::two::Two; }\n",
            ),
            ("a/src/two.rs", "use crate::one::One;\npub(crate) struct Two;\n"),
            ("a/src/checks.rs", "use crate::two::Two;\npub(crate) struct Check;\n"),
        ]);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn longer_circles_are_reported_once_with_their_size() {
        let found = messages(&[
            ("a/src/lib.rs", "mod b;\nmod c;\nmod d;\n"),
            ("a/src/b.rs", "use crate::c::C;\nuse crate::d::D;\nstruct B(C, D);\n"),
            ("a/src/c.rs", "pub(crate) struct C;\nfn f() { crate::d::D; format!(\"{}\", crate::d::x()); }\n"),
            ("a/src/d.rs", "pub(crate) struct D;\nuse super::b;\n"),
        ]);
        assert_eq!(found, ["a/src/b.rs:2: imports in a circle: b.rs -> d.rs -> b.rs (3 files are tied together)"]);
    }
}
