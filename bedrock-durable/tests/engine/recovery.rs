//! The file: what another program finds in it after the first one has ended without any notice.

use std::path::Path;

use bedrock_durable::{InvocationOutcome, ListRequest, PageRequest, SqliteExecutionStore, StoreError};
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

/// Starts an execution that waits for `seconds`.
fn start_waiting(fixture: &mut Fixture, seconds: u64) -> Running {
    let mut running = fixture.start();
    fixture.checkpoint(&mut running, json!([wait("1", seconds)]));
    fixture.suspend(&running);
    running
}

#[test]
fn executions_that_wait_are_read_when_they_are_due() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut fixture = open(folder.path());
    let broken = start_waiting(&mut fixture, 60);
    let good = start_waiting(&mut fixture, 60);
    let file = rusqlite::Connection::open(folder.path().join("durable.sqlite")).expect("a file");
    file.execute("UPDATE executions SET state = '{}' WHERE arn = ?1", [broken.arn.as_str()]).expect("updated");
    // An execution that waits is not read when the program starts.
    let mut fixture = open(folder.path());
    let work = fixture.after(60);
    assert_eq!(work.invocations.iter().map(|due| &due.arn).collect::<Vec<_>>(), [&good.arn]);
    assert!(work.unreadable[0].contains(broken.arn.as_str()), "{:?}", work.unreadable);
    assert!(fixture.after(1).unreadable.is_empty(), "it is reported once");
}

#[test]
fn page_of_a_list_reads_no_other_rows() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut fixture = open(folder.path());
    let old = fixture.start();
    let mut arns = Vec::new();
    for _ in 0..3 {
        fixture.now += 1;
        arns.insert(0, fixture.start().arn);
    }
    let file = rusqlite::Connection::open(folder.path().join("durable.sqlite")).expect("a file");
    file.execute("UPDATE executions SET status = 'BOGUS' WHERE arn = ?1", [old.arn.as_str()]).expect("updated");
    let list = |oldest_first, max_items| {
        let page = PageRequest { marker: None, max_items };
        fixture.engine.list(&ListRequest {
            worker: Some("order".to_owned()),
            oldest_first,
            page,
            ..ListRequest::default()
        })
    };
    let page = list(false, 2).expect("a page");
    let listed = page["DurableExecutions"].as_array().expect("executions").iter();
    let listed: Vec<_> = listed.map(|execution| execution["DurableExecutionArn"].clone()).collect();
    assert_eq!(listed, [arns[0].as_str(), arns[1].as_str()]);
    assert!(page["NextMarker"].is_string(), "{page}");
    let found = fixture.engine.find_id(arns[2].id()).expect("an index");
    assert_eq!((found.as_ref(), fixture.engine.count().expect("a number")), (Some(&arns[2]), 4));
    // The row that cannot be read is on these.
    assert!(list(false, 3).is_err() && list(true, 1).is_err());
}

#[test]
fn file_of_version_1_is_upgraded() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("durable.sqlite");
    let mut fixture = open(folder.path());
    let waiting = start_waiting(&mut fixture, 60);
    let columns =
        ["parent", "due", "is_running", "code"].map(|name| format!("ALTER TABLE executions DROP COLUMN {name};"));
    let file = rusqlite::Connection::open(&path).expect("a file");
    file.execute_batch(&format!("{} PRAGMA user_version = 1;", columns.concat())).expect("version 1");
    drop(open(folder.path()));
    // What the upgrade computes is stored.
    let mut fixture = open(folder.path());
    assert!(fixture.after(59).invocations.is_empty());
    assert_eq!(fixture.after(1).invocations[0].arn, waiting.arn);
    // An older program has used the file in the meantime.
    let folder = tempfile::tempdir().expect("a folder");
    let mut fixture = open(folder.path());
    let waiting = start_waiting(&mut fixture, 60);
    let file = rusqlite::Connection::open(folder.path().join("durable.sqlite")).expect("a file");
    file.execute_batch("UPDATE executions SET due = NULL; PRAGMA user_version = 1").expect("version 1");
    let mut fixture = open(folder.path());
    fixture.due();
    assert!(fixture.after(60).invocations.iter().any(|due| due.arn == waiting.arn));
}

