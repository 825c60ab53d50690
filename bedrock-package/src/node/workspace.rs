//! Workspaces of npm, Yarn, pnpm and Bun: the worker is a member of a project above it, whose lock has the versions, and other members
//! may be its dependencies. Package managers link members; in a layer they are copies.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use bedrock_build::pnpm_workspace::{self, PnpmWorkspace, is_member};
use bedrock_build::{Language, PathDependencies, Worker};
use serde_json::Value;

use super::links::links;
use super::lists::{DependencyLists, copy, read, write};
use super::package_manager::{NPM_LOCKS, PackageManager};
use super::pnpm_members;
use crate::context::Context;
use crate::inputs::Inputs;
use bedrock_artifacts::{Entry, FolderKind, PackOptions, collect_files};
use bedrock_diagnostics::{Error, ExitKind, Result, relative_path};

/// Maximum depth of members below the workspace.
const MAX_DEPTH: usize = 6;

/// A workspace.
#[derive(Debug)]
pub(super) struct NodeWorkspace {
    /// The folder of the project.
    pub(super) root: PathBuf,
    /// The path of the worker in it.
    pub(super) member: String,
    /// Path of each member to its `package.json`.
    members: BTreeMap<String, Value>,
    /// The files of the members that the worker needs, by their paths in the workspace.
    needed: Vec<Entry>,
    /// The lock, if it is one of pnpm.
    pnpm_lock: Option<String>,
}

impl NodeWorkspace {
    /// Returns the workspace that has the folder of a worker as a member, or `None`. Fails if it is one of pnpm without a lock.
    pub(super) fn of(dir: &Path, context: &Context<'_>) -> Result<Option<Self>> {
        let Ok(dir) = dir.canonicalize() else { return Ok(None) };
        let has_lock =
            |root: &Path| NPM_LOCKS.iter().chain([&"yarn.lock", &"bun.lock"]).any(|lock| root.join(lock).is_file());
        if let Some(workspace) = PnpmWorkspace::of(&dir) {
            let lock = workspace.lock();
            if lock.is_some() || !has_lock(&workspace.root) {
                let Some(lock) = lock else { return Err(without_lock(&workspace.root, context)) };
                return Self::at(&workspace.root, &dir, &workspace.patterns, Some(lock), context);
            }
        }
        for root in dir.ancestors().skip(1) {
            let Ok(Some(package)) = package(&root.join("package.json"), context) else { continue };
            let patterns = patterns(&package);
            let Some(member) = dir.strip_prefix(root).ok().and_then(Path::to_str) else { return Ok(None) };
            if is_member(&patterns, member) {
                return Self::at(root, &dir, &patterns, None, context);
            }
        }
        Ok(None)
    }

    fn at(
        root: &Path,
        dir: &Path,
        patterns: &[String],
        pnpm_lock: Option<String>,
        context: &Context<'_>,
    ) -> Result<Option<Self>> {
        let Some(member) = dir.strip_prefix(root).ok().and_then(Path::to_str) else { return Ok(None) };
        let mut members = BTreeMap::new();
        find_members(root, "", patterns, context, &mut members)?;
        let mut workspace =
            Self { root: root.to_owned(), member: member.to_owned(), members, needed: Vec::new(), pnpm_lock };
        workspace.needed = workspace.needed_files(context)?;
        Ok(Some(workspace))
    }

    /// Whether the workspace is one of pnpm.
    pub(super) fn is_pnpm(&self) -> bool {
        self.pnpm_lock.is_some()
    }

    /// Returns an error if the worker depends on a folder that is not a member: npm installs members only.
    pub(super) fn check_folders(&self, context: &Context<'_>, worker: &Worker) -> Result<()> {
        let all = PathDependencies::of(&context.app.root, &worker.dir, Language::JavaScript);
        if !all.problems.is_empty() {
            return Err(Error::problems(ExitKind::App, all.problems));
        }
        let is_member = |dir: &Path| {
            let path = dir.strip_prefix(&self.root).ok().and_then(Path::to_str);
            path.is_some_and(|path| self.members.contains_key(path))
        };
        let list = if self.is_pnpm() {
            "`packages` in the `pnpm-workspace.yaml`"
        } else {
            "`workspaces` in the `package.json`"
        };
        match all.found.iter().find(|found| !is_member(&found.dir)) {
            None => Ok(()),
            Some(found) => {
                Err(Error::app(format!("{}: `{}` is not a member of the workspace", found.origin, found.written))
                    .cause(
                        "the dependencies of a member are installed from the workspace, which does not have the folder",
                    )
                    .help(format!("add the folder to {list} of the workspace")))
            }
        }
    }

