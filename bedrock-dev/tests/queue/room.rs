//! A queue in a temporary folder, with a clock that is moved by hand and a worker that does what a test says.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bedrock_dev::{AsyncEvent, AsyncQueue, Attempt, Clock, DestinationFunction, EventInvokeConfig, QueueStore};
use bytes::Bytes;
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const DEAD_LETTERS: &str = "arn:aws:sqs:us-east-1:000000000000:dead_letters";
pub(crate) const AUDITOR: &str = "arn:aws:lambda:us-east-1:000000000000:function:shop-local-auditor";

pub(crate) struct Room {
    pub(crate) dir: TempDir,
    pub(crate) clock: Clock,
}

/// What was run: worker, id, payload.
pub(crate) type Runs = Arc<Mutex<Vec<(String, String, Value)>>>;

impl Room {
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

    /// A queue at work, whose worker answers with what `answer` makes of an event.
    pub(crate) fn queue(
        &self,
        store: &Arc<QueueStore>,
        answer: impl Fn(&AsyncEvent) -> Attempt + Send + Sync + 'static,
    ) -> (Arc<AsyncQueue>, Runs) {
        let runs = Runs::default();
        let noted = Arc::clone(&runs);
        let run = move |event: AsyncEvent| -> bedrock_dev::AttemptFuture {
            let payload = serde_json::from_slice(&event.payload).expect("JSON");
            noted.lock().expect("runs").push((event.worker.clone(), event.id.clone(), payload));
            let attempt = answer(&event);
            Box::pin(async move { attempt })
        };
        let resolve = |destination: &str, of: &AsyncEvent| {
            let (worker, arn, trace) = ("auditor".to_owned(), AUDITOR.to_owned(), of.trace.clone() + ";Lineage=a:1");
            let is_known = [AUDITOR, "auditor"].contains(&destination);
            is_known.then(|| DestinationFunction { worker, arn, rules: EventInvokeConfig::default(), trace })
        };
        let queue = AsyncQueue::new(Arc::clone(store), self.clock.clone(), run, resolve).expect("a queue");
        tokio::spawn(Arc::clone(&queue).work());
        (queue, runs)
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

/// Only those that matter of what was run.
pub(crate) fn ids(runs: &Runs) -> Vec<String> {
    runs.lock().expect("runs").iter().map(|(_, id, _)| id.clone()).collect()
}