#[test]
fn executions_keep_their_code_until_it_is_updated() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut fixture = open(folder.path());
    let mut request = Fixture::request(Some("a"), "{}");
    request.function.code = Some("old".to_owned());
    let time = fixture.time();
    let arn = fixture.engine.start(request.clone(), time).expect("started").arn;
    let mut fixture = open(folder.path());
    let codes = |fixture: &Fixture| fixture.engine.codes().into_iter().map(|(_, code)| code).collect::<Vec<_>>();
    assert_eq!(codes(&fixture), ["old"]);
    let due = fixture.due().invocations.remove(0);
    assert_eq!(due.code.as_deref(), Some("old"));
    assert_eq!(fixture.engine.summaries().expect("executions")[0].code.as_deref(), Some("old"));
    fixture.engine.take_released_code();
    let time = fixture.time();
    fixture.engine.update_code(&arn, Some("new".to_owned()), time).expect("updated");
    assert_eq!(codes(&fixture), ["new"]);
    assert!(fixture.engine.take_released_code());
    let running = Running::from(due);
    fixture.finish(&running, json!({ "Status": "SUCCEEDED", "Result": "1" }));
    assert!(codes(&fixture).is_empty() && fixture.engine.take_released_code());
    assert_eq!(fixture.engine.take_ended(), std::slice::from_ref(&arn));
    let error = fixture.engine.update_code(&arn, None, fixture.time()).expect_err("ended");
    assert_eq!(error.kind.name(), "ResourceConflictException");
}

/// Lets the file fail as if the disk were full, at the event with this number, which comes after other rows of its change.
/// `RAISE(ROLLBACK)` is what SQLite may do by itself: it ends the transaction.
fn fill_disk(folder: &Path, event: u64, how: &str) -> rusqlite::Connection {
    let file = rusqlite::Connection::open(folder.join("durable.sqlite")).expect("a file");
    let trigger = format!(
        "CREATE TRIGGER full BEFORE INSERT ON history WHEN NEW.number = {event}
         BEGIN SELECT RAISE({how}, 'database or disk is full'); END"
    );
    file.execute_batch(&trigger).expect("a trigger");
    file
}

#[test]
fn full_disk_refuses_changes_as_a_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut fixture = open(folder.path());
    let mut running = fixture.start();
    fixture.checkpoint(&mut running, json!([step("1", "START")]));
    let file = fill_disk(folder.path(), 4, "ABORT");
    let updates = json!([step("1", "SUCCEED"), step("2", "START")]);
    let error = fixture.try_checkpoint(&running, updates.clone()).expect_err("full");
    assert_eq!((error.kind.name(), error.kind.status()), ("ServiceException", 500));
    assert!(error.message.contains("disk is full"), "{error}");
    // Neither here nor in the file has anything of it happened.
    assert_eq!(fixture.event_types(&running.arn), ["StepStarted"]);
    let stored = "SELECT count(*) FROM operations WHERE state LIKE '%STARTED%' AND number = 1";
    assert_eq!(file.query_row(stored, [], |row| row.get::<_, i64>(0)).expect("a number"), 1);
    file.execute_batch("DROP TRIGGER full").expect("space");
    fixture.checkpoint(&mut running, updates);
    assert_eq!(fixture.event_types(&running.arn)[..3], ["StepStarted", "StepSucceeded", "StepStarted"]);
}

#[test]
fn full_disk_refuses_a_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut fixture = open(folder.path());
    let file = fill_disk(folder.path(), 1, "ABORT");
    let time = fixture.time();
    let error = fixture.engine.start(Fixture::request(Some("a"), "{}"), time).expect_err("full");
    assert!(error.message.contains("disk is full"), "{error}");
    assert!(fixture.engine.summaries().expect("executions").is_empty() && fixture.due().invocations.is_empty());
    file.execute_batch("DROP TRIGGER full").expect("space");
    assert!(fixture.engine.start(Fixture::request(Some("a"), "{}"), time).expect("started").is_new);
    fixture.begin();
}

#[test]
fn full_disk_loses_no_result_of_an_invocation() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut fixture = open(folder.path());
    let running = fixture.start();
    let file = fill_disk(folder.path(), 3, "ABORT");
    let outcome = || InvocationOutcome::Returned(br#"{"Status":"SUCCEEDED","Result":"1"}"#.to_vec());
    let time = fixture.time();
    let finished = fixture.engine.finish_invocation(&running.arn, &running.request_id, outcome(), time);
    assert!(finished.is_err_and(|error| error.message.contains("disk is full")));
    assert_eq!(fixture.status(&running.arn), "RUNNING");
    assert!(fixture.event_types(&running.arn).is_empty());
    file.execute_batch("DROP TRIGGER full").expect("space");
    fixture.end(&running, outcome());
    assert_eq!(fixture.status(&running.arn), "SUCCEEDED");
}

