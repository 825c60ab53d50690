//! What kind of type a schema describes, before it is read.

use super::json::{Node, Value};

/// Returns whether a schema gets a name: an object, an enum or a union.
pub(super) fn is_named(node: &Node) -> bool {
    let is_object = node.get("type").and_then(Node::as_str) == Some("object");
    let is_closed = node.get("additionalProperties").is_some_and(|more| more.value == Value::Bool(false));
    let is_null = |node: &Node| node.value == Value::Null;
    let has_enum = node.get("enum").is_some_and(|values| !values.items().iter().any(is_null));
    let has_const = node.get("const").is_some_and(|value| !is_null(value));
    let has_choices = |keyword: &str| {
        node.get(keyword).is_some_and(|choices| {
            let choices = choices.items();
            choices.len() > 1 && !choices.iter().any(is_null_choice) && !is_decimal_choice(choices)
        })
    };
    node.get("properties").is_some() && node.get("type").is_none_or(|ty| ty.as_str() == Some("object"))
        || (is_object && is_closed)
        || has_enum
        || has_const
        || has_choices("oneOf")
        || has_choices("anyOf")
}

/// Returns whether an alternative is `null`.
pub(super) fn is_null_choice(choice: &Node) -> bool {
    choice.get("type").and_then(Node::as_str) == Some("null")
        || choice.get("const").is_some_and(|value| value.value == Value::Null)
}

/// Returns whether the choices are those of pydantic for a `Decimal` in an event: a number or a string.
pub(super) fn is_decimal_choice(choices: &[Node]) -> bool {
    let type_of = |node: &Node| node.get("type").and_then(Node::as_str).map(str::to_owned);
    let [one, other] = choices else { return false };
    type_of(one).as_deref() == Some("number") && type_of(other).as_deref() == Some("string")
}
