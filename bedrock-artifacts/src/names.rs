//! Checks that the paths of an artifact are unpacked to the same place on every system.

use std::collections::BTreeMap;

/// Returns the problems of the paths of an artifact, which must be sorted.
pub(super) fn path_problems<'a>(paths: &(impl Iterator<Item = &'a str> + Clone)) -> Vec<String> {
    let mut problems: Vec<String> = paths
        .clone()
        .filter_map(|path| path_problem(path).map(|what| format!("`{}` {what}", path.escape_debug())))
        .collect();
    let following = paths.clone().skip(1);
    let twice = paths.clone().zip(following).filter(|(one, other)| one == other);
    problems.extend(twice.map(|(path, _)| format!("there are two files for `{path}`")));
    problems
}

/// Returns why a path cannot be packed, or `None` if it can.
pub(super) fn path_problem(path: &str) -> Option<&'static str> {
    if path.starts_with('/') {
        Some("is absolute")
    } else if path.split('/').any(|name| name == "..") {
        Some("leaves the artifact")
    } else if path.split('/').any(|name| name.is_empty() || name == ".") {
        Some("has an empty name in it")
    } else if path.contains('\\') {
        Some("has a backslash in it, which some programs unpack as a folder")
    } else if path.chars().any(char::is_control) {
        Some("has a control character in it")
    } else {
        None
    }
}

/// Returns pairs of files or folders that are the same on a case-insensitive file system.
pub(super) fn case_conflicts<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<(&'a str, &'a str)> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    let mut pairs = Vec::new();
    for path in paths {
        let has_suffix = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        for prefix in has_suffix.filter_map(|end| path.get(..end)) {
            let first = *seen.entry(prefix.to_lowercase()).or_insert(prefix);
            if first != prefix {
                if !pairs.contains(&(first, prefix)) {
                    pairs.push((first, prefix));
                }
                // Do not report the files in such folders again.
                break;
            }
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(paths: &[&str]) -> Vec<String> {
        path_problems(&paths.iter().copied())
    }

    #[test]
    fn ordinary_paths_pass() {
        assert_eq!(problems(&["@scope/näme/index.js", "a b.txt", "a.py", "a/b.py", "ab.py", "..a/b..c/.d"]), [""; 0]);
    }

    #[test]
    fn unsafe_paths_are_named() {
        insta::assert_snapshot!(problems(&["/etc/passwd", "a/../../b", "a//b", "./a", "", "a\\b", "a\nb"]).join("\n"), @r"
        `/etc/passwd` is absolute
        `a/../../b` leaves the artifact
        `a//b` has an empty name in it
        `./a` has an empty name in it
        `` has an empty name in it
        `a\\b` has a backslash in it, which some programs unpack as a folder
        `a\nb` has a control character in it
        ");
    }

    #[test]
    fn duplicate_paths_are_named() {
        assert_eq!(problems(&["a", "a", "b"]), ["there are two files for `a`"]);
    }

    #[test]
    fn case_conflicts_are_named_once_for_each_folder() {
        let paths = ["Data/a.py", "Data/b.py", "README", "data/a.py", "data/c.py", "readme", "x/É", "x/é"];
        assert_eq!(problems(&paths), [""; 0], "Lambda's file system distinguishes them");
        let conflicts = case_conflicts(paths.into_iter());
        assert_eq!(conflicts, [("Data", "data"), ("README", "readme"), ("x/É", "x/é")]);
    }
}
