//! Collects the events of each invocation from the event log of the dev server.

use std::collections::HashMap;

use bedrock_dev::event_log::EventLog;
use serde_json::Value;
use tokio::task::JoinHandle;

/// The events of all invocations, by request id.
pub(crate) type ObservedInvocations = HashMap<String, ObservedInvocation>;

/// The events of one request id, which all attempts of an asynchronous invocation share.
#[derive(Debug, Default)]
pub(crate) struct ObservedInvocation {
    /// The number of attempts that started.
    pub(crate) started: usize,
    /// The outcome of each attempt.
    pub(crate) outcomes: Vec<String>,
    /// The states in the asynchronous queue, in order.
    pub(crate) queue: Vec<String>,
    /// Whether another invocation is the caller.
    pub(crate) has_caller: bool,
}

/// Collects events in the background until the dev server stops.
pub(crate) fn observe(stream: &EventLog) -> JoinHandle<ObservedInvocations> {
    let mut reader = stream.subscribe(None);
    tokio::spawn(async move {
        let mut invocations = ObservedInvocations::new();
        while let Some(item) = reader.next().await {
            let json: Value = serde_json::from_str(&item.json()).expect("JSON");
            record(&mut invocations, &json);
        }
        invocations
    })
}

fn record(invocations: &mut ObservedInvocations, json: &Value) {
    let text = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
    match json["kind"].as_str().expect("a kind") {
        "invocation_started" => {
            let invocation = invocations.entry(text("request_id")).or_default();
            invocation.started += 1;
            invocation.has_caller = json["caller"].is_string();
        }
        "invocation_ended" => invocations.entry(text("request_id")).or_default().outcomes.push(text("outcome")),
        "queue" => invocations.entry(text("event_id")).or_default().queue.push(text("state")),
        "missed" => panic!("the reader was too slow: {json}"),
        _ => {}
    }
}
