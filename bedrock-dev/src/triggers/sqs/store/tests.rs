//! The file: what is in it after `kill -9`, and when messages can be had, on a clock that is moved by hand.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::Messages;
use crate::Clock;
use crate::triggers::sqs::message::Attributes;
use crate::triggers::sqs::queue::{Counts, DeadLetters, SqsQueue};

/// Where the program that is to be killed finds its messages.
const PATH: &str = "MESSAGES_TO_KILL";

fn queue(path: &Path, name: &str, clock: &Clock) -> SqsQueue {
    let messages = Arc::new(Messages::open(path).expect("a file"));
    // A dead-letter queue has none of its own.
    let dead = (!name.ends_with("-dead")).then(|| DeadLetters { queue: format!("{name}-dead"), max_receives: 2 });
    SqsQueue::new(name.to_owned(), "arn".to_owned(), "url".to_owned(), (30, dead), messages, clock.clone())
}

fn send(queue: &SqsQueue, body: &str, delay: u64) -> String {
    queue.send(body, (&Attributes::new(), None), delay).expect("sent")
}

fn bodies(queue: &SqsQueue, most: usize) -> Vec<String> {
    let received = queue.receive(most, None).expect("received");
    received.messages.into_iter().map(|message| message.body).collect()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// No test, but the program that the next one kills: sends messages for ever, and takes some of them.
#[test]
fn sends_for_ever() {
    let Some(path) = std::env::var_os(PATH).map(PathBuf::from) else { return };
    let queue = queue(&path, "jobs", &Clock::real());
    for number in 0.. {
        let id = send(&queue, "body", 0);
        writeln!(std::io::stderr(), "sent {id}").expect("a line");
        if number % 10 == 0 {
            let taken = queue.hold(3).expect("taken").messages;
            queue.delete(&taken[0].receipt).expect("deleted");
            writeln!(std::io::stderr(), "deleted {}", taken[0].id).expect("a line");
        }
    }
}

#[test]
fn no_message_is_lost_by_kill_9_and_none_comes_back_that_was_deleted() {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = scratch.path().join("messages.sqlite");
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "triggers::sqs::store::tests::sends_for_ever", "--nocapture"])
        .env(PATH, &path)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let (mut sent, mut deleted) = (BTreeSet::new(), BTreeSet::new());
    for line in BufReader::new(child.stderr.take().expect("a pipe")).lines().map_while(Result::ok) {
        match line.split_once(' ') {
            Some(("sent", id)) => sent.insert(id.to_owned()),
            Some(("deleted", id)) => deleted.insert(id.to_owned()),
            _ => false,
        };
        if sent.len() > 200 {
            child.kill().expect("killed");
        }
    }
    child.wait().expect("it ends");
    let clock = Clock::by_hand(SystemTime::now());
    let queue = queue(&path, "jobs", &clock);
    // Those that the program had taken come back with their visibility timeout.
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
fn a_received_message_is_hidden_for_a_while_and_gone_when_it_is_deleted() {
    let scratch = tempfile::tempdir().expect("a folder");
    let clock = Clock::by_hand(SystemTime::now());
    let queue = queue(&scratch.path().join("messages"), "jobs", &clock);
    send(&queue, "one", 0);
    send(&queue, "later", 60);
    let first = queue.receive(10, None).expect("received").messages;
    assert_eq!((first.len(), first[0].receives), (1, 1));
    assert_eq!(queue.counts().expect("counts"), Counts { waiting: 0, in_flight: 1, delayed: 1 });
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
fn a_message_that_was_received_too_often_goes_to_the_dead_letters() {
    let scratch = tempfile::tempdir().expect("a folder");
    let (clock, path) = (Clock::by_hand(SystemTime::now()), scratch.path().join("messages"));
    let (jobs, dead) = (queue(&path, "jobs", &clock), queue(&path, "jobs-dead", &clock));
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
fn a_message_that_this_program_holds_is_nobody_elses_however_late_it_is() {
    let scratch = tempfile::tempdir().expect("a folder");
    let (clock, path) = (Clock::by_hand(SystemTime::now()), scratch.path().join("messages"));
    let jobs = queue(&path, "jobs", &clock);
    send(&jobs, "one", 0);
    let held = jobs.hold(1).expect("held").messages;
    clock.advance(seconds(3600));
    assert_eq!(bodies(&jobs, 1), [""; 0]);
    jobs.release(&[&held[0]]).expect("released");
    assert_eq!(bodies(&jobs, 1), ["one"]);
}

#[test]
fn visibility_can_be_changed_and_a_queue_be_emptied() {
    let scratch = tempfile::tempdir().expect("a folder");
    let (clock, path) = (Clock::by_hand(SystemTime::now()), scratch.path().join("messages"));
    let (jobs, others) = (queue(&path, "jobs", &clock), queue(&path, "others", &clock));
    send(&jobs, "one", 0);
    send(&others, "other", 0);
    let taken = jobs.receive(1, Some(600)).expect("received").messages;
    assert!(jobs.hide(&taken[0].receipt, 0).expect("changed"));
    assert_eq!(bodies(&jobs, 1), ["one"]);
    assert!(!jobs.hide("unknown", 0).expect("not changed"));
    assert_eq!(jobs.purge().expect("emptied"), 1);
    clock.advance(seconds(600));
    assert_eq!((bodies(&jobs, 1).len(), bodies(&others, 1).len()), (0, 1));
}

#[test]
fn messages_are_kept_for_four_days_and_a_clock_that_was_ahead_delays_none_for_long() {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = scratch.path().join("messages");
    let (now, ahead) = (SystemTime::now(), SystemTime::now() + seconds(1_000_000));
    send(&queue(&path, "jobs", &Clock::by_hand(ahead)), "of a fast clock", 0);
    let clock = Clock::by_hand(now);
    let jobs = queue(&path, "jobs", &clock);
    Messages::open(&path).expect("a file").set_clock("jobs", now, seconds(30)).expect("set");
    clock.advance(seconds(30));
    assert_eq!(bodies(&jobs, 1), ["of a fast clock"]);
    clock.advance(seconds(4 * 86_400));
    assert_eq!(bodies(&jobs, 1), [""; 0]);
}

#[test]
fn a_message_is_not_taken_into_a_file_that_is_gone() {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = scratch.path().join("messages");
    let jobs = queue(&path, "jobs", &Clock::real());
    std::fs::remove_file(&path).expect("removed");
    let told = format!(
        "the messages in `{}` are gone; was `cargo clean` run? start `cargo bedrock dev` again",
        path.display()
    );
    let sent = jobs.send("lost", (&Attributes::new(), None), 0);
    assert_eq!(sent.expect_err("gone").to_string(), told);
    // Another one at the same place is not the one that this program has open.
    let _other = Messages::open(&path).expect("a file");
    assert_eq!(jobs.counts().expect_err("gone").to_string(), told);
}
