//! Finds the package that a file of an artifact belongs to. Python packages list their files in the `RECORD` or
//! `top_level.txt` of their `*.dist-info` folder; Node.js packages are folders of `node_modules`.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;

use crate::{Entry, Source, package_name};

/// A package, by the name that its package manager uses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Package {
    Python(String),
    Node(String),
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Python(name) | Self::Node(name) => f.write_str(name),
        }
    }
}

/// The packages of an artifact.
#[derive(Debug, Default)]
pub(super) struct Packages {
    /// Top-level module name to Python package: `PIL` belongs to `pillow`.
    python: BTreeMap<String, String>,
}

impl Packages {
    pub(super) fn of(entries: &[Entry]) -> Self {
        let mut python = BTreeMap::new();
        for entry in entries {
            let Some((above, file)) = entry.path.rsplit_once('/') else { continue };
            let info = above.rsplit('/').next().unwrap_or(above);
            let Some(name) = info.strip_suffix(".dist-info").and_then(|info| info.rsplit_once('-')) else { continue };
            // Each installed package has at least one of these files.
            let tops = match file {
                "METADATA" => vec![name.0.to_owned()],
                "RECORD" | "top_level.txt" => text(entry).lines().filter_map(top).collect(),
                _ => Vec::new(),
            };
            for top in tops {
                python.entry(top).or_insert_with(|| name.0.to_owned());
            }
        }
        Self { python }
    }

    /// Returns the package of a file, or `None` for a file that the user wrote.
    pub(super) fn of_file(&self, path: &str) -> Option<Package> {
        let part = package_name(path);
        if let Some((_, name)) = part.rsplit_once("node_modules/") {
            return Some(Package::Node(name.to_owned()));
        }
        // `numpy.libs` contains the libraries that are bundled with `numpy`.
        let name = part.strip_suffix(".libs").unwrap_or(part);
        self.python.get(name).or_else(|| self.python.get(part)).map(|name| Package::Python(name.clone()))
    }
}

/// Returns the top-level name in a line of `RECORD` (`PIL/x.so,sha256=…,1`) or `top_level.txt`.
fn top(line: &str) -> Option<String> {
    let path = line.split(',').next().unwrap_or(line);
    let top = path.split('/').next().unwrap_or(path).trim();
    // `../../bin/f2py` is not in the folder of a package.
    (!top.is_empty() && top != ".." && !top.ends_with(".dist-info") && top != "__pycache__").then(|| top.to_owned())
}

/// Returns the text of an entry. Empty for an unreadable file, which packing reports.
fn text(entry: &Entry) -> String {
    match &entry.source {
        Source::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Source::File(path) => fs::read_to_string(path).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_belong_to_the_package_that_lists_them() {
        let packages = Packages::of(&[
            Entry::bytes(
                "python/pillow-11.0.0.dist-info/RECORD",
                "PIL/_imaging.so,sha256=x,1\npillow.libs/libtiff.so,,\n../../bin/x,,\n",
            ),
            Entry::bytes("python/PyYAML-6.0.dist-info/top_level.txt", "_yaml\nyaml\n"),
            Entry::bytes("python/numpy-2.1.0.dist-info/METADATA", "Name: numpy\n"),
            Entry::bytes("python/numpy/x.so", ""),
        ]);
        let name = |path: &str| packages.of_file(path).map(|package| format!("{package:?}"));
        for (path, package) in [
            ("python/PIL/_imaging.so", r#"Python("pillow")"#),
            ("python/pillow.libs/libtiff.so", r#"Python("pillow")"#),
            ("python/yaml/_yaml.so", r#"Python("PyYAML")"#),
            ("python/numpy/x.so", r#"Python("numpy")"#),
            ("python/numpy.libs/x.so", r#"Python("numpy")"#),
            ("node_modules/a/build/x.node", r#"Node("a")"#),
            ("nodejs/node_modules/@img/sharp/x.node", r#"Node("@img/sharp")"#),
        ] {
            assert_eq!(name(path).as_deref(), Some(package), "{path}");
        }
        for path in ["bootstrap", "native/x.so", "python/mine/x.so"] {
            assert_eq!(name(path), None, "{path}");
        }
    }
}
