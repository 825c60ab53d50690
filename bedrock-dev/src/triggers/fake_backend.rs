//! Test double: a backend that accepts events after rejecting some, and records events and error messages.

use std::sync::{Arc, Mutex};

use bedrock_build::Language;
use bedrock_model::{Accepted, Backend, Error, FunctionInfo, Invocation, Reply};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::dispatcher::TriggerDispatcher;
use crate::event_log::{EventLog, Retention};

struct FakeBackend {
    /// Number of events that will still be rejected.
    rejections: Mutex<u32>,
    events: Arc<Mutex<Vec<Value>>>,
    log: EventLog,
    logged_at_acceptance: Arc<Mutex<Vec<usize>>>,
}

impl Backend for FakeBackend {
    fn functions(&self) -> Vec<FunctionInfo> {
        vec![function()]
    }

    fn find(&self, _: &str) -> Result<FunctionInfo, Error> {
        Ok(function())
    }

    fn arn(&self, name: &str) -> String {
        name.to_owned()
    }

    fn run(&self, _: &FunctionInfo, _: Invocation) -> Reply {
        Box::pin(std::future::pending())
    }

    fn accept(&self, _: &FunctionInfo, invocation: Invocation) -> Accepted {
        let mut rejections = self.rejections.lock().expect("a number");
        if *rejections > 0 {
            *rejections -= 1;
            let message = "not now".to_owned();
            let error = Error::AccessDenied { worker: "worker".to_owned(), message };
            return Box::pin(std::future::ready(Err(error)));
        }
        self.logged_at_acceptance.lock().expect("numbers").push(self.log.all().len());
        let event = serde_json::from_slice(&invocation.event).expect("JSON");
        self.events.lock().expect("events").push(event);
        Box::pin(std::future::ready(Ok(())))
    }
}

/// The only function of the backend.
pub(super) fn function() -> FunctionInfo {
    let text = || "worker".to_owned();
    FunctionInfo {
        worker: text(),
        name: text(),
        arn: text(),
        language: Language::Python,
        runtime: text(),
        handler: text(),
        timeout: 30,
        memory: 256,
        log_group: text(),
        durable: None,
    }
}

/// A dispatcher with a fake backend, and what it recorded.
pub(super) struct RecordedCalls {
    pub(super) dispatcher: Arc<TriggerDispatcher>,
    pub(super) events: Arc<Mutex<Vec<Value>>>,
    pub(super) errors: UnboundedReceiver<String>,
    /// Number of entries of the event log when each event was accepted.
    pub(super) logged_at_acceptance: Arc<Mutex<Vec<usize>>>,
}

impl RecordedCalls {
    /// Creates a backend that rejects the first `rejections` events.
    pub(super) fn new(rejections: u32) -> Self {
        let events = Arc::default();
        let logged_at_acceptance = Arc::default();
        let (sender, errors) = unbounded_channel();
        let log = EventLog::new(Retention::default());
        let backend = Arc::new(FakeBackend {
            rejections: Mutex::new(rejections),
            events: Arc::clone(&events),
            log: log.clone(),
            logged_at_acceptance: Arc::clone(&logged_at_acceptance),
        });
        let sink = Arc::new(move |line: crate::execution::LogLine| drop(sender.send(line.text)));
        let dispatcher = Arc::new(TriggerDispatcher { backend, log, sink });
        Self { dispatcher, events, errors, logged_at_acceptance }
    }
}
