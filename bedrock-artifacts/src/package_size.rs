//! Sizes of the packages in an artifact, and of the files that belong to no package.

use std::collections::BTreeMap;

/// A package or file, and its size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageSize {
    /// The name of the package or file.
    pub name: String,
    /// The total size of its files.
    pub bytes: u64,
}

/// Returns the package of a file in an artifact or layer, otherwise its top-level folder, otherwise the file:
/// `node_modules/@img/sharp`, `numpy`, `main.py`.
pub fn package_name(path: &str) -> &str {
    let to_package = package_path(path);
    match last_modules(path) {
        Some(_) => to_package,
        None => to_package.get(python_start(path)..).unwrap_or(to_package),
    }
}

/// Returns the path up to the end of its package: `python/numpy`.
pub fn package_path(path: &str) -> &str {
    let end = match last_modules(path) {
        Some(at) => {
            let is_scoped = path.get(at..).is_some_and(|inside| inside.starts_with('@'));
            name_end(path, at).and_then(|end| if is_scoped { name_end(path, end + 1) } else { Some(end) })
        }
        None => name_end(path, python_start(path)),
    };
    // A file at the top level is a package of its own.
    end.and_then(|end| path.get(..end)).unwrap_or(path)
}

/// Returns the `count` largest packages of `files`, the largest first.
pub fn largest_packages<'a>(files: impl Iterator<Item = (&'a str, u64)>, count: usize) -> Vec<PackageSize> {
    let mut sizes: BTreeMap<&str, u64> = BTreeMap::new();
    for (path, bytes) in files {
        *sizes.entry(package_name(path)).or_default() += bytes;
    }
    let mut parts: Vec<PackageSize> =
        sizes.into_iter().map(|(name, bytes)| PackageSize { name: name.to_owned(), bytes }).collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.bytes));
    parts.truncate(count);
    parts
}

/// Returns the start of the name of the innermost package in `node_modules`.
fn last_modules(path: &str) -> Option<usize> {
    const MODULES: &str = "node_modules/";
    let at = path.rmatch_indices(MODULES).map(|(at, _)| at);
    at.into_iter().find(|at| *at == 0 || path.as_bytes().get(at - 1) == Some(&b'/')).map(|at| at + MODULES.len())
}

fn name_end(path: &str, from: usize) -> Option<usize> {
    path.get(from..)?.find('/').map(|length| from + length)
}

/// Returns the end of the folders that Lambda requires in a Python layer.
fn python_start(path: &str) -> usize {
    const LAYER: &str = "python/";
    const SITE: &str = "/site-packages/";
    let Some(inside) = path.strip_prefix(LAYER) else { return 0 };
    let site = if inside.starts_with("lib/") { inside.find(SITE) } else { None };
    LAYER.len() + site.map_or(0, |at| at + SITE.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_belongs_to_its_package() {
        for (path, package) in [
            ("node_modules/left-pad/index.js", "node_modules/left-pad"),
            ("nodejs/node_modules/@img/sharp/lib/a.node", "nodejs/node_modules/@img/sharp"),
            ("node_modules/a/node_modules/b/c.js", "node_modules/a/node_modules/b"),
            ("node_modules/.package-lock.json", "node_modules/.package-lock.json"),
            ("python/numpy/core/a.so", "numpy"),
            ("python/lib/python3.13/site-packages/numpy/a.so", "numpy"),
            ("python/six.py", "six.py"),
            ("numpy.libs/a.so", "numpy.libs"),
            ("my_node_modules/x/y.js", "my_node_modules"),
            ("x/x/x.so", "x"),
            ("bootstrap", "bootstrap"),
        ] {
            assert_eq!(package_name(path), package, "{path}");
            assert!(path.starts_with(package_path(path)) && package_path(path).ends_with(package), "{path}");
        }
    }

    #[test]
    fn largest_packages_come_first() {
        let files = [("a/1", 5), ("b/1", 3), ("b/2", 4), ("c", 6)];
        let part = |name: &str, bytes| PackageSize { name: name.to_owned(), bytes };
        assert_eq!(largest_packages(files.into_iter(), 2), [part("b", 7), part("c", 6)]);
    }
}
