//! Tests of workers in the dev server that call workers with AWS's SDKs instead of `invoke`.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use bedrock_dev::{CallGraph, Clock, DevServer};
use serde_json::{Value, json};

use crate::dev_server::config;
use crate::driver::ALL_WORKERS;
use crate::lambda_build::binary;
use crate::service::client::site_packages;
use crate::service::client::{Client, sdk};

/// Returns the folder of the SDK of a worker's language, or `None` if it is not installed.
fn sdk_of(worker: &str) -> Option<PathBuf> {
    match worker {
        "python_case" => site_packages(),
        "node_case" => sdk(),
        _ => Some(PathBuf::new()),
    }
}

async fn open(strict: bool, edges: Option<CallGraph>, scratch: &std::path::Path) -> DevServer {
    let mut config = config(scratch, &Clock::real());
    let with_sdk = binary("rust_case_sdk");
    config.executables = HashMap::from([("rust_case".to_owned(), with_sdk)]);
    config.app.workers.iter_mut().for_each(|worker| worker.settings.timeout = 60);
    (config.strict, config.call_graph) = (strict, edges);
    DevServer::start(config).await.expect("it opens")
}

/// Makes a worker call `callee` with its SDK, once for each event. Returns the results that the worker sees.
async fn call_with_sdk(dev_server: &DevServer, worker: &str, callee: &str, events: &[Value]) -> Option<Vec<Value>> {
    let sdk = sdk_of(worker)?;
    let call = |event: &Value| {
        let event = json!({ "do": "sdk", "sdk": sdk, "worker": callee, "event": event });
        json!({ "FunctionName": worker, "Payload": event.to_string() })
    };
    let (url, calls): (_, Vec<Value>) = (dev_server.url.clone(), events.iter().map(call).collect());
    let responses = tokio::task::spawn_blocking(move || Client::Boto3.invoke(&url, &calls)).await.expect("a thread")?;
    let payload = |response: &Value| serde_json::from_str(response["payload"].as_str().expect("text")).expect("JSON");
    Some(responses.iter().map(payload).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn dev_server_worker_calls_every_language_with_its_sdk() {
    let scratch = tempfile::tempdir().expect("a folder");
    let dev_server = open(false, None, scratch.path()).await;
    let events = [json!({ "do": "echo", "value": [1, "ä"] }), json!({ "do": "raise" }), json!({ "do": "context" })];
    for worker in ALL_WORKERS {
        for callee in ALL_WORKERS {
            let Some(responses) = call_with_sdk(&dev_server, worker, callee, &events).await else { continue };
            let payload = |at: usize| -> Value {
                serde_json::from_str(responses[at]["payload"].as_str().expect("text")).expect("JSON")
            };
            assert_eq!((payload(0), &responses[0]["failed"]), (json!([1, "ä"]), &Value::Null), "{worker} {callee}");
            assert_eq!(responses[1]["failed"], "Unhandled", "{worker} {callee}");
            assert_eq!(payload(1)["errorMessage"], "requested failure", "{worker} {callee}");
            assert_eq!(payload(2)["name"], format!("conformance-local-{callee}"), "{worker}");
        }
    }
    dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn sdk_calls_outside_the_call_graph_are_denied() {
    let scratch = tempfile::tempdir().expect("a folder");
    let edges = ALL_WORKERS.map(|worker| (worker.to_owned(), BTreeSet::from([worker.to_owned()])));
    let dev_server = open(true, Some(CallGraph::from(edges)), scratch.path()).await;
    let echo = json!({ "do": "echo", "value": 1 });
    for (number, worker) in ALL_WORKERS.iter().enumerate() {
        let Some(allowed) = call_with_sdk(&dev_server, worker, worker, std::slice::from_ref(&echo)).await else {
            continue;
        };
        assert_eq!(allowed[0]["payload"], "1", "{worker}: {allowed:?}");
        let other = ALL_WORKERS[(number + 1) % 3];
        let denied = call_with_sdk(&dev_server, worker, other, std::slice::from_ref(&echo)).await.expect("it is there");
        // Python and JavaScript raise it, the Rust worker returns its text.
        let denied = denied[0].to_string();
        let user =
            format!("assumed-role/conformance-local-{worker}/conformance-local-{worker} is not authorized to perform");
        assert!(denied.contains("AccessDeniedException") && denied.contains(&user), "{worker}: {denied}");
    }
    dev_server.close();
}
