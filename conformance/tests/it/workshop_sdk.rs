//! Workers of a workshop that call workers with AWS's SDKs, unchanged, instead of `invoke`; a Rust worker with that for Rust.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use bedrock_dev::{Clock, Edges, Workshop};
use serde_json::{Value, json};

use crate::built::binary;
use crate::driver::ALL;
use crate::service::client::site_packages;
use crate::service::client::{Client, sdk};
use crate::workshop::order;

/// Where the SDK of a worker's language is; nothing if it is not installed.
fn sdk_of(worker: &str) -> Option<PathBuf> {
    match worker {
        "python_case" => site_packages(),
        "node_case" => sdk(),
        _ => Some(PathBuf::new()),
    }
}

async fn open(strict: bool, edges: Option<Edges>, scratch: &std::path::Path) -> Workshop {
    let mut order = order(scratch, &Clock::real());
    let with_sdk = binary("rust_case_sdk");
    order.programs = HashMap::from([("rust_case".to_owned(), with_sdk)]);
    order.app.workers.iter_mut().for_each(|worker| worker.settings.timeout = 60);
    (order.strict, order.edges) = (strict, edges);
    Workshop::open(order).await.expect("it opens")
}

/// What a worker sees of the answers to these events.
async fn seen(workshop: &Workshop, worker: &str, callee: &str, events: &[Value]) -> Option<Vec<Value>> {
    let sdk = sdk_of(worker)?;
    let call = |event: &Value| {
        let event = json!({ "do": "sdk", "sdk": sdk, "worker": callee, "event": event });
        json!({ "FunctionName": worker, "Payload": event.to_string() })
    };
    let (url, calls): (_, Vec<Value>) = (workshop.url.clone(), events.iter().map(call).collect());
    let answers = tokio::task::spawn_blocking(move || Client::Boto.invoke(&url, &calls)).await.expect("a thread")?;
    let payload = |answer: &Value| serde_json::from_str(answer["payload"].as_str().expect("text")).expect("JSON");
    Some(answers.iter().map(payload).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_of_any_language_calls_workers_of_each_with_the_sdk_of_its_own() {
    let scratch = tempfile::tempdir().expect("a folder");
    let workshop = open(false, None, scratch.path()).await;
    let events = [json!({ "do": "echo", "value": [1, "ä"] }), json!({ "do": "raise" }), json!({ "do": "context" })];
    for worker in ALL {
        for callee in ALL {
            let Some(answers) = seen(&workshop, worker, callee, &events).await else { continue };
            let payload = |at: usize| -> Value {
                serde_json::from_str(answers[at]["payload"].as_str().expect("text")).expect("JSON")
            };
            assert_eq!((payload(0), &answers[0]["failed"]), (json!([1, "ä"]), &Value::Null), "{worker} {callee}");
            assert_eq!(answers[1]["failed"], "Unhandled", "{worker} {callee}");
            assert_eq!(payload(1)["errorMessage"], "as it was told", "{worker} {callee}");
            assert_eq!(payload(2)["name"], format!("conformance-local-{callee}"), "{worker}");
        }
    }
    workshop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdk_of_each_language_sees_a_call_that_the_graph_does_not_have_denied_as_aws_denies_it() {
    let scratch = tempfile::tempdir().expect("a folder");
    let edges = ALL.map(|worker| (worker.to_owned(), BTreeSet::from([worker.to_owned()])));
    let workshop = open(true, Some(Edges::from(edges)), scratch.path()).await;
    let echo = json!({ "do": "echo", "value": 1 });
    for (number, worker) in ALL.iter().enumerate() {
        let Some(allowed) = seen(&workshop, worker, worker, std::slice::from_ref(&echo)).await else { continue };
        assert_eq!(allowed[0]["payload"], "1", "{worker}: {allowed:?}");
        let other = ALL[(number + 1) % 3];
        let denied = seen(&workshop, worker, other, std::slice::from_ref(&echo)).await.expect("it is there");
        // Python and JavaScript raise it, the Rust worker says what it got.
        let denied = denied[0].to_string();
        let user =
            format!("assumed-role/conformance-local-{worker}/conformance-local-{worker} is not authorized to perform");
        assert!(denied.contains("AccessDeniedException") && denied.contains(&user), "{worker}: {denied}");
    }
    workshop.close();
}