    /// Adds the lists of the workspace, and the members that the worker needs.
    pub(super) fn add_inputs(&self, inputs: &mut Inputs, manager: PackageManager, context: &Context<'_>) -> Result<()> {
        for list in DependencyLists::of(manager, &self.root)?.files {
            let bytes = read(&self.root.join(&list), &list)?;
            inputs.add_bytes(&format!("`{list}` of the workspace"), &bytes.unwrap_or_default());
        }
        for (path, package) in &self.members {
            inputs.add_bytes(&format!("`{path}/package.json`"), package.to_string().as_bytes());
        }
        inputs.add_files(&self.needed, &context.app.root)
    }

    /// Copies what the package manager reads to the empty folder `root`.
    pub(super) fn copy_to(&self, root: &Path, manager: PackageManager, context: &Context<'_>) -> Result<()> {
        DependencyLists::of(manager, &self.root)?.copy_to(root, ".")?;
        let needed = self.needed_members();
        // Yarn 1 installs the dependencies of all members that it finds. For the others the lock fits only if all are there.
        // The lock of pnpm is cut to those that are needed.
        let is_cut = matches!(manager, PackageManager::YarnClassic | PackageManager::Pnpm);
        let is_read = |path: &&String| !is_cut || needed.contains(path.as_str());
        for path in self.members.keys().filter(is_read) {
            let list = format!("{path}/package.json");
            copy(&self.root.join(&list), &root.join(&list), &list)?;
        }
        for entry in &self.needed {
            let bytes = entry.read(&context.app.root)?;
            write(&root.join(&entry.path), &bytes, &entry.path)?;
        }
        match &self.pnpm_lock {
            Some(lock) => pnpm_members::write_lists(root, lock, &self.importers()),
            None => Ok(()),
        }
    }

    /// Returns the paths of the worker and the members that it needs.
    fn importers(&self) -> BTreeSet<&str> {
        let mut importers = self.needed_members();
        importers.insert(&self.member);
        importers
    }

