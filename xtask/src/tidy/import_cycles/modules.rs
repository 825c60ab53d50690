//! The modules of a crate, one a file, and which of them import which.

use std::collections::{BTreeMap, BTreeSet};

use super::super::tree::Entry;
use super::paths::{NamedPath, Names};

/// How many exports are followed from one to the next, in case they export each other.
const MAX_EXPORTS: usize = 8;

/// The files of a crate.
pub(super) struct Crate<'a> {
    modules: Vec<Module<'a>>,
    /// The file of each module, by its path from the root.
    by_path: BTreeMap<Vec<String>, usize>,
}

struct Module<'a> {
    file: &'a Entry,
    /// From the root; empty for `lib.rs` and `main.rs`.
    path: Vec<String>,
    names: Names,
}

/// That a file imports another.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Import {
    pub(super) from: usize,
    pub(super) to: usize,
    /// The line of the first import.
    pub(super) line: usize,
}

impl<'a> Crate<'a> {
    /// The files below the folder `source`, without those that are only for tests.
    pub(super) fn new(source: &str, files: &[&'a Entry]) -> Self {
        let modules = files.iter().filter_map(|file| {
            let path = module_path(file.path.strip_prefix(source)?);
            Some(Module { file, path, names: Names::of(file.syntax()?) })
        });
        let mut modules: Vec<Module<'a>> = modules.collect();
        let declared = modules.iter().flat_map(|module| {
            let tests = module.names.modules.iter().filter(|(_, is_for_tests)| *is_for_tests);
            tests.map(|(name, _)| extended(&module.path, name)).collect::<Vec<_>>()
        });
        let tests: BTreeSet<Vec<String>> = declared.collect();
        modules.retain(|module| (1..=module.path.len()).all(|length| !tests.contains(&module.path[..length])));
        let by_path = modules.iter().enumerate().map(|(index, module)| (module.path.clone(), index)).collect();
        Self { modules, by_path }
    }

    pub(super) fn len(&self) -> usize {
        self.modules.len()
    }

    /// The path of a file from the root of the checkout.
    pub(super) fn path(&self, index: usize) -> &'a str {
        &self.modules[index].file.path
    }

    /// All imports of a file by another, each once.
    pub(super) fn imports(&self) -> Vec<Import> {
        let mut lines = BTreeMap::new();
        for (from, module) in self.modules.iter().enumerate() {
            // The root puts everything together.
            if module.path.is_empty() || !module.names.has_code {
                continue;
            }
            let uses = module.names.uses.iter().filter(|import| !import.is_exported).map(|import| &import.path);
            for path in uses.chain(&module.names.paths) {
                let target =
                    Self::resolve(module, path).and_then(|segments| self.defining_file(&segments, MAX_EXPORTS));
                if let Some(to) = target.filter(|to| *to != from) {
                    let line = lines.entry((from, to)).or_insert(path.line);
                    *line = path.line.min(*line);
                }
            }
        }
        lines.into_iter().map(|((from, to), line)| Import { from, to, line }).collect()
    }

    /// The path from the root that a path in a file means, or `None` if it leads to another crate or was imported.
    fn resolve(module: &Module<'_>, path: &NamedPath) -> Option<Vec<String>> {
        let first = path.segments.first()?;
        let mut base = match first.as_str() {
            "crate" => return Some(path.segments[1..].to_vec()),
            "self" | "super" => module.path.clone(),
            child => {
                let is_child = module.names.modules.iter().any(|(name, _)| name == child);
                return (is_child && path.inner_modules == 0)
                    .then(|| module.path.iter().chain(&path.segments).cloned().collect());
            }
        };
        // Each `super` leaves a module; the inner ones first.
        let mut inner = path.inner_modules;
        let mut rest = &path.segments[..];
        while let Some((first, others)) = rest.split_first() {
            match first.as_str() {
                "self" => {}
                "super" if inner > 0 => inner -= 1,
                "super" => drop(base.pop()?),
                _ => break,
            }
            rest = others;
        }
        if inner > 0 {
            return None;
        }
        base.extend(rest.iter().cloned());
        Some(base)
    }

    /// The file that defines the item at a path from the root. Exports are followed to where the item comes from.
    fn defining_file(&self, segments: &[String], exports: usize) -> Option<usize> {
        let length = (0..=segments.len()).rev().find(|length| self.by_path.contains_key(&segments[..*length]))?;
        let index = self.by_path[&segments[..length]];
        let module = &self.modules[index];
        let Some((item, others)) = segments[length..].split_first().filter(|_| exports > 0) else { return Some(index) };
        if module.names.items.contains(item) {
            return Some(index);
        }
        let follow = |path: &NamedPath, appended: &[String]| {
            let mut target = Self::resolve(module, path)?;
            target.extend_from_slice(appended);
            self.defining_file(&target, exports - 1)
        };
        let exported = module.names.uses.iter().find(|import| import.name.as_ref() == Some(item));
        if let Some(import) = exported {
            return follow(&import.path, others).or(Some(index));
        }
        let globs = module.names.uses.iter().filter(|import| import.is_glob);
        let found = globs.filter_map(|import| {
            let file = follow(&import.path, &[])?;
            self.modules[file].names.items.contains(item).then_some(file)
        });
        found.into_iter().next().or(Some(index))
    }
}

/// The path of the module in a file, which is given from the folder of the root.
fn module_path(file: &str) -> Vec<String> {
    let stem = file.strip_suffix(".rs").unwrap_or(file);
    let mut path: Vec<String> = stem.split('/').map(str::to_owned).collect();
    if path.last().is_some_and(|last| last == "mod") || matches!(stem, "lib" | "main") {
        path.pop();
    }
    path
}

fn extended(path: &[String], name: &str) -> Vec<String> {
    path.iter().cloned().chain([name.to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use super::module_path;

    #[test]
    fn paths_of_files_are_paths_of_modules() {
        assert_eq!(module_path("lib.rs"), [""; 0]);
        assert_eq!(module_path("a.rs"), ["a"]);
        assert_eq!(module_path("a/mod.rs"), ["a"]);
        assert_eq!(module_path("a/main.rs"), ["a", "main"]);
    }
}
