//! `kill -9` again and again while events arrive: every accepted event runs, none more often than on Lambda, and no
//! started process is left.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::dev_process::{DevProcess, accepts_event, wait_until_ended};
use crate::reload::app_with_python;
use crate::test_app::TestApp;

/// Number of times that the server is killed.
const KILLS: usize = 6;
/// Number of threads that send events.
const SENDERS: usize = 4;
/// Number of events that run at the same time. When the server is killed, their state is unknown.
const MAX_CONCURRENT_EVENTS: usize = 64;
/// Attempts of an event, including the first one.
const MAX_ATTEMPTS: usize = 3;

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

/// Creates an app with a worker in Rust and one in Python, which append a line to the file that an event names.
fn logging_app() -> TestApp {
    let app = app_with_python();
    app.write("workers/snake/main.py", PYTHON);
    app.edit("workers/greeter/src/lib.rs", "        Ok(GreeterResponse {", RUST);
    fs::create_dir_all(app.path("target/ran")).expect("a folder");
    app
}

fn start(app: &TestApp, port: u16) -> DevProcess {
    let port = port.to_string();
    let arguments = ["dev", "--port", &port, "--message-format", "json", "--clock", "fast"];
    DevProcess::start_command(app.command(&arguments))
}

#[test]
fn accepted_events_survive_repeated_kills() {
    let app = logging_app();
    let mut accepted = Vec::new();
    let mut port = 0;
    let mut next = 0;
    for round in 0..KILLS {
        // Start on the port of the previous server, without a pause.
        let dev = start(&app, port);
        port = dev.port();
        // Each round ends at another moment: after 20, 57, 94 … events were sent.
        let target = 20 + round * 37;
        let first = next;
        let sent = AtomicUsize::new(0);
        let (accepted_in_round, children) = std::thread::scope(|scope| {
            let app = &app;
            let sent = &sent;
            let sender = |_| {
                scope.spawn(move || {
                    let mut accepted = Vec::new();
                    loop {
                        let number = first + sent.fetch_add(1, Ordering::Relaxed);
                        let event = json!({ "name": event_file(app, number) }).to_string();
                        if !accepts_event(port, if number.is_multiple_of(2) { "greeter" } else { "snake" }, &event) {
                            return accepted;
                        }
                        accepted.push(number);
                    }
                })
            };
            let senders: Vec<_> = (0..SENDERS).map(sender).collect();
            while sent.load(Ordering::Relaxed) < target {
                std::thread::yield_now();
            }
            let children = dev.children();
            dev.send_kill();
            let accepted: Vec<usize> =
                senders.into_iter().flat_map(|sender| sender.join().expect("a sender")).collect();
            (accepted, children)
        });
        let count = accepted_in_round.len();
        assert!(count + SENDERS >= target, "{count} of {target} are accepted");
        next += sent.into_inner();
        accepted.extend(accepted_in_round);
        dev.kill();
        wait_until_ended(&children);
    }
    let dev = start(&app, port);
    while !is_finished(&app) {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    dev.kill();
    let runs: BTreeMap<usize, usize> =
        accepted.iter().map(|number| (*number, line_count(&event_file(&app, *number)))).collect();
    let lost: Vec<_> = runs.iter().filter(|(_, times)| **times == 0).collect();
    assert!(lost.is_empty(), "{lost:?} of {} were never run", runs.len());
    assert!(runs.values().all(|times| *times <= MAX_ATTEMPTS), "{runs:?}");
    let repeated: usize = runs.values().map(|times| times - 1).sum();
    assert!(repeated <= KILLS * MAX_CONCURRENT_EVENTS, "{repeated} repeated runs of {} events", runs.len());
}

#[test]
fn event_that_a_worker_got_before_a_kill_has_one_attempt() {
    let app = logging_app();
    app.edit("workers/snake/main.py", "time.sleep(0.02)", "time.sleep(1000)");
    app.edit("workers/greeter/src/lib.rs", "from_millis(20)", "from_secs(1000)");
    let workers = ["greeter", "snake"];
    let mut port = 0;
    for attempt in 1..=MAX_ATTEMPTS {
        let dev = start(&app, port);
        port = dev.port();
        for (number, worker) in workers.iter().enumerate() {
            if attempt == 1 {
                assert_eq!(dev.post_event(worker, &json!({ "name": event_file(&app, number) }).to_string()), 202);
            }
            while line_count(&event_file(&app, number)) < attempt {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        }
        let children = dev.children();
        dev.kill();
        wait_until_ended(&children);
    }
    let dev = start(&app, port);
    let output = app.command(&["queue", "ls", "--json"]).output().expect("it starts");
    let listed: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let events = listed["events"].as_array().expect("events");
    let ended = |event: &Value| event["state"] == "RetriesExhausted" && event["runs"] == MAX_ATTEMPTS;
    assert!(events.len() == workers.len() && events.iter().all(ended), "{events:?}");
    dev.kill();
}

fn event_file(app: &TestApp, number: usize) -> std::path::PathBuf {
    app.path("target/ran").join(number.to_string())
}

fn line_count(file: &Path) -> usize {
    fs::read_to_string(file).map_or(0, |text| text.lines().count())
}

/// Whether no event will run any more.
fn is_finished(app: &TestApp) -> bool {
    let output = app.command(&["queue", "ls", "--json"]).output().expect("it starts");
    let listed: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let events = listed["events"].as_array().expect("events");
    assert!(events.iter().all(|event| event["state"] != "EventAgeExceeded"), "{events:?}");
    !events.iter().any(|event| event["state"] == "waiting" || event["state"] == "running")
}
