//! Names in generated Rust: fields and variants, whatever they are called in JSON.

use std::collections::BTreeSet;

use heck::{ToSnakeCase, ToUpperCamelCase};

/// Words that cannot be names of fields, also not with `r#`.
const NEVER_RAW: [&str; 4] = ["crate", "self", "super", "Self"];

const KEYWORDS: [&str; 50] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else", "enum",
    "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move",
    "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield", "union", "safe",
];

/// Returns the name of the field in Rust for a field called `name` in JSON.
pub fn field_name(name: &str) -> String {
    let snake = ascii_words(name).to_snake_case();
    let snake = match snake.chars().next() {
        None => "field".to_owned(),
        Some(c) if c.is_ascii_digit() => format!("field_{snake}"),
        Some(_) => snake,
    };
    if NEVER_RAW.contains(&snake.as_str()) {
        format!("{snake}_")
    } else if KEYWORDS.contains(&snake.as_str()) && !["union", "safe"].contains(&snake.as_str()) {
        format!("r#{snake}")
    } else {
        snake
    }
}

/// Returns the name of the variant in Rust for a value of an enum or a tag.
pub(super) fn variant_name(value: &str) -> String {
    let camel = ascii_words(value).to_upper_camel_case();
    match camel.chars().next() {
        None => "Variant".to_owned(),
        Some(c) if c.is_ascii_digit() => format!("Variant{camel}"),
        Some(_) if camel == "Self" => "Self_".to_owned(),
        Some(_) => camel,
    }
}

fn ascii_words(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// Gives each name one that no other has: the second `a` becomes `a_2`.
pub(super) struct UniqueNames(BTreeSet<String>);

impl UniqueNames {
    pub(super) fn new() -> Self {
        Self(BTreeSet::new())
    }

    pub(super) fn add(&mut self, name: String) -> String {
        if self.0.insert(name.clone()) {
            return name;
        }
        let base = name.trim_start_matches("r#");
        let mut number = 2_usize;
        loop {
            let other = format!("{base}_{number}");
            if self.0.insert(other.clone()) {
                return other;
            }
            number += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{UniqueNames, field_name, variant_name};

    #[test]
    fn field_names_are_identifiers() {
        for (name, expected) in [
            ("width", "width"),
            ("pageSize", "page_size"),
            ("type", "r#type"),
            ("self", "self_"),
            ("2d", "field_2d"),
            ("größe", "gr_e"),
            ("日本", "field"),
            ("a-b.c", "a_b_c"),
            ("$ref", "r#ref"),
            ("union", "union"),
        ] {
            assert_eq!(field_name(name), expected, "{name}");
        }
        assert_eq!(variant_name("image/png"), "ImagePng");
        assert_eq!(variant_name("2x"), "Variant2x");
        assert_eq!(variant_name(""), "Variant");
    }

    #[test]
    fn names_are_unique() {
        let mut names = UniqueNames::new();
        let all = ["a", "a", "a_2", "r#type", "r#type"].map(|name| names.add(name.to_owned()));
        assert_eq!(all, ["a", "a_2", "a_2_2", "r#type", "type_2"]);
    }
}
