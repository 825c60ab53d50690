//! Dependencies that are folders of the app, `file:../x`: npm installs links to them. In a layer they are copies, each once.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use bedrock_build::{Language, PathDependencies, Worker};
use serde_json::Value;

use super::links::links;
use super::lists::write;
use super::workspace::named_paths;
use crate::artifact::Function;
use crate::context::Context;
use crate::inputs::Inputs;
use bedrock_artifacts::{Entry, FolderKind, PackOptions, collect_files};
use bedrock_diagnostics::{Error, ExitKind, Result, relative_path};

/// The folders that a worker depends on, which is not a member of an npm workspace.
#[derive(Debug, Default)]
pub(super) struct LinkedPackages {
    /// The files of the folders, by their paths in the app.
    entries: Vec<Entry>,
    /// Paths of the folders that have dependencies, for which npm only makes a link.
    with_dependencies: Vec<String>,
}

impl LinkedPackages {
    /// Reads the folders. Fails if one is missing or outside of the app.
    pub(super) fn of(context: &Context<'_>, worker: &Worker) -> Result<Self> {
        let app = &context.app.root;
        let all = PathDependencies::of(app, &worker.dir, Language::JavaScript);
        if !all.problems.is_empty() {
            return Err(Error::problems(ExitKind::App, all.problems));
        }
        let real_app = app.canonicalize().unwrap_or_else(|_| app.clone());
        let settings = Function::Worker(worker.name.clone()).settings_table();
        let mut linked = Self::default();
        for dependency in all.found {
            let path = relative_path(&dependency.dir, &real_app);
            let list = fs::read(dependency.dir.join("package.json"));
            let package: Option<Value> = list.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
            let Some(package) = package else {
                return Err(Error::app(format!("{}: `{}` is not a package", dependency.origin, dependency.written))
                    .cause(format!("`{path}` has no valid `package.json`"))
                    .help("add one, or move the files into `_shared/javascript` of the workers folder"));
            };
            let mut options = PackOptions::new(FolderKind::Sources, &real_app, settings.as_str());
            options.allow.clone_from(&worker.settings.allow);
            options.needed = named_paths(&package);
            linked.entries.extend(collect_files(&dependency.dir, &options)?.entries(&path));
            let has = |list: &str| package.get(list).and_then(Value::as_object).is_some_and(|list| !list.is_empty());
            if has("dependencies") || has("optionalDependencies") {
                linked.with_dependencies.push(path);
            }
        }
        Ok(linked)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the paths of the folders whose dependencies have to be installed.
    pub(super) fn with_dependencies(&self) -> impl Iterator<Item = &str> {
        self.with_dependencies.iter().map(String::as_str)
    }

    /// Adds the digest of each file.
    pub(super) fn add_inputs(&self, inputs: &mut Inputs, app: &Path) -> Result<()> {
        inputs.add_files(&self.entries, app)
    }

    /// Copies the folders to where they are in `app_copy`, which is a copy of the app.
    pub(super) fn copy_to(&self, app_copy: &Path, context: &Context<'_>) -> Result<()> {
        for entry in &self.entries {
            write(&app_copy.join(&entry.path), &entry.read(&context.app.root)?, &entry.path)?;
        }
        Ok(())
    }
}

/// Replaces the links in `node_modules` of `folder` by the folders that they lead to. A folder that several packages link to is
/// moved to the `node_modules` above them, where all of them find it. Links out of `within` are deleted.
pub(super) fn replace_links(folder: &Path, within: &Path) -> std::io::Result<()> {
    let top = folder.join("node_modules");
    let real = within.canonicalize()?;
    let mut seen = BTreeSet::new();
    let mut pending: Vec<PathBuf> = links(&top);
    while let Some(link) = pending.pop() {
        let target = link.canonicalize().ok().filter(|target| target.starts_with(&real));
        fs::remove_file(&link)?;
        let name = name_of(&link);
        let place = top.join(&name);
        let Some(target) = target.filter(|_| seen.insert(name) && !place.exists()) else { continue };
        fs::create_dir_all(place.parent().unwrap_or(&top))?;
        // Links of the moved folder are relative to where it was.
        let nested: Vec<PathBuf> = links(&target.join("node_modules"));
        let nested: Vec<(PathBuf, Option<PathBuf>)> =
            nested.into_iter().map(|link| (link.clone(), link.canonicalize().ok())).collect();
        fs::rename(&target, &place)?;
        for (link, to) in nested {
            let moved = place.join(link.strip_prefix(&target).unwrap_or(&link));
            fs::remove_file(&moved)?;
            if let Some(to) = to {
                std::os::unix::fs::symlink(to, &moved)?;
                pending.push(moved);
            }
        }
    }
    Ok(())
}

/// Returns the name of the package that a link in `node_modules` stands for: `a` or `@scope/a`.
fn name_of(link: &Path) -> PathBuf {
    let name = link.file_name().map(PathBuf::from).unwrap_or_default();
    let above = link.parent().and_then(Path::file_name).unwrap_or_default();
    if above.to_string_lossy().starts_with('@') { Path::new(above).join(name) } else { name }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::replace_links;

    #[test]
    fn links_become_folders_that_all_packages_find() {
        let scratch = tempfile::tempdir().expect("a folder");
        let root = scratch.path();
        for path in [
            "libs/money/node_modules/@s",
            "libs/dates",
            "workers/mail/node_modules/@s",
            "workers/mail/node_modules/real",
        ] {
            fs::create_dir_all(root.join(path)).expect("a folder");
        }
        fs::write(root.join("libs/money/index.js"), "money").expect("written");
        fs::write(root.join("libs/dates/index.js"), "dates").expect("written");
        let modules = root.join("workers/mail/node_modules");
        symlink("../../../libs/money", modules.join("money")).expect("a link");
        symlink("../../../../libs/dates", root.join("libs/money/node_modules/@s/dates")).expect("a link");
        symlink("../../../../libs/dates", modules.join("@s/dates")).expect("a link");
        symlink("/tmp", modules.join("far")).expect("a link");
        replace_links(&root.join("workers/mail"), root).expect("replaced");
        assert_eq!(fs::read_to_string(modules.join("money/index.js")).expect("a copy"), "money");
        assert_eq!(fs::read_to_string(modules.join("@s/dates/index.js")).expect("a copy"), "dates");
        assert!(!modules.join("money/node_modules/@s/dates").exists(), "one copy is enough");
        assert!(modules.join("real").is_dir() && modules.join("far").symlink_metadata().is_err());
    }
}
