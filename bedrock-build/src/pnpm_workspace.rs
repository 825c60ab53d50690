//! Workspaces of pnpm: their members are listed in `pnpm-workspace.yaml`, and `pnpm-lock.yaml` says which dependency of a member
//! is another member. Both are read line by line: pnpm writes its lock in one form, and the list is short.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::member_pattern::matches_member;

/// The file that makes a folder a workspace.
const LIST: &str = "pnpm-workspace.yaml";
/// The lock of all members.
pub const LOCK: &str = "pnpm-lock.yaml";
/// Between the documents of a lock. The last one has the packages.
const DOCUMENT: &str = "\n---\n";

/// A workspace of pnpm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PnpmWorkspace {
    /// The folder with `pnpm-workspace.yaml`.
    pub root: PathBuf,
    /// Patterns of the members. `!` at the start excludes.
    pub patterns: Vec<String>,
}

/// A dependency of a member that is another member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PnpmLink {
    /// The name by which the member imports it.
    pub name: String,
    /// The path of the other member in the workspace.
    pub member: String,
}

impl PnpmWorkspace {
    /// Returns the workspace that has a folder as a member, or `None`. A folder with a lock of its own is not installed from
    /// a workspace.
    pub fn of(dir: &Path) -> Option<Self> {
        let dir = dir.canonicalize().ok()?;
        if dir.join(LOCK).is_file() {
            return None;
        }
        for root in dir.ancestors().skip(1) {
            let path = root.join(LIST);
            if !path.is_file() {
                continue;
            }
            let patterns = patterns(&fs::read_to_string(path).ok()?);
            let path = dir.strip_prefix(root).ok()?.to_str()?;
            return is_member(&patterns, path).then(|| Self { root: root.to_owned(), patterns });
        }
        None
    }

    /// Returns the text of the lock. `None` if there is no lock.
    pub fn lock(&self) -> Option<String> {
        fs::read_to_string(self.root.join(LOCK)).ok()
    }
}

/// Returns whether a path is one of a member: the last pattern that matches decides, and `!` excludes.
pub fn is_member(patterns: &[String], path: &str) -> bool {
    let verdict = patterns.iter().rev().find_map(|pattern| match pattern.strip_prefix('!') {
        Some(pattern) => matches_member(pattern, path).then_some(false),
        None => matches_member(pattern, path).then_some(true),
    });
    verdict.unwrap_or(false)
}

/// Returns the members that the member `member` depends on by itself, according to a lock.
pub fn links(lock: &str, member: &str) -> Vec<PnpmLink> {
    let mut found = Vec::new();
    let mut list = "";
    let mut name = String::new();
    for line in importer(lock, member) {
        let text = line.trim();
        match line.len() - line.trim_start().len() {
            4 => list = text.trim_end_matches(':'),
            6 => {
                let (key, value) = key_and_value(text);
                name = key;
                // Locks before version 6 have the version here.
                found.extend(link(list, &name, value, member));
            }
            8 => {
                if let Some(version) = text.strip_prefix("version: ") {
                    found.extend(link(list, &name, version, member));
                }
            }
            _ => {}
        }
    }
    found
}

