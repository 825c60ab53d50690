//! The file of the queue: its content after `kill -9`, and concurrent programs.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
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
    let started = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&started);
    let run = move |event: AsyncEvent| -> bedrock_dev::AttemptFuture {
        counter.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            writeln!(std::io::stderr(), "running {}", event.id).expect("a line");
            if event.id.starts_with("hangs") { std::future::pending().await } else { Attempt::Answered(Bytes::new()) }
        })
    };
    let queue = AsyncQueue::new(store, Clock::real(), run, |_, _| None).expect("a queue");
    tokio::spawn(Arc::clone(&queue).work());
    for number in 0_u32.. {
        let kind = if number % 2 == 0 { "hangs" } else { "ends" };
        let id = format!("{kind}-{number}");
        queue.accept(&event(&id, std::time::SystemTime::now())).expect("accepted");
        writeln!(std::io::stderr(), "accepted {id}").expect("a line");
        // On a slow disk, thousands would be accepted before a hundred run, and all of them are read later.
        while number > 300 + 2 * started.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
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
    // For the next program, events that were running have failed once, unless they were only claimed.
    let delivered = ids_of_delivered_events(&fixture.path());
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
        let before = usize::from(delivered.contains(&listed.event.id));
        assert_eq!(times + before, 3, "{listed:?}");
    }
    assert_eq!(attempts.len(), stored.len() * 3 - delivered.len());
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
    let help = error.help().expect("a help");
    assert!(help.contains(&format!("`mv {path} {path}.damaged`", path = fixture.path().display())), "{help}");
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

/// Returns the ids of the running events that were handed to a worker.
fn ids_of_delivered_events(path: &Path) -> HashSet<String> {
    let file = rusqlite::Connection::open(path).expect("a file");
    let mut query = file.prepare("SELECT id FROM events WHERE state = 'running' AND delivered = 1").expect("a query");
    query.query_map([], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("ids")
}

#[test]
fn event_that_no_process_got_has_no_attempt() {
    let fixture = QueueFixture::new();
    let now = fixture.clock.now();
    for _ in 0..5 {
        // What is left of a program ends with its runtime.
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let store = fixture.store();
        let (sender, mut claimed) = tokio::sync::mpsc::unbounded_channel();
        // The process starts for ever.
        let run = move |event: AsyncEvent, _| -> bedrock_dev::AttemptFuture {
            sender.send(event.attempts).expect("a receiver");
            Box::pin(std::future::pending())
        };
        let _context = runtime.enter();
        let queue = AsyncQueue::with_observer(store, fixture.clock.clone(), run, |_, _| None, |_, _| {});
        let queue = queue.expect("a queue");
        queue.accept(&event("patient", now)).expect("accepted");
        runtime.spawn(queue.work());
        assert_eq!(runtime.block_on(claimed.recv()), Some(1));
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let store = fixture.store();
        let (queue, attempts) = fixture.queue(&store, |_| failed());
        for _ in 0..5 {
            queue.settled().await.expect("settled");
            fixture.clock.advance(Duration::from_secs(120));
        }
        assert_eq!(ids(&attempts), ["patient"; 3]);
    });
}

#[tokio::test]
async fn store_upgrades_a_file_of_version_3() {
    let fixture = QueueFixture::new();
    drop(fixture.store());
    let file = rusqlite::Connection::open(fixture.path()).expect("a file");
    file.execute_batch("ALTER TABLE events DROP COLUMN delivered; PRAGMA user_version = 3;").expect("version 3");
    drop(file);
    let store = fixture.store();
    store.add(&event("new", fixture.clock.now())).expect("added");
    let (queue, attempts) = fixture.queue(&store, |_| Attempt::Answered(Bytes::new()));
    queue.settled().await.expect("settled");
    assert_eq!(ids(&attempts), ["new"]);
}

#[tokio::test]
async fn hanging_function_delays_no_event_of_another_function() {
    let fixture = QueueFixture::new();
    let store = fixture.store();
    let (sender, mut ran) = tokio::sync::mpsc::unbounded_channel();
    let run = move |event: AsyncEvent| -> bedrock_dev::AttemptFuture {
        let sender = sender.clone();
        Box::pin(async move {
            sender.send((event.worker.clone(), event.id)).expect("a receiver");
            if event.worker == "hanger" { std::future::pending().await } else { Attempt::Answered(Bytes::new()) }
        })
    };
    let queue = AsyncQueue::new(Arc::clone(&store), fixture.clock.clone(), run, |_, _| None).expect("a queue");
    let now = fixture.clock.now();
    for number in 0..200 {
        let hanging = AsyncEvent { worker: "hanger".to_owned(), ..event(&format!("hangs-{number}"), now) };
        store.add(&hanging).expect("added");
    }
    fixture.clock.advance(Duration::from_secs(1));
    store.add(&event("quick", fixture.clock.now())).expect("added");
    tokio::spawn(Arc::clone(&queue).work());
    let mut hanging = 0;
    loop {
        let (worker, id) = ran.recv().await.expect("an attempt");
        if worker == "fetcher" {
            assert_eq!(id, "quick");
            break;
        }
        hanging += 1;
    }
    assert!(hanging <= 64, "{hanging}");
    // The limit counts for events that become due later, too.
    store.add(&event("next", fixture.clock.now())).expect("added");
    queue.look();
    while ran.recv().await.expect("an attempt").1 != "next" {}
    let running = store.list().expect("events").iter().filter(|listed| listed.state == EventState::Running).count();
    assert!((1..=64).contains(&running), "{running}");
}

