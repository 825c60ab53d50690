//! Compares the results of the same calls with those of an independent emulator of AWS. `docs/src/local-lambda.md`
//! explains each difference and what AWS does.

use bedrock_build::Language;
use bedrock_local::{WorkerIdentity, identity_file, lambda_files, lambda_handler};
use serde_json::{Value, json};
use testbed::{Function, Ministack, pack};

use super::client::Client;
use super::program::Program;
use crate::driver::app_dir;

/// Packs the worker `python_case` like `cargo bedrock build`.
fn function(folder: &std::path::Path) -> Function {
    let code = folder.join("code");
    let identity = WorkerIdentity { app: "conformance", worker: "python_case", class: "PythonCase", durable: false };
    let (name, identity) = identity_file(&identity);
    let own = std::fs::read_to_string(app_dir().join("workers/python_case/main.py")).expect("the worker");
    let files = lambda_files(Language::Python).iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    for (path, text) in files.chain([(name.to_owned(), identity), ("main.py".to_owned(), own)]) {
        let file = code.join(path);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(file, text).expect("a file");
    }
    let zip = folder.join("python_case.zip");
    pack(&code, &zip);
    let mut function =
        Function::new("conformance-local-python_case", "python3.13", lambda_handler(Language::Python), zip);
    function.timeout = 5;
    function
}

/// Names of the calls, and their arguments in addition to the function's name.
fn rows() -> Vec<(&'static str, Value)> {
    let event = |event: Value| json!({ "Payload": event.to_string() });
    vec![
        ("a response", event(json!({ "do": "echo", "value": { "text": "größer" } }))),
        ("an error", event(json!({ "do": "raise" }))),
        ("an exit", event(json!({ "do": "hard_exit" }))),
        ("a timeout", event(json!({ "do": "sleep", "ms": 60_000 }))),
        ("a response that is too large", event(json!({ "do": "make", "length": 6 * 1024 * 1024 }))),
        ("an event", json!({ "InvocationType": "Event", "Payload": "{\"do\": \"nothing\"}" })),
        ("a dry run", json!({ "InvocationType": "DryRun" })),
        ("the log", json!({ "LogType": "Tail", "Payload": "{\"do\": \"print\", \"text\": \"printed\\n\"}" })),
        ("the version by name", json!({ "Qualifier": "$LATEST", "Payload": "{\"do\": \"nothing\"}" })),
        ("a version that is not there", json!({ "Qualifier": "7" })),
        ("a function that is not there", json!({ "FunctionName": "conformance-local-missing_worker" })),
        ("an event that is not valid JSON", json!({ "Payload": "{ no" })),
        ("an event that is too large", json!({ "Payload": format!("\"{}\"", "x".repeat(6 * 1024 * 1024)) })),
        ("an unknown invocation type", json!({ "InvocationType": "Later" })),
        ("an unknown log type", json!({ "LogType": "All" })),
    ]
}

/// Returns the parts of a result that must be the same: no ids, times or paths.
fn comparable(response: &Value) -> Value {
    let payload: Value = serde_json::from_str(response["payload"].as_str().unwrap_or("null")).unwrap_or_default();
    let failed = payload.get("errorType").is_some();
    let mut keys: Vec<_> = payload.as_object().into_iter().flat_map(serde_json::Map::keys).collect();
    keys.sort();
    let log = response["log"].as_str().map(|log| {
        let has = |text: &str| log.contains(text);
        json!([has("START RequestId: "), has("printed\n"), has("END RequestId: "), has("REPORT RequestId: ")])
    });
    json!({
        "exception": response["exception"], "status": response["status"], "failed": response["failed"],
        "version": response["version"], "type": payload["errorType"], "log": log,
        "payload": if failed { json!(keys) } else { short(payload) },
    })
}

/// Replaces a long text by its length.
fn short(payload: Value) -> Value {
    payload.as_str().filter(|text| text.len() > 1000).map(|text| json!(text.len())).unwrap_or(payload)
}

/// Names of the calls that differ, and how the emulator differs from AWS (its documentation; AWS's API reference).
const EXPECTED_DIFFERENCES: [(&str, &str); 10] = [
    ("an error", "reports no type and no stack of its functions' errors"),
    ("an exit", "calls it `Runtime.HandlerError`, too"),
    ("a response that is too large", "has no limit"),
    ("an event", "names a version, although none has run yet"),
    ("a dry run", "names a version, although none runs"),
    ("the log", "has an empty one"),
    ("an event that is not valid JSON", "runs the function, which fails"),
    ("an event that is too large", "has no limit"),
    ("an unknown invocation type", "takes it for `RequestResponse`"),
    ("an unknown log type", "takes it for `None`"),
];

#[test]
fn emulator_results_differ_only_where_documented() {
    let Some(ministack) = Ministack::start(false) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    ministack.deploy(&[function(folder.path())]).expect("deployed");
    let program = Program::start();
    let rows = rows();
    let calls: Vec<_> = rows
        .iter()
        .map(|(_, arguments)| {
            let mut call = json!({ "FunctionName": "conformance-local-python_case" });
            call.as_object_mut().expect("an object").extend(arguments.as_object().expect("an object").clone());
            call
        })
        .collect();
    // Sequentially, so that a process that exits does not affect other calls.
    let invoke_each = |url: &str| -> Vec<Value> {
        let responses = calls.iter().flat_map(|call| Client::Boto3.invoke(url, std::slice::from_ref(call)));
        responses.flatten().map(|response| comparable(&response)).collect()
    };
    let local = invoke_each(&program.url);
    let emulated = invoke_each(ministack.endpoint());
    let mut differing = Vec::new();
    for (((name, _), local), emulated) in rows.iter().zip(&local).zip(&emulated) {
        if local != emulated {
            println!("{name}: {local} here, {emulated} there");
            differing.push(*name);
        }
    }
    assert_eq!(differing, EXPECTED_DIFFERENCES.map(|(name, _)| name));
}
