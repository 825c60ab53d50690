//! Names of types: what they may be, and how the types that a schema writes inline are named.

use heck::ToUpperCamelCase;

/// The names of the roots in generated code.
pub(super) const EVENT: &str = "Event";
pub(super) const RESPONSE: &str = "Response";

/// Returns whether a type may have this name in every language.
pub(super) fn is_type_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !matches!(name, "Self" | "None" | "True" | "False")
        && !name.starts_with(|c: char| c.is_ascii_lowercase())
}

/// Returns a valid name of a type that is similar to `name`: `Tree[int]` becomes `TreeInt`.
pub fn type_name(name: &str) -> String {
    if is_type_name(name) {
        return name.to_owned();
    }
    let ascii: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }).collect();
    let camel = ascii.to_upper_camel_case();
    if is_type_name(&camel) { camel } else { format!("Type{camel}") }
}

/// Returns the name of the type that is written inline in the field `field` of `owner`.
pub(super) fn inline_name(owner: &str, field: &str) -> String {
    let name = type_name(&format!("x {field}"));
    format!("{owner}{}", name.strip_prefix('X').unwrap_or(&name))
}

#[cfg(test)]
mod tests {
    use super::{inline_name, type_name};

    #[test]
    fn type_names_are_valid_everywhere() {
        for (name, expected) in [
            ("Item", "Item"),
            ("Tree[int]", "TreeInt"),
            ("Tree_int_", "Tree_int_"),
            ("item", "Item"),
            ("__schema0", "Schema0"),
            ("None", "TypeNone"),
            ("3d", "Type3d"),
            ("größe", "GrE"),
            ("日本", "Type"),
        ] {
            assert_eq!(type_name(name), expected, "{name}");
        }
        assert_eq!(inline_name("Event", "page_size"), "EventPageSize");
        assert_eq!(inline_name("Event", "2d"), "Event2d");
    }
}
