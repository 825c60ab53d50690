//! Tests of the message database: its content after `kill -9`, and the visibility of messages, with a manual clock.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bedrock_build::triggers::is_fifo_queue;

use super::{MessageCounts, MessageStore, RedrivePolicy};
use crate::Clock;
use crate::triggers::sqs::queue::{FifoQueueConfig, OutgoingMessage, SqsQueue, SqsQueueConfig};

/// The variable with the path of the database for the process that is killed.
const PATH_VARIABLE: &str = "MESSAGES_TO_KILL";

fn queue(path: &Path, name: &str, clock: &Clock) -> SqsQueue {
    let messages = Arc::new(MessageStore::open(path).expect("a file"));
    // A dead-letter queue has no redrive policy.
    let redrive = (!name.ends_with("-dead"))
        .then(|| RedrivePolicy { dead_letter_queue: format!("{name}-dead"), max_receives: 2 });
    let text = |text: &str| text.to_owned();
    let fifo = is_fifo_queue(name).then_some(FifoQueueConfig { content_based_deduplication: false });
    let config = SqsQueueConfig { name: text(name), arn: text("arn"), url: text("url"), visibility: 30, redrive, fifo };
    SqsQueue::new(config, messages, clock.clone())
}

fn send(queue: &SqsQueue, body: &str, delay: u64) -> String {
    queue.send(&OutgoingMessage { delay, ..OutgoingMessage::of(body, None) }).expect("sent").id
}

