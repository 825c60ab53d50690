//! Merging two edits of one text. Line ends are not edits: Git may have made `\r\n` of them.

use std::borrow::Cow;

use diffy::{ConflictStyle, IncompleteHunkStyle, MergeOptions};

const BEGIN: &str = "<<<<<<< ";
const END: &str = ">>>>>>> ";

/// What becomes of a text that was edited on both sides.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Merged {
    /// All edits, of both sides.
    Clean(String),
    /// All edits; where both changed the same lines, both versions and the original, between marks.
    Marked(String),
}

/// Brings the edits from `base` to `theirs` into `ours`.
pub(crate) fn merge(base: &str, ours: &str, theirs: &str) -> Merged {
    let mut options = MergeOptions::new();
    options.set_conflict_style(ConflictStyle::Diff3).set_incomplete_hunk_style(IncompleteHunkStyle::Git);
    match options.merge(base, ours, theirs) {
        Ok(text) => Merged::Clean(text),
        Err(text) => Merged::Marked(text),
    }
}

/// The lines between marks, with the marks, each place with the number of its first line.
pub(crate) fn conflicts(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut is_inside = false;
    for (index, line) in text.lines().enumerate() {
        if line.starts_with(BEGIN) {
            is_inside = true;
            found.push((index + 1, String::new()));
        }
        if let (true, Some((_, lines))) = (is_inside, found.last_mut()) {
            *lines += line;
            lines.push('\n');
        }
        is_inside &= !line.starts_with(END);
    }
    found
}

/// `text` with `\n` at the end of each line.
pub(super) fn with_plain_ends(text: &str) -> Cow<'_, str> {
    if text.contains("\r\n") { text.replace("\r\n", "\n").into() } else { text.into() }
}

/// `text`, which has plain line ends, with the ends that `model` has.
pub(super) fn with_ends_of(model: &str, text: String) -> String {
    if model.contains("\r\n") { text.replace('\n', "\r\n") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_of_different_lines_come_together() {
        let merged = merge("a\nb\nc\nd\n", "a\nmine\nb\nc\nd\n", "a\nb\nc\nd\ntheirs\n");
        assert_eq!(merged, Merged::Clean("a\nmine\nb\nc\nd\ntheirs\n".to_owned()));
    }

    #[test]
    fn edits_of_the_same_line_are_kept_all_three() {
        let Merged::Marked(text) = merge("a\nb\nc\n", "a\nmine\nc\n", "a\ntheirs\nc\n") else {
            panic!("both changed the second line");
        };
        assert_eq!(text, "a\n<<<<<<< ours\nmine\n||||||| original\nb\n=======\ntheirs\n>>>>>>> theirs\nc\n");
        assert_eq!(conflicts(&text), [(2, text[2..text.len() - 2].to_owned())]);
    }

    #[test]
    fn a_last_line_without_an_end_does_not_swallow_a_mark() {
        let Merged::Marked(text) = merge("a", "mine", "theirs") else { panic!("both changed the only line") };
        assert_eq!(conflicts(&text).len(), 1, "{text}");
    }

    #[test]
    fn a_text_without_marks_has_no_conflicts() {
        assert_eq!(conflicts("a << 1\n=======\n"), []);
    }

    #[test]
    fn line_ends_are_taken_from_the_model() {
        assert_eq!(with_ends_of("a\r\nb\r\n", "a\nc\n".to_owned()), "a\r\nc\r\n");
        assert_eq!(with_ends_of("a\n", "a\nc\n".to_owned()), "a\nc\n");
        assert_eq!(with_plain_ends("a\r\nc\r\n"), "a\nc\n");
    }
}
