//! The file of the queue: its content after `kill -9`, and concurrent programs.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use bedrock_dev::{
    AsyncEvent, AsyncQueue, Attempt, Clock, Condition, EventInvokeConfig, EventState, QueueStore, StoreError,
};
use bytes::Bytes;
use serde_json::json;

use super::fixture::{QueueFixture, event, failed, ids};

/// Environment variable: the path of the queue of the program that is killed.
const PATH: &str = "QUEUE_TO_KILL";

/// Not a test, but the program that the next test kills: accepts events and runs them; every second event never ends.
#[tokio::test(flavor = "multi_thread")]
async fn accepts_and_hangs() {
    let Some(path) = std::env::var_os(PATH).map(PathBuf::from) else { return };
    let store = Arc::new(QueueStore::own(&path).expect("a store"));
    let run = |event: AsyncEvent| -> bedrock_dev::AttemptFuture {
        Box::pin(async move {
            writeln!(std::io::stderr(), "running {}", event.id).expect("a line");
            if event.id.starts_with("hangs") { std::future::pending().await } else { Attempt::Answered(Bytes::new()) }
        })
    };
    let queue = AsyncQueue::new(store, Clock::real(), run, |_, _| None).expect("a queue");
    tokio::spawn(Arc::clone(&queue).work());
    for number in 0.. {
        let kind = if number % 2 == 0 { "hangs" } else { "ends" };
        let id = format!("{kind}-{number}");
        queue.accept(&event(&id, std::time::SystemTime::now())).expect("accepted");
        writeln!(std::io::stderr(), "accepted {id}").expect("a line");
    }
}

#[tokio::test]
async fn kill_9_loses_no_event_and_adds_no_attempt() {
    let fixture = QueueFixture::new();
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "queue::store::accepts_and_hangs", "--nocapture"])
        .env(PATH, fixture.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let (mut accepted, mut running) = (Vec::new(), Vec::new());
    for line in BufReader::new(child.stderr.take().expect("a pipe")).lines().map_while(Result::ok) {
        // Two threads write; each line is complete.
        match line.split_once(' ') {
            Some(("accepted", id)) => accepted.push(id.to_owned()),
            Some(("running", id)) => running.push(id.to_owned()),
            _ => {}
        }
        // Lines that were printed before are still read.
        if accepted.len() > 200 && running.len() > 100 {
            child.kill().expect("killed");
        }
    }
    child.wait().expect("it ends");
    let store = fixture.store();
    let stored = store.list().expect("events");
    let find = |id: &String| stored.iter().find(|listed| listed.event.id == *id);
    for id in &accepted {
        // Either it has finished, or it is still stored.
        assert!(find(id).is_some() || running.contains(id) && id.starts_with("ends"), "{id} is lost");
    }
    assert!(stored.iter().any(|listed| listed.state == EventState::Running));
    let once = stored.iter().filter(|listed| listed.state == EventState::Running).count();
    // For the next program, events that were running have failed once.
    let clock = Clock::manual(std::time::SystemTime::now());
    let fixture = QueueFixture { clock, ..fixture };
    let (queue, attempts) = fixture.queue(&store, |_| failed());
    for _ in 0..10 {
        queue.settled().await.expect("settled");
        fixture.clock.advance(Duration::from_secs(120));
    }
    let attempts = ids(&attempts);
    for listed in &stored {
        let times = attempts.iter().filter(|id| **id == listed.event.id).count();
        let before = usize::from(listed.state == EventState::Running);
        assert_eq!(times + before, 3, "{listed:?}");
    }
    assert_eq!(attempts.len(), stored.len() * 3 - once);
    let dead = store.list().expect("events");
    assert!(dead.iter().all(|listed| listed.state == EventState::Dead(Condition::RetriesExhausted)), "{dead:?}");
}

