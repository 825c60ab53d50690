//! What the reader of Rust makes of types, and whether serde reads and writes the JSON that the contract says.
#![allow(clippy::expect_used)]

#[path = "../cases/code.rs"]
mod code;
mod table;

use std::collections::BTreeMap;

use bedrock_build::contract::{
    Definition, MAX_SAFE_INTEGER, Range, Root, RootTypes, StringFormat, Struct, Type, describe, join, rust_module,
    rust_type, validate_text,
};
use bedrock_contract::example;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use table::{load, read_case, read_rust, read_rust_case};

/// Checks that serde agrees with the contract of a case, and returns the text of the contract.
fn check<T: Serialize + DeserializeOwned>(case: &str) -> String {
    let contract = read_rust_case(case);
    let event = example::event(&contract);
    let value: T = serde_json::from_value(event.clone()).unwrap_or_else(|error| panic!("{case}: {event}: {error}"));
    let response = serde_json::to_string(&value).expect("JSON");
    assert_eq!(validate_text(&contract, Root::Response, response.as_bytes()), [], "{case}: {response}");
    if let (Type::Reference(name), Value::Object(members)) = (&contract.event, &event)
        && let Some(Definition::Struct(one)) = contract.definition(name)
    {
        check_fields::<T>(case, one, members);
    }
    describe(&contract)
}

/// Checks which fields serde needs, and which may be `null`.
fn check_fields<T: DeserializeOwned>(case: &str, one: &Struct, members: &serde_json::Map<String, Value>) {
    for (name, field) in &one.fields {
        let mut without = members.clone();
        without.remove(name);
        let is_read = serde_json::from_value::<T>(without.into()).is_ok();
        assert_eq!(is_read, !field.is_required, "{case}: without `{name}`");
        let mut with_null = members.clone();
        with_null.insert(name.clone(), Value::Null);
        let is_read = serde_json::from_value::<T>(with_null.into()).is_ok();
        let may_be_null = matches!(field.ty, Type::Nullable(_) | Type::Any | Type::Null);
        assert_eq!(is_read, may_be_null, "{case}: `{name}` is null");
    }
}

/// The text of a contract on one line.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn rust_types_are_read_as_serde_reads_them() {
    let cases = [
        [
            check::<code::numbers::Subject>("numbers"),
            "event: Subject response: Subject Subject { byte: integer(0..255) count: integer(0..)[] is_on: boolean \
             large: integer nothing: null ratio: number small: integer(-32768..32767) word: integer(0..4294967295) }"
                .to_owned(),
        ],
        [
            check::<code::containers::Subject>("containers"),
            "event: Subject response: Subject Subject { any: any boxed: string full: string[] list: number[] \
             map: { [name: string]: boolean } nested: { [name: string]: (integer(0..255) | null)[] } set: string[] }"
                .to_owned(),
        ],
        [
            check::<code::options::Subject>("options"),
            "event: Subject response: SubjectOutput \
             Subject { absent?: integer(0..255) | null list?: integer(0..65535)[] nullable?: integer(0..255) | null \
             secret?: string with_default?: integer(0..255) } \
             SubjectOutput { absent?: integer(0..255) list?: integer(0..65535)[] nullable: integer(0..255) | null \
             with_default: integer(0..255) }"
                .to_owned(),
        ],
        [
            check::<code::default_of_all_fields::Subject>("default_of_all_fields"),
            "event: Subject response: SubjectOutput Subject { name?: string width?: integer(0..4294967295) } \
             SubjectOutput { name: string width: integer(0..4294967295) }"
                .to_owned(),
        ],
        [
            check::<code::names::Subject>("names"),
            "event: Subject response: Subject Mode = \"fill-all\" | \"fit\" \
             Subject { \"content-type\": string mode: Mode pageSize: integer(0..255) type: string }"
                .to_owned(),
        ],
        [
            check::<code::aliases::Subject>("aliases"),
            "event: Subject response: SubjectOutput Subject { all?: string(uuid)[] | null id: string(uuid) } \
             SubjectOutput { all: string(uuid)[] | null id: string(uuid) }"
                .to_owned(),
        ],
        [
            check::<code::formats::Subject>("formats"),
            "event: Subject response: Subject Subject { at: string(date-time) data: string(base64) \
             days: (string(date) | null)[] price: string(decimal) wait: integer(0..65535) | null }"
                .to_owned(),
        ],
        [
            check::<code::recursion::Subject>("recursion"),
            "event: Subject response: SubjectOutput Subject { children: Subject[] next?: Subject | null } \
             SubjectOutput { children: SubjectOutput[] next: SubjectOutput | null }"
                .to_owned(),
        ],
        [
            check::<code::tagged_union::Subject>("tagged_union"),
            "event: Subject response: SubjectOutput \
             Subject = | { kind: \"half_circle\" outerRadius: number } | { kind: \"nothing\" } \
             | { kind: \"square\" note?: string | null side: number } \
             SubjectOutput = | { kind: \"half_circle\" outerRadius: number } | { kind: \"nothing\" } \
             | { kind: \"square\" note: string | null side: number }"
                .to_owned(),
        ],
        [
            check::<code::adjacent_union::Subject>("adjacent_union"),
            "event: Subject response: Subject Subject = | { type: \"Clear\" } \
             | { type: \"Numbers\" value: integer(0..65535)[] } | { type: \"Text\" value: string }"
                .to_owned(),
        ],
    ];
    for [found, expected] in cases {
        assert_eq!(line(&found), expected);
    }
}

