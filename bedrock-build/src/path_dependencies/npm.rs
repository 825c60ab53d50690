//! The folders that a `package.json` names: `file:` and its kind, and members of the workspace of npm or another tool.

use std::fs;
use std::path::{Path, PathBuf};

use super::list::{List, Named};
use super::workspace::members;
use crate::contract::json::{self, Node};
use crate::pnpm_workspace::{PnpmLink, PnpmWorkspace, is_member, links};

/// Beginnings of versions that are folders.
const SCHEMES: [&str; 3] = ["file:", "link:", "portal:"];
const PATHS: [&str; 4] = ["./", "../", "/", "~/"];
const ARCHIVES: [&str; 3] = [".tgz", ".tar.gz", ".tar"];

/// Returns the list of a package.
pub(super) fn lists(dir: &Path) -> Vec<List> {
    let path = dir.join("package.json");
    let Some(package) = read(&path) else { return Vec::new() };
    let workspace = Workspace::of(dir);
    let pnpm = pnpm_links(dir);
    let mut named = Vec::new();
    for list in ["dependencies", "optionalDependencies"] {
        for dependency in package.get(list).map(Node::members).unwrap_or_default() {
            let line = dependency.line;
            let version = dependency.node.as_str().unwrap_or_default();
            if let Some(path) = folder(version) {
                if !ARCHIVES.iter().any(|suffix| path.ends_with(suffix)) {
                    named.push(Named { dir: dir.join(path), line, written: version.to_owned(), is_member: false });
                }
            } else if let Some((root, members)) = &pnpm {
                // Only the lock says whether a range is one of a member.
                let found = members.iter().find(|member| member.name == dependency.name);
                let dir = found.map(|found| root.join(&found.member));
                named.extend(dir.map(|dir| Named { dir, line, written: dependency.name.clone(), is_member: true }));
            } else if let Some(dir) = workspace.as_ref().and_then(|workspace| workspace.member(&dependency.name)) {
                named.push(Named { dir, line, written: dependency.name.clone(), is_member: true });
            }
        }
    }
    vec![List { path, named }]
}

/// Returns the root of the workspace that a folder is a member of.
pub(super) fn workspace_root(dir: &Path) -> Option<PathBuf> {
    let pnpm = PnpmWorkspace::of(dir).map(|workspace| workspace.root);
    pnpm.or_else(|| Workspace::of(dir).map(|workspace| workspace.root))
}

/// Returns the workspace of pnpm that a folder is a member of, and the members that it depends on. `None` if it is not a member,
/// or there is no lock.
fn pnpm_links(dir: &Path) -> Option<(PathBuf, Vec<PnpmLink>)> {
    let workspace = PnpmWorkspace::of(dir)?;
    let lock = workspace.lock()?;
    let dir = dir.canonicalize().ok()?;
    let member = dir.strip_prefix(&workspace.root).ok()?.to_str()?;
    let links = links(&lock, member);
    Some((workspace.root, links))
}

/// Returns the path in a version that is a path.
fn folder(version: &str) -> Option<&str> {
    let path = SCHEMES.iter().find_map(|scheme| version.strip_prefix(scheme));
    path.or_else(|| PATHS.iter().any(|start| version.starts_with(start)).then_some(version))
}

/// The npm workspace of a package.
struct Workspace {
    root: PathBuf,
    patterns: Vec<String>,
}

impl Workspace {
    fn of(dir: &Path) -> Option<Self> {
        let dir = dir.canonicalize().ok()?;
        for root in dir.ancestors().skip(1) {
            let Some(package) = read(&root.join("package.json")) else { continue };
            let Some(list) = package.get("workspaces") else { continue };
            let items = list.get("packages").unwrap_or(list).items();
            let patterns = items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect();
            let workspace = Self { root: root.to_owned(), patterns };
            let path = dir.strip_prefix(root).ok()?.to_str()?;
            return workspace.has(path).then_some(workspace);
        }
        None
    }

    fn has(&self, path: &str) -> bool {
        is_member(&self.patterns, path)
    }

    fn member(&self, name: &str) -> Option<PathBuf> {
        let found = members(&self.root, "package.json", &|path| self.has(path));
        found.into_iter().find(|dir| {
            let package = read(&dir.join("package.json"));
            package.is_some_and(|package| package.get("name").and_then(Node::as_str) == Some(name))
        })
    }
}

fn read(path: &Path) -> Option<Node> {
    if !path.is_file() {
        return None;
    }
    json::parse(&fs::read_to_string(path).ok()?).ok()
}
