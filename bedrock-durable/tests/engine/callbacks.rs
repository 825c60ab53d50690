//! Callbacks: results, failures, heartbeats and timeouts.

use bedrock_durable::{CallbackId, ErrorObject};
use serde_json::{Value, json};

use super::fixture::{Fixture, Running};

fn start_callback(fixture: &mut Fixture, options: Value) -> (Running, CallbackId) {
    let mut running = fixture.start();
    let update = json!({
        "Id": "cb", "Type": "CALLBACK", "SubType": "Callback", "Action": "START", "CallbackOptions": options,
    });
    let response = fixture.checkpoint(&mut running, json!([update]));
    let details = &response["NewExecutionState"]["Operations"][0]["CallbackDetails"];
    let id = CallbackId::decode(details["CallbackId"].as_str().expect("an id")).expect("valid");
    fixture.suspend(&running);
    (running, id)
}

fn callback_of(running: &Running) -> &Value {
    &running.event["InitialExecutionState"]["Operations"][1]
}

#[test]
fn result_of_a_callback_starts_an_invocation() {
    let mut fixture = Fixture::new();
    let (_, id) = start_callback(&mut fixture, json!({}));
    let time = fixture.time();
    fixture.engine.complete_callback(&id, Ok(Some("\"yes\"".to_owned())), time).expect("completed");
    let running = fixture.begin();
    let callback = callback_of(&running);
    assert_eq!((&callback["Status"], &callback["CallbackDetails"]["Result"]), (&json!("SUCCEEDED"), &json!("\"yes\"")));
    let types = fixture.event_types(&running.arn);
    assert_eq!(types, ["CallbackStarted", "InvocationCompleted", "CallbackSucceeded"]);
    // It can be completed once.
    let error = fixture.engine.complete_callback(&id, Ok(None), time).expect_err("closed");
    assert_eq!((error.kind.name(), error.kind.status()), ("CallbackTimeoutException", 400));
    assert_eq!(fixture.engine.heartbeat(&id, time).expect_err("closed").kind.name(), "CallbackTimeoutException");
}

#[test]
fn failure_of_a_callback_has_its_error() {
    let mut fixture = Fixture::new();
    let (_, id) = start_callback(&mut fixture, json!({}));
    let time = fixture.time();
    let error = ErrorObject::typed("RejectedError", "not approved");
    fixture.engine.complete_callback(&id, Err(error), time).expect("completed");
    let running = fixture.begin();
    assert_eq!(callback_of(&running)["CallbackDetails"]["Error"]["ErrorType"], "RejectedError");
    let payload = &fixture.events(&running.arn)[3]["CallbackFailedDetails"]["Error"]["Payload"];
    assert_eq!(*payload, json!({ "ErrorType": "RejectedError", "ErrorMessage": "not approved" }));
}

#[test]
fn callback_times_out() {
    let mut fixture = Fixture::new();
    let (running, id) = start_callback(&mut fixture, json!({ "TimeoutSeconds": 3 }));
    let started = &fixture.events(&running.arn)[1]["CallbackStartedDetails"];
    assert_eq!((&started["Timeout"], started.get("HeartbeatTimeout")), (&json!(3), None));
    assert!(fixture.after(2).invocations.is_empty());
    fixture.now += 1;
    // The engine has not read the clock yet.
    let time = fixture.time();
    let error = fixture.engine.complete_callback(&id, Ok(None), time).expect_err("too late");
    assert_eq!(error.kind.name(), "CallbackTimeoutException");
    let running = fixture.begin();
    assert_eq!(callback_of(&running)["Status"], "TIMED_OUT");
    let payload = &fixture.events(&running.arn)[3]["CallbackTimedOutDetails"]["Error"]["Payload"];
    assert_eq!(payload["ErrorType"], "Callback.Timeout");
}

#[test]
fn heartbeats_postpone_the_heartbeat_timeout() {
    let mut fixture = Fixture::new();
    let (_, id) = start_callback(&mut fixture, json!({ "HeartbeatTimeoutSeconds": 5, "TimeoutSeconds": 60 }));
    for _ in 0..3 {
        assert!(fixture.after(4).invocations.is_empty());
        let time = fixture.time();
        fixture.engine.heartbeat(&id, time).expect("a heartbeat");
    }
    assert!(fixture.after(4).invocations.is_empty());
    fixture.now += 1;
    let running = fixture.begin();
    let payload = &fixture.events(&running.arn)[3]["CallbackTimedOutDetails"]["Error"]["Payload"];
    assert_eq!(payload["ErrorType"], "Callback.Heartbeat");
}

#[test]
fn unknown_callbacks_are_not_found() {
    let mut fixture = Fixture::new();
    let (running, id) = start_callback(&mut fixture, json!({}));
    let time = fixture.time();
    let unknown = CallbackId { operation: "9".to_owned(), ..id };
    let error = fixture.engine.complete_callback(&unknown, Ok(None), time).expect_err("unknown");
    assert_eq!((error.kind.name(), error.kind.status()), ("ResourceNotFoundException", 404));
    assert_eq!(fixture.event_types(&running.arn), ["CallbackStarted", "InvocationCompleted"]);
}

#[test]
fn callback_of_a_stopped_execution_is_closed() {
    let mut fixture = Fixture::new();
    let (running, id) = start_callback(&mut fixture, json!({}));
    let time = fixture.time();
    fixture.engine.stop(&running.arn, None, time).expect("stopped");
    let error = fixture.engine.complete_callback(&id, Ok(None), time).expect_err("closed");
    assert_eq!(error.kind.name(), "CallbackTimeoutException");
}