/// Returns a lock that has only the members in `kept`. The root stays, without dependencies unless it is one of them.
pub fn lock_of_members(lock: &str, kept: &BTreeSet<&str>) -> String {
    let (before, document) = last_document(lock);
    let mut text = before.to_owned();
    let mut is_in_importers = false;
    let mut is_kept = true;
    for line in document.lines() {
        if !line.is_empty() && !line.starts_with(' ') {
            is_in_importers = line == "importers:";
            is_kept = true;
        } else if let Some(path) = is_in_importers.then(|| importer_path(line)).flatten() {
            is_kept = kept.contains(path.as_str());
            if !is_kept && path == "." {
                text.push_str("  .: {}\n\n");
            }
        }
        if is_kept {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

fn last_document(lock: &str) -> (&str, &str) {
    let at = lock.rfind(DOCUMENT).map_or(0, |at| at + DOCUMENT.len());
    lock.split_at(at)
}

/// Returns the lines of a member in a lock.
fn importer<'l>(lock: &'l str, member: &str) -> impl Iterator<Item = &'l str> {
    let lines = last_document(lock).1.lines().skip_while(|line| *line != "importers:").skip(1);
    let lines = lines.take_while(|line| line.is_empty() || line.starts_with(' '));
    let member = member.to_owned();
    let lines = lines.skip_while(move |line| importer_path(line).as_deref() != Some(&member)).skip(1);
    lines.take_while(|line| importer_path(line).is_none())
}

/// Returns the path in a line that begins a member.
fn importer_path(line: &str) -> Option<String> {
    let line = line.strip_prefix("  ").filter(|line| !line.starts_with(' ') && line.contains(':'))?;
    Some(key_and_value(line).0)
}

/// Splits `key: value`, where the key may be quoted.
fn key_and_value(text: &str) -> (String, &str) {
    for quote in ['\'', '"'] {
        if let Some((key, rest)) = text.strip_prefix(quote).and_then(|text| text.split_once(quote)) {
            return (key.to_owned(), rest.trim_start_matches(':').trim());
        }
    }
    let (key, value) = text.split_once(": ").unwrap_or((text.trim_end_matches(':'), ""));
    (key.to_owned(), value.trim())
}

/// Returns the member in a version such as `link:../../packages/money`.
fn link(list: &str, name: &str, version: &str, member: &str) -> Option<PnpmLink> {
    if !matches!(list, "dependencies" | "optionalDependencies") {
        return None;
    }
    let version = version.trim_matches(['\'', '"']);
    let member = if let Some(path) = version.strip_prefix("link:") {
        joined(member, path)?
    } else {
        // An injected member, which is copied. Peers that it gets are in parentheses.
        joined("", version.strip_prefix("file:")?.split('(').next()?)?
    };
    Some(PnpmLink { name: name.to_owned(), member })
}

/// Returns a path relative to the workspace. `None` if it is outside.
fn joined(from: &str, path: &str) -> Option<String> {
    let mut found: Vec<&str> = from.split('/').filter(|name| !name.is_empty() && *name != ".").collect();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(name) => found.push(name.to_str()?),
            Component::ParentDir => drop(found.pop()?),
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(found.join("/"))
}

/// Returns the patterns in a `pnpm-workspace.yaml`: a list with an item on each line, or in brackets.
fn patterns(text: &str) -> Vec<String> {
    let mut lines = text.lines().map(without_comment).skip_while(|line| !line.starts_with("packages:"));
    let Some(first) = lines.next() else { return Vec::new() };
    let first = first.strip_prefix("packages:").unwrap_or_default().trim();
    let items: Vec<String> = if first.starts_with('[') {
        let rest: Vec<&str> = lines.take_while(|line| line.starts_with([' ', ']'])).collect();
        let list = format!("{first} {}", rest.join(" "));
        list.trim_start_matches('[').split(']').next().unwrap_or_default().split(',').map(str::to_owned).collect()
    } else {
        let items = lines.take_while(|line| line.trim().is_empty() || line.starts_with([' ', '-']));
        items.filter_map(|line| Some(line.trim_start().strip_prefix('-')?.to_owned())).collect()
    };
    let plain = items.iter().map(|item| item.trim().trim_matches(['\'', '"']).to_owned());
    plain.filter(|item| !item.is_empty()).collect()
}

/// Removes a comment: `#` at the start or after a space.
fn without_comment(line: &str) -> &str {
    if line.trim_start().starts_with('#') {
        return "";
    }
    line.find(" #").and_then(|at| line.get(..at)).unwrap_or(line).trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK_TEXT: &str = "lockfileVersion: '9.0'

importers:

  .:
    dependencies:
      left:
        specifier: 1.0.0
        version: 1.0.0

  packages/money:
    dependencies:
      dates:
        specifier: ^1.0.0
        version: link:../dates

  packages/dates: {}

  workers/mail:
    dependencies:
      '@shop/money':
        specifier: workspace:*
        version: link:../../packages/money
      ms:
        specifier: 2.1.3
        version: 2.1.3
      outside:
        specifier: link:../../../x
        version: link:../../../x
    devDependencies:
      dates:
        specifier: workspace:*
        version: link:../../packages/dates
    optionalDependencies:
      copied:
        specifier: workspace:*
        version: file:packages/copied(ms@2.1.3)

packages:

  ms@2.1.3:
    resolution: {integrity: sha512-AA==}
";

    #[test]
    fn pnpm_links_are_read_from_the_lock() {
        let named = |member: &str| -> Vec<String> {
            links(LOCK_TEXT, member).iter().map(|link| format!("{}={}", link.name, link.member)).collect()
        };
        assert_eq!(named("workers/mail"), ["@shop/money=packages/money", "copied=packages/copied"]);
        assert_eq!(named("packages/money"), ["dates=packages/dates"]);
        assert_eq!(named("packages/dates"), [""; 0]);
        assert_eq!(named("packages"), [""; 0]);
        let old = "lockfileVersion: 5.4\n\nimporters:\n\n  a:\n    specifiers:\n      b: workspace:*\n    dependencies:\n      b: link:../b\n";
        assert_eq!(links(old, "a"), [PnpmLink { name: "b".to_owned(), member: "b".to_owned() }]);
    }

    #[test]
    fn pnpm_lock_of_members_has_no_others() {
        let kept = lock_of_members(LOCK_TEXT, &["packages/dates", "packages/money"].into());
        let expected = "lockfileVersion: '9.0'\n\nimporters:\n\n  .: {}\n\n  packages/money:\n    dependencies:\n      dates:\n        specifier: ^1.0.0\n        version: link:../dates\n\n  packages/dates: {}\n\npackages:\n\n  ms@2.1.3:\n    resolution: {integrity: sha512-AA==}\n";
        assert_eq!(kept, expected);
        let all = [".", "packages/dates", "packages/money", "workers/mail"].into();
        assert_eq!(lock_of_members(LOCK_TEXT, &all), LOCK_TEXT);
        let several = format!("---\nimporters:\n\n  .:\n    x: 1\n---\n{LOCK_TEXT}");
        assert_eq!(lock_of_members(&several, &all), several);
    }

    #[test]
    fn pnpm_patterns_are_read_in_all_forms() {
        let block = "# members\npackages: # these\n  # libraries\n  - \"packages/*\"\n\n  - workers/* # all\n  - '!workers/old'\ncatalog:\n  - x\n";
        assert_eq!(patterns(block), ["packages/*", "workers/*", "!workers/old"]);
        assert_eq!(patterns("packages:\n- a\n- b\n"), ["a", "b"]);
        assert_eq!(patterns("packages: ['a/*', \"b\"]\n"), ["a/*", "b"]);
        assert_eq!(patterns("packages: [\n  a,\n  b,\n]\nx: 1\n"), ["a", "b"]);
        assert_eq!(patterns("onlyBuiltDependencies:\n  - x\n"), [""; 0]);
    }

    #[test]
    fn pnpm_member_with_an_own_lock_is_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| fs::write(folder.path().join(path), text).expect("written");
        let dir = folder.path().join("workers/mail");
        fs::create_dir_all(&dir).expect("a folder");
        assert_eq!(PnpmWorkspace::of(&dir), None);
        write("pnpm-workspace.yaml", "packages: [packages/*]\n");
        assert_eq!(PnpmWorkspace::of(&dir), None);
        write("pnpm-workspace.yaml", "packages: [workers/*]\n");
        let found = PnpmWorkspace::of(&dir).expect("a workspace");
        assert_eq!(found.root, folder.path().canonicalize().expect("a folder"));
        assert_eq!(found.lock(), None);
        write("workers/mail/pnpm-lock.yaml", "");
        assert_eq!(PnpmWorkspace::of(&dir), None);
    }
}
