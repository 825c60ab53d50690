//! `cargo bedrock logs` where CloudWatch Logs answers in pages, is busy, or is away for a moment, which the emulator never
//! does: a server of our own that gives one written answer after the other.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use crate::room::{MANIFEST, Room};
use crate::stage::now;

const IDENTITY: &str = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
    <GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/a</Arn><UserId>A</UserId>\
    <Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";

/// Answers to `FilterLogEvents`, by status and body; the last one is given for ever.
type Answers = Vec<(u16, Value)>;

/// Serves until the test program ends. Gives the address, and what was asked.
fn serve(answers: Answers) -> (String, Arc<Mutex<Vec<Value>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    thread::spawn(move || {
        let mut answers = answers.into_iter().peekable();
        for stream in listener.incoming().flatten() {
            let Some((head, body)) = request(&stream) else { continue };
            if !head.contains("filterlogevents") {
                answer(&stream, 200, "text/xml", IDENTITY);
                continue;
            }
            log.lock().expect("nobody panicked").push(serde_json::from_slice(&body).expect("JSON"));
            let Some((status, body)) = answers.next() else { continue };
            answer(&stream, status, "application/x-amz-json-1.1", &body.to_string());
            if answers.peek().is_none() {
                answers = vec![(status, body)].into_iter().peekable();
            }
        }
    });
    (address, asked)
}

/// The head in small letters, and the body.
fn request(stream: &TcpStream) -> Option<(String, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        (reader.read_line(&mut head).ok()? > 0).then_some(())?;
    }
    let head = head.to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some((head, body))
}

fn answer(mut stream: &TcpStream, status: u16, kind: &str, body: &str) {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status} Said\r\nconnection: close\r\ncontent-type: {kind}\r\ncontent-length: {length}");
    // Whoever has gone away needs no answer.
    let _ = write!(stream, "{head}\r\n\r\n{body}");
}

fn event(id: &str) -> Value {
    json!({ "eventId": id, "timestamp": now(), "message": format!("line {id}"), "logStreamName": "s" })
}

fn command(room: &Room, address: &str, more: &[&str]) -> Command {
    let mut command = room.command(&[&["logs", "fetcher", "--stage", "dev", "--endpoint-url", address], more].concat());
    command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test").env("AWS_REGION", "us-east-1");
    command
}

fn room() -> Room {
    Room::app(MANIFEST).file("workers/fetcher/main.py", "")
}

#[test]
fn all_pages_are_read_also_behind_an_empty_one() {
    let (address, asked) = serve(vec![
        (200, json!({ "events": [event("1")], "nextToken": "a" })),
        (200, json!({ "events": [], "nextToken": "b" })),
        (200, json!({ "events": [event("2")] })),
    ]);
    let room = room();
    let output = command(&room, &address, &[]).output().expect("it starts");
    let shown = room.show(&output);
    assert!(shown.contains("  line 1\n") && shown.contains("  line 2\n"), "{shown}");
    let asked = asked.lock().expect("nobody panicked");
    let tokens: Vec<&Value> = asked.iter().map(|question| &question["nextToken"]).collect();
    assert_eq!(tokens, [&Value::Null, &json!("a"), &json!("b")]);
    assert!(asked.iter().all(|question| question["logGroupName"] == "/aws/lambda/my_app-dev-fetcher"));
}

#[test]
fn a_service_that_is_busy_is_asked_again() {
    let busy = json!({ "__type": "ThrottlingException", "message": "Rate exceeded" });
    let (address, asked) = serve(vec![(400, busy), (200, json!({ "events": [event("1")] }))]);
    let room = room();
    let shown = room.show(&command(&room, &address, &[]).output().expect("it starts"));
    assert!(shown.starts_with("exit code 0\n") && shown.contains("  line 1\n"), "{shown}");
    assert_eq!(asked.lock().expect("nobody panicked").len(), 2);
}

#[test]
fn a_right_that_is_missing_is_an_error_with_the_name_of_the_log() {
    let denied = json!({ "__type": "AccessDeniedException", "message": "no" });
    let (address, _) = serve(vec![(400, denied)]);
    let room = room();
    let shown = room.show(&command(&room, &address, &["-f"]).output().expect("it starts"));
    let expected = "exit code 1\n-- stderr\nerror: failed to read the log `/aws/lambda/my_app-dev-fetcher`\n  \
        caused by: AccessDeniedException: no\n";
    assert_eq!(shown, expected);
}

#[test]
fn following_goes_on_when_the_service_was_away() {
    let away = (500, json!({}));
    let (first, second) = (event("1"), event("2"));
    let mut answers = vec![(200, json!({ "events": [first] }))];
    answers.extend(vec![away; 4]);
    answers.push((200, json!({ "events": [first, second] })));
    let (address, _) = serve(answers);
    let room = room();
    let mut following = command(&room, &address, &["-f"]);
    let mut child = following.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut next = || lines.next().expect("a line").expect("text");
    assert!(next().ends_with("  line 1"));
    assert!(next().ends_with("  line 2"));
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT)
        .expect("sent");
    let output = child.wait_with_output().expect("the end");
    assert_eq!(
        room.show(&output),
        "exit code 0\n-- stderr\nwarning: failed to read the log `/aws/lambda/my_app-dev-fetcher`, trying again\n"
    );
}