#[tokio::test]
async fn only_one_program_runs_events_and_others_may_change_them() {
    let fixture = QueueFixture::new();
    let store = fixture.store();
    assert!(matches!(QueueStore::own(&fixture.path()), Err(StoreError::Taken(path)) if path == fixture.path()));
    let other = QueueStore::open(&fixture.path()).expect("a store");
    assert!(store.is_own() && !other.is_own());
    let (queue, attempts) = fixture.queue(&store, |_| failed());
    let once = EventInvokeConfig { retries: 0, ..EventInvokeConfig::default() };
    queue.accept(&AsyncEvent { rules: once, ..event("a", fixture.clock.now()) }).expect("accepted");
    queue.settled().await.expect("settled");
    assert!(other.retry("a", fixture.clock.now()).expect("changed"));
    queue.settled().await.expect("settled");
    assert_eq!(ids(&attempts), ["a", "a"]);
    assert!(other.forget("a").expect("changed"));
    assert_eq!(store.list().expect("events"), []);
}

#[tokio::test]
async fn invalid_file_is_named_in_the_error() {
    let fixture = QueueFixture::new();
    std::fs::write(fixture.path(), "x".repeat(4096)).expect("a file");
    let Err(error) = QueueStore::own(&fixture.path()) else { panic!("it is accepted as a queue") };
    assert!(
        error.to_string().starts_with(&format!("failed to use the queue `{}`: ", fixture.path().display())),
        "{error}"
    );
}

#[tokio::test]
async fn adding_an_id_twice_stores_one_event() {
    let fixture = QueueFixture::new();
    let store = fixture.store();
    let (queue, attempts) = fixture.queue(&store, |_| Attempt::Answered(Bytes::new()));
    let twice = event("a", fixture.clock.now());
    store.add(&twice).expect("added");
    store.add(&twice).expect("added");
    queue.look();
    queue.settled().await.expect("settled");
    assert_eq!(ids(&attempts), ["a"]);
}

#[tokio::test]
async fn events_of_a_fast_clock_are_moved_to_the_present() {
    let fixture = QueueFixture::new();
    let store = fixture.store();
    let later = fixture.clock.now() + Duration::from_secs(36_000);
    for (id, due) in [("failed", later + Duration::from_secs(60)), ("refused", later)] {
        store.add(&event(id, later)).expect("added");
        let taken = store.claim(later).expect("taken").event.expect("an event");
        let refusals = u32::from(id == "refused");
        store.reschedule(&AsyncEvent { refusals, ..taken }, due, &json!({})).expect("put back");
    }
    let (queue, attempts) = fixture.queue(&store, |_| Attempt::Answered(Bytes::new()));
    queue.settled().await.expect("settled");
    assert_eq!(ids(&attempts), [""; 0]);
    fixture.clock.advance(Duration::from_secs(120));
    queue.settled().await.expect("settled");
    assert_eq!(ids(&attempts), ["failed"]);
    fixture.clock.advance(Duration::from_secs(180));
    queue.settled().await.expect("settled");
    assert_eq!(ids(&attempts), ["failed", "refused"]);
}

#[tokio::test]
async fn event_retried_by_another_program_counts_as_new() {
    let fixture = QueueFixture::new();
    let store = fixture.store();
    let (queue, attempts) = fixture.queue(&store, |_| failed());
    let rules = EventInvokeConfig { retries: 0, ..EventInvokeConfig::default() };
    queue.accept(&AsyncEvent { rules, ..event("a", fixture.clock.now()) }).expect("accepted");
    queue.settled().await.expect("settled");
    fixture.clock.advance(Duration::from_secs(1_000_000));
    assert!(store.retry("a", UNIX_EPOCH).expect("changed"));
    queue.look();
    queue.settled().await.expect("settled");
    assert_eq!(ids(&attempts), ["a", "a"], "it was not too old");
    let listed = store.list().expect("events");
    assert_eq!(listed[0].event.accepted, fixture.clock.now());
}

#[test]
fn deleted_file_accepts_no_events() {
    let fixture = QueueFixture::new();
    let store = fixture.store();
    store.add(&event("a", fixture.clock.now())).expect("added");
    std::fs::remove_file(fixture.path()).expect("deleted");
    let error = store.add(&event("b", fixture.clock.now())).expect_err("rejected").to_string();
    assert!(error.ends_with("was deleted (by `cargo clean`?); restart `cargo bedrock dev`"), "{error}");
    // Another file with the same path is not used.
    std::fs::write(fixture.path(), "").expect("a file");
    assert!(store.add(&event("c", fixture.clock.now())).is_err());
}
