//! Symbolic links below the watched folders. The system reports changes by the paths of the targets, and workers are
//! found by the paths of the links.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Links and their targets.
#[derive(Debug, Default)]
pub(super) struct Links(BTreeMap<PathBuf, PathBuf>);

impl Links {
    /// Adds a link, and returns its canonical target. Returns `None` if the target does not exist, contains the link,
    /// or is known already.
    pub(super) fn add(&mut self, link: &Path) -> Option<PathBuf> {
        let target = link.canonicalize().ok()?;
        // Such a link leads back to where it was found, again and again.
        let is_cycle = link.ancestors().skip(1).any(|folder| {
            let folder = folder.canonicalize();
            folder.is_ok_and(|folder| folder.starts_with(&target))
        });
        if is_cycle {
            return None;
        }
        let previous = self.0.insert(link.to_owned(), target.clone());
        (previous.as_ref() != Some(&target)).then_some(target)
    }

    /// Removes the links at a path and below it.
    pub(super) fn remove(&mut self, path: &Path) {
        self.0.retain(|link, _| !link.starts_with(path));
    }

    /// Returns the paths by which a path is reached through links.
    pub(super) fn paths_of(&self, path: &Path) -> Vec<PathBuf> {
        let through = |(link, target): (&PathBuf, &PathBuf)| match path.strip_prefix(target).ok()? {
            rest if rest.as_os_str().is_empty() => Some(link.clone()),
            rest => Some(link.join(rest)),
        };
        self.0.iter().filter_map(through).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Links;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn paths_lead_through_links_that_contain_no_cycle() {
        let scratch = tempfile::tempdir().expect("a folder");
        let root = scratch.path().canonicalize().expect("a folder");
        fs::create_dir_all(root.join("app/workers")).expect("a folder");
        fs::create_dir_all(root.join("packages/one")).expect("a folder");
        let link = |target: &str, name: &str| {
            let link = root.join("app/workers").join(name);
            symlink(root.join(target), &link).expect("a link");
            link
        };
        let mut links = Links::default();
        let one = link("packages/one", "one");
        assert_eq!(links.add(&one), Some(root.join("packages/one")));
        assert_eq!(links.add(&one), None);
        for (target, name) in [("app", "cycle"), ("nothing", "broken"), ("", "above")] {
            assert_eq!(links.add(&link(target, name)), None, "{name}");
        }
        assert_eq!(links.paths_of(&root.join("packages/one/a/b.py")), [one.join("a/b.py")]);
        assert_eq!(links.paths_of(&root.join("packages/one")), [one]);
        assert!(links.paths_of(&root.join("packages/other")).is_empty());
        links.remove(&root.join("app"));
        assert!(links.paths_of(&root.join("packages/one")).is_empty());
    }
}
