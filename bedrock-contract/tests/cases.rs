//! The table of cases: what each type is in Rust, Python and TypeScript, which documents have it, and what is refused.
#![allow(clippy::expect_used)]

mod table;

use bedrock_build::contract::{
    Contract, MAX_VIOLATIONS, Root, Source, describe, differences, json, read, rust_type, type_text, validate,
    validate_text,
};
use bedrock_contract::{canonical, example, python, typescript};
use serde_json::{Value, json};
use table::{document, lines, load, read_case};

#[test]
fn types_are_the_same_in_every_language() {
    for case in load("types") {
        let contract = read_case(&case);
        let name = &case["name"];
        assert_eq!(type_text(&contract.event), case["text"], "{name}");
        assert_eq!(rust_type(&contract.event), case["rust"], "{name}");
        assert_eq!(python::python_type(&contract.event), case["python"], "{name}");
        assert_eq!(typescript::typescript_type(&contract.event), case["typescript"], "{name}");
    }
}

#[test]
fn documents_have_their_types_or_all_violations() {
    for case in load("types") {
        let contract = read_case(&case);
        for text in lines(&case["valid"]) {
            let violations = validate_text(&contract, Root::Event, text.as_bytes());
            assert!(violations.is_empty(), "{}: {text}: {violations:?}", case["name"]);
        }
        for (text, expected) in case["invalid"].as_object().expect("an object") {
            let violations = validate_text(&contract, Root::Event, text.as_bytes());
            let found: Vec<String> = violations.iter().map(ToString::to_string).collect();
            assert_eq!(found, lines(expected), "{}: {text}", case["name"]);
        }
    }
}

