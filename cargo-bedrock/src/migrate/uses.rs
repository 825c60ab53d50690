//! Where other Python files name what `config.py` called `"lambdas"`: `config["lambdas"]` becomes `config["workers"]`, and
//! any other place that says so is named.

use tree_sitter::Node;

use super::syntax::{Edit, below, children, edited, field, line, parse, string, text_of};

/// What becomes of a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Uses {
    /// The text with all edits; None where there are none.
    pub(super) text: Option<String>,
    /// Lines that have `"lambdas"` in them for a reason that only their author knows.
    pub(super) unclear: Vec<usize>,
}

/// A file that is not Python as a whole is left alone; all its lines that say `"lambdas"` are unclear.
pub(super) fn edit(text: &str) -> Uses {
    if !text.contains("lambdas") {
        return Uses::default();
    }
    let Some(tree) = parse(text) else {
        let lines = text.lines().enumerate().filter(|(_, line)| line.contains("lambdas"));
        return Uses { text: None, unclear: lines.map(|(index, _)| index + 1).collect() };
    };
    let (mut edits, mut unclear) = (Vec::new(), Vec::new());
    for node in below(tree.root_node()) {
        if string(node, text) != Some("lambdas") {
            continue;
        }
        if is_key_of_config(node, text) {
            let quoted = text_of(node, text).replace("lambdas", "workers");
            edits.push(Edit { start: node.start_byte(), end: node.end_byte(), text: quoted });
        } else {
            unclear.push(line(node));
        }
    }
    Uses { text: (!edits.is_empty()).then(|| edited(text, edits)), unclear }
}

/// `config["lambdas"]`, `config.get("lambdas")`, also with `….config`.
fn is_key_of_config(node: Node<'_>, text: &str) -> bool {
    let Some(parent) = node.parent() else { return false };
    let of = match parent.kind() {
        "subscript" => field(parent, "value"),
        "argument_list" if children(parent).first() == Some(&node) => {
            let function = parent.parent().and_then(|call| field(call, "function"));
            let is_get =
                |function: &Node<'_>| field(*function, "attribute").is_some_and(|it| text_of(it, text) == "get");
            function.filter(is_get).and_then(|function| field(function, "object"))
        }
        _ => None,
    };
    of.is_some_and(|of| text_of(of, text).rsplit('.').next() == Some("config"))
}

#[cfg(test)]
mod tests {
    use super::{Uses, edit};

    #[test]
    fn keys_of_the_config_are_renamed_and_other_places_are_named() {
        let text = "\
arn = config['lambdas'][name]
other = bedrock.config.get(\"lambdas\", {})
title = 'lambdas'
stack['lambdas'] = 1
";
        let uses = edit(text);
        let after = text.replacen("lambdas", "workers", 2);
        assert_eq!(uses, Uses { text: Some(after), unclear: vec![3, 4] });
        assert_eq!(edit(uses.text.as_deref().unwrap_or_default()).text, None);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_left_alone() {
        assert_eq!(edit("def (\nconfig['lambdas']\n"), Uses { text: None, unclear: vec![2] });
        assert_eq!(edit("def (\n"), Uses::default());
    }
}
