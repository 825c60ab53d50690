//! Edits of other Python files that refer to `"lambdas"` of `config.py`: `config["lambdas"]` becomes
//! `config["workers"]`. All other occurrences are reported.

use tree_sitter::Node;

use super::syntax::{Edit, apply_edits, children, descendants, field, line_of, parse, string_value, text_of};

/// Edits of a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ReferenceEdits {
    /// The edited text, or `None` if nothing changes.
    pub(super) text: Option<String>,
    /// Lines that contain `"lambdas"` for an unknown reason.
    pub(super) unclear: Vec<usize>,
}

/// Edits a text. If it is not valid Python, it stays unchanged and all its lines with `lambdas` are unclear.
pub(super) fn edit(text: &str) -> ReferenceEdits {
    if !text.contains("lambdas") {
        return ReferenceEdits::default();
    }
    let Some(tree) = parse(text) else {
        let lines = text.lines().enumerate().filter(|(_, line)| line.contains("lambdas"));
        return ReferenceEdits { text: None, unclear: lines.map(|(index, _)| index + 1).collect() };
    };
    let mut edits = Vec::new();
    let mut unclear = Vec::new();
    for node in descendants(tree.root_node()) {
        if string_value(node, text) != Some("lambdas") {
            continue;
        }
        if is_config_key(node, text) {
            let quoted = text_of(node, text).replace("lambdas", "workers");
            edits.push(Edit { start: node.start_byte(), end: node.end_byte(), text: quoted });
        } else {
            unclear.push(line_of(node));
        }
    }
    ReferenceEdits { text: (!edits.is_empty()).then(|| apply_edits(text, edits)), unclear }
}

/// Whether a string is the key in `config["lambdas"]` or `config.get("lambdas")`, also with `….config`.
fn is_config_key(node: Node<'_>, text: &str) -> bool {
    let Some(parent) = node.parent() else { return false };
    let object = match parent.kind() {
        "subscript" => field(parent, "value"),
        "argument_list" if children(parent).first() == Some(&node) => {
            let function = parent.parent().and_then(|call| field(call, "function"));
            let is_get =
                |function: &Node<'_>| field(*function, "attribute").is_some_and(|name| text_of(name, text) == "get");
            function.filter(is_get).and_then(|function| field(function, "object"))
        }
        _ => None,
    };
    object.is_some_and(|object| text_of(object, text).rsplit('.').next() == Some("config"))
}

#[cfg(test)]
mod tests {
    use super::{ReferenceEdits, edit};

    #[test]
    fn config_keys_are_renamed_and_other_occurrences_reported() {
        let text = "\
arn = config['lambdas'][name]
other = bedrock.config.get(\"lambdas\", {})
title = 'lambdas'
stack['lambdas'] = 1
";
        let edits = edit(text);
        let after = text.replacen("lambdas", "workers", 2);
        assert_eq!(edits, ReferenceEdits { text: Some(after), unclear: vec![3, 4] });
        assert_eq!(edit(edits.text.as_deref().unwrap_or_default()).text, None);
    }

    #[test]
    fn invalid_python_is_left_unchanged() {
        assert_eq!(edit("def (\nconfig['lambdas']\n"), ReferenceEdits { text: None, unclear: vec![2] });
        assert_eq!(edit("def (\n"), ReferenceEdits::default());
    }
}
