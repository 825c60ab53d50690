//! Checkpoints: what they change and return, and which are rejected.

use bedrock_durable::{CheckpointRequest, ExecutionArn};
use serde_json::{Value, json};

use super::fixture::{Fixture, invoke, resolve, step, wait};

#[test]
fn step_is_recorded_with_its_result() {
    let mut fixture = Fixture::new();
    let mut running = fixture.start();
    let operations = running.event["InitialExecutionState"]["Operations"].as_array().expect("operations");
    assert_eq!(operations[0]["ExecutionDetails"]["InputPayload"], "{\"a\":1}");
    assert_eq!(operations[0]["StartTimestamp"], 1_000_000);
    let response = fixture.checkpoint(&mut running, json!([step("1", "START")]));
    assert_eq!(response["NewExecutionState"]["Operations"][0]["Status"], "STARTED");
    assert_eq!(response["NewExecutionState"]["Operations"][0]["StartTimestamp"], 1_000.0);
    let end = json!({ "Id": "1", "Type": "STEP", "Action": "SUCCEED", "Payload": "\"done\"" });
    let response = fixture.checkpoint(&mut running, json!([end]));
    let operation = &response["NewExecutionState"]["Operations"][0];
    assert_eq!((&operation["Status"], &operation["StepDetails"]["Result"]), (&json!("SUCCEEDED"), &json!("\"done\"")));
    fixture.finish(&running, json!({ "Status": "SUCCEEDED", "Result": "\"done\"" }));
    let expected = ["StepStarted", "StepSucceeded", "InvocationCompleted", "ExecutionSucceeded"];
    assert_eq!(fixture.event_types(&running.arn), expected);
    let execution = fixture.engine.get(&running.arn, true).expect("an execution");
    assert_eq!((&execution["Status"], &execution["Result"]), (&json!("SUCCEEDED"), &json!("\"done\"")));
    assert_eq!(execution["InputPayload"], "{\"a\":1}");
}

#[test]
fn start_and_end_of_a_step_may_be_in_one_checkpoint() {
    let mut fixture = Fixture::new();
    let mut running = fixture.start();
    fixture.checkpoint(&mut running, json!([step("1", "START"), step("1", "SUCCEED")]));
    assert_eq!(fixture.event_types(&running.arn), ["StepStarted", "StepSucceeded"]);
}

#[test]
fn failed_attempt_is_retried_after_its_delay() {
    let mut fixture = Fixture::new();
    let mut running = fixture.start();
    let mut retry = step("1", "RETRY");
    retry["Error"] = json!({ "ErrorType": "E", "ErrorMessage": "no" });
    retry["StepOptions"] = json!({ "NextAttemptDelaySeconds": 7 });
    fixture.checkpoint(&mut running, json!([step("1", "START"), retry]));
    fixture.suspend(&running);
    assert!(fixture.after(6).invocations.is_empty());
    fixture.now += 1;
    let mut running = fixture.begin();
    let operation = &running.event["InitialExecutionState"]["Operations"][1];
    assert_eq!((&operation["Status"], &operation["StepDetails"]["Attempt"]), (&json!("READY"), &json!(1)));
    assert_eq!(running.event["UpdatedOperationIds"], json!(["1"]));
    fixture.checkpoint(&mut running, json!([step("1", "START")]));
    fixture.checkpoint(&mut running, json!([step("1", "FAIL")]));
    let events = fixture.events(&running.arn);
    let details = |number: usize| events[number]["StepFailedDetails"]["RetryDetails"].clone();
    assert_eq!(details(2), json!({ "CurrentAttempt": 1, "NextAttemptDelaySeconds": 7 }));
    assert_eq!(details(5), json!({ "CurrentAttempt": 2 }));
}

#[test]
fn retry_without_error_is_a_check_that_succeeded() {
    let mut fixture = Fixture::new();
    let mut running = fixture.start();
    let retry = json!({
        "Id": "1", "Type": "STEP", "SubType": "WaitForCondition", "Action": "RETRY", "Payload": "2",
        "StepOptions": { "NextAttemptDelaySeconds": 2 },
    });
    fixture.checkpoint(&mut running, json!([retry]));
    let events = fixture.events(&running.arn);
    let details = &events[1]["StepSucceededDetails"];
    assert_eq!(details["Result"]["Payload"], "2");
    assert_eq!(details["RetryDetails"]["NextAttemptDelaySeconds"], 2);
}

#[test]
fn thirty_day_wait_passes_when_the_clock_moves() {
    let mut fixture = Fixture::new();
    let mut running = fixture.start();
    fixture.checkpoint(&mut running, json!([wait("1", 30 * 86_400)]));
    fixture.suspend(&running);
    assert!(fixture.after(30 * 86_400 - 1).invocations.is_empty());
    fixture.now += 1;
    let running = fixture.begin();
    fixture.finish(&running, json!({ "Status": "SUCCEEDED" }));
    let expected = ["WaitStarted", "InvocationCompleted", "WaitSucceeded", "InvocationCompleted", "ExecutionSucceeded"];
    assert_eq!(fixture.event_types(&running.arn), expected);
    assert_eq!(fixture.events(&running.arn)[3]["WaitSucceededDetails"]["Duration"], 30 * 86_400);
}

