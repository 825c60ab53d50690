//! Chained functions: durable ones get an execution of their own, others are called once.

use bedrock_durable::{ErrorObject, ExecutionArn};
use serde_json::json;

use super::fixture::{Fixture, Running, invoke};

#[test]
fn result_of_a_durable_target_resumes_the_parent() {
    let mut fixture = Fixture::new();
    let mut parent = fixture.start();
    fixture.checkpoint(&mut parent, json!([invoke("1", "child")]));
    // It waits until its parent has suspended.
    assert!(fixture.due().invocations.is_empty());
    fixture.suspend(&parent);
    let child = fixture.begin();
    assert_ne!(child.arn, parent.arn);
    for running in [&parent, &child] {
        // SDKs find the input by this id.
        let id = &running.event["InitialExecutionState"]["Operations"][0]["Id"];
        assert_eq!(*id, running.arn.id());
    }
    assert_eq!(child.event["InitialExecutionState"]["Operations"][0]["ExecutionDetails"]["InputPayload"], "\"x\"");
    let started = &fixture.events(&parent.arn)[1]["ChainedInvokeStartedDetails"];
    assert_eq!(started["DurableExecutionArn"], child.arn.as_str());
    assert_eq!((&started["FunctionName"], &started["ExecutedVersion"]), (&json!("child"), &json!("$LATEST")));
    fixture.finish(&child, json!({ "Status": "SUCCEEDED", "Result": "7" }));
    let parent = fixture.begin();
    let operation = &parent.event["InitialExecutionState"]["Operations"][1];
    assert_eq!(operation["ChainedInvokeDetails"]["Result"], "7");
    let types = fixture.event_types(&parent.arn);
    assert_eq!(types, ["ChainedInvokeStarted", "InvocationCompleted", "ChainedInvokeSucceeded"]);
}

#[test]
fn ends_of_a_durable_target_are_ends_of_the_operation() {
    for (status, expected) in [("FAILED", "ChainedInvokeFailed"), ("STOPPED", "ChainedInvokeStopped")] {
        let mut fixture = Fixture::new();
        let mut parent = fixture.start();
        fixture.checkpoint(&mut parent, json!([invoke("1", "child")]));
        fixture.suspend(&parent);
        let child = fixture.begin();
        let time = fixture.time();
        if status == "STOPPED" {
            fixture.engine.stop(&child.arn, Some(ErrorObject::typed("E", "no")), time).expect("stopped");
        } else {
            fixture.finish(&child, json!({ "Status": "FAILED", "Error": { "ErrorType": "E", "ErrorMessage": "no" } }));
        }
        let parent = fixture.begin();
        let operation = &parent.event["InitialExecutionState"]["Operations"][1];
        assert_eq!(
            (&operation["Status"], &operation["ChainedInvokeDetails"]["Error"]["ErrorType"]),
            (&json!(status), &json!("E"))
        );
        assert_eq!(fixture.event_types(&parent.arn).last().expect("an event"), expected);
    }
}

#[test]
fn timeout_of_a_durable_target_is_a_timeout_of_the_operation() {
    let mut fixture = Fixture::new();
    let parent: ExecutionArn;
    {
        let mut running = fixture.start();
        fixture.now += 1;
        fixture.checkpoint(&mut running, json!([invoke("1", "child")]));
        fixture.suspend(&running);
        parent = running.arn;
    }
    let mut child = fixture.begin();
    fixture.checkpoint(&mut child, json!([super::fixture::wait("1", 366 * 86_400)]));
    fixture.suspend(&child);
    // The parent, which started earlier, times out first, and its child goes on.
    fixture.after(40 * 86_400 - 1);
    assert_eq!((fixture.status(&parent).as_str(), fixture.status(&child.arn).as_str()), ("TIMED_OUT", "RUNNING"));
    fixture.after(1);
    assert_eq!(fixture.status(&child.arn), "TIMED_OUT");
}

#[test]
fn other_target_is_called_once() {
    let mut fixture = Fixture::new();
    let mut parent = fixture.start();
    fixture.checkpoint(&mut parent, json!([invoke("1", "echo")]));
    fixture.suspend(&parent);
    let work = fixture.due();
    let [call] = &work.calls[..] else { panic!("{work:?}") };
    assert_eq!((call.worker.as_str(), call.payload.as_str()), ("echo", "\"x\""));
    assert!(fixture.due().calls.is_empty());
    let time = fixture.time();
    fixture.engine.finish_call(&call.parent, Ok("\"x\"".to_owned()), time).expect("finished");
    let parent = fixture.begin();
    assert_eq!(parent.event["InitialExecutionState"]["Operations"][1]["ChainedInvokeDetails"]["Result"], "\"x\"");
    // A second result comes too late.
    fixture.engine.finish_call(&call.parent, Err(ErrorObject::message("no")), time).expect("ignored");
    assert_eq!(fixture.event_types(&parent.arn).last().expect("an event"), "ChainedInvokeSucceeded");
}

#[test]
fn unknown_target_fails_within_the_checkpoint() {
    let mut fixture = Fixture::new();
    let mut parent = fixture.start();
    let response = fixture.checkpoint(&mut parent, json!([invoke("1", "missing")]));
    let operation = &response["NewExecutionState"]["Operations"][0];
    assert_eq!(operation["Status"], "FAILED");
    assert_eq!(operation["ChainedInvokeDetails"]["Error"]["ErrorType"], "ResourceNotFoundException");
    assert_eq!(fixture.event_types(&parent.arn), ["ChainedInvokeStarted", "ChainedInvokeFailed"]);
    assert_eq!(fixture.events(&parent.arn)[1]["ChainedInvokeStartedDetails"].get("Input"), None);
}

#[test]
fn next_checkpoint_starts_what_waits_for_the_invocation() {
    let mut fixture = Fixture::new();
    let mut parent = fixture.start();
    fixture.checkpoint(&mut parent, json!([invoke("1", "child"), invoke("2", "echo")]));
    assert_eq!(fixture.due().invocations.len() + fixture.due().calls.len(), 0);
    fixture.checkpoint(&mut parent, json!([]));
    let work = fixture.due();
    assert_eq!((work.invocations.len(), work.calls.len()), (1, 1));
    // A result is part of the next checkpoint of the parent, which still runs.
    let child = Running::from(work.invocations[0].clone());
    fixture.finish(&child, json!({ "Status": "SUCCEEDED", "Result": "7" }));
    let response = fixture.checkpoint(&mut parent, json!([]));
    assert_eq!(response["NewExecutionState"]["Operations"][0]["ChainedInvokeDetails"]["Result"], "7");
}

#[test]
fn result_of_a_child_has_at_most_one_megabyte() {
    let mut fixture = Fixture::new();
    let mut parent = fixture.start();
    fixture.checkpoint(&mut parent, json!([invoke("1", "child")]));
    fixture.suspend(&parent);
    let child = fixture.begin();
    fixture.finish(&child, json!({ "Status": "SUCCEEDED", "Result": "x".repeat(1_048_577) }));
    assert_eq!(fixture.status(&child.arn), "FAILED");
    assert_eq!(fixture.event_types(&parent.arn).last().expect("an event"), "ChainedInvokeFailed");
}