fn bodies(queue: &SqsQueue, max_messages: usize) -> Vec<String> {
    let received = queue.receive(max_messages, None).expect("received");
    received.messages.into_iter().map(|message| message.body).collect()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Not a test: the process that the next test kills. Sends messages without end, and deletes some of them.
#[test]
fn sends_without_end() {
    let Some(path) = std::env::var_os(PATH_VARIABLE).map(PathBuf::from) else { return };
    let queue = queue(&path, "jobs", &Clock::real());
    for number in 0.. {
        let id = send(&queue, "body", 0);
        writeln!(std::io::stderr(), "sent {id}").expect("a line");
        if number % 10 == 0 {
            let held = queue.hold(3, &[]).expect("held").messages;
            queue.delete(&held[0].receipt).expect("deleted");
            writeln!(std::io::stderr(), "deleted {}", held[0].id).expect("a line");
        }
    }
}

#[test]
fn messages_survive_kill_9_and_deleted_ones_stay_deleted() {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = scratch.path().join("messages.sqlite");
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "triggers::sqs::store::tests::sends_without_end", "--nocapture"])
        .env(PATH_VARIABLE, &path)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut sent = BTreeSet::new();
    let mut deleted = BTreeSet::new();
    let mut output = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut line = String::new();
    // The last line of a killed process may not be whole.
    while output.read_line(&mut line).expect("text") > 0 && line.ends_with('\n') {
        match line.trim_end().split_once(' ') {
            Some(("sent", id)) => sent.insert(id.to_owned()),
            Some(("deleted", id)) => deleted.insert(id.to_owned()),
            _ => false,
        };
        line.clear();
        if sent.len() > 200 {
            child.kill().expect("killed");
        }
    }
    child.wait().expect("it ends");
    let clock = Clock::manual(SystemTime::now());
    let queue = queue(&path, "jobs", &clock);
    // Messages that the process held return after their visibility timeout.
    clock.advance(seconds(30));
    let mut found = BTreeSet::new();
    loop {
        let received = queue.receive(10, None).expect("received").messages;
        if received.is_empty() {
            break;
        }
        found.extend(received.into_iter().map(|message| message.id));
    }
    let lost: Vec<_> = sent.difference(&found).filter(|id| !deleted.contains(*id)).collect();
    assert_eq!(lost, [""; 0]);
    assert_eq!(found.intersection(&deleted).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn received_message_is_hidden_until_timeout_or_deletion() {
    let scratch = tempfile::tempdir().expect("a folder");
    let clock = Clock::manual(SystemTime::now());
    let queue = queue(&scratch.path().join("messages"), "jobs", &clock);
    send(&queue, "one", 0);
    send(&queue, "later", 60);
    let first = queue.receive(10, None).expect("received").messages;
    assert_eq!((first.len(), first[0].receives), (1, 1));
    assert_eq!(queue.counts().expect("counts"), MessageCounts { waiting: 0, in_flight: 1, delayed: 1 });
    assert_eq!(bodies(&queue, 10), [""; 0]);
    clock.advance(seconds(30));
    let second = queue.receive(10, None).expect("received").messages;
    assert_eq!((second[0].receives, second[0].first_received), (2, first[0].first_received));
    queue.delete(&first[0].receipt).expect("an old receipt is no error");
    assert_eq!(queue.counts().expect("counts").in_flight, 1);
    queue.delete(&second[0].receipt).expect("deleted");
    clock.advance(seconds(30));
    assert_eq!(bodies(&queue, 10), ["later"]);
}

#[test]
fn message_received_too_often_is_moved_to_dead_letter_queue() {
    let scratch = tempfile::tempdir().expect("a folder");
    let clock = Clock::manual(SystemTime::now());
    let path = scratch.path().join("messages");
    let jobs = queue(&path, "jobs", &clock);
    let dead = queue(&path, "jobs-dead", &clock);
    send(&jobs, "poison", 0);
    for _ in 0..2 {
        assert_eq!(bodies(&jobs, 1), ["poison"]);
        assert_eq!(bodies(&dead, 1), [""; 0]);
        clock.advance(seconds(30));
    }
    let received = jobs.receive(1, None).expect("received");
    assert_eq!((received.messages.len(), received.dead), (0, 1));
    assert_eq!(bodies(&dead, 1), ["poison"]);
}

#[test]
fn held_message_is_never_received_by_others() {
    let scratch = tempfile::tempdir().expect("a folder");
    let clock = Clock::manual(SystemTime::now());
    let path = scratch.path().join("messages");
    let jobs = queue(&path, "jobs", &clock);
    send(&jobs, "one", 0);
    let held = jobs.hold(1, &[]).expect("held").messages;
    clock.advance(seconds(3600));
    assert_eq!(bodies(&jobs, 1), [""; 0]);
    jobs.finish(&[], &[held[0].receipt.clone()]).expect("released");
    assert_eq!(bodies(&jobs, 1), ["one"]);
}

#[test]
fn visibility_can_be_changed_and_queue_purged() {
    let scratch = tempfile::tempdir().expect("a folder");
    let clock = Clock::manual(SystemTime::now());
    let path = scratch.path().join("messages");
    let jobs = queue(&path, "jobs", &clock);
    let others = queue(&path, "others", &clock);
    send(&jobs, "one", 0);
    send(&others, "other", 0);
    let received = jobs.receive(1, Some(600)).expect("received").messages;
    assert!(jobs.change_visibility(&received[0].receipt, 0).expect("changed"));
    assert_eq!(bodies(&jobs, 1), ["one"]);
    assert!(!jobs.change_visibility("unknown", 0).expect("not changed"));
    assert_eq!(jobs.purge().expect("emptied"), 1);
    clock.advance(seconds(600));
    assert_eq!((bodies(&jobs, 1).len(), bodies(&others, 1).len()), (0, 1));
}

#[test]
fn messages_expire_and_future_timestamps_are_clamped() {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = scratch.path().join("messages");
    let now = SystemTime::now();
    let ahead = now + seconds(1_000_000);
    send(&queue(&path, "jobs", &Clock::manual(ahead)), "of a fast clock", 0);
    let clock = Clock::manual(now);
    let jobs = queue(&path, "jobs", &clock);
    MessageStore::open(&path).expect("a file").clamp_future_timestamps("jobs", now, seconds(30)).expect("set");
    clock.advance(seconds(30));
    assert_eq!(bodies(&jobs, 1), ["of a fast clock"]);
    clock.advance(seconds(4 * 86_400));
    assert_eq!(bodies(&jobs, 1), [""; 0]);
}

#[test]
fn message_is_rejected_after_its_file_was_deleted() {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = scratch.path().join("messages");
    let jobs = queue(&path, "jobs", &Clock::real());
    std::fs::remove_file(&path).expect("removed");
    let message =
        format!("message database `{}` was deleted (by `cargo clean`?); restart `cargo bedrock dev`", path.display());
    let sent = jobs.send(&OutgoingMessage::of("lost", None));
    assert_eq!(sent.expect_err("deleted").to_string(), message);
    // A new file at the same path is not the one that this process has open.
    let _other = MessageStore::open(&path).expect("a file");
    assert_eq!(jobs.counts().expect_err("deleted").to_string(), message);
}

#[test]
fn damaged_file_is_an_error_with_help() {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = scratch.path().join("messages.sqlite");
    std::fs::write(&path, "x".repeat(4096)).expect("a file");
    let Err(error) = MessageStore::open(&path) else { panic!("it is accepted as a database") };
    let error = crate::StartError::from(crate::TriggerSetupError::from(error));
    let help = error.help().expect("a help");
    assert!(help.contains(&format!("`mv {path} {path}.damaged`", path = path.display())), "{help}");
}

#[test]
fn fifo_queue_receives_groups_in_order() {
    let scratch = tempfile::tempdir().expect("a folder");
    let clock = Clock::manual(SystemTime::now());
    let jobs = queue(&scratch.path().join("messages"), "jobs.fifo", &clock);
    for (body, group) in [("a1", "a"), ("a2", "a"), ("b1", "b"), ("a3", "a")] {
        jobs.send(&OutgoingMessage::of(body, Some(group))).expect("sent");
    }
    let first = jobs.receive(2, None).expect("received").messages;
    assert_eq!(first.iter().map(|message| message.body.as_str()).collect::<Vec<_>>(), ["a1", "a2"]);
    // While messages of a group are in flight, no other receiver gets any of it.
    let second = jobs.receive(10, None).expect("received").messages;
    assert_eq!(second.iter().map(|message| message.body.as_str()).collect::<Vec<_>>(), ["b1"]);
    assert!(jobs.change_visibility(&first[0].receipt, 0).expect("changed"));
    assert_eq!(bodies(&jobs, 10), [""; 0]);
    jobs.delete(&first[1].receipt).expect("deleted");
    assert_eq!(bodies(&jobs, 10), ["a1", "a3"]);
}

#[test]
fn fifo_queue_drops_duplicates_for_five_minutes() {
    let scratch = tempfile::tempdir().expect("a folder");
    let clock = Clock::manual(SystemTime::now());
    let jobs = queue(&scratch.path().join("messages"), "jobs.fifo", &clock);
    let message = OutgoingMessage::of("one", Some("a"));
    let first = jobs.send(&message).expect("sent");
    let received = jobs.receive(1, None).expect("received").messages;
    jobs.delete(&received[0].receipt).expect("deleted");
    clock.advance(seconds(299));
    assert_eq!(jobs.send(&message).expect("sent"), first);
    assert_eq!(bodies(&jobs, 10), [""; 0]);
    clock.advance(seconds(1));
    let later = jobs.send(&message).expect("sent");
    assert!(later.id != first.id && later.sequence > first.sequence, "{first:?} {later:?}");
    assert_eq!(bodies(&jobs, 10), ["one"]);
}

#[test]
fn messages_of_an_older_version_are_kept() {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = scratch.path().join("messages");
    let old = rusqlite::Connection::open(&path).expect("a file");
    old.execute_batch(
        "CREATE TABLE messages (
            number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, queue TEXT NOT NULL, body TEXT NOT NULL,
            attributes TEXT NOT NULL, trace TEXT, sent INTEGER NOT NULL, visible INTEGER NOT NULL,
            receives INTEGER NOT NULL DEFAULT 0, first_received INTEGER, receipt TEXT, held INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        INSERT INTO messages (id, queue, body, attributes, sent, visible) VALUES ('1', 'jobs', 'old', '{}', 9e12, 0);
        PRAGMA user_version = 1;",
    )
    .expect("a table");
    drop(old);
    for _ in 0..2 {
        MessageStore::open(&path).expect("a file");
    }
    assert_eq!(bodies(&queue(&path, "jobs", &Clock::real()), 10), ["old"]);
}
