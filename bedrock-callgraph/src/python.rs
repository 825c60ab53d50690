//! Finds the calls in a Python file by static analysis. `walk` traverses the syntax tree.

use tree_sitter::Node;

use super::name_resolution::{
    Chain, ChainBase, FileCalls, Grammar, InvokePath, NameExpression, children, field, first_error, parse, text_of,
};

mod walk;

/// The import path of `invoke`.
const INVOKE: InvokePath = &["bedrock", "workers", "invoker", "invoke"];
/// The name of the parameter for the worker's name.
const PARAMETER: &str = "name_or_arn";

/// Returns the calls of `invoke` in a file.
pub(crate) fn scan(text: &str) -> FileCalls {
    let Some(tree) = parse(&tree_sitter_python::LANGUAGE.into(), text) else { return FileCalls::default() };
    let calls = walk::read(&tree, text).calls(&Python);
    FileCalls { unreadable: first_error(&tree), ..calls }
}

struct Python;

impl Grammar for Python {
    fn chain<'t>(&self, node: Node<'t>, text: &'t str) -> Option<Chain<'t>> {
        let (mut at, mut names) = (node, Vec::new());
        while at.kind() == "attribute" {
            names.push(text_of(field(at, "attribute")?, text));
            at = field(at, "object")?;
        }
        names.reverse();
        (at.kind() == "identifier").then(|| Chain { base: ChainBase::Name(text_of(at, text)), names })
    }

    fn name_expression<'t>(&self, node: Node<'t>, text: &'t str) -> NameExpression<'t> {
        match node.kind() {
            "string" => string(node, text).map_or(NameExpression::Computed, NameExpression::Text),
            "concatenated_string" => {
                let parts: Option<String> = children(node).into_iter().map(|part| string(part, text)).collect();
                parts.map_or(NameExpression::Computed, NameExpression::Text)
            }
            "identifier" => NameExpression::Name(text_of(node, text)),
            "parenthesized_expression" => NameExpression::OneOf(children(node)),
            "named_expression" => NameExpression::OneOf(field(node, "value").into_iter().collect()),
            // `NAME = OTHER = "resizer"`
            "assignment" => NameExpression::OneOf(field(node, "right").into_iter().collect()),
            "conditional_expression" => match children(node)[..] {
                [yes, _, no] => NameExpression::OneOf(vec![yes, no]),
                _ => NameExpression::Computed,
            },
            _ => NameExpression::Computed,
        }
    }

    fn target<'t>(&self, call: Node<'t>, text: &'t str) -> Option<Node<'t>> {
        let arguments = children(field(call, "arguments").filter(|node| node.kind() == "argument_list")?);
        let named = arguments.iter().find_map(|argument| {
            let name = field(*argument, "name").filter(|_| argument.kind() == "keyword_argument")?;
            (text_of(name, text) == PARAMETER).then(|| field(*argument, "value"))?
        });
        named.or_else(|| {
            let first = *arguments.first()?;
            let is_positional = !matches!(first.kind(), "keyword_argument" | "list_splat" | "dictionary_splat");
            is_positional.then_some(first)
        })
    }
}

/// Returns the value of a string literal, or `None` if it contains `{}` or escapes, which names do not need.
fn string(node: Node<'_>, text: &str) -> Option<String> {
    let mut said = String::new();
    for part in children(node) {
        match part.kind() {
            "string_start" if text_of(part, text).contains(['b', 'B']) => return None,
            "string_content" if part.named_child_count() == 0 => said.push_str(text_of(part, text)),
            "string_start" | "string_end" => {}
            _ => return None,
        }
    }
    Some(said)
}

#[cfg(test)]
mod tests;
