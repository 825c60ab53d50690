//! Invocations: their outputs, failures and retries, and the start of executions.

use bedrock_durable::{ErrorObject, InvocationOutcome, Timestamp};
use serde_json::json;

use super::fixture::{DAY, Fixture, function, step, wait};

fn crash() -> InvocationOutcome {
    InvocationOutcome::Failed(ErrorObject::typed("Runtime.ExitError", "exit status 1"))
}

#[test]
fn execution_fails_with_the_error_of_the_function() {
    let mut fixture = Fixture::new();
    let running = fixture.start();
    let error = json!({ "ErrorType": "E", "ErrorMessage": "no", "StackTrace": ["a"] });
    fixture.finish(&running, json!({ "Status": "FAILED", "Error": error }));
    let execution = fixture.engine.get(&running.arn, true).expect("an execution");
    assert_eq!((&execution["Status"], &execution["Error"]), (&json!("FAILED"), &error));
    assert_eq!(execution["EndTimestamp"], 1_000.0);
    assert_eq!(fixture.event_types(&running.arn), ["InvocationCompleted", "ExecutionFailed"]);
}

#[test]
fn invalid_outputs_fail_the_execution() {
    for (output, message) in [
        (json!("a result without the SDK"), "Invalid invocation output: "),
        (json!({ "Status": "DONE" }), "Invalid invocation output: unknown variant `DONE`"),
        (json!({ "Status": "SUCCEEDED", "Error": {} }), "Cannot provide an Error for SUCCEEDED status."),
        (json!({ "Status": "FAILED", "Result": "1" }), "Cannot provide a Result for FAILED status."),
    ] {
        let mut fixture = Fixture::new();
        let running = fixture.start();
        fixture.finish(&running, output);
        let execution = fixture.engine.get(&running.arn, true).expect("an execution");
        assert_eq!(execution["Error"]["ErrorType"], "InvalidParameterValueException");
        let found = execution["Error"]["ErrorMessage"].as_str().expect("a message");
        assert!(found.starts_with(message), "{found}");
    }
}

#[test]
fn crashed_invocation_is_retried_after_five_seconds() {
    let mut fixture = Fixture::new();
    let mut running = fixture.start();
    fixture.checkpoint(&mut running, json!([step("1", "START")]));
    fixture.end(&running, crash());
    assert!(fixture.after(4).invocations.is_empty());
    fixture.now += 1;
    let running = fixture.begin();
    assert_eq!(running.event["InitialExecutionState"]["Operations"][1]["Status"], "STARTED");
    let event = &fixture.events(&running.arn)[2];
    assert_eq!(event["InvocationCompletedDetails"]["Error"]["Payload"]["ErrorType"], "Runtime.ExitError");
}

#[test]
fn fifth_crash_in_a_row_fails_the_execution() {
    let mut fixture = Fixture::new();
    let mut running = fixture.start();
    for _ in 0..4 {
        fixture.end(&running, crash());
        fixture.now += 5;
        running = fixture.begin();
    }
    fixture.end(&running, crash());
    assert_eq!(fixture.status(&running.arn), "FAILED");
}

#[test]
fn refused_invocation_is_retried_and_leaves_no_event() {
    let mut fixture = Fixture::new();
    let mut running = fixture.start();
    for _ in 0..9 {
        fixture.end(&running, InvocationOutcome::Refused("throttled".to_owned()));
        fixture.now += 5;
        running = fixture.begin();
    }
    assert!(fixture.event_types(&running.arn).is_empty());
    assert_eq!(fixture.status(&running.arn), "RUNNING");
}

#[test]
fn pending_with_nothing_pending_is_retried_and_then_fails() {
    let mut fixture = Fixture::new();
    let mut running = fixture.start();
    for _ in 0..2 {
        fixture.suspend(&running);
        assert_eq!(fixture.status(&running.arn), "RUNNING");
        fixture.now += 5;
        running = fixture.begin();
    }
    fixture.suspend(&running);
    let execution = fixture.engine.get(&running.arn, true).expect("an execution");
    assert_eq!(execution["Error"]["ErrorMessage"], "Cannot return PENDING status with no pending operations.");
}

#[test]
fn execution_continues_after_one_invalid_pending() {
    let mut fixture = Fixture::new();
    let running = fixture.start();
    fixture.suspend(&running);
    fixture.now += 5;
    let mut running = fixture.begin();
    fixture.checkpoint(&mut running, json!([wait("1", 1)]));
    fixture.suspend(&running);
    fixture.now += 1;
    let running = fixture.begin();
    fixture.finish(&running, json!({ "Status": "SUCCEEDED" }));
    assert_eq!(fixture.status(&running.arn), "SUCCEEDED");
}

