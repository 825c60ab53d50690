//! Rule: every copy of `worker.js` in an app of this repository is the file that `cargo bedrock new` writes.

use super::finding::Finding;
use super::tree::Tree;

const ORIGINAL: &str = "templates/files/worker/javascript/worker.js";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(original) = tree.get(ORIGINAL) else {
        return vec![Finding::new(ORIGINAL, 1, "is missing: the apps have copies of it")];
    };
    tree.files
        .iter()
        .filter(|file| file.name() == "worker.js" && file.text != original.text)
        .filter(|file| ["examples/", "benchmarks/", "conformance/"].iter().any(|folder| file.path.starts_with(folder)))
        .map(|file| {
            let same = file.text.lines().zip(original.text.lines()).take_while(|(a, b)| a == b).count();
            Finding::new(&file.path, same + 1, format!("differs from {ORIGINAL}: copy that file over it"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_copies_and_workers_of_tests_pass() {
        let tree = Tree::of([
            (ORIGINAL, "a\nb\n"),
            ("examples/x/workers/y/worker.js", "a\nb\n"),
            ("bedrock-local/javascript/test/worker.js", "c\n"),
        ]);
        assert_eq!(check(&tree), []);
    }

    #[test]
    fn different_copy_is_found_at_its_first_difference() {
        let found = check(&Tree::of([(ORIGINAL, "a\nb\n"), ("conformance/workers/y/worker.js", "a\nc\n")]));
        let message = "differs from templates/files/worker/javascript/worker.js: copy that file over it";
        assert_eq!(found, [Finding::new("conformance/workers/y/worker.js", 2, message)]);
    }

    #[test]
    fn missing_original_is_found() {
        assert_eq!(check(&Tree::of([("examples/x/worker.js", "a\n")])).len(), 1);
    }
}
