//! The folders that a `requirements.txt` and the lists that it includes name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::list::{List, Named};
use crate::python_dependencies::read_requirements;

/// Suffixes of files that pip takes for packages.
const ARCHIVES: [&str; 8] = [".whl", ".zip", ".gz", ".bz2", ".xz", ".tgz", ".tbz", ".tar"];

/// Returns the `requirements.txt` of a worker and the lists that it includes.
pub(super) fn lists(dir: &Path) -> Vec<List> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut pending = vec![dir.join("requirements.txt")];
    while let Some(path) = pending.pop() {
        let Ok(Some(text)) = read_requirements(&path) else { continue };
        if !seen.insert(path.clone()) {
            continue;
        }
        let folder = path.parent().unwrap_or(dir).to_owned();
        let mut named = Vec::new();
        for (at, line) in text.lines().enumerate() {
            match read_line(line) {
                Some(Line::Included(other)) => pending.push(folder.join(other)),
                Some(Line::Folder(written)) => {
                    // pip looks in the current folder, which is the worker's.
                    let nearby = folder.join(local_path(&written));
                    let from_worker = dir.join(local_path(&written));
                    let place = if nearby.exists() && !from_worker.exists() { nearby } else { from_worker };
                    named.push(Named { dir: place, line: at + 1, written, is_member: false });
                }
                None => {}
            }
        }
        found.push(List { path, named });
    }
    found
}

/// What a line names.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    Included(String),
    Folder(String),
}

fn read_line(line: &str) -> Option<Line> {
    // A comment follows any white space.
    let comment = line.char_indices().find(|(at, c)| *c == '#' && line[..*at].ends_with(char::is_whitespace));
    let line = comment.map_or(line, |(at, _)| &line[..at]).trim().trim_end_matches('\\').trim_end();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    for (options, is_list) in [(["-e", "--editable"], false), (["-r", "--requirement"], true)] {
        let Some(rest) = options.iter().rev().find_map(|option| line.strip_prefix(option)) else { continue };
        let value = rest.trim_start_matches(['=', ' ', '\t']).trim_matches(['"', '\'']);
        return if is_list { Some(Line::Included(value.to_owned())) } else { folder(value).map(Line::Folder) };
    }
    if line.starts_with('-') { None } else { folder(line).map(Line::Folder) }
}

/// Returns the path in a requirement: `../x`, `../x[extra] ; marker`, `x @ file:///app/x`. `None` if it names no folder.
pub(super) fn folder(requirement: &str) -> Option<String> {
    let requirement = requirement.split(" --").next().unwrap_or(requirement);
    let is_url = |place: &str| place.contains("://") && !place.starts_with("file:");
    let place = match requirement.split_once('@') {
        Some((name, place)) if !name.contains(['/', '=', '<', '>', ';']) => place.trim(),
        _ => requirement.trim(),
    };
    let place = place.split(';').next().unwrap_or(place).trim().trim_matches(['"', '\'']);
    let place = place.split('#').next().unwrap_or(place);
    let path = match place.rfind('[') {
        Some(at) if place.ends_with(']') => place.get(..at).unwrap_or(place),
        _ => place,
    };
    let is_path = path.starts_with('.') || path.contains('/') || path.starts_with("file:");
    let is_archive = ARCHIVES.iter().any(|suffix| path.to_ascii_lowercase().ends_with(suffix));
    (is_path && !is_url(path) && !is_archive).then(|| path.to_owned())
}

/// Returns the path of a `file:` URL or of a plain path.
pub(super) fn local_path(written: &str) -> PathBuf {
    let path = written.strip_prefix("file:").unwrap_or(written);
    let path = path.strip_prefix("//localhost").or_else(|| path.strip_prefix("//")).unwrap_or(path);
    PathBuf::from(path.replace("%20", " "))
}

#[cfg(test)]
mod tests {
    use super::{Line, read_line};

    #[test]
    fn folders_are_read_in_every_form() {
        for (line, path) in [
            ("../lib", "../lib"),
            ("-e ../lib", "../lib"),
            ("-e../lib", "../lib"),
            ("--editable=../lib  # shared", "../lib"),
            ("../lib\t# shared", "../lib"),
            ("../lib\u{a0}# shared", "../lib"),
            ("../lib[a,b] ; python_version > '3'", "../lib"),
            ("lib @ file:///app/lib", "file:///app/lib"),
            ("lib[a] @ ../lib", "../lib"),
            (".", "."),
        ] {
            assert_eq!(read_line(line), Some(Line::Folder(path.to_owned())), "{line}");
        }
        assert_eq!(read_line("-r base.txt"), Some(Line::Included("base.txt".to_owned())));
        for line in [
            "requests==2",
            "./a.whl",
            "./a.whl\t# wheel",
            "# ../lib",
            "https://example.com/a",
            "git+https://example.com/a",
            "a @ https://example.com/a",
            "--index-url https://example.com/simple",
            "",
        ] {
            assert_eq!(read_line(line), None, "{line}");
        }
    }
}
