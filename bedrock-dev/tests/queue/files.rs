//! The file: what is in it after `kill -9`, and who may use it.

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

use super::room::{Room, event, failed, ids};

/// Where the program that is to be killed finds its queue.
const PATH: &str = "QUEUE_TO_KILL";

/// No test, but the program that the next one kills: accepts events, runs them and never ends one of them.
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
async fn no_accepted_event_is_lost_by_kill_9_and_none_is_run_more_often_than_three_times() {
    let room = Room::new();
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "queue::files::accepts_and_hangs", "--nocapture"])
        .env(PATH, room.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let (mut accepted, mut running) = (Vec::new(), Vec::new());
    for line in BufReader::new(child.stderr.take().expect("a pipe")).lines().map_while(Result::ok) {
        // Lines of two threads: each is whole.
        match line.split_once(' ') {
            Some(("accepted", id)) => accepted.push(id.to_owned()),
            Some(("running", id)) => running.push(id.to_owned()),
            _ => {}
        }
        // What it had printed by then is read to its end.
        if accepted.len() > 200 && running.len() > 100 {
            child.kill().expect("killed");
        }
    }
    child.wait().expect("it ends");
    let store = room.store();
    let left = store.list().expect("events");
    let find = |id: &String| left.iter().find(|listed| listed.event.id == *id);
    for id in &accepted {
        // Either it has been run to its end, or it is still there.
        assert!(find(id).is_some() || running.contains(id) && id.starts_with("ends"), "{id} is lost");
    }
    assert!(left.iter().any(|listed| listed.state == EventState::Running));
    let once = left.iter().filter(|listed| listed.state == EventState::Running).count();
    // The next program: what was running has been tried once, and what was not has not.
    let clock = Clock::manual(std::time::SystemTime::now());
    let room = Room { clock, ..room };
    let (queue, runs) = room.queue(&store, |_| failed());
    for _ in 0..10 {
        queue.settled().await.expect("settled");
        room.clock.advance(Duration::from_secs(120));
    }
    let runs = ids(&runs);
    for listed in &left {
        let times = runs.iter().filter(|id| **id == listed.event.id).count();
        let before = usize::from(listed.state == EventState::Running);
        assert_eq!(times + before, 3, "{listed:?}");
    }
    assert_eq!(runs.len(), left.len() * 3 - once);
    let dead = store.list().expect("events");
    assert!(dead.iter().all(|listed| listed.state == EventState::Dead(Condition::RetriesExhausted)), "{dead:?}");
}

#[tokio::test]
async fn one_program_runs_the_events_and_others_may_look_and_change() {
    let room = Room::new();
    let store = room.store();
    assert!(matches!(QueueStore::own(&room.path()), Err(StoreError::Taken(path)) if path == room.path()));
    let other = QueueStore::open(&room.path()).expect("a store");
    assert!(store.is_own() && !other.is_own());
    let (queue, runs) = room.queue(&store, |_| failed());
    let once = EventInvokeConfig { retries: 0, ..EventInvokeConfig::default() };
    queue.accept(&AsyncEvent { rules: once, ..event("a", room.clock.now()) }).expect("accepted");
    queue.settled().await.expect("settled");
    assert!(other.retry("a", room.clock.now()).expect("changed"));
    queue.settled().await.expect("settled");
    assert_eq!(ids(&runs), ["a", "a"]);
    assert!(other.forget("a").expect("changed"));
    assert_eq!(store.list().expect("events"), []);
}

#[tokio::test]
async fn a_file_that_is_no_queue_is_named() {
    let room = Room::new();
    std::fs::write(room.path(), "x".repeat(4096)).expect("a file");
    let Err(fault) = QueueStore::own(&room.path()) else { panic!("it is taken for a queue") };
    assert!(
        fault.to_string().starts_with(&format!("failed to use the queue `{}`: ", room.path().display())),
        "{fault}"
    );
}

#[tokio::test]
async fn the_same_id_is_one_event() {
    let room = Room::new();
    let store = room.store();
    let (queue, runs) = room.queue(&store, |_| Attempt::Answered(Bytes::new()));
    let twice = event("a", room.clock.now());
    store.add(&twice).expect("added");
    store.add(&twice).expect("added");
    queue.look();
    queue.settled().await.expect("settled");
    assert_eq!(ids(&runs), ["a"]);
}

#[tokio::test]
async fn events_of_a_clock_that_was_fast_are_not_due_hours_later() {
    let room = Room::new();
    let store = room.store();
    let later = room.clock.now() + Duration::from_secs(36_000);
    for (id, due) in [("failed", later + Duration::from_secs(60)), ("refused", later)] {
        store.add(&event(id, later)).expect("added");
        let taken = store.claim(later).expect("taken").event.expect("an event");
        let refusals = u32::from(id == "refused");
        store.reschedule(&AsyncEvent { refusals, ..taken }, due, &json!({})).expect("put back");
    }
    let (queue, runs) = room.queue(&store, |_| Attempt::Answered(Bytes::new()));
    queue.settled().await.expect("settled");
    assert_eq!(ids(&runs), [""; 0]);
    room.clock.advance(Duration::from_secs(120));
    queue.settled().await.expect("settled");
    assert_eq!(ids(&runs), ["failed"]);
    room.clock.advance(Duration::from_secs(180));
    queue.settled().await.expect("settled");
    assert_eq!(ids(&runs), ["failed", "refused"]);
}

#[tokio::test]
async fn an_event_that_is_retried_by_somebody_with_another_clock_is_as_new_as_one_that_just_came() {
    let room = Room::new();
    let store = room.store();
    let (queue, runs) = room.queue(&store, |_| failed());
    let rules = EventInvokeConfig { retries: 0, ..EventInvokeConfig::default() };
    queue.accept(&AsyncEvent { rules, ..event("a", room.clock.now()) }).expect("accepted");
    queue.settled().await.expect("settled");
    room.clock.advance(Duration::from_secs(1_000_000));
    assert!(store.retry("a", UNIX_EPOCH).expect("changed"));
    queue.look();
    queue.settled().await.expect("settled");
    assert_eq!(ids(&runs), ["a", "a"], "it was not too old");
    let listed = store.list().expect("events");
    assert_eq!(listed[0].event.accepted, room.clock.now());
}

#[test]
fn an_event_is_not_accepted_into_a_file_that_is_gone() {
    let room = Room::new();
    let store = room.store();
    store.add(&event("a", room.clock.now())).expect("added");
    std::fs::remove_file(room.path()).expect("gone");
    let fault = store.add(&event("b", room.clock.now())).expect_err("refused").to_string();
    assert!(fault.ends_with("was deleted (by `cargo clean`?); restart `cargo bedrock dev`"), "{fault}");
    // Another file at the same place is not the one that is used.
    std::fs::write(room.path(), "").expect("a file");
    assert!(store.add(&event("c", room.clock.now())).is_err());
}
