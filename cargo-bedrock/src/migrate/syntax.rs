//! Helpers for the syntax trees of Python files.

use tree_sitter::{Node, Parser, Tree};

/// Parses `text`. Returns `None` if it is not valid Python.
pub(super) fn parse(text: &str) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_python::LANGUAGE.into()).ok()?;
    parser.parse(text, None).filter(|tree| !tree.root_node().has_error())
}

/// Returns the direct children, without punctuation and comments.
pub(super) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    node.named_children(&mut node.walk()).filter(|child| !child.is_extra()).collect()
}

/// Returns the node itself and all nodes below it, in the order of the text.
pub(super) fn descendants(node: Node<'_>) -> Vec<Node<'_>> {
    // A list instead of recursion: generated files may be nested deeper than the stack allows.
    let mut found = Vec::new();
    let mut pending = vec![node];
    while let Some(node) = pending.pop() {
        found.push(node);
        pending.extend(children(node).into_iter().rev());
    }
    found
}

pub(super) fn field<'t>(node: Node<'t>, name: &str) -> Option<Node<'t>> {
    node.child_by_field_name(name)
}

pub(super) fn text_of<'s>(node: Node<'_>, text: &'s str) -> &'s str {
    text.get(node.byte_range()).unwrap_or_default()
}

/// Returns the value of a string literal, or `None` for escapes, f-strings and bytes.
pub(super) fn string_value<'s>(node: Node<'_>, text: &'s str) -> Option<&'s str> {
    if node.kind() != "string" {
        return None;
    }
    match children(node)[..] {
        // An f-string may contain expressions, and bytes are not text.
        [start, ..] if text_of(start, text).contains(['f', 'F', 'b', 'B']) => None,
        [_, _] => Some(""),
        [_, content, _] if content.kind() == "string_content" && content.named_child_count() == 0 => {
            Some(text_of(content, text))
        }
        _ => None,
    }
}

/// Returns the line in which a node starts, counted from 1.
pub(super) fn line_of(node: Node<'_>) -> usize {
    node.start_position().row + 1
}

/// Replacement of a range of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) text: String,
}

impl Edit {
    pub(super) fn insert(at: usize, text: impl Into<String>) -> Self {
        Self { start: at, end: at, text: text.into() }
    }
}

/// Applies `edits`, which must not overlap.
pub(super) fn apply_edits(text: &str, mut edits: Vec<Edit>) -> String {
    // The sort is stable, so insertions at the same position keep their order.
    edits.sort_by_key(|edit| (edit.start, edit.end));
    let mut after = String::with_capacity(text.len());
    let mut position = 0;
    for edit in edits {
        after += text.get(position..edit.start).unwrap_or_default();
        after += &edit.text;
        position = edit.end;
    }
    after + text.get(position..).unwrap_or_default()
}
