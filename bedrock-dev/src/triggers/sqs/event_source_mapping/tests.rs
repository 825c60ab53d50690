//! Tests of batches, with a fake worker whose responses each test defines, and a manual clock.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bedrock_build::triggers::is_fifo_queue;
use bedrock_local::event_sources::MessageFilters;
use bedrock_model::{Accepted, Backend, Error, FunctionInfo, Invocation, Reply};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{EventSourceMapping, MAX_CONCURRENT_BATCHES, poll};
use crate::Clock;
use crate::event_log::{EventLog, Retention};
use crate::execution::LogSink;
use crate::triggers::dispatcher::TriggerDispatcher;
use crate::triggers::fake_backend::function;
use crate::triggers::sqs::queue::{FifoQueueConfig, OutgoingMessage, SqsQueue, SqsQueueConfig};
use crate::triggers::sqs::store::{MessageCounts, MessageStore, RedrivePolicy};

/// Returns the worker's response to the records of a batch; `None` if it never responds.
type RespondFn = dyn Fn(&[Value]) -> Option<Result<Value, ()>> + Send + Sync;

struct FakeWorker {
    /// The bodies of each batch, in the order of arrival.
    batches: watch::Sender<Vec<Vec<String>>>,
    respond: Box<RespondFn>,
}

impl Backend for FakeWorker {
    fn functions(&self) -> Vec<FunctionInfo> {
        vec![function()]
    }

    fn find(&self, _: &str) -> Result<FunctionInfo, Error> {
        Ok(function())
    }

    fn arn(&self, name: &str) -> String {
        name.to_owned()
    }

    fn run(&self, _: &FunctionInfo, invocation: Invocation) -> Reply {
        let event: Value = serde_json::from_slice(&invocation.event).expect("JSON");
        let records = event["Records"].as_array().cloned().expect("records");
        let bodies = records.iter().map(|record| record["body"].as_str().expect("a body").to_owned()).collect();
        let response = (self.respond)(&records);
        self.batches.send_modify(|batches| batches.push(bodies));
        Box::pin(async move {
            match response {
                Some(Ok(response)) => Ok(response.to_string().into()),
                Some(Err(())) => Err(Error::Function {
                    worker: "worker".to_owned(),
                    error_type: "ValueError".to_owned(),
                    message: "as the test requires".to_owned(),
                    trace: Vec::new(),
                }),
                None => std::future::pending().await,
            }
        })
    }

