//! The file: what another program finds in it after the first one has ended without any notice.

use std::path::Path;

use bedrock_durable::{SqliteExecutionStore, StoreError};
use serde_json::json;

use super::fixture::{Fixture, Running, invoke, step, wait};

fn open(folder: &Path) -> Fixture {
    Fixture::over(SqliteExecutionStore::open(&folder.join("durable.sqlite")).expect("a store"))
}

#[test]
fn checkpoints_survive_and_the_invocation_runs_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut fixture = open(folder.path());
    let mut running = fixture.start();
    let mut done = step("1", "SUCCEED");
    done["Payload"] = "\"done\"".into();
    fixture.checkpoint(&mut running, json!([step("1", "START"), done]));
    fixture.checkpoint(&mut running, json!([step("2", "START")]));
    // The store is not closed, as after `kill -9`.
    let mut fixture = open(folder.path());
    let again = fixture.begin();
    assert_eq!(again.arn, running.arn);
    let operations = &again.event["InitialExecutionState"]["Operations"];
    assert_eq!(operations[1]["StepDetails"]["Result"], "\"done\"");
    assert_eq!((&operations[1]["Status"], &operations[2]["Status"]), (&json!("SUCCEEDED"), &json!("STARTED")));
    let types = fixture.event_types(&again.arn);
    assert_eq!(types, ["StepStarted", "StepSucceeded", "StepStarted", "InvocationCompleted"]);
    // The process of the first program is gone, and its token with it.
    assert_eq!(fixture.try_checkpoint(&running, json!([])).expect_err("gone").message, "Invalid checkpoint token");
}

#[test]
fn waits_survive() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut fixture = open(folder.path());
    let mut running = fixture.start();
    fixture.checkpoint(&mut running, json!([wait("1", 60)]));
    fixture.suspend(&running);
    let mut fixture = open(folder.path());
    assert!(fixture.after(59).invocations.is_empty());
    fixture.now += 1;
    let running = fixture.begin();
    fixture.finish(&running, json!({ "Status": "SUCCEEDED", "Result": "1" }));
    let fixture = open(folder.path());
    assert_eq!(fixture.status(&running.arn), "SUCCEEDED");
    assert_eq!(fixture.event_types(&running.arn).len(), 5);
}

#[test]
fn child_executions_survive_together_with_their_parents() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut fixture = open(folder.path());
    let mut parent = fixture.start();
    fixture.checkpoint(&mut parent, json!([invoke("1", "child")]));
    fixture.suspend(&parent);
    let mut fixture = open(folder.path());
    let child = fixture.begin();
    fixture.finish(&child, json!({ "Status": "SUCCEEDED", "Result": "7" }));
    let mut fixture = open(folder.path());
    let parent = fixture.begin();
    assert_eq!(parent.event["InitialExecutionState"]["Operations"][1]["ChainedInvokeDetails"]["Result"], "7");
}

#[test]
fn call_that_may_have_run_is_not_made_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut fixture = open(folder.path());
    let mut parent = fixture.start();
    fixture.checkpoint(&mut parent, json!([invoke("1", "echo"), invoke("2", "echo")]));
    fixture.suspend(&parent);
    assert_eq!(fixture.due().calls.len(), 2);
    let mut fixture = open(folder.path());
    let work = fixture.due();
    assert_eq!((work.calls.len(), work.invocations.len()), (0, 1));
    let parent = Running::from(work.invocations[0].clone());
    let operation = &parent.event["InitialExecutionState"]["Operations"][1];
    assert_eq!(operation["ChainedInvokeDetails"]["Error"]["ErrorType"], "Runtime.ExitError");
}

#[test]
fn call_that_was_not_made_is_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut fixture = open(folder.path());
    let mut parent = fixture.start();
    fixture.checkpoint(&mut parent, json!([invoke("1", "echo")]));
    fixture.suspend(&parent);
    assert_eq!(open(folder.path()).due().calls.len(), 1);
}

#[test]
fn file_is_private_and_notices_its_deletion() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("durable.sqlite");
    let mut fixture = open(folder.path());
    assert_eq!(std::fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
    let running = fixture.start();
    std::fs::remove_file(&path).expect("removed");
    let error = fixture.try_checkpoint(&running, json!([step("1", "START")])).expect_err("gone");
    assert_eq!(error.kind.name(), "ServiceException");
    assert!(error.message.contains("were deleted"), "{error}");
}

#[test]
fn other_files_are_errors_with_the_path() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("durable.sqlite");
    std::fs::write(&path, "this is not a database, but long enough to have a header of its own").expect("a file");
    assert!(matches!(SqliteExecutionStore::open(&path), Err(StoreError::File(..))));
    assert!(matches!(SqliteExecutionStore::open(folder.path()), Err(StoreError::Permissions(..))));
}
