//! Pages of states, histories and lists, deletion and retention.

use bedrock_durable::{ExecutionArn, ExecutionStatus, HistoryRequest, ListRequest, PageRequest, Timestamp};
use serde_json::{Value, json};

use super::fixture::{DAY, Fixture, step};

fn ids(page: &Value, key: &str, id: &str) -> Vec<Value> {
    page[key].as_array().expect("a page").iter().map(|item| item[id].clone()).collect()
}

fn page(marker: Option<&Value>, max_items: usize) -> PageRequest {
    PageRequest { marker: marker.map(|marker| marker.as_str().expect("a marker").to_owned()), max_items }
}

#[test]
fn state_is_read_in_pages_with_the_current_token() {
    let mut fixture = Fixture::new();
    let mut running = fixture.start();
    let steps: Vec<_> = (0..5).map(|number| step(&format!("s{number}"), "SUCCEED")).collect();
    fixture.checkpoint(&mut running, json!(steps));
    let first = fixture.engine.state(&running.arn, &running.token, &page(None, 4)).expect("a page");
    assert_eq!(ids(&first, "Operations", "Id")[1..], ["s0", "s1", "s2"]);
    assert_eq!(first["Operations"][1]["StartTimestamp"], 1_000.0);
    let next = page(first.get("NextMarker"), 4);
    let second = fixture.engine.state(&running.arn, &running.token, &next).expect("a page");
    assert_eq!((ids(&second, "Operations", "Id"), second.get("NextMarker")), (vec![json!("s3"), json!("s4")], None));
    let wrong = PageRequest { marker: Some("x".to_owned()), max_items: 0 };
    assert_eq!(
        fixture.engine.state(&running.arn, &running.token, &wrong).expect_err("wrong").message,
        "Invalid Marker"
    );
    let error = fixture.engine.state(&running.arn, "QUJD", &page(None, 0)).expect_err("wrong");
    assert_eq!(error.message, "Invalid checkpoint token");
}

#[test]
fn event_of_a_large_execution_has_a_marker() {
    let mut fixture = Fixture::new();
    let mut running = fixture.start();
    let large = "x".repeat(1_000_000);
    for number in 0..7 {
        let mut update = step(&format!("s{number}"), "SUCCEED");
        update["Payload"] = large.as_str().into();
        fixture.checkpoint(&mut running, json!([update]));
    }
    fixture.checkpoint(&mut running, json!([super::fixture::wait("w", 1)]));
    fixture.suspend(&running);
    fixture.now += 1;
    let running = fixture.begin();
    let state = &running.event["InitialExecutionState"];
    assert!(running.event.to_string().len() < 6 * 1024 * 1024);
    let rest = fixture.engine.state(&running.arn, &running.token, &page(state.get("NextMarker"), 0)).expect("a page");
    let count = state["Operations"].as_array().expect("operations").len();
    assert_eq!(count + rest["Operations"].as_array().expect("operations").len(), 9);
}

#[test]
fn history_is_read_in_pages_of_both_orders() {
    let mut fixture = Fixture::new();
    let mut running = fixture.start();
    fixture.checkpoint(&mut running, json!([step("1", "START"), step("1", "SUCCEED")]));
    let read = |newest_first, page| {
        let request = HistoryRequest { include_data: false, newest_first, page };
        fixture.engine.history(&running.arn, &request).expect("a page")
    };
    let first = read(false, page(None, 2));
    assert_eq!(ids(&first, "Events", "EventId"), [1, 2]);
    let second = read(false, page(first.get("NextMarker"), 2));
    assert_eq!((ids(&second, "Events", "EventId"), second.get("NextMarker")), (vec![json!(3)], None));
    assert_eq!(ids(&read(true, page(None, 0)), "Events", "EventId"), [3, 2, 1]);
    assert_eq!(first["Events"][0]["ExecutionStartedDetails"]["Input"], json!({ "Truncated": true }));
}

