//! Pausing and resuming.

use serde_json::json;

use super::fixture::{DAY, Fixture, step, wait};

#[test]
fn paused_execution_is_not_invoked_but_its_wait_ends() {
    let mut fixture = Fixture::new();
    let mut running = fixture.start();
    fixture.checkpoint(&mut running, json!([wait("1", 5)]));
    fixture.suspend(&running);
    let time = fixture.time();
    fixture.engine.pause(&running.arn, Some("deploy".to_owned()), true, time).expect("paused");
    let execution = fixture.engine.get(&running.arn, true).expect("an execution");
    assert_eq!((&execution["Status"], &execution["PauseDetails"]["Reason"]), (&json!("PAUSED"), &json!("deploy")));
    assert!(fixture.after(9).invocations.is_empty());
    assert_eq!(fixture.event_types(&running.arn)[2..], ["ExecutionPaused", "WaitSucceeded"]);
    let time = fixture.time();
    fixture.engine.resume(&running.arn, Some("done"), time).expect("resumed");
    let running = fixture.begin();
    assert_eq!(running.event["InitialExecutionState"]["Operations"][1]["Status"], "SUCCEEDED");
    let resumed = &fixture.events(&running.arn)[5]["ExecutionResumedDetails"];
    assert_eq!(resumed["Reason"]["Payload"], "done");
}

#[test]
fn running_invocation_is_paused_at_its_next_checkpoint() {
    let mut fixture = Fixture::new();
    let mut running = fixture.start();
    let time = fixture.time();
    fixture.engine.pause(&running.arn, None, true, time).expect("pausing");
    assert_eq!(fixture.status(&running.arn), "PAUSING");
    let response = fixture.checkpoint(&mut running, json!([step("1", "SUCCEED")]));
    assert_eq!(response, json!({ "NewExecutionState": { "Operations": [] } }));
    assert_eq!(fixture.status(&running.arn), "PAUSED");
    fixture.suspend(&running);
    assert!(fixture.due().invocations.is_empty());
    fixture.engine.resume(&running.arn, None, time).expect("resumed");
    let running = fixture.begin();
    assert_eq!(running.event["InitialExecutionState"]["Operations"][1]["Status"], "SUCCEEDED");
}

#[test]
fn resume_cancels_a_pause_that_has_not_begun() {
    let mut fixture = Fixture::new();
    let mut running = fixture.start();
    let time = fixture.time();
    fixture.engine.pause(&running.arn, None, true, time).expect("pausing");
    fixture.engine.resume(&running.arn, None, time).expect("cancelled");
    fixture.checkpoint(&mut running, json!([step("1", "SUCCEED")]));
    assert_eq!(fixture.event_types(&running.arn), ["StepSucceeded"]);
    assert_eq!(fixture.status(&running.arn), "RUNNING");
}

#[test]
fn resumed_execution_that_only_waits_is_not_invoked() {
    let mut fixture = Fixture::new();
    let mut running = fixture.start();
    fixture.checkpoint(&mut running, json!([wait("1", 50)]));
    fixture.suspend(&running);
    let time = fixture.time();
    fixture.engine.pause(&running.arn, None, true, time).expect("paused");
    fixture.engine.resume(&running.arn, None, time).expect("resumed");
    assert!(fixture.due().invocations.is_empty());
}

#[test]
fn pause_extends_the_timeout_unless_asked_otherwise() {
    for (is_timeout_paused, expected) in [(true, "RUNNING"), (false, "TIMED_OUT")] {
        let mut fixture = Fixture::new();
        let mut running = fixture.start();
        fixture.checkpoint(&mut running, json!([wait("1", 366 * DAY)]));
        fixture.suspend(&running);
        let time = fixture.time();
        fixture.engine.pause(&running.arn, None, is_timeout_paused, time).expect("paused");
        fixture.after(30 * DAY);
        let time = fixture.time();
        fixture.engine.resume(&running.arn, None, time).expect("resumed");
        fixture.after(11 * DAY);
        assert_eq!(fixture.status(&running.arn), expected);
    }
}

#[test]
fn pause_and_resume_in_the_wrong_state_are_conflicts() {
    let mut fixture = Fixture::new();
    let running = fixture.start();
    let time = fixture.time();
    let error = fixture.engine.resume(&running.arn, None, time).expect_err("it runs");
    assert_eq!((error.kind.name(), error.kind.status()), ("ResourceConflictException", 409));
    fixture.engine.pause(&running.arn, None, true, time).expect("pausing");
    assert_eq!(fixture.engine.pause(&running.arn, None, true, time).expect_err("again").kind.status(), 409);
    fixture.engine.stop(&running.arn, None, time).expect("stopped");
    assert_eq!(fixture.engine.pause(&running.arn, None, true, time).expect_err("ended").kind.status(), 409);
    assert_eq!(fixture.engine.resume(&running.arn, None, time).expect_err("ended").kind.status(), 409);
}
