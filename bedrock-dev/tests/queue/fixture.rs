//! A queue in a temporary folder, with a clock that the test moves and a worker that the test controls.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bedrock_dev::{AsyncEvent, AsyncQueue, Attempt, Clock, DestinationFunction, EventInvokeConfig, QueueStore};
use bytes::Bytes;
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const DEAD_LETTERS: &str = "arn:aws:sqs:us-east-1:000000000000:dead_letters";
pub(crate) const AUDITOR: &str = "arn:aws:lambda:us-east-1:000000000000:function:shop-local-auditor";

pub(crate) struct QueueFixture {
    pub(crate) dir: TempDir,
    pub(crate) clock: Clock,
}

/// The attempts so far: worker, event id, payload.
pub(crate) type Attempts = Arc<Mutex<Vec<(String, String, Value)>>>;

impl QueueFixture {
    pub(crate) fn new() -> Self {
        let began = UNIX_EPOCH + Duration::from_secs(1_795_588_500);
        Self { dir: tempfile::tempdir().expect("a folder"), clock: Clock::manual(began) }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join("queue.sqlite")
    }

    pub(crate) fn store(&self) -> Arc<QueueStore> {
        Arc::new(QueueStore::own(&self.path()).expect("a store"))
    }

    /// Starts a queue with a worker that returns what `respond` returns.
    pub(crate) fn queue(
        &self,
        store: &Arc<QueueStore>,
        respond: impl Fn(&AsyncEvent) -> Attempt + Send + Sync + 'static,
    ) -> (Arc<AsyncQueue>, Attempts) {
        let attempts = Attempts::default();
        let recorded = Arc::clone(&attempts);
        let run = move |event: AsyncEvent| -> bedrock_dev::AttemptFuture {
            let payload = serde_json::from_slice(&event.payload).expect("JSON");
            recorded.lock().expect("runs").push((event.worker.clone(), event.id.clone(), payload));
            let attempt = respond(&event);
            Box::pin(async move { attempt })
        };
        let resolve = |destination: &str, event: &AsyncEvent| {
            let is_known = [AUDITOR, "auditor"].contains(&destination);
            is_known.then(|| DestinationFunction {
                worker: "auditor".to_owned(),
                arn: AUDITOR.to_owned(),
                rules: EventInvokeConfig::default(),
                trace: event.trace.clone() + ";Lineage=a:1",
            })
        };
        let queue = AsyncQueue::new(Arc::clone(store), self.clock.clone(), run, resolve).expect("a queue");
        tokio::spawn(Arc::clone(&queue).work());
        (queue, attempts)
    }
}

pub(crate) fn event(id: &str, accepted: SystemTime) -> AsyncEvent {
    AsyncEvent {
        id: id.to_owned(),
        worker: "fetcher".to_owned(),
        arn: "arn:aws:lambda:us-east-1:000000000000:function:shop-local-fetcher".to_owned(),
        payload: Bytes::from_static(b"{\"n\":1}"),
        trace: "Root=1-5759e988-bd862e3fe1be46a994272793".to_owned(),
        rules: EventInvokeConfig::default(),
        accepted,
        attempts: 0,
        refusals: 0,
    }
}

pub(crate) fn failed() -> Attempt {
    Attempt::Failed(json!({ "errorType": "ValueError", "errorMessage": "no" }))
}

/// Returns the event ids of the attempts.
pub(crate) fn ids(attempts: &Attempts) -> Vec<String> {
    attempts.lock().expect("runs").iter().map(|(_, id, _)| id.clone()).collect()
}