/// Each alternative of a union is one that serde reads and writes.
#[test]
fn alternatives_are_those_of_serde() {
    for text in [r#"{"kind":"half_circle","outerRadius":1.5}"#, r#"{"kind":"square","side":2.0,"note":null}"#] {
        let contract = read_rust_case("tagged_union");
        assert_eq!(validate_text(&contract, Root::Event, text.as_bytes()), [], "{text}");
        let value: code::tagged_union::Subject = serde_json::from_str(text).expect(text);
        let written = serde_json::to_string(&value).expect("JSON");
        assert_eq!(validate_text(&contract, Root::Response, written.as_bytes()), [], "{written}");
    }
    for text in [r#"{"type":"Numbers","value":[1]}"#, r#"{"type":"Clear"}"#] {
        let contract = read_rust_case("adjacent_union");
        let value: code::adjacent_union::Subject = serde_json::from_str(text).expect(text);
        assert_eq!(serde_json::to_string(&value).expect("JSON"), text);
        assert_eq!(validate_text(&contract, Root::Response, text.as_bytes()), [], "{text}");
    }
}

/// The types that callers in Rust get are read as the contract that they were written from, apart from what a type in Rust
/// cannot say: bounds other than its own, and formats.
#[test]
fn generated_types_are_read_as_the_same_contract() {
    let mut compared = 0;
    for case in load("types") {
        let contract = read_case(&case);
        let module = rust_module("case", &contract);
        let root = rust_type(&contract.event);
        // An absent field that may be `null` is written by a function of the library, one that is only `null` is the same as
        // an absent one for serde, and roots have no attributes.
        if module.contains("::present") || module.contains("Option<()>") || root.contains("i64") || root.contains("u64")
        {
            continue;
        }
        let lines =
            module.lines().filter(|line| !line.starts_with("pub type") && !line.starts_with("///")).map(|line| {
                let line = line
                    .replace("#[derive(", "#[bedrock::contract]\n#[derive(")
                    .replace("::bedrock::__private::v1::", "");
                if line.ends_with(',') && (line.contains("i64") || line.contains("u64")) {
                    format!("#[contract(safe_int)]\n{line}")
                } else {
                    line
                }
            });
        let items = format!("#[bedrock::contract]\nstruct Unused {{}}\n{}", lines.collect::<Vec<_>>().join("\n"));
        let again = read_rust(&items, "()", &root.replace("::bedrock::__private::v1::", ""));
        // What callers write is what the worker reads.
        let written = RootTypes { root: contract.event.clone(), definitions: contract.definitions.clone() };
        let nothing = RootTypes { root: Type::Null, definitions: BTreeMap::new() };
        let expected = join(nothing, written).expect("a contract");
        assert_eq!(widen(again.response), widen(expected.response), "{}", case["name"]);
        for (name, definition) in &expected.definitions {
            let types =
                |definition: &Definition| -> Vec<Type> { definition.types().into_iter().cloned().map(widen).collect() };
            let again = again.definitions.get(name).unwrap_or_else(|| panic!("{name}: {items}"));
            assert_eq!(types(again), types(definition), "{}: {items}", case["name"]);
        }
        compared += 1;
    }
    assert!(compared > 25, "{compared}");
}

/// Returns the type with the bounds of the type in Rust, without formats.
fn widen(ty: Type) -> Type {
    match ty {
        Type::Integer(range) => Type::Integer(match rust_type(&Type::Integer(range)).as_str() {
            "u8" => Range { min: 0, max: 0xff },
            "u16" => Range { min: 0, max: 0xffff },
            "u32" => Range { min: 0, max: 0xffff_ffff },
            "u64" => Range { min: 0, max: MAX_SAFE_INTEGER },
            "i8" => Range { min: -0x80, max: 0x7f },
            "i16" => Range { min: -0x8000, max: 0x7fff },
            "i32" => Range { min: -0x8000_0000, max: 0x7fff_ffff },
            _ => Range::SAFE,
        }),
        Type::String(_) => Type::String(StringFormat::Text),
        Type::List(inner) => Type::List(Box::new(widen(*inner))),
        Type::Map(inner) => Type::Map(Box::new(widen(*inner))),
        Type::Nullable(inner) => widen(*inner).nullable(),
        other => other,
    }
}
