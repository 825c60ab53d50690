//! What the stream says of each invocation.

use std::collections::HashMap;

use bedrock_dev::happenings::Stream;
use serde_json::Value;
use tokio::task::JoinHandle;

/// Of all invocations, by their request ids.
pub(crate) type Told = HashMap<String, Said>;

/// Of one request id, which all attempts of an event share.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) started: usize,
    /// One for each end.
    pub(crate) outcomes: Vec<String>,
    /// The states of the event, in their order.
    pub(crate) queue: Vec<String>,
    /// Another invocation called it.
    pub(crate) has_caller: bool,
}

/// Reads along until the stream says that the app is stopped.
pub(crate) fn listen(stream: &Stream) -> JoinHandle<Told> {
    let mut reader = stream.subscribe(None);
    tokio::spawn(async move {
        let mut told = Told::new();
        while let Some(heard) = reader.next().await {
            let json: Value = serde_json::from_str(&heard.json()).expect("JSON");
            note(&mut told, &json);
        }
        told
    })
}

fn note(told: &mut Told, json: &Value) {
    let of = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
    match json["kind"].as_str().expect("a kind") {
        "invocation_started" => {
            let said = told.entry(of("request_id")).or_default();
            said.started += 1;
            said.has_caller = json["caller"].is_string();
        }
        "invocation_ended" => told.entry(of("request_id")).or_default().outcomes.push(of("outcome")),
        "queue" => told.entry(of("event_id")).or_default().queue.push(of("state")),
        "missed" => panic!("the stream was faster: {json}"),
        _ => {}
    }
}