#[test]
fn wait_that_ends_during_an_invocation_is_in_its_checkpoint() {
    let mut fixture = Fixture::new();
    let mut running = fixture.start();
    fixture.checkpoint(&mut running, json!([wait("1", 1), step("2", "START")]));
    fixture.now += 1;
    let response = fixture.checkpoint(&mut running, json!([step("2", "SUCCEED")]));
    let operations = response["NewExecutionState"]["Operations"].as_array().expect("operations");
    let statuses: Vec<_> = operations.iter().map(|operation| operation["Status"].clone()).collect();
    assert_eq!(statuses, ["SUCCEEDED", "SUCCEEDED"]);
}

#[test]
fn cancelled_wait_never_ends() {
    let mut fixture = Fixture::new();
    let mut running = fixture.start();
    fixture.checkpoint(&mut running, json!([wait("1", 5)]));
    fixture.checkpoint(&mut running, json!([{ "Id": "1", "Type": "WAIT", "Action": "CANCEL" }]));
    fixture.now += 9;
    fixture.checkpoint(&mut running, json!([]));
    assert_eq!(fixture.event_types(&running.arn), ["WaitStarted", "WaitCancelled"]);
}

#[test]
fn operations_of_ended_contexts_are_not_replayed() {
    let context = |action: &str| json!({ "Id": "c", "Type": "CONTEXT", "Action": action });
    for (replays, expected) in [(false, vec!["c", "w"]), (true, vec!["c", "s", "w"])] {
        let mut fixture = Fixture::new();
        let mut running = fixture.start();
        let mut inner = step("s", "SUCCEED");
        inner["ParentId"] = "c".into();
        let mut end = context("SUCCEED");
        end["ContextOptions"] = json!({ "ReplayChildren": replays });
        fixture.checkpoint(&mut running, json!([context("START"), inner]));
        fixture.checkpoint(&mut running, json!([end, wait("w", 1)]));
        fixture.suspend(&running);
        fixture.now += 1;
        let running = fixture.begin();
        let operations = running.event["InitialExecutionState"]["Operations"].as_array().expect("operations");
        let ids: Vec<_> = operations[1..].iter().map(|operation| operation["Id"].as_str().expect("an id")).collect();
        assert_eq!(ids, expected);
    }
}

#[test]
fn client_token_repeats_the_response_for_15_minutes() {
    let mut fixture = Fixture::new();
    let running = fixture.start();
    let body = json!({ "CheckpointToken": running.token, "ClientToken": "c", "Updates": [step("1", "START")] });
    let send = |fixture: &mut Fixture| {
        let request = CheckpointRequest::parse(body.to_string().as_bytes()).expect("valid");
        let time = fixture.time();
        fixture.engine.checkpoint(&running.arn, request, &resolve, time)
    };
    let first = send(&mut fixture).expect("a checkpoint");
    assert_eq!(send(&mut fixture).expect("repeated"), first);
    assert_eq!(fixture.event_types(&running.arn), ["StepStarted"]);
    fixture.now += 901;
    assert_eq!(send(&mut fixture).expect_err("used").message, "Invalid checkpoint token");
}

#[test]
fn used_and_foreign_tokens_are_rejected() {
    let mut fixture = Fixture::new();
    let mut first = fixture.start();
    let second = fixture.start();
    let used = first.token.clone();
    fixture.checkpoint(&mut first, json!([step("1", "START")]));
    let current = first.token.clone();
    for token in [used, second.token.clone(), "QUJD".to_owned()] {
        first.token = token;
        let error = fixture.try_checkpoint(&first, json!([step("1", "SUCCEED")])).expect_err("rejected");
        assert_eq!(
            (error.kind.name(), error.message.as_str()),
            ("InvalidParameterValueException", "Invalid checkpoint token")
        );
    }
    let unknown = "arn:aws:lambda:us-east-1:000000000000:function:x:$LATEST/durable-execution/a/b";
    first.arn = ExecutionArn::parse(unknown).expect("an ARN");
    assert_eq!(fixture.try_checkpoint(&first, json!([])).expect_err("rejected").message, "Invalid checkpoint token");
    // None of this has changed the execution.
    let mut first = super::fixture::Running { arn: second.arn.clone(), token: second.token.clone(), ..first };
    fixture.checkpoint(&mut first, json!([step("1", "START")]));
    let _ = current;
}

