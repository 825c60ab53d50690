//! Tests of `InvokeWithResponseStream` with boto3, which checks lengths and checksums of the events.

use serde_json::{Value, json};

use super::client::Client;
use super::program::Program;
use crate::driver::ALL_WORKERS;

/// Makes the calls, with `cargo run` and in the dev server, and passes the results to `check`.
fn stream_with_boto3(calls: &[Value], check: impl Fn(&[Value])) {
    let call = |arguments: &Value| json!({ "operation": "invoke_with_response_stream", "arguments": arguments });
    let calls = Value::from_iter(calls.iter().map(call));
    for program in Program::both() {
        if let Some(results) = Client::Boto3.call_operations(&program.url, &calls) {
            check(&results);
        }
    }
}

fn call(worker: &str, event: &Value) -> Value {
    json!({ "FunctionName": worker, "Payload": event.to_string() })
}

#[test]
fn response_stream_of_a_worker_is_one_chunk() {
    let event = json!({ "do": "echo", "value": "größer" });
    stream_with_boto3(&ALL_WORKERS.map(|worker| call(worker, &event)), |results| {
        for result in results {
            assert_eq!((&result["status"], &result["version"]), (&json!(200), &json!("$LATEST")), "{result}");
            assert_eq!(result["type"], "application/vnd.amazon.eventstream");
            let [chunk, complete] = &result["events"].as_array().expect("events")[..] else { panic!("{result}") };
            let chunk: Value = serde_json::from_str(chunk["chunk"].as_str().expect("text")).expect("JSON");
            assert_eq!((chunk, complete), (json!("größer"), &json!({})));
        }
    });
}

#[test]
fn response_stream_ends_with_the_error_and_the_log() {
    let logged = |worker: &str| json!({ "FunctionName": worker, "Payload": "{\"do\":\"raise\"}", "LogType": "Tail" });
    stream_with_boto3(&ALL_WORKERS.map(logged), |results| {
        for result in results {
            let [complete] = &result["events"].as_array().expect("events")[..] else { panic!("{result}") };
            let details: Value = serde_json::from_str(complete["ErrorDetails"].as_str().expect("text")).expect("JSON");
            assert_eq!(details["errorMessage"], "requested failure", "{result}");
            assert_eq!(details["errorType"], complete["ErrorCode"]);
            assert!(complete["LogResult"].is_string(), "{result}");
        }
    });
}

#[test]
fn response_stream_that_is_refused_is_an_exception() {
    let calls = [
        call("no_such_worker", &json!({})),
        json!({ "FunctionName": "python_case", "Payload": "{" }),
        json!({ "FunctionName": "python_case", "InvocationType": "Event" }),
    ];
    let expected = ["ResourceNotFoundException", "InvalidRequestContentException", "ClientError"];
    stream_with_boto3(&calls, |results| {
        let found: Vec<_> = results.iter().map(|result| result["exception"].as_str()).collect();
        assert_eq!(found, expected.map(Some), "{results:?}");
    });
}
