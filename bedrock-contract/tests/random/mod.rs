//! Random contracts, and random values of their types. Each test binary includes this file and uses a part of it.
#![allow(dead_code)]

pub(crate) mod values;

use std::collections::{BTreeMap, BTreeSet};

use bedrock_build::contract::{
    Contract, Definition, Field, MAX_SAFE_INTEGER, Range, StringFormat, Struct, Type, Union,
};
use proptest::prelude::*;

const NAMES: [&str; 4] = ["Item", "Mode", "Node", "Shape"];

fn types() -> impl Strategy<Value = Type> {
    let bounds = prop_oneof![
        Just(-MAX_SAFE_INTEGER),
        Just(MAX_SAFE_INTEGER),
        Just(0),
        Just(255),
        -MAX_SAFE_INTEGER..=MAX_SAFE_INTEGER
    ];
    let ranges = (bounds.clone(), bounds).prop_map(|(a, b)| Range { min: a.min(b), max: a.max(b) });
    let formats = prop_oneof![
        Just(StringFormat::Text),
        Just(StringFormat::Base64),
        (0..StringFormat::NAMED.len()).prop_map(|index| StringFormat::NAMED[index])
    ];
    let leaf = prop_oneof![
        Just(Type::Any),
        Just(Type::Null),
        Just(Type::Bool),
        ranges.prop_map(Type::Integer),
        Just(Type::Number),
        formats.prop_map(Type::String),
        (0..NAMES.len()).prop_map(|index| Type::Reference(NAMES[index].to_owned())),
    ];
    leaf.prop_recursive(3, 8, 1, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| Type::List(Box::new(inner))),
            inner.clone().prop_map(|inner| Type::Map(Box::new(inner))),
            inner.prop_map(Type::nullable),
        ]
    })
}

/// Names of fields: keywords, Unicode, punctuation, names that differ only in case.
fn field_names() -> impl Strategy<Value = String> {
    let fixed =
        ["from", "type", "self", "kind", "Kind", "größe", "日本", "content-type", "$ref", "__x", "2d", "a\"b\\c"];
    prop_oneof![(0..fixed.len()).prop_map(move |index| fixed[index].to_owned()), "[^\\p{C}]{1,6}"]
}

fn structs() -> impl Strategy<Value = Struct> {
    let field = (types(), any::<bool>()).prop_map(|(ty, is_required)| Field { ty, is_required });
    prop::collection::btree_map(field_names(), field, 0..5).prop_map(|fields| Struct { fields })
}

fn definitions() -> impl Strategy<Value = Definition> {
    let values = prop::collection::btree_set("\\PC{0,6}", 1..5);
    let union =
        (field_names(), prop::collection::btree_map("\\PC{0,6}", structs(), 2..4)).prop_map(|(tag, variants)| {
            let variants = variants.into_iter().map(|(value, mut one)| {
                one.fields.remove(&tag);
                (value, one)
            });
            Definition::Union(Union { variants: variants.collect(), tag: tag.clone() })
        });
    prop_oneof![
        structs().prop_map(Definition::Struct),
        values.prop_map(|values: BTreeSet<String>| Definition::Enum(values.into_iter().collect())),
        union,
    ]
}

/// Any contract.
pub(crate) fn contracts() -> impl Strategy<Value = Contract> {
    (types(), types(), prop::collection::vec(definitions(), NAMES.len())).prop_map(|(event, response, definitions)| {
        let definitions: BTreeMap<String, Definition> = NAMES.into_iter().map(str::to_owned).zip(definitions).collect();
        Contract { event, response, definitions }
    })
}
