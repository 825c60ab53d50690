//! `cargo bedrock invoke --remote` with functions that an emulator of Lambda runs.

use std::fs;
#[cfg(target_os = "linux")]
use std::io::{Read, Write};
#[cfg(target_os = "linux")]
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use insta::assert_snapshot;
use serde_json::json;
use testbed::{Function, pack};

use crate::stage::DeployedApp;
use crate::test_app::{MANIFEST, TestApp};

/// Greets, prints, and fails if the event has `fail`. (The emulator reports the same type for all errors of functions.)
const CODE: &str = "
def handler(event, context):
    print('handling the event')
    if 'fail' in event:
        raise KeyError(event['fail'])
    return {'message': 'hello ' + event.get('name', 'world')}
";

/// An app whose worker `fetcher` is deployed in the stage `dev`.
fn app_with_fetcher() -> Option<DeployedApp> {
    let app = DeployedApp::start()?;
    let code = app.test_app.path("../code");
    let zip = app.test_app.path("../code.zip");
    fs::create_dir(&code).expect("a folder");
    fs::write(code.join("main.py"), CODE).expect("a file");
    pack(&code, &zip);
    let function = Function::new("my_app-dev-fetcher", "python3.13", "main.handler", zip);
    app.aws.deploy(&[function]).map_err(|refusal| format!("{refusal:?}")).expect("deployed");
    let name = json!({ "FunctionName": "my_app-dev-fetcher" });
    app.aws.call("lambda", "publish_version", &name).expect("a version");
    let alias = json!({ "FunctionName": "my_app-dev-fetcher", "Name": "live", "FunctionVersion": "1" });
    app.aws.call("lambda", "create_alias", &alias).expect("an alias");
    Some(app)
}

