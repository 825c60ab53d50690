//! What users of other generators of types have complained about in public, each tried here: right, or refused with what to
//! write instead. The table is in the documentation.
#![allow(clippy::expect_used)]

mod table;

use bedrock_build::Problem;
use bedrock_build::contract::{Contract, Root, Source, describe, read, validate_text};
use bedrock_contract::{WorkerContract, python, typescript};
use serde_json::{Value, json};
use table::{document, try_read_rust};

/// The text of a contract on one line, or the first problem with its help.
fn line(read: &Result<Contract, Vec<Problem>>) -> String {
    match read {
        Ok(contract) => describe(contract).split_whitespace().collect::<Vec<_>>().join(" "),
        Err(problems) => {
            let problem = &problems[0];
            let message = problem.message.split_once(": ").map_or(problem.message.as_str(), |(_, message)| message);
            format!("refused: {message}; {}", problem.help.join("; "))
        }
    }
}

/// Reads a field of a struct in Rust.
fn field(text: &str) -> String {
    of_struct("", text)
}

fn of_struct(attributes: &str, fields: &str) -> String {
    items(&format!("#[bedrock::contract] {attributes} struct S {{ {fields} }}"))
}

/// Reads items in Rust whose type `S` is event and response.
fn items(text: &str) -> String {
    line(&try_read_rust(text, "S", "S"))
}

/// Reads JSON Schema that a library has written.
fn schema(schema: &Value) -> String {
    line(&read(&document(schema, &Value::Null).to_string(), &Source::Code("main.py")))
}

fn from_file(schema: &Value, definitions: &Value) -> Result<Contract, Vec<Problem>> {
    read(&document(schema, definitions).to_string(), &Source::File("contract.json"))
}

