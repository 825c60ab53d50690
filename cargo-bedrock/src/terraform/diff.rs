//! Differences between two texts, and three-way merges. Newlines are normalized, because Git may have converted them to
//! `\r\n`, which is not an edit.

use std::borrow::Cow;

use diffy::{ConflictStyle, DiffOptions, IncompleteHunkStyle, MergeOptions};

use super::file_map::FileMap;

const CONFLICT_START: &str = "<<<<<<< ";
const CONFLICT_END: &str = ">>>>>>> ";

/// Returns a unified diff for each file of `template` that is different in `files`. A file that `files` lacks is
/// included unless it is in `ignored`.
///
/// `git apply` of the diffs turns `files` into `template`.
pub(crate) fn differences(files: &FileMap, template: &FileMap, ignored: &[&str]) -> Vec<String> {
    let compared = template.iter().filter(|(path, _)| files.contains_key(*path) || !ignored.contains(&path.as_str()));
    compared.filter_map(|(path, theirs)| difference(path, files.get(path).map(String::as_str), theirs)).collect()
}

fn difference(path: &str, ours: Option<&str>, theirs: &str) -> Option<String> {
    let normalized = normalize_newlines(ours.unwrap_or_default());
    if ours.is_some() && normalized == theirs {
        return None;
    }
    let mut options = DiffOptions::new();
    options.set_original_filename(ours.map_or_else(|| "/dev/null".to_owned(), |_| format!("a/{path}")));
    options.set_modified_filename(format!("b/{path}"));
    Some(options.create_patch(&normalized, theirs).to_string())
}

/// Result of a three-way merge.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum MergeResult {
    /// The text with the edits of both sides.
    Clean(String),
    /// The text with the edits of both sides. Where both changed the same lines, it has both versions and the original
    /// between conflict markers.
    Conflict(String),
}

/// Applies the edits from `base` to `theirs` to `ours`.
pub(crate) fn merge(base: &str, ours: &str, theirs: &str) -> MergeResult {
    let mut options = MergeOptions::new();
    options.set_conflict_style(ConflictStyle::Diff3).set_incomplete_hunk_style(IncompleteHunkStyle::Git);
    match options.merge(base, ours, theirs) {
        Ok(text) => MergeResult::Clean(text),
        Err(text) => MergeResult::Conflict(text),
    }
}

/// Returns the conflicts of a text: the number of the first line of each, and its lines with the conflict markers.
pub(crate) fn conflicts(text: &str) -> Vec<(usize, String)> {
    let mut conflicts: Vec<(usize, String)> = Vec::new();
    let mut is_inside = false;
    for (index, line) in text.lines().enumerate() {
        if line.starts_with(CONFLICT_START) {
            is_inside = true;
            conflicts.push((index + 1, String::new()));
        }
        if let (true, Some((_, lines))) = (is_inside, conflicts.last_mut()) {
            *lines += line;
            lines.push('\n');
        }
        is_inside &= !line.starts_with(CONFLICT_END);
    }
    conflicts
}

/// Replaces `\r\n` by `\n`.
pub(super) fn normalize_newlines(text: &str) -> Cow<'_, str> {
    if text.contains("\r\n") { text.replace("\r\n", "\n").into() } else { text.into() }
}

/// Replaces `\n` by `\r\n` in a normalized text if `original` has `\r\n`.
pub(super) fn restore_newlines(original: &str, text: String) -> String {
    if original.contains("\r\n") { text.replace('\n', "\r\n") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_of_different_lines_are_merged() {
        let merged = merge("a\nb\nc\nd\n", "a\nmine\nb\nc\nd\n", "a\nb\nc\nd\ntheirs\n");
        assert_eq!(merged, MergeResult::Clean("a\nmine\nb\nc\nd\ntheirs\n".to_owned()));
    }

    #[test]
    fn edits_of_the_same_line_are_a_conflict() {
        let MergeResult::Conflict(text) = merge("a\nb\nc\n", "a\nmine\nc\n", "a\ntheirs\nc\n") else {
            panic!("both changed the second line");
        };
        assert_eq!(text, "a\n<<<<<<< ours\nmine\n||||||| original\nb\n=======\ntheirs\n>>>>>>> theirs\nc\n");
        assert_eq!(conflicts(&text), [(2, text[2..text.len() - 2].to_owned())]);
    }

    #[test]
    fn conflict_marker_after_missing_newline_is_on_its_own_line() {
        let MergeResult::Conflict(text) = merge("a", "mine", "theirs") else { panic!("both changed the only line") };
        assert_eq!(conflicts(&text).len(), 1, "{text}");
    }

    #[test]
    fn text_without_markers_has_no_conflicts() {
        assert_eq!(conflicts("a << 1\n=======\n"), []);
    }

    #[test]
    fn newlines_are_restored_from_the_original() {
        assert_eq!(restore_newlines("a\r\nb\r\n", "a\nc\n".to_owned()), "a\r\nc\r\n");
        assert_eq!(restore_newlines("a\n", "a\nc\n".to_owned()), "a\nc\n");
        assert_eq!(normalize_newlines("a\r\nc\r\n"), "a\nc\n");
    }
}