#[tokio::test]
async fn claim_prefers_the_function_with_fewest_running_events() {
    let fixture = QueueFixture::new();
    let store = fixture.store();
    let now = fixture.clock.now();
    for (id, worker, due) in [("a1", "a", 0), ("a2", "a", 1), ("b1", "b", 2), ("c1", "c", 9)] {
        let due = now + Duration::from_secs(due);
        store.add(&AsyncEvent { worker: worker.to_owned(), ..event(id, due) }).expect("added");
    }
    let now = now + Duration::from_secs(5);
    let claim = || store.claim(now).expect("claimed");
    let ids: Vec<_> = std::iter::from_fn(|| Some(claim().event?.id)).collect();
    assert_eq!(ids, ["a1", "b1", "a2"]);
    assert_eq!(claim().next, Some(fixture.clock.now() + Duration::from_secs(9)));
}

/// Makes every change of stored events fail until the connection executes `DROP TRIGGER broken`.
fn break_updates(fixture: &QueueFixture) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(fixture.path()).expect("a file");
    let broken = "CREATE TRIGGER broken BEFORE UPDATE ON events WHEN OLD.state = 'running'
        BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END;
        CREATE TRIGGER broken_too BEFORE DELETE ON events WHEN OLD.id = 'stays'
        BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END;";
    connection.execute_batch(broken).expect("triggers");
    connection
}

#[tokio::test]
async fn result_is_stored_again_until_the_store_accepts_it() {
    let fixture = QueueFixture::new();
    let store = fixture.store();
    let (queue, attempts) =
        fixture.queue(&store, |event| if event.id == "stays" { Attempt::Answered(Bytes::new()) } else { failed() });
    let (sender, mut errors) = tokio::sync::mpsc::unbounded_channel();
    queue.log_errors_with(move |message| sender.send(message.to_owned()).expect("a receiver"));
    let connection = break_updates(&fixture);
    for id in ["stays", "fails", "dropped"] {
        queue.accept(&event(id, fixture.clock.now())).expect("accepted");
    }
    for _ in 0..3 {
        let error = errors.recv().await.expect("an error");
        assert!(error.contains("is stored again until that succeeds") && error.contains("disk is full"), "{error}");
    }
    let states = || store.list().expect("events").into_iter().map(|listed| listed.state).collect::<Vec<_>>();
    assert_eq!(states(), [EventState::Running; 3]);
    // The command of another program does not know the result, this one does.
    assert!(!store.forget("dropped").expect("asked"));
    assert!(queue.forget("dropped").expect("dropped"));
    assert!(!queue.retry("fails").expect("asked"));
    connection.execute_batch("DROP TRIGGER broken; DROP TRIGGER broken_too;").expect("repaired");
    queue.settled().await.expect("settled");
    assert!(errors.try_recv().is_err(), "each error is logged once");
    assert_eq!(states(), [EventState::Waiting(fixture.clock.now() + Duration::from_secs(60))]);
    assert_eq!(ids(&attempts).len(), 3, "no event was run again");
}

#[tokio::test]
async fn file_locked_by_another_program_blocks_no_task() {
    let fixture = QueueFixture::new();
    let store = fixture.store();
    let (queue, _) = fixture.queue(&store, |_| Attempt::Answered(Bytes::new()));
    let other = rusqlite::Connection::open(fixture.path()).expect("a file");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let waiting = event("a", fixture.clock.now());
    let accepting = tokio::spawn({
        let queue = Arc::clone(&queue);
        async move { queue.on_thread(move |queue| queue.accept(&waiting)).await }
    });
    // The only thread of this runtime would stand still, and never come to the next line.
    tokio::task::yield_now().await;
    assert!(!accepting.is_finished());
    other.execute_batch("ROLLBACK").expect("unlocked");
    accepting.await.expect("it ends").expect("accepted");
    queue.settled().await.expect("settled");
    assert_eq!(store.list().expect("events"), []);
}

#[tokio::test]
async fn clock_that_is_set_back_delays_no_retry() {
    let fixture = QueueFixture::new();
    let store = fixture.store();
    let (queue, attempts) = fixture.queue(&store, |_| failed());
    fixture.clock.advance(Duration::from_secs(3600));
    queue.accept(&event("a", fixture.clock.now())).expect("accepted");
    queue.settled().await.expect("settled");
    assert_eq!(ids(&attempts), ["a"]);
    fixture.clock.set_back(Duration::from_secs(3600));
    let is_moved = || store.list().expect("events")[0].event.accepted == fixture.clock.now();
    while !is_moved() {
        tokio::task::yield_now().await;
    }
    fixture.clock.advance(Duration::from_secs(120));
    queue.settled().await.expect("settled");
    assert_eq!(ids(&attempts), ["a", "a"]);
}

#[test]
fn queue_files_are_only_readable_by_their_owner() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = QueueFixture::new();
    let store = fixture.store();
    store.add(&event("a", fixture.clock.now())).expect("added");
    for suffix in ["", "-wal", "-shm"] {
        let path = format!("{}{suffix}", fixture.path().display());
        let mode = std::fs::metadata(&path).expect("a file").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{path}");
    }
}
