//! The bytes of `contract.json`: one spelling for each contract, sorted, with a line end after each value.

use bedrock_build::contract::{Contract, Definition, Range, StringFormat, Struct, Type};
use serde_json::{Map, Value, json};

/// How much a level is indented.
const INDENT: &str = "  ";

/// What the file says of its origin. A file without it has been written by hand.
pub const COMMENT: &str = "Written by `cargo bedrock contracts`.";

/// Returns the text of the file.
pub fn to_text(contract: &Contract) -> String {
    let mut out = String::new();
    let mut document = to_value(contract);
    document["$comment"] = Value::from(COMMENT);
    write_sorted(&mut out, &document, "\n");
    out + "\n"
}

/// Writes a value with its names sorted, whatever the order of serde_json's maps is.
fn write_sorted(out: &mut String, value: &Value, line_end: &str) {
    let inner = format!("{line_end}{INDENT}");
    match value {
        Value::Object(members) if !members.is_empty() => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort_unstable();
            for (index, name) in names.into_iter().enumerate() {
                out.push_str(if index == 0 { "{" } else { "," });
                out.push_str(&inner);
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push_str(": ");
                write_sorted(out, &members[name], &inner);
            }
            out.push_str(line_end);
            out.push('}');
        }
        Value::Array(items) if !items.is_empty() => {
            // Lists of names stay on one line.
            let is_short = items.iter().all(Value::is_string);
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index == 0 { "[" } else { "," });
                match (is_short, index) {
                    (true, 0) => {}
                    (true, _) => out.push(' '),
                    (false, _) => out.push_str(&inner),
                }
                write_sorted(out, item, &inner);
            }
            if !is_short {
                out.push_str(line_end);
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

/// Returns the contract as JSON Schema.
pub fn to_value(contract: &Contract) -> Value {
    let definitions: Map<String, Value> =
        contract.definitions.iter().map(|(name, definition)| (name.clone(), definition_value(definition))).collect();
    let mut document = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "properties": { "event": type_value(&contract.event), "response": type_value(&contract.response) },
        "required": ["event", "response"],
        "type": "object",
        "x-contract": 1,
    });
    if !definitions.is_empty() {
        document["$defs"] = Value::Object(definitions);
    }
    document
}

fn type_value(ty: &Type) -> Value {
    match ty {
        Type::Any => json!({}),
        Type::Null => json!({ "type": "null" }),
        Type::Bool => json!({ "type": "boolean" }),
        Type::Integer(range) => {
            let mut value = json!({ "type": "integer" });
            if range.min != Range::SAFE.min {
                value["minimum"] = json!(range.min);
            }
            if range.max != Range::SAFE.max {
                value["maximum"] = json!(range.max);
            }
            value
        }
        Type::Number => json!({ "type": "number" }),
        Type::String(StringFormat::Text) => json!({ "type": "string" }),
        Type::String(StringFormat::Base64) => json!({ "contentEncoding": "base64", "type": "string" }),
        Type::String(format) => json!({ "format": format.name(), "type": "string" }),
        Type::List(inner) => json!({ "items": type_value(inner), "type": "array" }),
        Type::Map(inner) => json!({ "additionalProperties": type_value(inner), "type": "object" }),
        Type::Reference(name) => json!({ "$ref": format!("#/$defs/{name}") }),
        Type::Nullable(inner) => {
            let mut value = type_value(inner);
            match value.get("type").and_then(Value::as_str) {
                Some(name) => {
                    value["type"] = json!([name, "null"]);
                    value
                }
                None => json!({ "anyOf": [value, { "type": "null" }] }),
            }
        }
    }
}

fn definition_value(definition: &Definition) -> Value {
    match definition {
        Definition::Struct(one) => struct_value(one, None),
        Definition::Enum(values) => json!({ "enum": values, "type": "string" }),
        Definition::Union(union) => {
            let variants = union.variants.iter().map(|(value, one)| struct_value(one, Some([&union.tag, value])));
            json!({ "discriminator": { "propertyName": union.tag }, "oneOf": variants.collect::<Vec<_>>() })
        }
    }
}

/// `tag`: the name of a further field and its value.
fn struct_value(one: &Struct, tag: Option<[&str; 2]>) -> Value {
    let mut fields: Map<String, Value> =
        one.fields.iter().map(|(name, field)| (name.clone(), type_value(&field.ty))).collect();
    let mut required: Vec<&str> =
        one.fields.iter().filter(|(_, field)| field.is_required).map(|(name, _)| name.as_str()).collect();
    if let Some([name, value]) = tag {
        fields.insert(name.to_owned(), json!({ "const": value }));
        required.push(name);
        required.sort_unstable();
    }
    let mut value = json!({ "properties": fields, "type": "object" });
    if !required.is_empty() {
        value["required"] = json!(required);
    }
    value
}
