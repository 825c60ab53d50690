//! Tests of the conversion of events to spans.

use super::{Function, MAX_SPAN_LINES, Spans, span_id, trace_id};
use crate::event_log::{
    AsyncEventState, AsyncEventUpdate, DevEventKind, EventLog, InvocationEnded, InvocationStarted, LogEvent, Mode,
    Outcome, Payload, Retention,
};
use crate::otlp::proto::{KeyValue, Span};

const ROOT: &str = "1-5759e988-bd862e3fe1be46a994272793";
const ID: &str = "6f1c0a52-7b1e-4c55-9a01-5d0f3b2e8c11";
const OTHER: &str = "0b1c2d3e-4f50-4617-8829-3a4b5c6d7e8f";

fn started(request_id: &str, parent: Option<&str>, attempt: Option<u32>) -> DevEventKind {
    DevEventKind::InvocationStarted(InvocationStarted {
        request_id: request_id.into(),
        worker: "greeter".into(),
        caller: parent.map(|_| "fetcher".into()),
        parent_request_id: parent.map(Into::into),
        trace: ROOT.to_owned(),
        mode: if attempt.is_some() { Mode::Event } else { Mode::Sync },
        attempt,
        http: None,
        event: Payload::of(&bytes::Bytes::from_static(b"{}")).into(),
    })
}

fn ended(request_id: &str, outcome: Outcome) -> DevEventKind {
    let is_failed = outcome != Outcome::Ok;
    DevEventKind::InvocationEnded(InvocationEnded {
        request_id: request_id.into(),
        worker: "greeter".into(),
        outcome,
        status: None,
        error_type: is_failed.then(|| "KeyError".to_owned()),
        message: is_failed.then(|| "'width'".to_owned()),
        stack: if is_failed { vec!["line 1".to_owned(), "line 2".to_owned()] } else { Vec::new() },
        duration_ms: 1.0,
        init_ms: Some(12.5),
        max_memory_mb: None,
        response: None,
    })
}

fn log_line(request_id: &str, line: &str) -> DevEventKind {
    DevEventKind::Log(LogEvent {
        worker: "greeter".into(),
        request_id: Some(request_id.into()),
        level: None,
        line: line.to_owned(),
    })
}

fn queue_update(state: AsyncEventState) -> DevEventKind {
    DevEventKind::Queue(AsyncEventUpdate {
        event_id: ID.to_owned(),
        worker: "greeter".to_owned(),
        state,
        attempts: 0,
        next_at: None,
    })
}

/// Returns the spans of these events.
fn spans(kinds: Vec<DevEventKind>) -> Vec<Span> {
    let log = EventLog::new(Retention::default());
    for kind in kinds {
        log.publish(kind);
    }
    let arn = "arn:aws:lambda:eu-west-1:000000000000:function:shop-local-greeter".to_owned();
    let function = Function { worker: "greeter".to_owned(), name: "shop-local-greeter".to_owned(), arn, memory: 256 };
    let mut spans = Spans::new(&[function]);
    log.all().iter().for_each(|event| spans.apply(event));
    spans.take_finished().into_iter().map(|finished| finished.span).collect()
}

fn value(attributes: &[KeyValue], key: &str) -> serde_json::Value {
    let found = attributes.iter().find(|attribute| attribute.key == key);
    serde_json::to_value(found.and_then(|attribute| attribute.value.as_ref())).expect("JSON")
}

