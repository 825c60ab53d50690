//! Which packages of Node.js are installed for code that durable executions keep. The packages themselves are not kept: old
//! code runs with those of today, and this module names the difference. Who reads them when is decided by `code_store`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde_json::Value;

/// A folder of installed packages.
const PACKAGES: &str = "node_modules";
/// Packages that a message names. The others are counted.
const SHOWN_PACKAGES: usize = 5;

/// The versions of packages by their names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct InstalledPackages(BTreeMap<String, String>);

impl InstalledPackages {
    /// Reads what is installed for the code in `folder`, a copy of an app in which the worker has the folder `dir`: in the
    /// folders of packages of the worker and of the folders above it, whose packages it does not see if it has its own.
    /// Packages that others have for themselves, in folders below these, are not read.
    pub(crate) fn read(folder: &Path, dir: &Path) -> Self {
        let mut all = Self::default();
        for above in dir.ancestors() {
            all.read_folder(&folder.join(above).join(PACKAGES), "");
        }
        all
    }

    /// Adds the packages of a folder. `scope` is that of their names, such as `@aws/`.
    fn read_folder(&mut self, folder: &Path, scope: &str) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            if name.starts_with('@') && scope.is_empty() {
                self.read_folder(&entry.path(), &format!("{name}/"));
                continue;
            }
            // A folder without a version is not a package.
            let text = fs::read_to_string(entry.path().join("package.json")).unwrap_or_default();
            let package: Value = serde_json::from_str(&text).unwrap_or_default();
            if let Some(version) = package["version"].as_str() {
                self.0.entry(format!("{scope}{name}")).or_insert_with(|| version.to_owned());
            }
        }
    }

    /// Reads what [`InstalledPackages::write`] has written. `None` if there is nothing to be read.
    pub(crate) fn open(file: &Path) -> Option<Self> {
        serde_json::from_str(&fs::read_to_string(file).ok()?).ok().map(Self)
    }

    pub(crate) fn write(&self, file: &Path) -> io::Result<()> {
        // Another server may read it: it is there completely or not at all.
        let partial = file.with_extension("partial");
        fs::write(&partial, serde_json::to_string(&self.0).unwrap_or_default())?;
        fs::rename(partial, file)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns how `today` differs, such as "`ms` 2.0.0 → 2.1.3, `left-pad` 1.3.0 is gone". `None` if it does not: packages
    /// that were added do not matter to code that did not have them.
    pub(crate) fn difference(&self, today: &Self) -> Option<String> {
        let changed = self.0.iter().filter_map(|(name, version)| match today.0.get(name) {
            Some(current) if current == version => None,
            Some(current) => Some(format!("`{name}` {version} → {current}")),
            None => Some(format!("`{name}` {version} is gone")),
        });
        let mut changed: Vec<String> = changed.collect();
        let others = changed.len().saturating_sub(SHOWN_PACKAGES);
        changed.truncate(SHOWN_PACKAGES);
        if others > 0 {
            changed.push(format!("and {others} more"));
        }
        (!changed.is_empty()).then(|| changed.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages(versions: &[(&str, &str)]) -> InstalledPackages {
        InstalledPackages(versions.iter().map(|(name, version)| ((*name).into(), (*version).into())).collect())
    }

    #[test]
    fn packages_of_a_worker_hide_those_above_it() {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in [
            ("workers/flow/node_modules/ms/package.json", r#"{ "version": "2.0.0" }"#),
            ("workers/flow/node_modules/.bin/package.json", r#"{ "version": "1.0.0" }"#),
            ("workers/flow/node_modules/broken/package.json", "{"),
            ("workers/flow/node_modules/ms/node_modules/inner/package.json", r#"{ "version": "1.0.0" }"#),
            ("node_modules/ms/package.json", r#"{ "version": "1.0.0" }"#),
            ("node_modules/@aws/sdk/package.json", r#"{ "version": "3.1.0" }"#),
        ] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        let found = InstalledPackages::read(folder.path(), Path::new("workers/flow"));
        assert_eq!(found, packages(&[("@aws/sdk", "3.1.0"), ("ms", "2.0.0")]));
        let file = folder.path().join("packages.json");
        found.write(&file).expect("written");
        assert_eq!(InstalledPackages::open(&file), Some(found));
        assert_eq!(InstalledPackages::open(&folder.path().join("none")), None);
    }

    #[test]
    fn difference_names_the_first_packages_and_counts_the_others() {
        let old = packages(&[("a", "1.0.0"), ("b", "1.0.0"), ("c", "1.0.0")]);
        assert_eq!(old.difference(&packages(&[("a", "1.0.0"), ("b", "1.0.0"), ("c", "1.0.0"), ("d", "1.0.0")])), None);
        let today = packages(&[("a", "1.1.0"), ("b", "1.0.0")]);
        assert_eq!(old.difference(&today).as_deref(), Some("`a` 1.0.0 → 1.1.0, `c` 1.0.0 is gone"));
        let many = ["a", "b", "c", "d", "e", "f", "g"].map(|name| (name, "1"));
        let difference = packages(&many).difference(&InstalledPackages::default()).expect("a difference");
        assert!(difference.ends_with("`e` 1 is gone, and 2 more"), "{difference}");
    }
}