#[test]
fn change_that_the_invocation_has_not_seen_starts_another_one() {
    let mut fixture = Fixture::new();
    let mut running = fixture.start();
    fixture.checkpoint(&mut running, json!([wait("1", 2)]));
    assert!(fixture.after(2).invocations.is_empty());
    fixture.suspend(&running);
    let running = fixture.begin();
    assert_eq!(running.event["InitialExecutionState"]["Operations"][1]["Status"], "SUCCEEDED");
}

#[test]
fn execution_times_out() {
    let mut fixture = Fixture::new();
    let mut running = fixture.start();
    fixture.checkpoint(&mut running, json!([wait("1", 366 * DAY)]));
    fixture.suspend(&running);
    assert_eq!(fixture.due().next, Some(Timestamp((1_000 + 40 * DAY) * 1000)));
    fixture.after(40 * DAY);
    let execution = fixture.engine.get(&running.arn, true).expect("an execution");
    assert_eq!(execution["Status"], "TIMED_OUT");
    assert_eq!(execution["Error"]["ErrorMessage"], "Execution timed out after 3456000 seconds.");
    assert_eq!(fixture.event_types(&running.arn).last().expect("an event"), "ExecutionTimedOut");
}

#[test]
fn same_name_and_input_start_one_execution() {
    let mut fixture = Fixture::new();
    let time = fixture.time();
    let mut start = |name, input| fixture.engine.start(Fixture::request(name, input), time);
    let first = start(Some("order-7"), "1").expect("started");
    assert!(first.is_new && first.arn.name() == "order-7");
    let again = start(Some("order-7"), "1").expect("the same");
    assert_eq!((again.is_new, &again.arn), (false, &first.arn));
    let error = start(Some("order-7"), "2").expect_err("another input");
    assert_eq!((error.kind.name(), error.kind.status()), ("DurableExecutionAlreadyStartedException", 409));
    assert_eq!(start(Some("a b"), "1").expect_err("a name").kind.name(), "ValidationException");
    assert_ne!(start(None, "1").expect("started").arn, start(None, "1").expect("started").arn);
}

#[test]
fn name_starts_a_finished_execution_only_once() {
    let mut fixture = Fixture::new();
    let time = fixture.time();
    let request = || Fixture::request(Some("a"), "1");
    let first = fixture.engine.start(request(), time).expect("started");
    let running = fixture.begin();
    fixture.finish(&running, json!({ "Status": "SUCCEEDED", "Result": "2" }));
    let again = fixture.engine.start(request(), time).expect("the same");
    assert_eq!((again.is_new, &again.arn), (false, &first.arn));
    assert_eq!(fixture.engine.outcome(&first.arn).expect("ended"), Some(Ok(Some("2".to_owned()))));
}

#[test]
fn synchronous_start_needs_a_timeout_of_15_minutes() {
    let mut fixture = Fixture::new();
    let time = fixture.time();
    let mut request = Fixture::request(None, "1");
    request.is_sync = true;
    let error = fixture.engine.start(request.clone(), time).expect_err("too long");
    assert!(error.message.ends_with("an executionTimeout greater than 15 minutes."), "{error}");
    request.function = function("order");
    request.function.config.execution_timeout = 900;
    assert!(fixture.engine.start(request, time).is_ok());
}

#[test]
fn stopped_execution_ignores_its_invocation() {
    let mut fixture = Fixture::new();
    let running = fixture.start();
    let time = fixture.time();
    fixture.engine.stop(&running.arn, Some(ErrorObject::typed("Ops", "enough")), time).expect("stopped");
    assert_eq!(fixture.try_checkpoint(&running, json!([])).expect_err("ended").message, "Invalid checkpoint token");
    fixture.finish(&running, json!({ "Status": "SUCCEEDED" }));
    let execution = fixture.engine.get(&running.arn, true).expect("an execution");
    assert_eq!((&execution["Status"], &execution["Error"]["ErrorType"]), (&json!("STOPPED"), &json!("Ops")));
    assert_eq!(fixture.event_types(&running.arn), ["ExecutionStopped", "InvocationCompleted"]);
    // A second stop returns the time of the first one.
    assert_eq!(fixture.engine.stop(&running.arn, None, Timestamp(9_000_000)).expect("stopped"), Timestamp(1_000_000));
}
