//! Rule: no path of a developer's machine in a tracked file: neither the checkout's own nor the home folder's.

use std::path::Path;

use super::finding::Finding;
use super::tree::{Entry, Tree};

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    // The checkout of a container may be `/app` or `/src`, with which a route or a glob may also start.
    let checkout = Some(&tree.checkout).filter(|path| depth(path) > 1);
    let home = tree.home.as_ref().filter(|path| depth(path) > 0);
    let paths: Vec<String> = checkout.into_iter().chain(home).map(|path| path.display().to_string()).collect();
    let files = tree.files.iter().filter(|file| file.path != "Cargo.lock");
    files.flat_map(|file| paths.iter().flat_map(|path| named_in(file, path))).collect()
}

fn named_in(file: &Entry, path: &str) -> Vec<Finding> {
    let lines = file.lines().filter(|(_, line)| names(line, path));
    lines.map(|(line, _)| Finding::new(&file.path, line, format!("names `{path}`, a path of this machine"))).collect()
}

/// Returns the number of folders below the root folder.
fn depth(path: &Path) -> usize {
    path.components().count().saturating_sub(1)
}

/// Whether the line has the path, and not as the end or the start of another path.
fn names(line: &str, path: &str) -> bool {
    let continues = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + path.len()..].chars().next();
        !before.is_some_and(|c| continues(c) || c == '}') && !after.is_some_and(continues)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_paths_pass() {
        let text = "see /build/checkout2/x, my/build/checkout/x and {root}/build/checkout\n/home/adam /opt/python\n";
        assert_eq!(check(&Tree::of([("a.md", text), ("Cargo.lock", "/home/ada")])), []);
    }

    #[test]
    fn path_of_this_machine_is_found() {
        let found = check(&Tree::of([("a.md", "x\nrun `/build/checkout/run`\n"), ("b.py", "p = '/home/ada'\n")]));
        assert_eq!(
            found,
            [
                Finding::new("a.md", 2, "names `/build/checkout`, a path of this machine"),
                Finding::new("b.py", 1, "names `/home/ada`, a path of this machine"),
            ]
        );
    }

    #[test]
    fn checkout_directly_below_the_root_is_ignored() {
        let mut tree = Tree::of([("a.md", "GET /app/workers\n")]);
        tree.checkout = "/app".into();
        assert_eq!(check(&tree), []);
        tree.home = Some("/app".into());
        assert_eq!(check(&tree).len(), 1);
    }
}
