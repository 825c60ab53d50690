//! For tests: a back end that accepts events, after it has refused some, and keeps what happens around it.

use std::sync::{Arc, Mutex};

use bedrock::Error;
use bedrock::local::Invocation;
use bedrock::local::service::{Accepted, Backend, FunctionInfo, Reply};
use bedrock_build::Language;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::dispatcher::TriggerDispatcher;
use crate::event_log::{EventLog, Retention};

struct FakeBackend {
    /// How many events are refused yet.
    refusals: Mutex<u32>,
    events: Arc<Mutex<Vec<Value>>>,
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
        let mut refusals = self.refusals.lock().expect("a number");
        if *refusals > 0 {
            *refusals -= 1;
            let message = "not now".to_owned();
            let error = Error::AccessDenied { worker: "worker".to_owned(), message };
            return Box::pin(std::future::ready(Err(error)));
        }
        let event = serde_json::from_slice(&invocation.event).expect("JSON");
        self.events.lock().expect("events").push(event);
        Box::pin(std::future::ready(Ok(())))
    }
}

/// The only one.
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
    }
}

/// What a test sees of it.
pub(super) struct RecordedCalls {
    pub(super) firing: Arc<TriggerDispatcher>,
    pub(super) events: Arc<Mutex<Vec<Value>>>,
    pub(super) complaints: UnboundedReceiver<String>,
}

impl RecordedCalls {
    /// So many events are refused first.
    pub(super) fn new(refusals: u32) -> Self {
        let (events, (sender, complaints)) = (Arc::default(), unbounded_channel());
        let backend = Arc::new(FakeBackend { refusals: Mutex::new(refusals), events: Arc::clone(&events) });
        let sink = Arc::new(move |line: crate::execution::LogLine| drop(sender.send(line.text)));
        let firing = Arc::new(TriggerDispatcher { backend, stream: EventLog::new(Retention::default()), sink });
        Self { firing, events, complaints }
    }
}
