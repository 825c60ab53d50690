//! The Python expressions that can name `invoke` or a worker: chains of names, strings, and the argument of a call.

use tree_sitter::Node;

use crate::name_resolution::{Chain, ChainBase, Grammar, InvokePath, NameExpression, children, field, text_of};

/// The import path of `invoke`.
pub(super) const INVOKE: InvokePath = &["bedrock", "workers", "invoker", "invoke"];
/// The name of the parameter for the worker's name.
const PARAMETER: &str = "name_or_arn";
/// The same of `DurableContext.invoke`.
const CONTEXT_PARAMETER: &str = "function_name";

pub(super) struct Python {
    pub(super) is_durable: bool,
}

impl Grammar for Python {
    fn chain<'t>(&self, node: Node<'t>, text: &'t str) -> Option<Chain<'t>> {
        chain(node, text)
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
        argument(call, PARAMETER, text)
    }

    fn context_targets<'t>(&self, call: Node<'t>, text: &'t str) -> Vec<Node<'t>> {
        argument(call, CONTEXT_PARAMETER, text).into_iter().filter(|_| self.is_durable).collect()
    }
}

/// Returns the chain of names that an expression is, if it is one.
pub(super) fn chain<'t>(node: Node<'t>, text: &'t str) -> Option<Chain<'t>> {
    let mut at = node;
    let mut names = Vec::new();
    while at.kind() == "attribute" {
        names.push(text_of(field(at, "attribute")?, text));
        at = field(at, "object")?;
    }
    names.reverse();
    (at.kind() == "identifier").then(|| Chain { base: ChainBase::Name(text_of(at, text)), names })
}

/// Returns the first argument of a call, by its position or by the name of its parameter.
fn argument<'t>(call: Node<'t>, parameter: &str, text: &str) -> Option<Node<'t>> {
    let arguments = children(field(call, "arguments").filter(|node| node.kind() == "argument_list")?);
    let named = arguments.iter().find_map(|argument| {
        let name = field(*argument, "name").filter(|_| argument.kind() == "keyword_argument")?;
        (text_of(name, text) == parameter).then(|| field(*argument, "value"))?
    });
    named.or_else(|| {
        let first = *arguments.first()?;
        let is_positional = !matches!(first.kind(), "keyword_argument" | "list_splat" | "dictionary_splat");
        is_positional.then_some(first)
    })
}

/// Returns the value of a string literal, or `None` if it contains `{}` or escapes, which names do not need.
pub(super) fn string(node: Node<'_>, text: &str) -> Option<String> {
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
