//! Reads the table of cases. Each test binary includes this file and uses a part of it.
#![allow(dead_code)]

use bedrock_build::Problem;
use bedrock_build::contract::{Contract, Source, read};
use quote::ToTokens;
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

/// Reads the contract of a crate with these items, whose event and response have these types.
pub(crate) fn read_rust(items: &str, event: &str, response: &str) -> Contract {
    try_read_rust(items, event, response).unwrap_or_else(|problems| panic!("{items}: {problems:#?}"))
}

/// Reads such a crate, or returns what a contract cannot have.
pub(crate) fn try_read_rust(items: &str, event: &str, response: &str) -> Result<Contract, Vec<Problem>> {
    let folder = tempfile::tempdir().expect("a folder");
    let source = format!("{items}\nimpl Worker for Case {{ type Event = {event}; type Response = {response}; }}");
    std::fs::create_dir(folder.path().join("src")).expect("a folder");
    std::fs::write(folder.path().join("src/lib.rs"), &source).expect("a file");
    let read = bedrock_rust_types::read_crate(folder.path(), folder.path(), "case", |_| None)?;
    Ok(read.unwrap_or_else(|| panic!("{source}: no types")))
}

/// Returns the contract of a case in `cases/code.rs`.
pub(crate) fn read_rust_case(case: &str) -> Contract {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/cases/code.rs");
    let file = syn::parse_file(&std::fs::read_to_string(path).expect("the table")).expect("Rust");
    let module = file.items.iter().find_map(|item| match item {
        syn::Item::Mod(module) if module.ident == case => module.content.as_ref(),
        _ => None,
    });
    let items = &module.expect(case).1;
    read_rust(&items.iter().map(|item| item.to_token_stream().to_string()).collect::<String>(), "Subject", "Subject")
}
