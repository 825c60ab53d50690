//! An event made from its type, for a form to fill in: valid, with one value of each kind.

use std::collections::BTreeSet;

use bedrock_build::contract::{Contract, Definition, Range, StringFormat, Struct, Type};
use serde_json::{Map, Value, json};

/// Returns an event that the contract allows. Optional fields are in it, unless they would never end.
pub fn event(contract: &Contract) -> Value {
    value(contract, &contract.event, &mut BTreeSet::new())
}

/// Returns a response that the contract allows.
pub fn response(contract: &Contract) -> Value {
    value(contract, &contract.response, &mut BTreeSet::new())
}

/// `open`: the types that are being written.
fn value(contract: &Contract, ty: &Type, open: &mut BTreeSet<String>) -> Value {
    match ty {
        Type::Any => json!({}),
        Type::Null => Value::Null,
        Type::Bool => json!(false),
        Type::Integer(Range { min, max }) => json!(0.clamp(*min, *max)),
        Type::Number => json!(0.5),
        Type::String(format) => json!(match format {
            StringFormat::Text => "text",
            StringFormat::DateTime => "2026-01-31T12:00:00Z",
            StringFormat::Date => "2026-01-31",
            StringFormat::Uuid => "00000000-0000-4000-8000-000000000000",
            StringFormat::Uri => "https://example.com/",
            StringFormat::Email => "someone@example.com",
            StringFormat::Decimal => "12.50",
            StringFormat::Base64 => "AA==",
        }),
        Type::List(inner) if is_open(inner, open) => json!([]),
        Type::List(inner) => json!([value(contract, inner, open)]),
        Type::Map(inner) if is_open(inner, open) => json!({}),
        Type::Map(inner) => json!({ "name": value(contract, inner, open) }),
        Type::Nullable(inner) if is_open(inner, open) => Value::Null,
        Type::Nullable(inner) => value(contract, inner, open),
        Type::Reference(name) => {
            let is_outermost = open.insert(name.clone());
            // A type that requires itself has no values at all.
            let value = if is_outermost { named(contract, name, open) } else { Value::Null };
            if is_outermost {
                open.remove(name);
            }
            value
        }
    }
}

fn named(contract: &Contract, name: &str, open: &mut BTreeSet<String>) -> Value {
    match contract.definition(name) {
        Some(Definition::Struct(one)) => Value::Object(fields(contract, one, open)),
        Some(Definition::Enum(values)) => json!(values.first()),
        Some(Definition::Union(union)) => {
            // A variant that does not contain the union ends the value.
            let ends = |one: &&Struct| !one.fields.values().any(|field| is_open(&field.ty, open));
            let all = || union.variants.iter();
            let Some((tag, one)) = all().find(|(_, one)| ends(one)).or_else(|| all().next()) else {
                return Value::Null;
            };
            let mut object = fields(contract, one, open);
            object.insert(union.tag.clone(), json!(tag));
            Value::Object(object)
        }
        None => Value::Null,
    }
}

fn fields(contract: &Contract, one: &Struct, open: &mut BTreeSet<String>) -> Map<String, Value> {
    let mut object = Map::new();
    for (name, field) in &one.fields {
        if field.is_required || !is_open(&field.ty, open) {
            object.insert(name.clone(), value(contract, &field.ty, open));
        }
    }
    object
}

/// Returns whether a value of the type contains one that is being written.
fn is_open(ty: &Type, open: &BTreeSet<String>) -> bool {
    match ty {
        Type::Reference(name) => open.contains(name),
        Type::List(inner) | Type::Map(inner) | Type::Nullable(inner) => is_open(inner, open),
        _ => false,
    }
}