#[test]
fn invocation_that_ended_cannot_checkpoint() {
    let mut fixture = Fixture::new();
    let mut running = fixture.start();
    fixture.checkpoint(&mut running, json!([wait("1", 5)]));
    fixture.suspend(&running);
    assert_eq!(fixture.try_checkpoint(&running, json!([])).expect_err("ended").message, "Invalid checkpoint token");
}

#[test]
fn updates_that_contradict_the_state_change_nothing() {
    let mut fixture = Fixture::new();
    let mut running = fixture.start();
    let named = json!({ "Id": "n", "Type": "STEP", "Name": "a", "SubType": "Step", "Action": "START" });
    fixture.checkpoint(&mut running, json!([step("1", "SUCCEED"), wait("2", 5), named]));
    let before = fixture.events(&running.arn).len();
    let with = |mut update: Value, key: &str, value: Value| {
        update[key] = value;
        update
    };
    let execution = |action: &str| json!({ "Id": "e", "Type": "EXECUTION", "Action": action });
    let callback = |action: &str| json!({ "Id": "cb", "Type": "CALLBACK", "Action": action });
    for (updates, message) in [
        (json!([step("1", "START")]), "Invalid current STEP state to start."),
        (json!([step("1", "FAIL")]), "Invalid current STEP state to close."),
        (json!([step("1", "RETRY")]), "Invalid current STEP state to re-attempt."),
        (json!([step("9", "RETRY")]), "Invalid StepOptions for the given action."),
        (json!([step("9", "CANCEL")]), "Invalid action for the given operation type."),
        (json!([wait("2", 5)]), "Cannot start a WAIT that already exist."),
        (
            json!([json!({ "Id": "9", "Type": "WAIT", "Action": "CANCEL" })]),
            "Cannot cancel a WAIT that does not exist or has already completed.",
        ),
        (json!([json!({ "Id": "1", "Type": "WAIT", "Action": "CANCEL" })]), "Inconsistent operation type."),
        (json!([with(step("n", "SUCCEED"), "Name", json!("b"))]), "Inconsistent operation name."),
        (json!([with(step("n", "SUCCEED"), "SubType", json!("X"))]), "Inconsistent operation subtype."),
        (json!([with(step("9", "START"), "ParentId", json!("1"))]), "Invalid parent operation id."),
        (json!([with(step("9", "START"), "ParentId", json!("8"))]), "Invalid parent operation id."),
        (json!([step("9", "START"), step("9", "START")]), "Cannot checkpoint multiple operations with the same ID."),
        (json!([wait("9", 1), wait("9", 1)]), "Cannot checkpoint multiple operations with the same ID."),
        (json!([with(step("9", "SUCCEED"), "Error", json!({}))]), "Cannot provide an Error for SUCCEED action."),
        (json!([with(step("9", "FAIL"), "Payload", json!("1"))]), "Cannot provide a Payload for FAIL action."),
        (json!([execution("SUCCEED"), execution("SUCCEED")]), "Cannot checkpoint multiple EXECUTION updates."),
        (json!([execution("SUCCEED"), step("9", "START")]), "EXECUTION checkpoint must be the last update."),
        (json!([execution("START")]), "Invalid action for the given operation type."),
        (json!([callback("SUCCEED")]), "Invalid action for the given operation type."),
        (json!([invoke("9", "no good")]), "Invalid function ARN 'no good'"),
        (
            json!([json!({ "Id": "9", "Type": "CHAINED_INVOKE", "Action": "START" })]),
            "Update for CHAINED_INVOKE operation requires ChainedInvokeOptions.",
        ),
    ] {
        // A valid update in front is not applied either.
        let all: Vec<_> =
            [step("ok", "START")].into_iter().chain(updates.as_array().expect("updates").clone()).collect();
        let error = fixture.try_checkpoint(&running, json!(all)).expect_err(message);
        assert_eq!((error.kind.name(), error.message.as_str()), ("InvalidParameterValueException", message));
    }
    assert_eq!(fixture.events(&running.arn).len(), before);
    fixture.checkpoint(&mut running, json!([step("ok", "START")]));
}

#[test]
fn large_result_is_checkpointed_as_the_execution() {
    let mut fixture = Fixture::new();
    let mut running = fixture.start();
    let large = "x".repeat(1_048_577);
    let end = |payload: &str| json!([{ "Id": "e", "Type": "EXECUTION", "Action": "SUCCEED", "Payload": payload }]);
    let error = fixture.try_checkpoint(&running, end(&large)).expect_err("too large");
    assert_eq!(error.message, "Execution output payload size must be less than or equal to 1048576 bytes.");
    fixture.checkpoint(&mut running, end(&large[1..]));
    fixture.finish(&running, json!({ "Status": "SUCCEEDED" }));
    assert_eq!(fixture.status(&running.arn), "SUCCEEDED");
    let expected = ["ExecutionSucceeded", "InvocationCompleted"];
    assert_eq!(fixture.event_types(&running.arn), expected);
}
