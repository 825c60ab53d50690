//! A contract as text for people, in the notation of TypeScript with exact types of numbers and strings.

use std::fmt::Write as _;

use super::model::{Contract, Definition, Range, StringFormat, Struct, Type};

/// Returns the text of a type. Named types are not explained.
pub fn type_text(ty: &Type) -> String {
    match ty {
        Type::Any => "any".to_owned(),
        Type::Null => "null".to_owned(),
        Type::Bool => "boolean".to_owned(),
        Type::Integer(range) if *range == Range::SAFE => "integer".to_owned(),
        Type::Integer(Range { min, max }) => match (*min == Range::SAFE.min, *max == Range::SAFE.max) {
            (true, _) => format!("integer(..{max})"),
            (_, true) => format!("integer({min}..)"),
            _ => format!("integer({min}..{max})"),
        },
        Type::Number => "number".to_owned(),
        Type::String(StringFormat::Text) => "string".to_owned(),
        Type::String(StringFormat::Base64) => "string(base64)".to_owned(),
        Type::String(format) => format!("string({})", format.name()),
        Type::List(inner) => match &**inner {
            Type::Nullable(_) => format!("({})[]", type_text(inner)),
            _ => format!("{}[]", type_text(inner)),
        },
        Type::Map(inner) => format!("{{ [name: string]: {} }}", type_text(inner)),
        Type::Reference(name) => name.clone(),
        Type::Nullable(inner) => format!("{} | null", type_text(inner)),
    }
}

/// Returns the text of a contract: the roots, then the named types.
pub fn describe(contract: &Contract) -> String {
    let mut out = format!("event: {}\nresponse: {}\n", type_text(&contract.event), type_text(&contract.response));
    for (name, definition) in &contract.definitions {
        let _ = match definition {
            Definition::Struct(one) => write!(out, "\n{name} {{\n{}}}\n", fields_text(one, "  ")),
            Definition::Enum(values) => write!(out, "\n{name} = {}\n", quoted(values).join(" | ")),
            Definition::Union(union) => {
                let variants = union.variants.iter().map(|(value, one)| {
                    format!(
                        "  | {{\n      {}: {}\n{}    }}\n",
                        field_text(&union.tag),
                        quote(value),
                        fields_text(one, "      ")
                    )
                });
                write!(out, "\n{name} =\n{}", variants.collect::<String>())
            }
        };
    }
    out
}

fn fields_text(one: &Struct, indent: &str) -> String {
    let line = |(name, field): (&String, &super::model::Field)| {
        let mark = if field.is_required { "" } else { "?" };
        format!("{indent}{}{mark}: {}\n", field_text(name), type_text(&field.ty))
    };
    one.fields.iter().map(line).collect()
}

fn field_text(name: &str) -> String {
    let is_word = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_word { name.to_owned() } else { quote(name) }
}

fn quoted(values: &[String]) -> Vec<String> {
    values.iter().map(|value| quote(value)).collect()
}

fn quote(text: &str) -> String {
    format!("\"{}\"", text.escape_debug())
}
