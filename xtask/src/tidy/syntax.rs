//! What several rules ask about Rust's syntax.

use proc_macro2::Span;
use syn::{Attribute, Item};

/// The line of a place in its file, from 1.
pub(super) fn line(span: Span) -> usize {
    span.start().line
}

/// Whether an item is compiled for tests only: `#[cfg(test)]`, or `test` within a condition that needs it.
pub(super) fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).any(|attribute| {
        let condition = attribute.meta.require_list().map(|list| list.tokens.to_string()).unwrap_or_default();
        condition == "test" || condition.starts_with("all (") && condition.contains("test")
    })
}

/// The attributes of an item.
pub(super) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cfg_test_is_recognised_and_other_conditions_are_not() {
        let file = syn::parse_file(
            "#[cfg(test)] mod a {}\n#[cfg(all(test, unix))] mod b {}\n#[cfg(not(test))] mod c {}\n#[test] fn d() {}",
        );
        let file = file.expect("Rust");
        let found: Vec<bool> = file.items.iter().map(|item| is_for_tests(attributes(item))).collect();
        assert_eq!(found, [true, true, false, false]);
    }
}
