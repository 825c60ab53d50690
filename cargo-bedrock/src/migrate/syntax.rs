//! The little that is asked of the syntax trees of Python files.

use tree_sitter::{Node, Parser, Tree};

/// The tree of `text`; None where the text is not Python as a whole.
pub(super) fn parse(text: &str) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_python::LANGUAGE.into()).ok()?;
    parser.parse(text, None).filter(|tree| !tree.root_node().has_error())
}

/// The nodes right below, without punctuation and comments.
pub(super) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    node.named_children(&mut node.walk()).filter(|child| !child.is_extra()).collect()
}

/// All nodes below and the node itself, in the order of the text.
pub(super) fn below(node: Node<'_>) -> Vec<Node<'_>> {
    // A list of things to do instead of recursion: machine-made files nest deeper than a stack is.
    let (mut found, mut todo) = (Vec::new(), vec![node]);
    while let Some(node) = todo.pop() {
        found.push(node);
        todo.extend(children(node).into_iter().rev());
    }
    found
}

pub(super) fn field<'t>(node: Node<'t>, name: &str) -> Option<Node<'t>> {
    node.child_by_field_name(name)
}

pub(super) fn text_of<'s>(node: Node<'_>, text: &'s str) -> &'s str {
    text.get(node.byte_range()).unwrap_or_default()
}

/// What a string literal says, if that is written in it as it is.
pub(super) fn string<'s>(node: Node<'_>, text: &'s str) -> Option<&'s str> {
    if node.kind() != "string" {
        return None;
    }
    match children(node)[..] {
        // An f-string may say more than what is written, and bytes are no text.
        [start, ..] if text_of(start, text).contains(['f', 'F', 'b', 'B']) => None,
        [_, _] => Some(""),
        [_, content, _] if content.kind() == "string_content" && content.named_child_count() == 0 => {
            Some(text_of(content, text))
        }
        _ => None,
    }
}

/// The line in which a node begins, from 1.
pub(super) fn line(node: Node<'_>) -> usize {
    node.start_position().row + 1
}

/// A text to put in place of another one, by bytes.
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

/// `text` with all `edits`, which do not overlap.
pub(super) fn edited(text: &str, mut edits: Vec<Edit>) -> String {
    // What is put at one place keeps its order.
    edits.sort_by_key(|edit| (edit.start, edit.end));
    let (mut after, mut from) = (String::with_capacity(text.len()), 0);
    for edit in edits {
        after += text.get(from..edit.start).unwrap_or_default();
        after += &edit.text;
        from = edit.end;
    }
    after + text.get(from..).unwrap_or_default()
}
