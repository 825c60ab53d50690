//! Batches, as a worker gets them that answers as each test wants, on a clock that is moved by hand.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bedrock::Error;
use bedrock::local::Invocation;
use bedrock::local::service::{Accepted, Backend, FunctionInfo, Reply};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{AT_ONCE, EventSourceMapping, consume};
use crate::Clock;
use crate::event_log::{EventLog, Retention};
use crate::triggers::dispatcher::TriggerDispatcher;
use crate::triggers::fake_backend::function;
use crate::triggers::sqs::message::Attributes;
use crate::triggers::sqs::queue::{Counts, DeadLetters, SqsQueue};
use crate::triggers::sqs::store::Messages;

/// What the worker answers to the bodies of a batch; nothing if it never does.
type Answer = dyn Fn(&[Value]) -> Option<Result<Value, ()>> + Send + Sync;

struct Worker {
    /// The bodies of each batch, in the order in which they came.
    batches: watch::Sender<Vec<Vec<String>>>,
    answer: Box<Answer>,
}

impl Backend for Worker {
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
        let answer = (self.answer)(&records);
        self.batches.send_modify(|batches| batches.push(bodies));
        Box::pin(async move {
            match answer {
                Some(Ok(answer)) => Ok(answer.to_string().into()),
                Some(Err(())) => Err(Error::Function {
                    worker: "worker".to_owned(),
                    error_type: "ValueError".to_owned(),
                    message: "as it was told".to_owned(),
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

struct Room {
    scratch: TempDir,
    clock: Clock,
    jobs: Arc<SqsQueue>,
    dead: SqsQueue,
    worker: Arc<Worker>,
    consuming: JoinHandle<()>,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.consuming.abort();
    }
}

impl Room {
    /// A queue whose messages are hidden for 30 seconds and given up when they failed twice.
    fn open(
        (batch_size, batch_window, partial_failures): (usize, u64, bool),
        before: &[&str],
        answer: impl Fn(&[Value]) -> Option<Result<Value, ()>> + Send + Sync + 'static,
    ) -> Self {
        let scratch = tempfile::tempdir().expect("a folder");
        let clock = Clock::by_hand(SystemTime::now());
        let messages = Arc::new(Messages::open(&scratch.path().join("messages")).expect("a file"));
        let queue = |name: &str, dead| {
            let text = || name.to_owned();
            SqsQueue::new(text(), text(), text(), (30, dead), Arc::clone(&messages), clock.clone())
        };
        let dead = DeadLetters { queue: "jobs-dead".to_owned(), max_receives: 2 };
        let (jobs, dead) = (Arc::new(queue("jobs", Some(dead))), queue("jobs-dead", None));
        let worker = Arc::new(Worker { batches: watch::Sender::default(), answer: Box::new(answer) });
        for body in before {
            jobs.send(body, (&Attributes::new(), None), 0).expect("sent");
        }
        let stream = EventLog::new(Retention::default());
        let backend: Arc<dyn Backend> = Arc::<Worker>::clone(&worker);
        let firing = Arc::new(TriggerDispatcher { backend, stream, sink: Arc::new(|_| {}) });
        let consumer = EventSourceMapping {
            queue: Arc::clone(&jobs),
            function: function(),
            batch_size,
            batch_window,
            partial_failures,
            firing,
        };
        let consuming = tokio::spawn(consume(Arc::new(consumer)));
        Self { scratch, clock, jobs, dead, worker, consuming }
    }

    /// Waits until there have been so many batches, and gives all.
    async fn batches(&self, count: usize) -> Vec<Vec<String>> {
        let mut batches = self.worker.batches.subscribe();
        batches.wait_for(|batches| batches.len() >= count).await.expect("batches").clone()
    }

    /// Waits until the queue has so many messages in each state.
    async fn settled(&self, expected: Counts) {
        while self.jobs.counts().expect("counts") != expected {
            tokio::task::yield_now().await;
        }
    }

    /// Does something to the file that no queue would.
    fn damage(&self, sql: &str) {
        let file = rusqlite::Connection::open(self.scratch.path().join("messages")).expect("a file");
        file.execute_batch(sql).expect("done");
    }

    fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

fn counts(waiting: i64, in_flight: i64) -> Counts {
    Counts { waiting, in_flight, delayed: 0 }
}

#[tokio::test]
async fn messages_come_in_batches_and_are_deleted_when_the_worker_has_answered() {
    let room = Room::open((2, 0, false), &["a", "b", "c"], |_| Some(Ok(Value::Null)));
    assert_eq!(room.batches(2).await, [vec!["a", "b"], vec!["c"]]);
    room.settled(counts(0, 0)).await;
    room.jobs.send("d", (&Attributes::new(), None), 0).expect("sent");
    assert_eq!(room.batches(3).await[2], ["d"]);
}

#[tokio::test]
async fn a_batch_that_failed_comes_back_with_the_visibility_timeout_and_is_given_up_in_the_end() {
    let room = Room::open((10, 0, false), &["a", "b"], |_| Some(Err(())));
    assert_eq!(room.batches(1).await, [["a", "b"]]);
    room.settled(counts(0, 2)).await;
    room.advance(30);
    assert_eq!(room.batches(2).await[1], ["a", "b"]);
    room.settled(counts(0, 2)).await;
    room.advance(30);
    room.settled(counts(0, 0)).await;
    assert_eq!(room.dead.counts().expect("counts"), counts(2, 0));
    assert_eq!(room.batches(0).await.len(), 2);
}

#[tokio::test]
async fn of_a_batch_that_failed_in_part_the_other_messages_are_done() {
    let room = Room::open((10, 0, true), &["good", "bad"], |records| {
        let bad = records.iter().filter(|record| record["body"] == "bad");
        let failures: Vec<Value> = bad.map(|record| json!({ "itemIdentifier": record["messageId"] })).collect();
        Some(Ok(json!({ "batchItemFailures": failures })))
    });
    room.batches(1).await;
    room.settled(counts(0, 1)).await;
    room.advance(30);
    assert_eq!(room.batches(2).await, [vec!["good", "bad"], vec!["bad"]]);
}

#[tokio::test]
async fn without_partial_failures_an_answer_names_none() {
    let room = Room::open((10, 0, false), &["a"], |records| {
        Some(Ok(json!({ "batchItemFailures": [{ "itemIdentifier": records[0]["messageId"] }] })))
    });
    room.batches(1).await;
    room.settled(counts(0, 0)).await;
}

#[tokio::test]
async fn a_batch_is_gathered_until_its_window_is_over_or_it_is_full() {
    let room = Room::open((3, 20, false), &["a", "b"], |_| Some(Ok(Value::Null)));
    room.settled(counts(0, 2)).await;
    assert_eq!(room.batches(0).await, [[""; 0]; 0]);
    room.advance(20);
    assert_eq!(room.batches(1).await, [["a", "b"]]);
    for body in ["c", "d", "e"] {
        room.jobs.send(body, (&Attributes::new(), None), 0).expect("sent");
    }
    assert_eq!(room.batches(2).await[1], ["c", "d", "e"]);
}

#[tokio::test]
async fn as_many_batches_run_at_once_as_lambda_begins_with() {
    let room = Room::open((1, 0, false), &["1", "2", "3", "4", "5", "6", "7"], |_| None);
    assert_eq!(room.batches(AT_ONCE).await.len(), AT_ONCE);
    // Those that run are held, whatever time it is; no other is taken for which there is no room.
    room.advance(3600);
    room.settled(counts(2, 5)).await;
    assert_eq!(room.batches(0).await.len(), AT_ONCE);
}

#[tokio::test]
async fn what_is_held_when_the_file_fails_reaches_the_worker() {
    let room = Room::open((10, 20, false), &["a"], |_| Some(Ok(Value::Null)));
    room.settled(counts(0, 1)).await;
    room.jobs.send("b", (&Attributes::new(), None), 900).expect("sent");
    // The number of receives is none that a message can have.
    room.damage("UPDATE messages SET receives = -9 WHERE body = 'b'");
    room.advance(10);
    assert_eq!(room.batches(0).await, [[""; 0]; 0]);
    room.damage("UPDATE messages SET visible = 0 WHERE body = 'b'");
    room.jobs.send("c", (&Attributes::new(), None), 900).expect("sent");
    // Long before the window is over.
    assert_eq!(room.batches(1).await, [["a"]]);
}

#[tokio::test]
async fn a_message_that_cannot_be_deleted_holds_no_other() {
    let room = Room::open((10, 20, true), &["done", "failed"], |records| {
        let failed = records.iter().filter(|record| record["body"] == "failed");
        let failures: Vec<Value> = failed.map(|record| json!({ "itemIdentifier": record["messageId"] })).collect();
        Some(Ok(json!({ "batchItemFailures": failures })))
    });
    room.settled(counts(0, 2)).await;
    room.damage("CREATE TRIGGER never BEFORE DELETE ON messages BEGIN SELECT RAISE(ABORT, 'never'); END");
    room.advance(20);
    room.batches(1).await;
    // Both come back, whenever the first batch has let them go.
    while room.batches(0).await.len() < 2 {
        room.advance(30);
        tokio::task::yield_now().await;
    }
    assert_eq!(room.batches(2).await[1].len(), 2);
}