    /// Replaces the links in `node_modules` to members that the worker needs by the members, and deletes the others.
    pub(super) fn replace_links(&self, root: &Path, context: &Context<'_>) -> Result<()> {
        let failed = |error: std::io::Error| Error::io("failed to copy the members of the workspace", &error);
        let needed = self.needed_members();
        if self.is_pnpm() {
            return pnpm_members::place_members(root, &self.importers(), &needed);
        }
        let real_root = root.canonicalize().map_err(failed)?;
        for link in links(&root.join("node_modules")) {
            context.tools.check()?;
            let target = link.canonicalize().ok();
            let member = target.as_deref().and_then(|target| target.strip_prefix(&real_root).ok()?.to_str());
            fs::remove_file(&link).map_err(failed)?;
            if let Some(member) = member.filter(|member| needed.contains(member)) {
                fs::rename(root.join(member), &link).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Returns the paths of the members that the worker depends on, directly or through others.
    fn needed_members(&self) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        let mut pending = vec![self.member.as_str()];
        while let Some(path) = pending.pop() {
            if let Some(lock) = &self.pnpm_lock {
                for link in pnpm_workspace::links(lock, path) {
                    let member = self.members.get_key_value(&link.member);
                    pending.extend(member.map(|(path, _)| path.as_str()).filter(|path| found.insert(*path)));
                }
                continue;
            }
            for list in ["dependencies", "optionalDependencies", "peerDependencies"] {
                let listed = self.members.get(path).and_then(|package| package.get(list)?.as_object());
                for name in listed.into_iter().flatten().map(|(name, _)| name) {
                    let member = self.members.iter().find(|(path, package)| member_name(path, package) == name);
                    if let Some((path, _)) = member.filter(|(path, _)| found.insert(path.as_str())) {
                        pending.push(path);
                    }
                }
            }
        }
        found.remove(self.member.as_str());
        found
    }

    fn needed_files(&self, context: &Context<'_>) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for path in self.needed_members() {
            let settings = "[package.metadata.bedrock]";
            let mut options = PackOptions::new(FolderKind::Sources, &context.app.root, settings);
            options.needed = self.members.get(path).map(named_paths).unwrap_or_default();
            entries.extend(collect_files(&self.root.join(path), &options)?.entries(path));
        }
        Ok(entries)
    }
}

fn without_lock(root: &Path, context: &Context<'_>) -> Error {
    let real = context.app.root.canonicalize().unwrap_or_else(|_| context.app.root.clone());
    let shown = relative_path(root, &real);
    let shown = if shown.is_empty() { "." } else { &shown };
    Error::app(format!("the pnpm workspace in `{shown}` has no `{}`", pnpm_workspace::LOCK))
        .cause("a build installs only what a lock has")
        .help(format!("run `pnpm install` in `{shown}`"))
}

/// Returns the files and folders that a `package.json` names, and the folders that have them: what is compiled is rarely in Git,
/// and is published nevertheless.
pub(super) fn named_paths(package: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let keys = ["main", "module", "browser", "exports", "imports", "bin", "files"];
    let mut pending: Vec<&Value> = keys.iter().filter_map(|key| package.get(*key)).collect();
    while let Some(value) = pending.pop() {
        match value {
            Value::String(path) => {
                let path = path.trim_start_matches("./").trim_matches('/');
                let folders = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
                let plain = folders.chain([path]).take_while(|path| !path.contains('*')).map(str::to_owned);
                found.extend(plain.filter(|path| !path.is_empty()));
            }
            Value::Array(list) => pending.extend(list),
            Value::Object(table) => pending.extend(table.values()),
            _ => {}
        }
    }
    found
}

/// Returns the name of a member, which is the one of its folder if it has no other.
fn member_name<'m>(path: &'m str, package: &'m Value) -> &'m str {
    let folder = path.rsplit('/').next().unwrap_or(path);
    package.get("name").and_then(Value::as_str).unwrap_or(folder)
}

/// Returns the patterns of members in a `package.json`.
fn patterns(package: &Value) -> Vec<String> {
    let workspaces = package.get("workspaces");
    let list = workspaces.and_then(|list| list.as_array().or_else(|| list.get("packages")?.as_array()));
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Adds the members below the folder `path` of the workspace.
fn find_members(
    root: &Path,
    path: &str,
    patterns: &[String],
    context: &Context<'_>,
    members: &mut BTreeMap<String, Value>,
) -> Result<()> {
    if path.split('/').count() > MAX_DEPTH {
        return Ok(());
    }
    for entry in fs::read_dir(root.join(path)).into_iter().flatten().flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !is_folder || name.starts_with('.') || matches!(name.as_str(), "node_modules" | "target") {
            continue;
        }
        let path = if path.is_empty() { name } else { format!("{path}/{name}") };
        if is_member(patterns, &path)
            && let Some(package) = package(&root.join(&path).join("package.json"), context)?
        {
            members.insert(path.clone(), package);
        }
        find_members(root, &path, patterns, context, members)?;
    }
    Ok(())
}

/// Parses a `package.json`. `None` if it does not exist.
fn package(path: &Path, context: &Context<'_>) -> Result<Option<Value>> {
    let shown = relative_path(path, &context.app.root);
    let Some(bytes) = read(path, &shown)? else { return Ok(None) };
    let parsed = serde_json::from_slice(&bytes);
    parsed.map(Some).map_err(|error| Error::app(format!("`{shown}` is not valid JSON")).cause(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::{is_member, named_paths, patterns};

    #[test]
    fn members_are_read_in_both_forms() {
        let of = |text: &str| patterns(&serde_json::from_str(text).expect("JSON"));
        assert_eq!(of(r#"{"workspaces": ["workers/*", "!workers/old"]}"#), ["workers/*", "!workers/old"]);
        assert_eq!(of(r#"{"workspaces": {"packages": ["a"]}}"#), ["a"]);
        assert!(of(r#"{"name": "a"}"#).is_empty());
        let patterns = of(r#"{"workspaces": ["workers/*", "!workers/old"]}"#);
        assert!(!is_member(&patterns, "packages/mail"));
        assert!(is_member(&patterns, "workers/mail") && !is_member(&patterns, "workers/old"));
    }

    #[test]
    fn compiled_folders_are_named_by_the_package() {
        let package =
            r#"{"main": "./dist/index.js", "exports": {".": {"import": "./esm/a.mjs"}}, "files": ["lib/**", "x"]}"#;
        let named: Vec<String> = named_paths(&serde_json::from_str(package).expect("JSON")).into_iter().collect();
        assert_eq!(named, ["dist", "dist/index.js", "esm", "esm/a.mjs", "lib", "x"]);
    }
}
