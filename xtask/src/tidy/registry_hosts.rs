//! Rule: no address of a package registry in a tracked file. Clients are configured with one, and mirrors have others.

use super::finding::Finding;
use super::tree::Tree;

/// Host names in two parts, so that this file does not violate its own rule.
const HOSTS: [(&str, &str); 9] = [
    ("static.crates", "io"),
    ("index.crates", "io"),
    ("//crates", "io"),
    ("www.crates", "io"),
    ("pypi", "org"),
    ("pythonhosted", "org"),
    ("registry.npmjs", "org"),
    ("npmjs", "com"),
    ("registry.yarnpkg", "com"),
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let hosts = HOSTS.map(|(name, end)| format!("{name}.{end}"));
    // A separate rule checks `Cargo.lock`, which must name one registry.
    let files = tree.files.iter().filter(|file| file.path != "Cargo.lock");
    files
        .flat_map(|file| file.lines().map(move |(number, line)| (file, number, line)))
        .filter_map(|(file, number, line)| {
            let host = hosts.iter().find(|host| line.contains(host.as_str()))?;
            let message = format!("names the package registry `{}`", host.trim_start_matches('/'));
            Some(Finding::new(&file.path, number, message))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_of_a_registry_in_a_sentence_passes() {
        let text =
            "On crates.io the name `bedrock` is taken; npm and PyPI have others. See https://docs.rs/bedrock-rt.\n";
        assert_eq!(check(&Tree::of([("README.md", text), ("Cargo.lock", &address("pypi", "org"))])), []);
    }

    #[test]
    fn address_of_a_registry_is_found() {
        for (name, end) in [("crates", "io"), ("pypi", "org"), ("registry.npmjs", "org"), ("www.npmjs", "com")] {
            let found = check(&Tree::of([("a.md", format!("\n{}\n", address(name, end)).as_str())]));
            assert_eq!(found.len(), 1, "{name}");
            assert_eq!(found[0].line, 2);
            assert!(found[0].message.starts_with("names the package registry `"), "{}", found[0]);
        }
    }

    fn address(name: &str, end: &str) -> String {
        format!("https://{name}.{end}/x")
    }
}
