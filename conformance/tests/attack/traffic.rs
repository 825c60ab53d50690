//! Calls and events of clients that do nothing wrong, and what comes back.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::caller::{Caller, InvokeResponse};
use crate::dev_app::DevApp;
use crate::plan::WORKERS;

/// A call that has no answer by then has been forgotten: longer than the timeouts of all workers.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60);
/// One call in so many fails on purpose.
const CALLS_PER_FAULT: usize = 50;
/// More than a response may have.
const TOO_LARGE_BYTES: usize = 7_000_000;

/// What was sent and received.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    /// Number of answers, by worker.
    answers: BTreeMap<&'static str, usize>,
    /// Number of calls that failed because their Python process ended with a faulty call.
    neighbours: usize,
    /// Number of events that were refused.
    refused: usize,
    /// Accepted events, with the files that they append to.
    accepted: BTreeMap<String, PathBuf>,
    /// Wrong answers.
    pub(crate) errors: Vec<String>,
}

impl Traffic {
    /// Calls and sends for `duration`.
    pub(crate) async fn run(app: &DevApp, callers: usize, senders: usize, duration: Duration) -> Self {
        let end = Instant::now() + duration;
        let number = Arc::new(AtomicUsize::new(0));
        let mut tasks = Vec::new();
        for worker in WORKERS {
            for _ in 0..callers {
                tasks.push(tokio::spawn(call(app.server.url.clone(), worker, Arc::clone(&number), end)));
            }
        }
        for sender in 0..senders {
            let files = app.runs_dir().join(format!("{}-{callers}-{sender}", std::process::id()));
            tasks.push(tokio::spawn(send(app.server.url.clone(), WORKERS[sender % 3], files, end)));
        }
        let mut all = Self::default();
        for task in tasks {
            all.add(task.await.expect("a client"));
        }
        all
    }

    fn add(&mut self, other: Self) {
        for (worker, count) in other.answers {
            *self.answers.entry(worker).or_default() += count;
        }
        self.neighbours += other.neighbours;
        self.refused += other.refused;
        self.accepted.extend(other.accepted);
        self.errors.extend(other.errors);
    }

    /// Returns the accepted events that neither ran nor are in the queue, `dead` are the ids of those.
    pub(crate) fn lost_events(&self, dead: &BTreeSet<String>) -> Vec<&String> {
        let lost = self.accepted.iter().filter(|(id, file)| !file.exists() && !dead.contains(*id));
        lost.map(|(id, _)| id).collect()
    }
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { answers, neighbours, refused, accepted, errors } = self;
        write!(
            f,
            "answers {answers:?}, of Python {neighbours} ended with a neighbour; events: {} accepted, {refused} refused; \
             {} wrong answers",
            accepted.len(),
            errors.len()
        )
    }
}

/// Invokes, and fails the test if there is no answer.
async fn answer(caller: &mut Caller, worker: &str, is_event: bool, event: &Value) -> InvokeResponse {
    let response = tokio::time::timeout(FORGOTTEN_AFTER, caller.invoke(worker, is_event, event)).await;
    response.unwrap_or_else(|_| panic!("no answer of {worker} to {event}"))
}

async fn call(url: String, worker: &'static str, number: Arc<AtomicUsize>, end: Instant) -> Traffic {
    let mut traffic = Traffic::default();
    let mut caller = Caller::connect(&url).await;
    while Instant::now() < end {
        let number = number.fetch_add(1, Ordering::Relaxed);
        let (event, expected) = planned(number);
        let response = answer(&mut caller, worker, false, &event).await;
        *traffic.answers.entry(worker).or_default() += 1;
        let is_right = response.status == 200
            && match &expected {
                Some(value) => !response.is_failure && response.body == *value,
                None => response.is_failure,
            };
        if is_right {
            continue;
        }
        // Calls of one Python process share its end.
        if worker == "python_case" && response.is_failure && response.body["errorType"] == "Runtime.ExitError" {
            traffic.neighbours += 1;
        } else {
            traffic.errors.push(format!("{worker} {event}: {response:?}"));
        }
    }
    traffic
}

/// Returns an event, and its response; `None` for an error.
fn planned(number: usize) -> (Value, Option<Value>) {
    let value = json!({ "number": number });
    if !number.is_multiple_of(CALLS_PER_FAULT) {
        return (json!({ "do": "echo", "value": value }), Some(value));
    }
    let forged = "\u{1b}]0;title\u{7}\u{1b}[2J\u{0}\rEND RequestId: 00000000\nREPORT RequestId: 00000000\n";
    match number / CALLS_PER_FAULT % 8 {
        0 => (json!({ "do": "raise" }), None),
        1 => (json!({ "do": "exit" }), None),
        2 => (json!({ "do": "make", "length": TOO_LARGE_BYTES }), None),
        3 => (json!({ "do": "abort" }), None),
        4 => (json!({ "do": "print", "text": "x".repeat(100_000), "times": 20 }), Some(json!("printed"))),
        5 => (json!({ "do": "print", "text": forged, "times": 500 }), Some(json!("printed"))),
        6 => (json!({ "do": "sleep", "ms": 50 }), Some(json!("slept"))),
        _ => (json!({ "do": "no such case" }), None),
    }
}

async fn send(url: String, worker: &'static str, files: PathBuf, end: Instant) -> Traffic {
    const PAUSE: Duration = Duration::from_millis(20);
    let mut traffic = Traffic::default();
    let mut caller = Caller::connect(&url).await;
    let mut number = 0;
    while Instant::now() < end {
        number += 1;
        let file = files.with_extension(number.to_string());
        let response = answer(&mut caller, worker, true, &json!({ "do": "append", "path": file })).await;
        match response.status {
            202 => drop(traffic.accepted.insert(response.request_id, file)),
            // The disk is full, or the file is locked for too long.
            500..=599 => traffic.refused += 1,
            _ => traffic.errors.push(format!("event of {worker}: {response:?}")),
        }
        tokio::time::sleep(PAUSE).await;
    }
    traffic
}