    fn accept(&self, _: &FunctionInfo, _: Invocation) -> Accepted {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// The batching settings of the mapping.
#[derive(Clone, Copy)]
struct Batching {
    size: usize,
    /// Seconds.
    window: u64,
    partial_failures: bool,
}

/// What a mapping has in addition.
#[derive(Default)]
struct MappingOptions {
    filters: Vec<String>,
    maximum_concurrency: Option<usize>,
}

/// A queue with an event source mapping.
struct TestQueue {
    scratch: TempDir,
    clock: Clock,
    jobs: Arc<SqsQueue>,
    dead: SqsQueue,
    worker: Arc<FakeWorker>,
    poller: JoinHandle<()>,
    log: EventLog,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Drop for TestQueue {
    fn drop(&mut self) {
        self.poller.abort();
    }
}

impl TestQueue {
    /// Creates a queue with a visibility timeout of 30 seconds, whose messages are moved to the dead-letter queue after
    /// two receives.
    fn start(
        batching: Batching,
        bodies: &[&str],
        respond: impl Fn(&[Value]) -> Option<Result<Value, ()>> + Send + Sync + 'static,
    ) -> Self {
        let messages: Vec<_> = bodies.iter().map(|body| OutgoingMessage::of(body, None)).collect();
        Self::start_with("jobs", &MappingOptions::default(), batching, &messages, respond)
    }

    /// Creates a queue with this name and an event source mapping with these options.
    fn start_with(
        name: &str,
        options: &MappingOptions,
        batching: Batching,
        sent: &[OutgoingMessage<'_>],
        respond: impl Fn(&[Value]) -> Option<Result<Value, ()>> + Send + Sync + 'static,
    ) -> Self {
        let scratch = tempfile::tempdir().expect("a folder");
        let clock = Clock::manual(SystemTime::now());
        let messages = Arc::new(MessageStore::open(&scratch.path().join("messages")).expect("a file"));
        let queue = |name: &str, redrive| {
            let text = || name.to_owned();
            let fifo = is_fifo_queue(name).then_some(FifoQueueConfig { content_based_deduplication: false });
            let config = SqsQueueConfig { name: text(), arn: text(), url: text(), visibility: 30, redrive, fifo };
            SqsQueue::new(config, Arc::clone(&messages), clock.clone())
        };
        let redrive = RedrivePolicy { dead_letter_queue: "jobs-dead".to_owned(), max_receives: 2 };
        let jobs = Arc::new(queue(name, Some(redrive)));
        let dead = queue("jobs-dead", None);
        let worker = Arc::new(FakeWorker { batches: watch::Sender::default(), respond: Box::new(respond) });
        for message in sent {
            jobs.send(message).expect("sent");
        }
        let log = EventLog::new(Retention::default());
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let printed = Arc::clone(&lines);
        let sink: LogSink = Arc::new(move |line| printed.lock().expect("lines").push(line.text));
        let backend: Arc<dyn Backend> = Arc::<FakeWorker>::clone(&worker);
        let dispatcher = Arc::new(TriggerDispatcher { backend, log: log.clone(), sink });
        let mapping = EventSourceMapping {
            queue: Arc::clone(&jobs),
            function: function(),
            batch_size: batching.size,
            batch_window: batching.window,
            partial_failures: batching.partial_failures,
            filters: MessageFilters::of(&options.filters),
            maximum_concurrency: options.maximum_concurrency,
            dispatcher,
        };
        let poller = tokio::spawn(poll(Arc::new(mapping)));
        Self { scratch, clock, jobs, dead, worker, poller, log, lines }
    }

    /// Waits until there have been `count` batches. Returns all batches.
    async fn batches(&self, count: usize) -> Vec<Vec<String>> {
        let mut batches = self.worker.batches.subscribe();
        batches.wait_for(|batches| batches.len() >= count).await.expect("batches").clone()
    }

    /// Waits until the queue has the expected numbers of messages.
    async fn wait_for_counts(&self, expected: MessageCounts) {
        while self.jobs.counts().expect("counts") != expected {
            tokio::task::yield_now().await;
        }
    }

    /// Advances the clock by `seconds` until there have been `count` batches, and returns all batches. Once is not enough:
    /// counts of messages do not tell whether the window has begun or a failed message was released.
    async fn batches_after(&self, seconds: u64, count: usize) -> Vec<Vec<String>> {
        while self.batches(0).await.len() < count {
            self.advance(seconds);
            tokio::task::yield_now().await;
        }
        self.batches(0).await
    }

    /// Advances the clock by `seconds` until the queue has the expected numbers of messages.
    async fn wait_for_counts_after(&self, seconds: u64, expected: MessageCounts) {
        while self.jobs.counts().expect("counts") != expected {
            self.advance(seconds);
            tokio::task::yield_now().await;
        }
    }

    /// Waits until there are log lines. They are printed after the counts have changed.
    async fn printed_lines(&self) -> Vec<String> {
        loop {
            let lines = self.lines.lock().expect("lines").clone();
            if !lines.is_empty() {
                return lines;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Modifies the database in a way that no queue does.
    fn damage(&self, sql: &str) {
        let file = rusqlite::Connection::open(self.scratch.path().join("messages")).expect("a file");
        file.execute_batch(sql).expect("done");
    }

    fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

fn counts(waiting: i64, in_flight: i64) -> MessageCounts {
    MessageCounts { waiting, in_flight, delayed: 0 }
}

#[tokio::test]
async fn messages_arrive_in_batches_and_are_deleted_after_success() {
    let queue = TestQueue::start(Batching { size: 2, window: 0, partial_failures: false }, &["a", "b", "c"], |_| {
        Some(Ok(Value::Null))
    });
    assert_eq!(queue.batches(2).await, [vec!["a", "b"], vec!["c"]]);
    queue.wait_for_counts(counts(0, 0)).await;
    queue.jobs.send(&OutgoingMessage::of("d", None)).expect("sent");
    assert_eq!(queue.batches(3).await[2], ["d"]);
}

#[tokio::test]
async fn failed_batch_is_retried_then_moved_to_dead_letter_queue() {
    let queue =
        TestQueue::start(Batching { size: 10, window: 0, partial_failures: false }, &["a", "b"], |_| Some(Err(())));
    assert_eq!(queue.batches(1).await, [["a", "b"]]);
    assert_eq!(queue.batches_after(30, 2).await[1], ["a", "b"]);
    queue.wait_for_counts_after(30, counts(0, 0)).await;
    assert_eq!(queue.dead.counts().expect("counts"), counts(2, 0));
    assert_eq!(queue.batches(0).await.len(), 2);
    let expected = "warning: 2 messages were received 2 times and moved from the queue `jobs` to `jobs-dead`";
    assert_eq!(queue.printed_lines().await, [expected]);
}

#[tokio::test]
async fn partial_failure_deletes_the_other_messages() {
    let queue =
        TestQueue::start(Batching { size: 10, window: 0, partial_failures: true }, &["good", "bad"], |records| {
            let bad = records.iter().filter(|record| record["body"] == "bad");
            let failures: Vec<Value> = bad.map(|record| json!({ "itemIdentifier": record["messageId"] })).collect();
            Some(Ok(json!({ "batchItemFailures": failures })))
        });
    queue.batches(1).await;
    queue.wait_for_counts(counts(0, 1)).await;
    assert_eq!(queue.batches_after(30, 2).await, [vec!["good", "bad"], vec!["bad"]]);
}

#[tokio::test]
async fn without_partial_failures_the_response_is_ignored() {
    let queue = TestQueue::start(Batching { size: 10, window: 0, partial_failures: false }, &["a"], |records| {
        Some(Ok(json!({ "batchItemFailures": [{ "itemIdentifier": records[0]["messageId"] }] })))
    });
    queue.batches(1).await;
    queue.wait_for_counts(counts(0, 0)).await;
}

#[tokio::test]
async fn batch_is_collected_until_full_or_window_end() {
    let queue = TestQueue::start(Batching { size: 3, window: 20, partial_failures: false }, &["a", "b"], |_| {
        Some(Ok(Value::Null))
    });
    queue.wait_for_counts(counts(0, 2)).await;
    assert_eq!(queue.batches(0).await, [[""; 0]; 0]);
    assert_eq!(queue.batches_after(20, 1).await, [["a", "b"]]);
    for body in ["c", "d", "e"] {
        queue.jobs.send(&OutgoingMessage::of(body, None)).expect("sent");
    }
    assert_eq!(queue.batches(2).await[1], ["c", "d", "e"]);
}

#[tokio::test]
async fn concurrent_batches_are_limited() {
    let queue = TestQueue::start(
        Batching { size: 1, window: 0, partial_failures: false },
        &["1", "2", "3", "4", "5", "6", "7"],
        |_| None,
    );
    assert_eq!(queue.batches(MAX_CONCURRENT_BATCHES).await.len(), MAX_CONCURRENT_BATCHES);
    // Messages of running batches stay held, whatever the time is; no message is received without a permit.
    queue.advance(3600);
    queue.wait_for_counts(counts(2, 5)).await;
    assert_eq!(queue.batches(0).await.len(), MAX_CONCURRENT_BATCHES);
}

#[tokio::test]
async fn held_messages_reach_the_worker_after_a_database_error() {
    let queue =
        TestQueue::start(Batching { size: 10, window: 20, partial_failures: false }, &["a"], |_| Some(Ok(Value::Null)));
    queue.wait_for_counts(counts(0, 1)).await;
    queue.jobs.send(&OutgoingMessage { delay: 900, ..OutgoingMessage::of("b", None) }).expect("sent");
    // A message cannot have a negative number of receives, so reading it fails.
    queue.damage("UPDATE messages SET receives = -9 WHERE body = 'b'");
    queue.advance(10);
    assert_eq!(queue.batches(0).await, [[""; 0]; 0]);
    queue.damage("UPDATE messages SET visible = 0 WHERE body = 'b'");
    queue.jobs.send(&OutgoingMessage { delay: 900, ..OutgoingMessage::of("c", None) }).expect("sent");
    // Long before the end of the window.
    assert_eq!(queue.batches(1).await, [["a"]]);
}

#[tokio::test]
async fn undeletable_message_does_not_block_others() {
    let queue =
        TestQueue::start(Batching { size: 10, window: 20, partial_failures: true }, &["done", "failed"], |records| {
            let failed = records.iter().filter(|record| record["body"] == "failed");
            let failures: Vec<Value> = failed.map(|record| json!({ "itemIdentifier": record["messageId"] })).collect();
            Some(Ok(json!({ "batchItemFailures": failures })))
        });
    queue.wait_for_counts(counts(0, 2)).await;
    queue.damage("CREATE TRIGGER never BEFORE DELETE ON messages BEGIN SELECT RAISE(ABORT, 'never'); END");
    queue.batches_after(20, 1).await;
    // The failed message returns; the processed one is not processed again, and deleted as soon as that is possible.
    assert_eq!(queue.batches_after(30, 2).await[1], ["failed"]);
    queue.damage("DROP TRIGGER never");
    queue.wait_for_counts_after(30, counts(0, 0)).await;
    assert!(queue.batches(0).await[1..].iter().all(|batch| batch == &["failed"]));
    assert_eq!(queue.dead.counts().expect("counts"), counts(1, 0));
}

#[tokio::test]
async fn filtered_messages_are_deleted_without_the_worker() {
    let filters = vec![r#"{"body":{"kind":["order"]}}"#.to_owned()];
    let bodies = [r#"{"kind":"order"}"#, r#"{"kind":"note"}"#, "text", r#"{"kind":"order","n":2}"#];
    let queue = TestQueue::start_with(
        "jobs",
        &MappingOptions { filters, maximum_concurrency: None },
        Batching { size: 10, window: 0, partial_failures: false },
        &bodies.map(|body| OutgoingMessage::of(body, None)),
        |_| Some(Ok(Value::Null)),
    );
    assert_eq!(queue.batches(1).await, [[bodies[0], bodies[3]]]);
    queue.wait_for_counts(counts(0, 0)).await;
    assert_eq!(queue.dead.counts().expect("counts"), counts(0, 0));
    let events = queue.log.all().into_iter().map(|event| event.json());
    assert_eq!(events.filter(|json| json.contains(r#""state":"filtered""#)).count(), 2);
}

#[tokio::test]
async fn maximum_concurrency_limits_batches() {
    let queue = TestQueue::start_with(
        "jobs",
        &MappingOptions { filters: Vec::new(), maximum_concurrency: Some(2) },
        Batching { size: 1, window: 0, partial_failures: false },
        &["1", "2", "3"].map(|body| OutgoingMessage::of(body, None)),
        |_| None,
    );
    queue.wait_for_counts(counts(1, 2)).await;
    assert_eq!(queue.batches(2).await.len(), 2);
}

#[tokio::test]
async fn group_of_a_fifo_queue_is_in_one_batch_at_a_time() {
    let sent = [("a1", "a"), ("b1", "b"), ("a2", "a"), ("a3", "a")];
    let queue = TestQueue::start_with(
        "jobs.fifo",
        &MappingOptions::default(),
        Batching { size: 2, window: 0, partial_failures: false },
        &sent.map(|(body, group)| OutgoingMessage::of(body, Some(group))),
        // The first batch with messages of the group `a` never ends.
        |records| if records[0]["body"] == "a1" { None } else { Some(Ok(Value::Null)) },
    );
    assert_eq!(queue.batches(1).await, [["a1", "b1"]]);
    queue.jobs.send(&OutgoingMessage::of("c1", Some("c"))).expect("sent");
    assert_eq!(queue.batches(2).await[1], ["c1"]);
    // Those of the group `a` wait for the first batch, however long it runs.
    queue.advance(3600);
    queue.wait_for_counts(counts(2, 2)).await;
    assert_eq!(queue.batches(0).await.len(), 2);
}

#[tokio::test]
async fn failed_messages_of_a_group_return_in_order() {
    let sent = [("a1", "a"), ("a2", "a"), ("a3", "a")];
    let queue = TestQueue::start_with(
        "jobs.fifo",
        &MappingOptions::default(),
        Batching { size: 2, window: 0, partial_failures: false },
        &sent.map(|(body, group)| OutgoingMessage::of(body, Some(group))),
        |records| {
            let is_first = records[0]["attributes"]["ApproximateReceiveCount"] == "1" && records[0]["body"] == "a1";
            Some(if is_first { Err(()) } else { Ok(Value::Null) })
        },
    );
    assert_eq!(queue.batches_after(30, 3).await, [vec!["a1", "a2"], vec!["a1", "a2"], vec!["a3"]]);
    queue.wait_for_counts(counts(0, 0)).await;
}
