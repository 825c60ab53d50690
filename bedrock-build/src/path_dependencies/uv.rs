//! The folders that a `pyproject.toml` names: paths and workspace members in `[tool.uv.sources]`, and paths of requirements.

use std::fs;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::list::{List, Named};
use super::requirement_lines::{folder, local_path};
use super::workspace::members;
use crate::member_pattern::matches_member;
use crate::toml_values::{items_at, text_at, texts_at, value_at};

/// Returns the list of a project. Sources of its workspace count for it as its own do.
pub(super) fn lists(dir: &Path) -> Vec<List> {
    let path = dir.join("pyproject.toml");
    let Some(text) = read(&path) else { return Vec::new() };
    let Ok(table) = DeTable::parse(&text) else { return Vec::new() };
    let required: Vec<&str> =
        items_at(table.get_ref(), &["project", "dependencies"]).into_iter().filter_map(DeValue::as_str).collect();
    let workspace = Workspace::of(dir);
    let mut own = sources(&text, dir, &required, workspace.as_ref());
    let written = required.iter().filter_map(|requirement| folder(requirement));
    own.extend(written.map(|written| Named {
        dir: dir.join(local_path(&written)),
        line: line_of(&text, &written),
        written,
        is_member: false,
    }));
    let mut found = vec![List { path, named: own }];
    if let Some(workspace) = workspace.as_ref().filter(|workspace| workspace.root != dir) {
        let named = sources(&workspace.text, &workspace.root, &required, Some(workspace));
        found.push(List { path: workspace.root.join("pyproject.toml"), named });
    }
    found
}

/// Returns the folders in `[tool.uv.sources]` of required packages.
fn sources(text: &str, dir: &Path, required: &[&str], workspace: Option<&Workspace>) -> Vec<Named> {
    let Ok(table) = DeTable::parse(text) else { return Vec::new() };
    let sources = value_at(table.get_ref(), &["tool", "uv", "sources"]).and_then(DeValue::as_table);
    let mut found = Vec::new();
    for (name, source) in sources.into_iter().flat_map(|sources| sources.iter()) {
        let line = text.get(..name.span().start).map_or(0, |before| before.matches('\n').count()) + 1;
        let name = normalized(name.get_ref());
        if !required.iter().any(|requirement| normalized(requirement) == name) {
            continue;
        }
        let several = source.get_ref().as_array().map(|list| list.iter().map(Spanned::get_ref).collect());
        let tables: Vec<&DeValue<'_>> = several.unwrap_or_else(|| vec![source.get_ref()]);
        for source in tables.into_iter().filter_map(DeValue::as_table) {
            if let Some(path) = text_at(source, &["path"]) {
                let place = dir.join(path);
                if !place.is_file() {
                    found.push(Named { dir: place, line, written: path.to_owned(), is_member: false });
                }
            } else if value_at(source, &["workspace"]).and_then(DeValue::as_bool) == Some(true)
                && let Some(dir) = workspace.and_then(|workspace| workspace.member(&name))
            {
                found.push(Named { dir, line, written: name.clone(), is_member: true });
            }
        }
    }
    found
}

/// The uv workspace of a project.
struct Workspace {
    root: PathBuf,
    text: String,
}

impl Workspace {
    /// Returns the workspace that a project is the root or a member of.
    fn of(dir: &Path) -> Option<Self> {
        let dir = dir.canonicalize().ok()?;
        for root in dir.ancestors() {
            let Some(text) = read(&root.join("pyproject.toml")) else { continue };
            let workspace = Self { root: root.to_owned(), text };
            let path = dir.strip_prefix(root).ok()?.to_str()?;
            if let Some(matches) = workspace.patterns() {
                return (path.is_empty() || matches(path)).then_some(workspace);
            }
        }
        None
    }

    /// Returns whether a path is one of a member. `None` if the project is not the root of a workspace.
    fn patterns(&self) -> Option<impl Fn(&str) -> bool + use<>> {
        let table = DeTable::parse(&self.text).ok()?;
        value_at(table.get_ref(), &["tool", "uv", "workspace"])?;
        let list = |key: &str| -> Vec<String> {
            let texts = texts_at(table.get_ref(), &["tool", "uv", "workspace", key]);
            texts.into_iter().map(str::to_owned).collect()
        };
        let listed = list("members");
        let excluded = list("exclude");
        let any = |patterns: &[String], path: &str| patterns.iter().any(|pattern| matches_member(pattern, path));
        Some(move |path: &str| any(&listed, path) && !any(&excluded, path))
    }

    /// Returns the folder of the member with a normalized name.
    fn member(&self, name: &str) -> Option<PathBuf> {
        let matches = self.patterns()?;
        members(&self.root, "pyproject.toml", &matches)
            .into_iter()
            .find(|dir| project_name(dir).is_some_and(|found| normalized(&found) == name))
    }
}

/// Returns the name of the project in a folder.
pub(super) fn project_name(dir: &Path) -> Option<String> {
    let text = read(&dir.join("pyproject.toml"))?;
    let table = DeTable::parse(&text).ok()?;
    text_at(table.get_ref(), &["project", "name"]).map(str::to_owned)
}

/// Returns the name at the start of a requirement, as package indexes compare it.
fn normalized(requirement: &str) -> String {
    let end = requirement.find(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c)).unwrap_or(requirement.len());
    let mut name = String::new();
    for letter in requirement.get(..end).unwrap_or_default().chars() {
        let letter = if "-_.".contains(letter) { '-' } else { letter.to_ascii_lowercase() };
        if letter != '-' || !name.ends_with('-') {
            name.push(letter);
        }
    }
    name
}

fn line_of(text: &str, written: &str) -> usize {
    text.lines().position(|line| line.contains(written)).map_or(1, |at| at + 1)
}

fn read(path: &Path) -> Option<String> {
    if path.is_file() { fs::read_to_string(path).ok() } else { None }
}
