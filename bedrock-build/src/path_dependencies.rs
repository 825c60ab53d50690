//! Finds the dependencies of a Python or JavaScript worker that are folders on this disk: `../x` and `-e ../x` in
//! `requirements.txt`, sources and workspace members of uv, `file:` and workspace members of npm.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::language::Language;
use crate::problem::Problem;
use crate::python_dependencies::PythonDependencies;
use list::{List, Named};

mod list;
mod npm;
mod requirement_lines;
mod uv;
mod workspace;

/// A folder that a list of dependencies names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathDependency {
    /// The real path of the folder.
    pub dir: PathBuf,
    /// The list and the line that name it, relative to the app: `workers/mail/requirements.txt:3`.
    pub origin: String,
    /// The path as it is written, or the name of a member of a workspace.
    pub written: String,
    /// The name of the package, as its `pyproject.toml` has it. `None` if it has none, and for JavaScript.
    pub name: Option<String>,
}

/// The dependencies of a worker that are folders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PathDependencies {
    /// The folders, and those that they depend on themselves. Each once.
    pub found: Vec<PathDependency>,
    /// Folders that are missing or outside of the app.
    pub problems: Vec<Problem>,
}

impl PathDependencies {
    /// Returns the folders that a worker depends on. `worker_dir` is relative to the app in `root`. A list that cannot be read
    /// names no folder: installers report it.
    pub fn of(root: &Path, worker_dir: &str, language: Language) -> Self {
        let mut all = Self::default();
        let Ok(real_root) = root.canonicalize() else { return all };
        let worker = root.join(worker_dir);
        let mut seen: BTreeSet<PathBuf> = worker.canonicalize().into_iter().collect();
        let mut pending = lists(&worker, worker_dir, language, true);
        while let Some(list) = pending.pop() {
            let shown = list.path.strip_prefix(root).or_else(|_| list.path.strip_prefix(&real_root));
            let shown = shown.unwrap_or(&list.path).display().to_string();
            for named in list.named {
                let origin = format!("{shown}:{}", named.line);
                let Some(dir) = named.dir.canonicalize().ok().filter(|dir| dir.is_dir()) else {
                    all.problems.push(missing(&named, &origin));
                    continue;
                };
                if !dir.starts_with(&real_root) && !named.is_member {
                    all.problems.push(outside(&named, &origin, worker_dir, language));
                } else if seen.insert(dir.clone()) {
                    pending.extend(lists(&dir, &dir.display().to_string(), language, false));
                    let name = (language == Language::Python).then(|| uv::project_name(&dir)).flatten();
                    all.found.push(PathDependency { dir, origin, written: named.written, name });
                }
            }
        }
        all.found.sort_by(|one, other| one.dir.cmp(&other.dir));
        all
    }

    /// Returns whether a file is in one of the folders. `path` must be a real path.
    pub fn has_file(&self, path: &Path) -> bool {
        self.found.iter().any(|dependency| path.starts_with(&dependency.dir))
    }
}

/// Returns the folder of the workspace of npm, Yarn, pnpm or Bun that a JavaScript package is a member of. `None` if it is not a
/// member.
pub fn node_workspace(dir: &Path) -> Option<PathBuf> {
    npm::workspace_root(dir)
}

fn missing(named: &Named, origin: &str) -> Problem {
    Problem::new(format!("{origin}: `{}` is not a folder", named.written))
        .help("paths are relative to the folder of the worker, correct the path or remove the line")
}

fn outside(named: &Named, origin: &str, worker_dir: &str, language: Language) -> Problem {
    let shared = crate::shared_code::shared_dir(worker_dir, language).unwrap_or_default();
    Problem::new(format!(
        "{origin}: `{}` is outside of the app, and a build packs only files of the app",
        named.written
    ))
    .help(format!("move the folder into the app, for example into `{shared}`, or name a published package"))
}

/// Returns the lists in a folder. Only a worker has a `requirements.txt` that counts: of a package, its project does.
fn lists(dir: &Path, shown: &str, language: Language, is_worker: bool) -> Vec<List> {
    match language {
        Language::Rust => Vec::new(),
        Language::JavaScript => npm::lists(dir),
        Language::Python if is_worker => match PythonDependencies::of(dir, shown) {
            Ok(PythonDependencies::Requirements) => requirement_lines::lists(dir),
            Ok(PythonDependencies::Project { .. }) => uv::lists(dir),
            Ok(PythonDependencies::None) | Err(_) => Vec::new(),
        },
        Language::Python => uv::lists(dir),
    }
}

#[cfg(test)]
mod tests;