#[test]
fn response_is_printed_for_every_payload_source() {
    let Some(app) = app_with_fetcher() else { return };
    let remote = ["invoke", "fetcher", "--remote", "--stage", "dev"];
    assert_snapshot!(app.run(&remote), @r#"
    exit code 0
    -- stdout
    {"message": "hello world"}
    "#);
    let payload = r#"{"name": "Ada"}"#;
    let greeting = "exit code 0\n-- stdout\n{\"message\": \"hello Ada\"}\n";
    assert_eq!(app.run(&[&remote[..], &["--payload", payload]].concat()), greeting);
    fs::write(app.test_app.path("event.json"), payload).expect("a file");
    assert_eq!(app.run(&[&remote[..], &["--payload", "@event.json"]].concat()), greeting);
}

#[test]
fn remote_failure_is_reported_like_a_local_one() {
    let Some(app) = app_with_fetcher() else { return };
    let remote = ["invoke", "fetcher", "--remote", "--stage", "dev", "--payload", r#"{"fail": "width"}"#];
    assert_snapshot!(app.run(&remote), @"
    exit code 1
    -- stderr
    error: worker `fetcher` failed
      caused by: Runtime.HandlerError: 'width'
    help: `--logs` shows its log
    ");
    let with_logs = app.run(&[&remote[..], &["--logs"]].concat());
    assert!(with_logs.contains("handling the event"), "{with_logs}");
    assert!(
        with_logs.ends_with("error: worker `fetcher` failed\n  caused by: Runtime.HandlerError: 'width'\n"),
        "{with_logs}"
    );
}

#[test]
fn log_tail_is_printed_to_stderr() {
    let Some(app) = app_with_fetcher() else { return };
    let output = app.command(&["invoke", "fetcher", "--remote", "--stage", "dev", "--logs"]).output().expect("starts");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "{\"message\": \"hello world\"}\n");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("handling the event\n"), "{stderr}");
}

#[test]
fn event_is_sent_without_waiting() {
    let Some(app) = app_with_fetcher() else { return };
    assert_snapshot!(app.run(&["invoke", "fetcher", "--remote", "--stage", "dev", "--event"]), @"
    exit code 0
    -- stderr
    done: sent the event to worker `fetcher`
    next: `cargo bedrock logs fetcher --stage dev` shows its log
    ");
}

#[test]
fn undeployed_worker_is_an_error_of_the_call() {
    let Some(app) = DeployedApp::start() else { return };
    assert_snapshot!(app.run(&["invoke", "fetcher", "--remote", "--stage", "prod"]), @"
    exit code 2
    -- stderr
    error: worker `fetcher` is not deployed in stage `prod`
      caused by: account 123456789012 in us-east-1 has no function `my_app-prod-fetcher`
    help: deploy it, or check the name of the stage, the profile and the region
    ");
}

#[test]
fn oversized_payload_is_not_sent() {
    let app = TestApp::with_manifest(MANIFEST).file("workers/fetcher/main.py", "");
    let payload = json!("x".repeat(1024 * 1024)).to_string();
    let app = app.file("event.json", &payload);
    let event = ["invoke", "fetcher", "--remote", "--stage", "dev", "--event", "--payload", "@event.json"];
    assert_snapshot!(app.run(&event), @"
    exit code 2
    -- stderr
    error: the event for worker `fetcher` is too large: 1048578 bytes, the limit is 1048576
    ");
}

#[test]
fn mistakes_are_reported_before_requests_to_aws() {
    let app = TestApp::with_manifest(MANIFEST).file("workers/fetcher/main.py", "");
    assert_snapshot!(app.run(&["invoke", "fetcher", "--remote"]), @"
    exit code 2
    -- stderr
    error: missing argument `--stage <NAME>`
    help: usage: `cargo bedrock invoke --remote --stage <NAME> <WORKER>`
    ");
    assert_snapshot!(app.run(&["invoke", "fetcher", "--stage", "dev"]), @"
    exit code 2
    -- stderr
    error: missing argument `--remote`
    help: usage: `cargo bedrock invoke --stage <NAME> --remote <WORKER>`
    ");
    assert_snapshot!(app.run(&["invoke", "fetcher", "--remote", "--stage", "dev", "--payload", "{"]), @"
    exit code 2
    -- stderr
    error: the payload from `--payload` is not JSON
      caused by: line 1, column 1: it ends while parsing an object
    ");
    assert_snapshot!(app.run(&["invoke", "unknown", "--remote", "--stage", "dev"]), @"
    exit code 2
    -- stderr
    error: no worker named `unknown` in this app
    help: create it with `cargo bedrock new worker unknown.rs` (or `.py`, `.js`, `.ts`)
    ");
}

/// Reads a request, and returns the first line of its head.
#[cfg(target_os = "linux")]
fn read_request(client: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4_096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
            if body.len() >= length.unwrap_or(0_usize) {
                return head.lines().next().map(str::to_owned);
            }
        }
        let read = client.read(&mut chunk).ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&chunk[..read]);
    }
}

/// Returns whether the socket with this local port waits to send a probe in some seconds (proc(5), `/proc/net/tcp`).
#[cfg(target_os = "linux")]
fn is_kept_alive(port: u16) -> bool {
    let sockets = fs::read_to_string("/proc/net/tcp").expect("the list of sockets");
    let timer = sockets.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        fields.get(1)?.ends_with(&format!(":{port:04X}")).then(|| fields.get(5).map(|timer| (*timer).to_owned()))?
    });
    let remaining = timer.as_deref().and_then(|timer| timer.strip_prefix("02:"));
    remaining.is_some_and(|hundredths| u32::from_str_radix(hundredths, 16).is_ok_and(|hundredths| hundredths > 500))
}

#[cfg(target_os = "linux")]
#[test]
fn connection_is_kept_alive_while_a_function_runs() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let server = std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.expect("a connection");
            let Some(line) = read_request(&mut client) else { continue };
            let is_invocation = line.contains("/invocations");
            let mut is_alive = !is_invocation;
            for _ in 0..1_000 {
                is_alive = is_alive || is_kept_alive(client.peer_addr().expect("an address").port());
                if is_alive {
                    break;
                }
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            let body = if is_invocation {
                format!("{{\"alive\": {is_alive}}}")
            } else {
                "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
                 <Arn>arn:aws:iam::123456789012:user/ada</Arn><UserId>a</UserId><Account>123456789012</Account>\
                 </GetCallerIdentityResult></GetCallerIdentityResponse>"
                    .to_owned()
            };
            let length = body.len();
            let response = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
            client.write_all(response.as_bytes()).expect("a response");
            if is_invocation {
                return;
            }
        }
    });
    let app = TestApp::with_manifest(MANIFEST).file("workers/fetcher/main.py", "");
    let mut command = app.command(&["invoke", "fetcher", "--remote", "--stage", "dev"]);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command.env("AWS_ENDPOINT_URL", &endpoint).env("AWS_REGION", "us-east-1");
    command.env("AWS_ACCESS_KEY_ID", "k").env("AWS_SECRET_ACCESS_KEY", "s");
    assert_eq!(app.show(&command.output().expect("it starts")), "exit code 0\n-- stdout\n{\"alive\": true}\n");
    server.join().expect("the server");
}
