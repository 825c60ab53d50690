//! Whatever a contract contains, its file reads as the same contract, and everything that is generated from it is valid.
#![allow(clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};

use bedrock_build::contract::{
    Contract, Definition, Field, MAX_SAFE_INTEGER, Range, Root, Source, StringFormat, Struct, Type, Union, compare,
    json, read, rust_module, validate, validate_text,
};
use bedrock_contract::{canonical, example};
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

fn contracts() -> impl Strategy<Value = Contract> {
    (types(), types(), prop::collection::vec(definitions(), NAMES.len())).prop_map(|(event, response, definitions)| {
        let definitions: BTreeMap<String, Definition> = NAMES.into_iter().map(str::to_owned).zip(definitions).collect();
        Contract { event, response, definitions }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn file_reads_as_the_same_contract(contract in contracts()) {
        let text = canonical::to_text(&contract);
        let again = read(&text, &Source::File("contract.json"))
            .map_err(|problems| TestCaseError::fail(format!("{text}\n{problems:?}")))?;
        // Types that nothing uses are gone.
        prop_assert_eq!(compare(&contract, &again), []);
        prop_assert_eq!(canonical::to_text(&again), canonical::to_text(&read(&canonical::to_text(&again), &Source::File("c")).expect("it")));
        prop_assert_eq!(&again.event, &contract.event);
        for (name, definition) in &again.definitions {
            prop_assert_eq!(Some(definition), contract.definition(name));
        }
    }

    #[test]
    fn generated_rust_is_valid(contract in contracts()) {
        let text = rust_module("worker_name", &contract);
        let parsed = syn::parse_str::<syn::File>(&text);
        prop_assert!(parsed.is_ok(), "{}: {}", text, parsed.err().map(|error| error.to_string()).unwrap_or_default());
    }

    #[test]
    fn validators_never_fail_otherwise(contract in contracts(), text in "[\\PC\\n]{0,60}") {
        validate_text(&contract, Root::Event, text.as_bytes());
        let example = example::event(&contract).to_string();
        let node = json::parse(&example).map_err(|error| TestCaseError::fail(error.to_string()))?;
        validate(&contract, Root::Response, &node);
    }

    #[test]
    fn json_reader_agrees_with_serde_json(text in "[\\[\\]{}\",:0-9eE.+a-z\\\\ -]{0,24}") {
        let ours = json::parse(&text).is_ok();
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        if ours {
            // A number beyond 64 bits is an error of serde_json.
            let is_large = theirs.as_ref().is_err_and(|error| error.to_string().contains("number out of range"));
            prop_assert!(theirs.is_ok() || is_large, "{}", text);
        } else if let Ok(value) = theirs {
            // Only names that occur twice are refused in addition.
            prop_assert!(json::parse(&value.to_string()).is_ok(), "{}", text);
        }
    }
}