#[test]
fn list_is_filtered_and_paged() {
    let mut fixture = Fixture::new();
    let arns: Vec<ExecutionArn> = (0..3)
        .map(|_| {
            let running = fixture.start();
            fixture.now += 10;
            running.arn
        })
        .collect();
    let time = fixture.time();
    fixture.engine.stop(&arns[1], None, time).expect("stopped");
    let list = |request: ListRequest| {
        let response = fixture.engine.list(&request).expect("a list");
        (ids(&response, "DurableExecutions", "DurableExecutionArn"), response.get("NextMarker").cloned())
    };
    let all = |order: [usize; 3]| order.map(|i| json!(arns[i].as_str())).to_vec();
    assert_eq!(list(ListRequest::default()).0, all([2, 1, 0]));
    assert_eq!(list(ListRequest { oldest_first: true, ..ListRequest::default() }).0, all([0, 1, 2]));
    let stopped = ListRequest { status: Some(ExecutionStatus::Stopped), ..ListRequest::default() };
    assert_eq!(list(stopped).0, [arns[1].as_str()]);
    let between = ListRequest {
        started_after: Some(Timestamp(1_000_000)),
        started_before: Some(Timestamp(1_020_000)),
        ..ListRequest::default()
    };
    assert_eq!(list(between).0, [arns[1].as_str()]);
    let named = ListRequest { name: Some(arns[0].name().to_owned()), ..ListRequest::default() };
    assert_eq!(list(named).0, [arns[0].as_str()]);
    assert!(list(ListRequest { worker: Some("other".to_owned()), ..ListRequest::default() }).0.is_empty());
    let (first, marker) = list(ListRequest { page: page(None, 2), ..ListRequest::default() });
    assert_eq!(first, [arns[2].as_str(), arns[1].as_str()]);
    let (second, none) = list(ListRequest { page: page(marker.as_ref(), 2), ..ListRequest::default() });
    assert_eq!((second, none), (vec![json!(arns[0].as_str())], None));
    let newest = fixture.engine.newest(2).expect("executions").into_iter().map(|summary| summary.arn);
    assert_eq!(newest.collect::<Vec<_>>(), [arns[2].clone(), arns[1].clone()]);
    assert_eq!(fixture.engine.count().expect("a number"), 3);
    let find = |id: &str| fixture.engine.find_id(id).expect("an answer");
    assert_eq!((find(arns[0].id()), find("%"), find("")), (Some(arns[0].clone()), None, None));
    let bogus = ListRequest { page: page(Some(&json!("bogus")), 2), ..ListRequest::default() };
    assert_eq!(fixture.engine.list(&bogus).expect_err("wrong").message, "Invalid Marker");
}

#[test]
fn only_ended_executions_are_deleted() {
    let mut fixture = Fixture::new();
    let running = fixture.start();
    assert_eq!(fixture.engine.delete(&running.arn).expect_err("it runs").kind.name(), "ResourceConflictException");
    fixture.finish(&running, json!({ "Status": "SUCCEEDED" }));
    fixture.engine.delete(&running.arn).expect("deleted");
    let error = fixture.engine.get(&running.arn, true).expect_err("deleted");
    assert_eq!((error.kind.status(), error.message.as_str()), (404, "Durable Execution does not exist"));
    assert_eq!(fixture.engine.delete(&running.arn).expect_err("deleted").kind.status(), 404);
}

#[test]
fn ended_executions_are_deleted_after_their_retention_period() {
    let mut fixture = Fixture::new();
    let ended = fixture.start();
    fixture.finish(&ended, json!({ "Status": "SUCCEEDED" }));
    let running = fixture.start();
    let delete = |fixture: &mut Fixture, days: u64| {
        fixture.engine.delete_expired(Timestamp((1_000 + days * DAY) * 1000)).expect("deleted")
    };
    assert_eq!((delete(&mut fixture, 13), delete(&mut fixture, 14)), (0, 1));
    assert!(fixture.engine.get(&ended.arn, true).is_err());
    assert_eq!(fixture.status(&running.arn), "RUNNING");
}
