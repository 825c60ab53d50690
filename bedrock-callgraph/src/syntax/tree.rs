//! Parsing, and the little that is asked of every tree.

use tree_sitter::{Language, Node, Parser, Tree};

/// The syntax tree of `text`; there is always one, whatever the text. None if the grammar does not fit the parser, which
/// is a matter of how this program was built.
pub fn parse(language: &Language, text: &str) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(language).ok()?;
    parser.parse(text, None)
}

/// The line, from 1, of the first thing that does not belong there, or that is missing.
pub fn first_error(tree: &Tree) -> Option<usize> {
    let mut at = tree.root_node();
    while !at.is_error() && !at.is_missing() {
        // Errors lie below the nodes that say they have one, so there is one way down.
        at = at.children(&mut at.walk()).find(Node::has_error)?;
    }
    Some(at.start_position().row + 1)
}

pub fn field<'t>(node: Node<'t>, name: &str) -> Option<Node<'t>> {
    node.child_by_field_name(name)
}

pub fn text_of<'t>(node: Node<'_>, text: &'t str) -> &'t str {
    text.get(node.byte_range()).unwrap_or_default()
}

/// The nodes right below, without punctuation and comments.
pub fn children(node: Node<'_>) -> Vec<Node<'_>> {
    node.named_children(&mut node.walk()).filter(|child| !child.is_extra()).collect()
}
