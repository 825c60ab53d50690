//! Tests of workers that call workers with an AWS SDK instead of `invoke`: their environment is sufficient.

use serde_json::{Value, json};

use super::client::{sdk, site_packages};
use crate::driver::{ALL_WORKERS, responses};

/// Makes a worker call all workers with the SDK of its language, with each of these events. Returns the results that it
/// sees.
fn call_with_sdk(worker: &str, events: &[Value]) -> Option<Vec<Value>> {
    let sdk = match worker {
        "python_case" => site_packages()?,
        _ => sdk()?,
    };
    let steps = ALL_WORKERS.iter().flat_map(|callee| events.iter().map(move |event| (callee, event)));
    let steps: Vec<_> = steps
        .map(|(callee, event)| {
            let event = json!({ "do": "sdk", "sdk": sdk, "worker": callee, "event": event });
            json!({ "worker": worker, "event": event })
        })
        .collect();
    Some(responses(&json!(steps)).iter().map(|response| response["ok"].clone()).collect())
}

#[test]
fn worker_calls_every_language_with_its_own_sdk() {
    let events = [json!({ "do": "echo", "value": [1, "ä"] }), json!({ "do": "raise" }), json!({ "do": "context" })];
    for worker in ["python_case", "node_case"] {
        let Some(call_with_sdk) = call_with_sdk(worker, &events) else { continue };
        for (of, callee) in call_with_sdk.chunks(3).zip(ALL_WORKERS) {
            let payload =
                |at: usize| -> Value { serde_json::from_str(of[at]["payload"].as_str().expect("text")).expect("JSON") };
            assert_eq!((payload(0), &of[0]["failed"]), (json!([1, "ä"]), &Value::Null), "{worker} {callee}");
            assert_eq!(of[1]["failed"], "Unhandled", "{worker} {callee}");
            assert_eq!(payload(1)["errorMessage"], "requested failure", "{worker} {callee}");
            assert_eq!(payload(2)["name"], format!("conformance-local-{callee}"), "{worker}");
        }
    }
}