#[test]
fn response_may_have_fields_that_callers_do_not_know() {
    let ty = json!({ "type": "object", "properties": { "a": { "type": "string" } }, "required": ["a"] });
    let file = json!({ "properties": { "response": ty }, "x-contract": 1 });
    let contract = read(&file.to_string(), &Source::File("contract.json")).expect("a contract");
    assert_eq!(validate_text(&contract, Root::Response, br#"{"a": "", "b": 1}"#), []);
    let violations = validate_text(&contract, Root::Response, br#"{"b": 1}"#);
    assert_eq!(violations[0].to_string(), "`response`: the field `a` is missing");
}

#[test]
fn schema_that_is_not_the_same_everywhere_is_refused() {
    for case in load("refused") {
        let text = document(&case["schema"], &case["defs"]).to_string();
        let source = if case["source"] == "code" { Source::Code("main.py") } else { Source::File("contract.json") };
        let problems = read(&text, &source).expect_err(&case.to_string());
        let place = if case["source"] == "code" { "main.py: " } else { "contract.json:1: " };
        let message = case["message"].as_str().expect("a message");
        let problem = problems.iter().find(|problem| problem.message.ends_with(message));
        let problem = problem.unwrap_or_else(|| panic!("{message}: {problems:?}"));
        assert!(problem.message.starts_with(place.split(':').next().unwrap_or_default()), "{problem:?}");
        if let Some(help) = case["help"].as_str() {
            assert_eq!(problem.help, [help], "{message}");
        }
    }
}

#[test]
fn spellings_of_the_same_type_are_the_same_contract() {
    for case in load("spellings") {
        let source = if case["source"] == "code" { Source::Code("main.py") } else { Source::File("contract.json") };
        let one = read(&document(&case["schema"], &case["defs"]).to_string(), &source);
        let other = read(&document(&case["same"], &case["same_defs"]).to_string(), &Source::File("contract.json"));
        assert_eq!(one.expect("a contract"), other.expect("a contract"), "{case}");
    }
}

#[test]
fn canonical_text_reads_as_the_same_contract() {
    for case in load("types") {
        let contract = read_case(&case);
        let text = canonical::to_text(&contract);
        let again =
            read(&text, &Source::File("contract.json")).unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
        assert_eq!(again, contract, "{text}");
        assert_eq!(canonical::to_text(&again), text);
        assert!(differences(&contract, &again).is_empty());
    }
}

/// Another validator of JSON Schema agrees about every document, apart from what is listed here.
#[test]
fn other_validator_agrees_with_the_table() {
    // It knows no formats by default, accepts `1.0` and integers of any size, names that occur twice, and fields that the
    // schema does not name.
    let is_known = |text: &str, name: &str| {
        ["date with time", "date", "UUID", "URI", "e-mail address", "decimal", "bytes"].contains(&name)
            || ["1.0", "1e3", "{\"a\":1,\"a\":2}"].contains(&text)
            || ["9007199254740992", "-9007199254740992", "18446744073709551616"].contains(&text)
            || ["nmae", "quality", "\"a\": 1"].iter().any(|part| text.contains(part))
    };
    for case in load("types") {
        let name = case["name"].as_str().expect("a name");
        let schema = canonical::to_value(&read_case(&case));
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        let is_valid = |text: &str| {
            let value: Value = serde_json::from_str(text).ok()?;
            Some(validator.is_valid(&json!({ "event": value, "response": null })))
        };
        for text in lines(&case["valid"]) {
            assert_eq!(is_valid(&text), Some(true), "{name}: {text}");
        }
        for text in case["invalid"].as_object().expect("an object").keys().filter(|text| !is_known(text, name)) {
            assert_ne!(is_valid(text), Some(true), "{name}: {text}");
        }
    }
}

#[test]
fn examples_have_their_types() {
    for case in load("types") {
        let contract = read_case(&case);
        let example = example::event(&contract).to_string();
        assert_eq!(validate_text(&contract, Root::Event, example.as_bytes()), [], "{example}");
    }
}

#[test]
fn file_problems_name_line_and_way_out() {
    let file = "{\n \"x-contract\": 1,\n \"properties\": {\n  \"event\": {\"type\": \"object\",\n   \"properties\": {\"a\": {\"type\": \"strin\"},\n    \"b\": {\"$ref\": \"#/x\"}}}},\n \"more\": 1\n}";
    let problems = read(file, &Source::File("w/contract.json")).expect_err("problems");
    let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "w/contract.json:7: `$`: unknown key `more`",
            "w/contract.json:5: `event.a`: unknown type `strin`",
            "w/contract.json:6: `event.b`: `$ref` refers to `#/x`, which does not exist",
        ]
    );
    for (file, message) in [
        ("[]", "c:1: `$`: a contract is an object, not a list"),
        ("{\"properties\": {}}", "c:1: `$`: the key `x-contract` is missing"),
        ("{\"x-contract\": 2, \"properties\": {}}", "c:1: `x-contract`: the file has a newer format"),
        ("{\"x-contract\": 1}", "c:1: `$`: the key `properties` is missing"),
        ("{\"x-contract\": 1, \"properties\": {\"evnt\": {}}}", "c:1: `properties`: unknown root `evnt`"),
        ("{", "c:1: not JSON: the text ends too early"),
    ] {
        let problems = read(file, &Source::File("c")).expect_err(file);
        assert_eq!(problems[0].message, message);
    }
}

#[test]
fn type_with_two_forms_has_two_names() {
    let item = |required: &[&str]| json!({ "type": "object", "properties": { "a": { "type": "string" } }, "required": required });
    let list = json!({ "type": "object", "properties": { "item": { "$ref": "#/$defs/Item" } } });
    let root = |item: Value| json!({ "$ref": "#/$defs/List", "$defs": { "Item": item, "List": list } });
    let text = json!({ "properties": { "event": root(item(&[])), "response": root(item(&["a"])) } }).to_string();
    let contract = read(&text, &Source::Code("main.py")).expect("a contract");
    let names: Vec<&str> = contract.definitions.keys().map(String::as_str).collect();
    assert_eq!(names, ["Item", "ItemOutput", "List", "ListOutput"]);
    assert!(describe(&contract).contains("response: ListOutput"));
}

#[test]
fn hostile_documents_end_with_few_violations() {
    let tree: Contract =
        read_case(load("types").iter().find(|case| case["name"] == "recursion through a list").expect("it"));
    let deep = "{\"children\":[".repeat(100_000);
    let wide = format!("{{\"children\":[{}]}}", vec!["1"; 1_000_000].join(","));
    let long = format!("{{\"children\":\"{}\"}}", "x".repeat(5_000_000));
    let names: Vec<String> = (0..200_000).map(|number| format!("\"n{number}\":1")).collect();
    let many = format!("{{{}}}", names.join(","));
    let number = format!("{{\"children\":{}}}", "9".repeat(1_000_000));
    let exponent = format!("{{\"children\":1e{}}}", "9".repeat(1_000_000));
    let twice = format!("{{{}}}", vec!["\"children\":[]"; 50_000].join(","));
    for text in [deep, wide, long, many, number, exponent, twice] {
        let violations = validate_text(&tree, Root::Event, text.as_bytes());
        assert!((1..=MAX_VIOLATIONS).contains(&violations.len()));
        assert!(violations.iter().all(|violation| violation.message.len() < 500), "{violations:?}");
    }
    assert_eq!(validate_text(&tree, Root::Event, b"\xff").len(), 1);
    let string = |schema: Value| {
        let text = document(&schema, &Value::Null).to_string();
        read(&text, &Source::File("contract.json")).expect("a contract")
    };
    let large = json::parse(&format!("\"{}\"", "A".repeat(6_000_000))).expect("JSON");
    let base64 = string(json!({ "type": "string", "contentEncoding": "base64" }));
    assert_eq!(validate(&base64, Root::Event, &large), []);
    for format in ["date-time", "date", "uuid", "uri", "email", "decimal"] {
        let contract = string(json!({ "type": "string", "format": format }));
        assert_eq!(validate(&contract, Root::Event, &large).len(), 1, "{format}");
    }
}

#[test]
fn hostile_schemas_end_with_problems() {
    let chain: serde_json::Map<String, Value> = (0..10_000)
        .map(|number| {
            (format!("A{number}"), json!({ "type": "array", "items": { "$ref": format!("#/$defs/A{}", number + 1) } }))
        })
        .collect();
    let refused = document(&json!({ "$ref": "#/$defs/A0" }), &Value::Object(chain)).to_string();
    assert!(read(&refused, &Source::File("c")).is_err());
    let structs: serde_json::Map<String, Value> = (0..10_000)
        .map(|number| {
            let next = format!("#/$defs/S{}", (number + 1) % 10_000);
            (format!("S{number}"), json!({ "type": "object", "properties": { "a": { "$ref": next } } }))
        })
        .collect();
    let accepted = document(&json!({ "$ref": "#/$defs/S0" }), &Value::Object(structs)).to_string();
    assert_eq!(read(&accepted, &Source::File("c")).expect("a contract").definitions.len(), 10_000);
}