#[test]
fn invocation_becomes_a_child_span_of_its_caller() {
    let all = spans(vec![
        started(OTHER, None, None),
        started(ID, Some(OTHER), None),
        log_line(ID, "hello"),
        ended(ID, Outcome::Ok),
        log_line(ID, "late"),
        ended(OTHER, Outcome::Ok),
    ]);
    let [inner, outer] = &all[..] else { panic!("{all:?}") };
    assert_eq!(inner.trace_id, trace_id(ROOT));
    assert_eq!(inner.span_id, [0x6f, 0x1c, 0x0a, 0x52, 0x7b, 0x1e, 0x4c, 0x55]);
    assert_eq!((&inner.parent_span_id, outer.parent_span_id.len()), (&outer.span_id, 0));
    assert!(inner.start_time_unix_nano >= outer.start_time_unix_nano);
    assert!(inner.end_time_unix_nano <= outer.end_time_unix_nano);
    let attribute = |key| value(&inner.attributes, key);
    assert_eq!(attribute("faas.invocation_id")["stringValue"], ID);
    assert_eq!(attribute("faas.name")["stringValue"], "shop-local-greeter");
    assert_eq!(attribute("faas.coldstart")["boolValue"], true);
    assert_eq!(inner.status, None);
    let events: Vec<_> = inner.events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(events, ["init", "log", "log"]);
    assert_eq!(value(&inner.events[2].attributes, "message")["stringValue"], "late");
}

#[test]
fn failed_invocation_has_an_exception_event_with_stack() {
    let all = spans(vec![started(ID, None, None), ended(ID, Outcome::Error)]);
    let event = all[0].events.last().expect("an event");
    assert_eq!((event.name.as_str(), all[0].status.as_ref().map(|status| status.code)), ("exception", Some(2)));
    assert_eq!(value(&event.attributes, "exception.type")["stringValue"], "KeyError");
    assert_eq!(value(&event.attributes, "exception.stacktrace")["stringValue"], "line 1\nline 2");
    assert_eq!(value(&all[0].attributes, "error.type")["stringValue"], "KeyError");
}

#[test]
fn each_attempt_and_each_wait_becomes_a_span() {
    let all = spans(vec![
        queue_update(AsyncEventState::Accepted),
        started(ID, Some(OTHER), Some(1)),
        ended(ID, Outcome::Error),
        queue_update(AsyncEventState::Waiting),
        started(ID, Some(OTHER), Some(2)),
        started("11111111-2222-4333-8444-555555555555", Some(ID), None),
        ended("11111111-2222-4333-8444-555555555555", Outcome::Ok),
        ended(ID, Outcome::Ok),
        queue_update(AsyncEventState::Delivered),
    ]);
    let names: Vec<_> = all.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["greeter queued", "greeter", "greeter queued", "greeter", "greeter"]);
    let mut ids: Vec<_> = all.iter().map(|span| &span.span_id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all.len());
    assert_eq!((all[1].span_id.clone(), all[4].span_id.clone()), (span_id(ID, 1), span_id(ID, 2)));
    // An invocation made by the second attempt is a child of that attempt.
    assert_eq!(all[3].parent_span_id, all[4].span_id);
    for at in [0, 1, 2, 4] {
        assert_eq!(all[at].parent_span_id, span_id(OTHER, 1));
    }
    assert_eq!(value(&all[4].attributes, "bedrock.attempt")["intValue"], "2");
    assert_eq!(all[2].end_time_unix_nano, all[4].start_time_unix_nano);
}

#[test]
fn log_lines_of_a_span_are_bounded() {
    let mut kinds = vec![started(ID, None, None)];
    kinds.extend((0..MAX_SPAN_LINES + 5).map(|number| log_line(ID, &format!("{number} {}", "x".repeat(5000)))));
    kinds.push(ended(ID, Outcome::Ok));
    let all = spans(kinds);
    assert_eq!((all[0].events.len(), all[0].dropped_events_count), (MAX_SPAN_LINES + 1, 5));
    let text = value(&all[0].events[1].attributes, "message")["stringValue"].as_str().map(str::len);
    assert_eq!(text, Some(1024));
}

#[test]
fn xray_trace_ids_are_kept_and_others_hashed() {
    assert_eq!(trace_id(ROOT)[..5], [0x57, 0x59, 0xe9, 0x88, 0xbd]);
    for foreign in ["mine", "1-0-0", "1-00000000-000000000000000000000000", "1-5759e988-bd862e3fe1be46a99427279ü"] {
        let id = trace_id(foreign);
        assert!(id.len() == 16 && id != [0; 16], "{foreign}");
    }
    assert_ne!(trace_id("mine"), trace_id("yours"));
    assert_eq!(span_id("no id", 1).len(), 8);
}
