//! `kill -9` again and again, at any moment, while events come in: each one that was accepted is run, none more often than
//! Lambda might, and nothing is left that was started.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::reload::Shop;
use crate::running::{Running, gone, takes_event};

/// How often it is killed.
const KILLS: usize = 6;
/// Events that come at the same time.
const SENDERS: usize = 4;
/// Events that are run at the same time: of those nobody knows how far they came.
const AT_ONCE: usize = 64;
/// Attempts of an event, the first one included.
const ATTEMPTS: usize = 3;

const PYTHON: &str = "\
import time
from bedrock.workers.worker import Worker

class Snake(Worker):
    def execute(self, event, context):
        with open(event[\"name\"], \"a\") as file:
            file.write(\"ran\\n\")
        time.sleep(0.02)
        return \"ran\"
";

const RUST: &str = "\
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(&event.name)?;
        std::io::Write::write_all(&mut file, b\"ran\\n\")?;
        std::thread::sleep(std::time::Duration::from_millis(20));
        Ok(GreeterResponse {";

/// An app with a worker in Rust and one in Python, which leave a line in the file that an event names.
fn shop() -> Shop {
    let shop = Shop::new();
    shop.write("workers/snake/main.py", PYTHON);
    shop.edit("workers/greeter/src/lib.rs", "        Ok(GreeterResponse {", RUST);
    fs::create_dir_all(shop.path("target/ran")).expect("a folder");
    shop
}

fn start(shop: &Shop, port: u16) -> Running {
    let port = port.to_string();
    let arguments = ["dev", "--port", &port, "--message-format", "json", "--clock", "fast"];
    Running::of(Shop::command(&shop.path("."), &arguments))
}

#[test]
fn no_accepted_event_is_lost_and_nothing_is_left_however_often_it_is_killed() {
    let shop = shop();
    let (mut accepted, mut port, mut next) = (Vec::new(), 0, 0);
    for round in 0..KILLS {
        // At the port of the one before, at once.
        let dev = start(&shop, port);
        port = dev.port();
        // No round ends at the same moment as another: when 20, 57, 94 … events were sent, with what is under way then.
        let (enough, first) = (20 + round * 37, next);
        let sent = AtomicUsize::new(0);
        let (taken, children) = std::thread::scope(|scope| {
            let (shop, sent) = (&shop, &sent);
            let sender = |_| {
                scope.spawn(move || {
                    let mut taken = Vec::new();
                    loop {
                        let number = first + sent.fetch_add(1, Ordering::Relaxed);
                        let event = json!({ "name": file(shop, number) }).to_string();
                        if !takes_event(port, if number % 2 == 0 { "greeter" } else { "snake" }, &event) {
                            return taken;
                        }
                        taken.push(number);
                    }
                })
            };
            let senders: Vec<_> = (0..SENDERS).map(sender).collect();
            while sent.load(Ordering::Relaxed) < enough {
                std::thread::yield_now();
            }
            let children = dev.children();
            dev.kill_now();
            let taken: Vec<usize> = senders.into_iter().flat_map(|sender| sender.join().expect("a sender")).collect();
            (taken, children)
        });
        assert!(taken.len() + SENDERS >= enough, "{} of {enough} are accepted", taken.len());
        next += sent.into_inner();
        accepted.extend(taken);
        dev.kill();
        gone(&children);
    }
    let dev = start(&shop, port);
    while !is_done(&shop) {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    dev.kill();
    let ran: BTreeMap<usize, usize> = accepted.iter().map(|number| (*number, lines(&file(&shop, *number)))).collect();
    let lost: Vec<_> = ran.iter().filter(|(_, times)| **times == 0).collect();
    assert!(lost.is_empty(), "{lost:?} of {} were never run", ran.len());
    assert!(ran.values().all(|times| *times <= ATTEMPTS), "{ran:?}");
    let again: usize = ran.values().map(|times| times - 1).sum();
    assert!(again <= KILLS * AT_ONCE, "{again} runs too many of {}", ran.len());
}

fn file(shop: &Shop, number: usize) -> std::path::PathBuf {
    shop.path("target/ran").join(number.to_string())
}

fn lines(file: &Path) -> usize {
    fs::read_to_string(file).map_or(0, |text| text.lines().count())
}

/// Whether no event is left that will be run.
fn is_done(shop: &Shop) -> bool {
    let output = Shop::command(&shop.path("."), &["queue", "ls", "--json"]).output().expect("it starts");
    let listed: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let events = listed["events"].as_array().expect("events");
    assert!(events.iter().all(|event| event["state"] != "EventAgeExceeded"), "{events:?}");
    !events.iter().any(|event| event["state"] == "waiting" || event["state"] == "running")
}
