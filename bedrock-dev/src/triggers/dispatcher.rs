//! Gives a worker the event of a trigger and tells the stream. Whoever fires waits for nothing but the acceptance.

use std::sync::Arc;

use bedrock::Error;
use bedrock::local::Invocation;
use bedrock::local::service::{Backend, Caller, Denied, FunctionInfo};
use bytes::Bytes;

use crate::event_log::{DevEventKind, EventLog, TriggerEvent, TriggerKind, TriggerState};
use crate::execution::{LogLine, LogSink};

/// What triggers need of the workshop.
pub(super) struct TriggerDispatcher {
    pub(super) backend: Arc<dyn Backend>,
    pub(super) stream: EventLog,
    pub(super) sink: LogSink,
}

impl TriggerDispatcher {
    /// An event that the worker's queue has from now on; its request id.
    pub(super) async fn accept(
        &self,
        function: &FunctionInfo,
        payload: String,
        (trigger, source): (TriggerKind, &str),
        items: usize,
    ) -> Result<String, String> {
        let invocation = Invocation::new(payload.into(), None);
        let request_id = invocation.request_id.clone();
        self.backend.accept(function, invocation).await.map_err(|error| error.to_string())?;
        // Not before: what nobody has accepted was not fired.
        self.tell(TriggerEvent {
            worker: function.worker.clone(),
            trigger,
            source: source.to_owned(),
            state: TriggerState::Fired,
            items,
            request_id: Some(request_id.clone()),
        });
        Ok(request_id)
    }

    /// An invocation whose answer is waited for.
    pub(super) async fn run(
        &self,
        function: &FunctionInfo,
        invocation: Invocation,
        source: &str,
        items: usize,
    ) -> Result<Bytes, Error> {
        self.tell(TriggerEvent {
            worker: function.worker.clone(),
            trigger: TriggerKind::Queue,
            source: source.to_owned(),
            state: TriggerState::Fired,
            items,
            request_id: Some(invocation.request_id.clone()),
        });
        let caller = Caller { worker: None, waits: false };
        if let Err(Denied::Access(message) | Denied::Recursion(message)) =
            self.backend.admit(caller, function, &invocation)
        {
            self.complain(&function.worker, &message);
            return Err(Error::AccessDenied { worker: function.worker.clone(), message });
        }
        self.backend.run(function, invocation).await
    }

    /// Readers of the stream learn of it.
    pub(super) fn tell(&self, triggered: TriggerEvent) {
        self.stream.publish(DevEventKind::Trigger(triggered));
    }

    /// Whoever looks at the terminal learns of it.
    pub(super) fn complain(&self, worker: &str, message: &str) {
        let text = format!("error: a trigger of `{worker}` failed: {message}");
        (self.sink)(LogLine { worker: worker.into(), request_id: None, text });
    }
}

/// A new UUID.
pub(super) fn uuid() -> String {
    Invocation::new(Bytes::new(), None).request_id
}

#[cfg(test)]
mod tests {
    use super::super::fake_backend::{RecordedCalls, function};
    use crate::event_log::TriggerKind;

    #[tokio::test]
    async fn only_what_was_accepted_is_told_as_fired() {
        let seen = RecordedCalls::new(1);
        let function = function();
        let fire = || seen.firing.accept(&function, "{}".to_owned(), (TriggerKind::Schedule, "at"), 1);
        assert!(fire().await.is_err());
        assert_eq!(seen.firing.stream.all().len(), 0);
        assert!(fire().await.is_ok());
        assert_eq!(seen.firing.stream.all().len(), 1);
    }
}
