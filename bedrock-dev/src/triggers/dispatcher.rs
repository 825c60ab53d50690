//! Invokes a worker for a trigger and publishes the result to the event log.

use std::sync::Arc;

use bedrock_model::{AdmissionError, Backend, Caller, Error, FunctionInfo, Invocation};
use bytes::Bytes;

use crate::event_log::{DevEventKind, EventLog, TriggerEvent, TriggerKind, TriggerState};
use crate::execution::{LogLine, LogSink};

/// What triggers need from the dev server.
pub(crate) struct TriggerDispatcher {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) log: EventLog,
    pub(crate) sink: LogSink,
}

impl TriggerDispatcher {
    /// Adds an event to the asynchronous queue of the worker. Returns its request id.
    pub(super) async fn accept(
        &self,
        function: &FunctionInfo,
        payload: String,
        trigger: TriggerKind,
        source: &str,
        items: usize,
    ) -> Result<String, String> {
        let invocation = Invocation::new(payload.into(), None);
        let request_id = invocation.request_id.clone();
        let event = TriggerEvent {
            worker: function.worker.clone(),
            trigger,
            source: source.to_owned(),
            state: TriggerState::Fired,
            items,
            request_id: Some(request_id.clone()),
        };
        // Published first: once the event is in the queue, the worker may start before this task goes on.
        self.publish(event.clone());
        if let Err(error) = self.backend.accept(function, invocation).await {
            self.publish(TriggerEvent { state: TriggerState::Rejected, ..event });
            return Err(error.to_string());
        }
        Ok(request_id)
    }

    /// Invokes the worker of a queue or a stream and waits for the response.
    pub(super) async fn run(
        &self,
        function: &FunctionInfo,
        invocation: Invocation,
        trigger: TriggerKind,
        source: &str,
        items: usize,
    ) -> Result<Bytes, Error> {
        self.publish(TriggerEvent {
            worker: function.worker.clone(),
            trigger,
            source: source.to_owned(),
            state: TriggerState::Fired,
            items,
            request_id: Some(invocation.request_id.clone()),
        });
        let caller = Caller { worker: None, waits: false };
        if let Err(AdmissionError::Access(message) | AdmissionError::Recursion(message)) =
            self.backend.admit(caller, function, &invocation)
        {
            self.log_error(&function.worker, &message);
            return Err(Error::AccessDenied { worker: function.worker.clone(), message });
        }
        self.backend.run(function, invocation).await
    }

    /// Publishes an event about a trigger.
    pub(super) fn publish(&self, event: TriggerEvent) {
        self.log.publish(DevEventKind::Trigger(event));
    }

    /// Logs what a trigger ignores.
    pub(super) fn log_warning(&self, worker: &str, message: &str) {
        (self.sink)(LogLine { worker: worker.into(), request_id: None, text: format!("warning: {message}") });
    }

    /// Logs an error of a trigger.
    pub(super) fn log_error(&self, worker: &str, message: &str) {
        let text = format!("error: a trigger of `{worker}` failed: {message}");
        (self.sink)(LogLine { worker: worker.into(), request_id: None, text });
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake_backend::{RecordedCalls, function};
    use crate::event_log::TriggerKind;

    #[tokio::test]
    async fn rejected_event_is_published_as_rejected() {
        let calls = RecordedCalls::new(1);
        let function = function();
        let fire = || calls.dispatcher.accept(&function, "{}".to_owned(), TriggerKind::Schedule, "at", 1);
        assert!(fire().await.is_err());
        assert_eq!(states(&calls), ["fired", "rejected"]);
        assert!(fire().await.is_ok());
        assert_eq!(states(&calls), ["fired", "rejected", "fired"]);
    }

    #[tokio::test]
    async fn trigger_is_published_before_its_event_is_queued() {
        let calls = RecordedCalls::new(0);
        let function = function();
        calls.dispatcher.accept(&function, "{}".to_owned(), TriggerKind::Bucket, "at", 1).await.expect("accepted");
        assert_eq!(*calls.logged_at_acceptance.lock().expect("numbers"), [1]);
    }

    fn states(calls: &RecordedCalls) -> Vec<String> {
        let state = |json: &str| -> serde_json::Value { serde_json::from_str(json).expect("JSON") };
        let events = calls.dispatcher.log.all();
        events.iter().map(|event| state(&event.json())["state"].as_str().expect("a state").to_owned()).collect()
    }
}
