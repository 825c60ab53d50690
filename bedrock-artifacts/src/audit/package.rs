//! Which package a file of an artifact came with. Python says it in the packages' `*.dist-info` folders, as long as
//! they have their `RECORD` or `top_level.txt`; Node.js by where the file is.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;

use crate::{Entry, Source, package_name};

/// A package, in the words of its package manager.
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
    /// The Python packages by what they install at the top: `PIL` is of `pillow`.
    python: BTreeMap<String, String>,
}

impl Packages {
    pub(super) fn of(entries: &[Entry]) -> Self {
        let mut python = BTreeMap::new();
        for entry in entries {
            let Some((above, file)) = entry.path.rsplit_once('/') else { continue };
            let info = above.rsplit('/').next().unwrap_or(above);
            let Some(name) = info.strip_suffix(".dist-info").and_then(|info| info.rsplit_once('-')) else { continue };
            // Each installed package has one of them.
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

    /// The package of a file; none for one that the user wrote.
    pub(super) fn of_file(&self, path: &str) -> Option<Package> {
        let part = package_name(path);
        if let Some((_, name)) = part.rsplit_once("node_modules/") {
            return Some(Package::Node(name.to_owned()));
        }
        // `numpy.libs` has what was bundled with `numpy`.
        let name = part.strip_suffix(".libs").unwrap_or(part);
        self.python.get(name).or_else(|| self.python.get(part)).map(|name| Package::Python(name.clone()))
    }
}

/// The topmost name of a line of `RECORD` (`PIL/x.so,sha256=…,1`) or `top_level.txt`.
fn top(line: &str) -> Option<String> {
    let path = line.split(',').next().unwrap_or(line);
    let top = path.split('/').next().unwrap_or(path).trim();
    // `../../bin/f2py` belongs to nobody's folder.
    (!top.is_empty() && top != ".." && !top.ends_with(".dist-info") && top != "__pycache__").then(|| top.to_owned())
}

/// A text that cannot be read names nothing; packing the file will say why.
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
    fn files_belong_to_the_package_that_says_so() {
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
