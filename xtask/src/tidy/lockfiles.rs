//! Rule: lock files have versions and no addresses. `Cargo.lock` has only crates.io and path crates, and
//! `package-lock.json` has no `resolved`, so that npm uses the registry of its configuration.

use super::finding::Finding;
use super::tree::{Entry, Tree};

/// The source that cargo writes for crates.io, even if a mirror replaces it.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.files
        .iter()
        .flat_map(|file| match file.name() {
            "Cargo.lock" => cargo(file),
            "package-lock.json" | "npm-shrinkwrap.json" => npm(file),
            _ => Vec::new(),
        })
        .collect()
}

fn cargo(file: &Entry) -> Vec<Finding> {
    let sources =
        file.lines().filter_map(|(number, line)| Some((number, line.strip_prefix("source = ")?.trim_matches('"'))));
    let others = sources.filter(|(_, source)| *source != CRATES_IO);
    others.map(|(number, source)| Finding::new(&file.path, number, format!("`{source}` is not crates.io"))).collect()
}

fn npm(file: &Entry) -> Vec<Finding> {
    let lines = file.lines().filter(|(_, line)| line.trim_start().starts_with("\"resolved\":"));
    lines.map(|(number, _)| Finding::new(&file.path, number, "`resolved` ties the lock file to one registry")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_io_path_crates_and_integrity_pass() {
        let cargo = format!("[[package]]\nname = \"a\"\nsource = \"{CRATES_IO}\"\n[[package]]\nname = \"mine\"\n");
        let npm = "{\n  \"version\": \"1.0.0\",\n  \"integrity\": \"sha512-x\"\n}\n";
        assert_eq!(check(&Tree::of([("Cargo.lock", cargo.as_str()), ("w/package-lock.json", npm)])), []);
    }

    #[test]
    fn other_sources_and_resolved_addresses_are_found() {
        let cargo = "name = \"a\"\nsource = \"git+https://example.com/a#1\"\n";
        let npm = "{\n  \"resolved\": \"https://example.com/a.tgz\"\n}\n";
        assert_eq!(
            check(&Tree::of([("Cargo.lock", cargo), ("w/package-lock.json", npm)])),
            [
                Finding::new("Cargo.lock", 2, "`git+https://example.com/a#1` is not crates.io"),
                Finding::new("w/package-lock.json", 2, "`resolved` ties the lock file to one registry"),
            ]
        );
    }
}