/// Returns the namespace of the worker in the declarations for TypeScript.
fn declared(contract: Contract) -> String {
    let worker = WorkerContract { worker: "case".to_owned(), contract: Some(contract) };
    let text = typescript::declarations("", "case", &[worker]);
    let text = text.split_once("export namespace Case ").map(|(_, text)| text.to_owned()).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns the first violation of a string with a format, or an empty text.
fn violation(format: &str, document: &str) -> String {
    let contract = from_file(&json!({ "type": "string", "format": format }), &Value::Null).expect("a contract");
    let violations = validate_text(&contract, Root::Event, document.as_bytes());
    violations.first().map(ToString::to_string).unwrap_or_default()
}

const LARGE: &str = "refused: JavaScript rounds integers beyond ±9007199254740991; \
                     use 32 bits, or `String`, or promise not to go beyond that: `#[contract(safe_int)]`";

const FLATTEN: &str = "refused: a contract cannot follow `#[serde(flatten)]`; \
                       write the fields into this struct, or leave them in a field of their own";

/// Checks the rows of one subject: the thread, what was tried, and what it has to be.
fn check(rows: &[(&str, String, &str)]) {
    let documented = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/src/contracts.md");
    let documented = std::fs::read_to_string(documented).expect("the documentation");
    let found: Vec<[&str; 2]> = rows.iter().map(|(thread, found, _)| [*thread, found.as_str()]).collect();
    let expected: Vec<[&str; 2]> = rows.iter().map(|(thread, _, expected)| [*thread, *expected]).collect();
    assert_eq!(found, expected);
    for (thread, ..) in rows {
        assert!(documented.contains(&format!("`{thread}`")), "{thread} is not in the documentation");
    }
}

#[test]
fn integers_beyond_two_to_the_power_of_53() {
    let safe = try_read_rust("#[bedrock::contract] struct S { #[contract(safe_int)] id: u64 }", "S", "S");
    let text = "event: S response: S S { id: string }";
    check(&[
        ("Aleph-Alpha/ts-rs#94", field("id: u64"), LARGE),
        (
            "specta-rs/specta#398",
            declared(safe.expect("a contract")),
            "{ type Event = S; type Response = S; interface S { id: number; } }",
        ),
        ("specta-rs/specta#500", field("any: serde_json::Value"), "event: S response: S S { any: any }"),
        (
            "theinterfold/interfold#1363",
            field("votes: u128"),
            "refused: JavaScript rounds integers beyond ±9007199254740991; use `String`",
        ),
        ("exograph/exograph#1583", field("#[serde(with = \"x\")] #[contract(as = \"String\")] id: u128"), text),
    ]);
}

#[test]
fn absent_fields_and_null() {
    let skipped = "#[serde(skip_serializing_if = \"Option::is_none\")] a: Option<u8>";
    let two_forms = "event: S response: SOutput S { a?: integer(0..255) | null } SOutput { a?: integer(0..255) }";
    let nullable = "event: S response: SOutput S { a?: integer(0..255) | null } SOutput { a: integer(0..255) | null }";
    check(&[
        ("Aleph-Alpha/ts-rs#112", field("a: Option<u8>"), nullable),
        ("Aleph-Alpha/ts-rs#394", field(skipped), two_forms),
        (
            "GREsau/schemars#87",
            field("#[serde(default)] a: u8"),
            "event: S response: SOutput S { a?: integer(0..255) } SOutput { a: integer(0..255) }",
        ),
        ("encoredev/encore#1623", field("a: Option<u8>"), nullable),
    ]);
}

#[test]
fn flattened_and_untagged_types() {
    let flatten = |ty: &str| field(&format!("#[serde(flatten)] rest: {ty}"));
    let untagged = "refused: a contract cannot follow `#[serde(untagged)]`; \
                    name a field that tells the values apart: `#[serde(tag = \"kind\")]`";
    let choice = json!({ "anyOf": [{ "type": "string" }, { "type": "integer" }] });
    check(&[
        ("GREsau/schemars#90", flatten("Kind"), FLATTEN),
        ("Aleph-Alpha/ts-rs#96", flatten("Kind"), FLATTEN),
        ("1Password/typeshare#108", flatten("Rest"), FLATTEN),
        ("open-chat-labs/open-chat#6958", flatten("u128"), FLATTEN),
        ("apache/avro-rs#247", flatten("Rest"), FLATTEN),
        (
            "juhaku/utoipa#320",
            items("#[bedrock::contract] #[serde(untagged)] enum S { A { a: u8 }, B { b: u8 } }"),
            untagged,
        ),
        (
            "vectordotdev/vector#16913",
            schema(&choice),
            "refused: `event`: the alternatives have no tag that tells them apart; use objects that all require one field \
             with a different constant string, for example `kind`: `\"kind\": { \"const\": \"circle\" }`",
        ),
    ]);
}

#[test]
fn unions_and_enums() {
    let variant = |kind: &str, field: &str| json!({ "type": "object", "properties": { "kind": { "const": kind }, field: { "type": "integer" } }, "required": ["kind", field] });
    let union = json!({ "anyOf": [variant("cat", "lives"), variant("dog", "age")] });
    let enums = json!({ "oneOf": [{ "enum": ["a"] }, { "enum": ["b"] }] });
    let with_null = json!({ "enum": ["a", null] });
    let contract = from_file(&union, &Value::Null).expect("a contract");
    let stub = python::worker_stub(&contract).split_whitespace().collect::<Vec<_>>().join(" ");
    let stub = stub.split_once("TypedDict ").map(|(_, text)| text.to_owned()).unwrap_or_default();
    check(&[
        (
            "oxidecomputer/typify#498",
            schema(&union),
            "event: Event response: any Event = | { kind: \"cat\" lives: integer } | { kind: \"dog\" age: integer }",
        ),
        ("oxidecomputer/typify#497", schema(&enums), "event: Event response: any Event = \"a\" | \"b\""),
        ("oxidecomputer/typify#497", schema(&with_null), "event: EventItem | null response: any EventItem = \"a\""),
        (
            "koxudaxi/datamodel-code-generator#3606",
            stub,
            "class _Event0(TypedDict): kind: Literal[\"cat\"] lives: int class _Event1(TypedDict): kind: Literal[\"dog\"] \
             age: int Event: TypeAlias = Union[_Event0, _Event1] Response: TypeAlias = Any",
        ),
    ]);
}

#[test]
fn formats_of_strings() {
    check(&[
        (
            "GREsau/schemars#160",
            field("data: Vec<u8>"),
            "refused: serde writes bytes as a list of numbers; \
             use `String` with `#[contract(format = \"base64\")]`, and encode the bytes",
        ),
        (
            "pydantic/pydantic#13089",
            violation("decimal", "\"1E-7\""),
            "`event`: expected a decimal number in digits, for example `\"12.50\"`, found `\"1E-7\"`",
        ),
        (
            "pydantic/pydantic#13711",
            field("#[contract(format = \"date-time\")] at: String"),
            "event: S response: S S { at: string(date-time) }",
        ),
    ]);
}

#[test]
fn names_recursion_and_size() {
    let object = json!({ "type": ["object", "null"], "properties": { "a": { "type": "string" } } });
    let own = json!({ "Event": { "type": "object", "properties": {} } });
    let two = json!({ "type": "object", "properties": { "a": { "$ref": "#/$defs/Event" } } });
    let variants = (0..5_000).map(|number| format!("V{number}")).collect::<Vec<_>>().join(", ");
    let large = try_read_rust(&format!("#[bedrock::contract] enum S {{ {variants} }}"), "S", "S").expect("a contract");
    check(&[
        ("encoredev/encore#1711", field("children: Vec<S>"), "event: S response: S S { children: S[] }"),
        (
            "vega/ts-json-schema-generator#85",
            line(&from_file(&two, &own)),
            "refused: `Event`: two different types are called `Event`; write one of them in `$defs` with a name of its own",
        ),
        (
            "bcherny/json-schema-to-typescript#256",
            declared(from_file(&object, &Value::Null).expect("a contract")),
            "{ type Event = EventItem | null; type Response = any; interface EventItem { a?: string; } }",
        ),
        ("mozilla/uniffi-rs#1631", declared(large).matches(" | ").count().to_string(), "4999"),
    ]);
}
