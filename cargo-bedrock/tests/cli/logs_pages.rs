//! `cargo bedrock logs` when CloudWatch Logs returns pages, throttles or fails, which the emulator never does. The fake server
//! returns prepared responses one after the other.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use crate::stage::now;
use crate::test_app::{MANIFEST, TestApp};

const IDENTITY: &str = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
    <GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/a</Arn><UserId>A</UserId>\
    <Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";

/// Responses to `FilterLogEvents`: status and body. The last one is repeated.
type Responses = Vec<(u16, Value)>;

/// Starts the server. Returns its URL, and the requests that it has received.
fn serve(responses: Responses) -> (String, Arc<Mutex<Vec<Value>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let requests = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&requests);
    thread::spawn(move || {
        let mut responses = responses.into_iter().peekable();
        for stream in listener.incoming().flatten() {
            let Some((head, body)) = read_request(&stream) else { continue };
            if !head.contains("filterlogevents") {
                respond(&stream, 200, "text/xml", IDENTITY);
                continue;
            }
            log.lock().expect("lock").push(serde_json::from_slice(&body).expect("JSON"));
            let Some((status, body)) = responses.next() else { continue };
            respond(&stream, status, "application/x-amz-json-1.1", &body.to_string());
            if responses.peek().is_none() {
                responses = vec![(status, body)].into_iter().peekable();
            }
        }
    });
    (address, requests)
}

/// Returns the head in lower case, and the body.
fn read_request(stream: &TcpStream) -> Option<(String, Vec<u8>)> {
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

fn respond(mut stream: &TcpStream, status: u16, kind: &str, body: &str) {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status} Status\r\nconnection: close\r\ncontent-type: {kind}\r\ncontent-length: {length}");
    // The client may have closed the connection.
    let _ = write!(stream, "{head}\r\n\r\n{body}");
}

fn event(id: &str) -> Value {
    json!({ "eventId": id, "timestamp": now(), "message": format!("line {id}"), "logStreamName": "s" })
}

fn command(app: &TestApp, address: &str, more: &[&str]) -> Command {
    let mut command = app.command(&[&["logs", "fetcher", "--stage", "dev", "--endpoint-url", address], more].concat());
    command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test").env("AWS_REGION", "us-east-1");
    command
}

fn app() -> TestApp {
    TestApp::with_manifest(MANIFEST).file("workers/fetcher/main.py", "")
}

#[test]
fn all_pages_are_read_even_after_an_empty_one() {
    let (address, requests) = serve(vec![
        (200, json!({ "events": [event("1")], "nextToken": "a" })),
        (200, json!({ "events": [], "nextToken": "b" })),
        (200, json!({ "events": [event("2")] })),
    ]);
    let app = app();
    let output = app.show(&command(&app, &address, &[]).output().expect("it starts"));
    assert!(output.contains("  line 1\n") && output.contains("  line 2\n"), "{output}");
    let requests = requests.lock().expect("lock");
    let tokens: Vec<&Value> = requests.iter().map(|request| &request["nextToken"]).collect();
    assert_eq!(tokens, [&Value::Null, &json!("a"), &json!("b")]);
    assert!(requests.iter().all(|request| request["logGroupName"] == "/aws/lambda/my_app-dev-fetcher"));
}

#[test]
fn throttled_query_is_retried() {
    let throttled = json!({ "__type": "ThrottlingException", "message": "Rate exceeded" });
    let (address, requests) = serve(vec![(400, throttled), (200, json!({ "events": [event("1")] }))]);
    let app = app();
    let output = app.show(&command(&app, &address, &[]).output().expect("it starts"));
    assert!(output.starts_with("exit code 0\n") && output.contains("  line 1\n"), "{output}");
    assert_eq!(requests.lock().expect("lock").len(), 2);
}

#[test]
fn missing_permission_is_an_error_with_the_log_group() {
    let denied = json!({ "__type": "AccessDeniedException", "message": "no" });
    let (address, _) = serve(vec![(400, denied)]);
    let app = app();
    let output = app.show(&command(&app, &address, &["-f"]).output().expect("it starts"));
    let expected = "exit code 1\n-- stderr\nerror: failed to read the log `/aws/lambda/my_app-dev-fetcher`\n  \
        caused by: logs:FilterLogEvents: AccessDeniedException: no\nhelp: allow `logs:FilterLogEvents`: \
        `cargo bedrock deploy --print-policy` prints all permissions of a deployer\n";
    assert_eq!(output, expected);
}

#[test]
fn follow_continues_after_an_outage() {
    let outage = (500, json!({}));
    let first = event("1");
    let second = event("2");
    let mut responses = vec![(200, json!({ "events": [first] }))];
    responses.extend(vec![outage; 4]);
    responses.push((200, json!({ "events": [first, second] })));
    let (address, _) = serve(responses);
    let app = app();
    let mut following = command(&app, &address, &["-f"]);
    let mut child = following.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut next = || lines.next().expect("a line").expect("text");
    assert!(next().ends_with("  line 1"));
    assert!(next().ends_with("  line 2"));
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT)
        .expect("sent");
    let output = child.wait_with_output().expect("the end");
    assert_eq!(
        app.show(&output),
        "exit code 0\n-- stderr\nwarning: failed to read the log `/aws/lambda/my_app-dev-fetcher`, trying again\n"
    );
}