#[test]
fn group_is_stored_at_its_end_and_without_its_failures() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut fixture = open(folder.path());
    let mut first = fixture.start();
    let second = fixture.start();
    let reader = rusqlite::Connection::open(folder.path().join("durable.sqlite")).expect("a file");
    let stored = || reader.query_row("SELECT count(*) FROM history", [], |row| row.get::<_, i64>(0)).expect("a number");
    let file = fill_disk(folder.path(), 3, "ABORT");
    fixture.engine.begin_group();
    fixture.checkpoint(&mut first, json!([step("1", "START")]));
    let refused = fixture.try_checkpoint(&second, json!([step("1", "START"), step("1", "SUCCEED")]));
    assert!(refused.is_err_and(|error| error.message.contains("disk is full")));
    assert_eq!(stored(), 2, "the starts of the executions");
    fixture.engine.end_group().expect("stored");
    assert_eq!(
        (stored(), fixture.event_types(&first.arn), fixture.event_types(&second.arn).len()),
        (3, vec!["StepStarted".to_owned()], 0)
    );
    file.execute_batch("DROP TRIGGER full").expect("space");
    fixture.engine.begin_group();
    fixture.engine.end_group().expect("an empty group");
    fixture.checkpoint(&mut first, json!([step("1", "SUCCEED")]));
}

#[test]
fn group_waits_once_for_a_locked_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut fixture = open(folder.path());
    let time = fixture.time();
    let other = rusqlite::Connection::open(folder.path().join("durable.sqlite")).expect("a file");
    other.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    fixture.engine.begin_group();
    let start = |fixture: &mut Fixture| fixture.engine.start(Fixture::request(None, "{}"), time);
    let waited = start(&mut fixture).expect_err("locked");
    assert!(waited.message.contains("locked"), "{waited}");
    let late = start(&mut fixture).expect_err("locked");
    assert!(late.message.contains("changes at the same time were not stored"), "{late}");
    assert!(fixture.engine.end_group().is_err());
    other.execute_batch("ROLLBACK").expect("no lock");
    start(&mut fixture).expect("started");
}

#[test]
fn group_that_is_rolled_back_has_not_happened() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut fixture = open(folder.path());
    let mut waiting = fixture.start();
    fixture.checkpoint(&mut waiting, json!([wait("1", 60)]));
    let mut ending = fixture.start();
    let time = fixture.time();
    let file = fill_disk(folder.path(), 4, "ROLLBACK");
    fixture.engine.begin_group();
    fixture.finish(&ending, json!({ "Status": "SUCCEEDED", "Result": "1" }));
    let new = fixture.engine.start(Fixture::request(Some("a"), "{}"), time).expect("started").arn;
    let both = json!([step("2", "START"), step("2", "SUCCEED")]);
    assert!(fixture.try_checkpoint(&waiting, both.clone()).is_err());
    // Nothing is written after it, either.
    let late = fixture.engine.start(Fixture::request(Some("b"), "{}"), time).expect_err("rolled back");
    assert!(late.message.contains("changes at the same time were not stored"), "{late}");
    assert!(fixture.engine.end_group().is_err());
    assert!(fixture.engine.take_ended().is_empty());
    assert_eq!(
        (fixture.status(&ending.arn), fixture.event_types(&waiting.arn)),
        ("RUNNING".to_owned(), vec!["WaitStarted".to_owned()])
    );
    assert!(fixture.engine.get(&new, true).is_err() && fixture.due().invocations.is_empty());
    // The invocations that run go on.
    file.execute_batch("DROP TRIGGER full").expect("space");
    fixture.checkpoint(&mut waiting, both);
    fixture.checkpoint(&mut ending, json!([step("1", "START")]));
    fixture.finish(&ending, json!({ "Status": "SUCCEEDED", "Result": "1" }));
    fixture.suspend(&waiting);
    assert_eq!(fixture.after(60).invocations.len(), 1);
}
