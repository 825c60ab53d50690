//! Workers that call workers with an AWS SDK instead of `invoke`: their environment is all that it takes.

use serde_json::{Value, json};

use super::client::{sdk, site_packages};
use crate::driver::{ALL, answers};

/// What a worker sees that calls others with the SDK of its language, each with these events.
fn from_inside(worker: &str, events: &[Value]) -> Option<Vec<Value>> {
    let sdk = match worker {
        "python_case" => site_packages()?,
        _ => sdk()?,
    };
    let steps = ALL.iter().flat_map(|callee| events.iter().map(move |event| (callee, event)));
    let steps: Vec<_> = steps
        .map(|(callee, event)| {
            let event = json!({ "do": "sdk", "sdk": sdk, "worker": callee, "event": event });
            json!({ "worker": worker, "event": event })
        })
        .collect();
    Some(answers(&json!(steps)).iter().map(|answer| answer["ok"].clone()).collect())
}

#[test]
fn a_worker_calls_workers_of_each_language_with_the_sdk_of_its_own() {
    let events = [json!({ "do": "echo", "value": [1, "ä"] }), json!({ "do": "raise" }), json!({ "do": "context" })];
    for worker in ["python_case", "node_case"] {
        let Some(seen) = from_inside(worker, &events) else { continue };
        for (of, callee) in seen.chunks(3).zip(ALL) {
            let payload =
                |at: usize| -> Value { serde_json::from_str(of[at]["payload"].as_str().expect("text")).expect("JSON") };
            assert_eq!((payload(0), &of[0]["failed"]), (json!([1, "ä"]), &Value::Null), "{worker} {callee}");
            assert_eq!(of[1]["failed"], "Unhandled", "{worker} {callee}");
            assert_eq!(payload(1)["errorMessage"], "as it was told", "{worker} {callee}");
            assert_eq!(payload(2)["name"], format!("conformance-local-{callee}"), "{worker}");
        }
    }
}
