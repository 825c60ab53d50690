//! Reads the table of cases. Each test binary includes this file and uses a part of it.
#![allow(dead_code)]

use bedrock_build::contract::{Contract, Source, read};
use serde_json::{Value, json};

/// Returns the cases in `cases/NAME.json`.
pub(crate) fn load(name: &str) -> Vec<Value> {
    let path = format!("{}/cases/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("the table");
    serde_json::from_str(&text).expect("a list of cases")
}

/// Returns a contract with the schema of its event.
pub(crate) fn document(event: &Value, definitions: &Value) -> Value {
    let mut document = json!({ "properties": { "event": event }, "x-contract": 1 });
    if !definitions.is_null() {
        document["$defs"] = definitions.clone();
    }
    document
}

/// Returns the contract of a case.
pub(crate) fn read_case(case: &Value) -> Contract {
    let text = document(&case["schema"], &case["defs"]).to_string();
    read(&text, &Source::File("contract.json")).unwrap_or_else(|problems| panic!("{case}: {problems:?}"))
}

/// Returns the items of a list of texts.
pub(crate) fn lines(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
