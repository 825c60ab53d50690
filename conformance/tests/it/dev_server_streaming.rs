//! Tests of streamed responses in `bedrock-dev`, with the example `chat`. The test is the model: it decides when the next
//! token is written, and reads what the client has got until then.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::SystemTime;

use bedrock_build::App;
use bedrock_dev::event_log::Reader;
use bedrock_dev::{Clock, DevServer, DevServerConfig, HttpRequest};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::block_in_place;

use crate::lambda_build::binary;

/// A dev server with the app.
struct TestServer {
    _scratch: TempDir,
    dev_server: DevServer,
    events: Reader,
    /// The events that were read.
    seen: Vec<Value>,
    model: TcpListener,
}

/// A question that the endpoint has asked the model.
struct Question(TcpStream);

/// A client that reads its response.
struct Client(BufReader<TcpStream>);

impl TestServer {
    async fn open(change: impl FnOnce(&mut DevServerConfig)) -> Self {
        let scratch = tempfile::tempdir().expect("a folder");
        let app_dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/chat");
        let model = TcpListener::bind("127.0.0.1:0").expect("a port");
        let mut config = DevServerConfig {
            relaxed: false,
            app: App::find(&app_dir).expect("the app"),
            install_folder: scratch.path().to_owned(),
            state_folder: scratch.path().to_owned(),
            port: 0,
            clock: Clock::real(),
            executables: HashMap::from([("endpoint".to_owned(), binary("chat"))]),
            log_sink: Arc::new(|_| {}),
            call_graph: None,
            strict: false,
        };
        let address = model.local_addr().expect("an address").to_string();
        config.app.settings.endpoint.environment.insert("MODEL_ADDRESS".to_owned(), address);
        // Longer than any test needs on a busy machine.
        config.app.settings.endpoint.timeout = 120;
        change(&mut config);
        let dev_server = DevServer::start(config).await.expect("it opens");
        let events = dev_server.event_log.subscribe(None);
        Self { _scratch: scratch, dev_server, events, seen: Vec::new(), model }
    }

    /// Sends a question to the endpoint, and waits until the endpoint has asked the model.
    fn ask(&self) -> (Client, Question) {
        let client = self.request("GET /_url/endpoint/chat/why");
        (client, self.question())
    }

    fn request(&self, request: &str) -> Client {
        self.send(request, &[], "")
    }

    fn send(&self, request: &str, headers: &[&str], body: &str) -> Client {
        let address = self.dev_server.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).expect("the port");
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let length = body.len();
        let head = format!("{request} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}");
        let request = format!("{head}Content-Length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).expect("a request");
        Client(BufReader::new(stream))
    }

    /// Waits until the endpoint has asked the model.
    fn question(&self) -> Question {
        let (model, _) = block_in_place(|| self.model.accept()).expect("the endpoint asks");
        let mut question = String::new();
        let mut reader = BufReader::new(model);
        block_in_place(|| reader.read_line(&mut question)).expect("a question");
        assert_eq!(question, "why\n");
        Question(reader.into_inner())
    }

    /// Waits for an event of this kind and worker.
    async fn event(&mut self, kind: &str, worker: &str) -> Value {
        let mut index = 0;
        loop {
            if index == self.seen.len() {
                let item = self.events.next().await.expect("an event");
                self.seen.push(serde_json::from_str(&item.json()).expect("JSON"));
            }
            if self.seen[index]["kind"] == kind && self.seen[index]["worker"] == worker {
                return self.seen[index].clone();
            }
            index += 1;
        }
    }
}

impl Question {
    fn answer(&mut self, lines: &str) {
        self.0.write_all(lines.as_bytes()).expect("a token");
    }
}

impl Client {
    /// Reads up to a line with this text, and returns everything before it.
    fn read_until(&mut self, text: &str) -> String {
        let mut all = Vec::new();
        block_in_place(|| {
            while !String::from_utf8_lossy(&all).contains(text) {
                let read = self.0.read_until(b'\n', &mut all).expect("a line");
                assert!(read > 0, "no `{text}` in {}", String::from_utf8_lossy(&all));
            }
        });
        String::from_utf8_lossy(&all).into_owned()
    }

    /// Reads the rest. The flag is false if the connection was cut: the last chunk of a complete response is empty.
    fn rest(mut self) -> (String, bool) {
        let mut rest = Vec::new();
        let read = block_in_place(|| self.0.read_to_end(&mut rest));
        let is_reset = read.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset);
        let rest = String::from_utf8_lossy(&rest).into_owned();
        let is_complete = !is_reset && (rest == "0\r\n\r\n" || rest.ends_with("\r\n0\r\n\r\n"));
        (rest, is_complete)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn client_gets_each_token_when_it_is_written() {
    let mut server = TestServer::open(|_| {}).await;
    let (mut client, mut model) = server.ask();
    model.answer("be\n");
    let head = client.read_until("data: be").to_lowercase();
    assert!(head.starts_with("http/1.1 200 ok\r\n"), "{head}");
    assert!(head.contains("content-type: text/event-stream\r\n") && head.contains("x-amzn-requestid: "), "{head}");
    assert!(head.contains("transfer-encoding: chunked") && !head.contains("content-length"), "{head}");
    model.answer("cause\n");
    client.read_until("data: cause");
    model.answer("END\n");
    assert!(client.rest().1);

    let ended = server.event("invocation_ended", "endpoint").await;
    assert_eq!(
        (&ended["worker"], &ended["outcome"], &ended["status"]),
        (&json!("endpoint"), &json!("ok"), &json!(200))
    );
    let response = ended["response"].to_string();
    assert!(response.contains("data: be") && response.contains("data: cause"), "{response}");
    // A call within the body belongs to the invocation of the endpoint.
    let called = server.event("invocation_started", "journal").await;
    assert_eq!(called["caller"], "endpoint");
    server.dev_server.close();
}

/// Returns the event of a question.
fn event_of_question() -> String {
    let request = HttpRequest {
        method: "GET".to_owned(),
        path: "/chat/why".to_owned(),
        headers: Vec::new(),
        body: axum::body::Bytes::new(),
    };
    bedrock_dev::http_event("endpoint", &request, SystemTime::now()).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn response_stream_of_the_endpoint_has_its_chunks() {
    let server = TestServer::open(|_| {}).await;
    let operation = "POST /2021-11-15/functions/endpoint/response-streaming-invocations";
    let signed = "Authorization: AWS4-HMAC-SHA256 Credential=any/20261125/us-east-1/lambda/aws4_request";
    let mut client = server.send(operation, &[signed], &event_of_question());
    let mut model = server.question();
    model.answer("be\n");
    let beginning = client.read_until("data: be");
    let prelude = "\"statusCode\":200";
    assert!(beginning.contains("PayloadChunk") && beginning.contains(prelude), "{beginning}");
    model.answer("cause\nEND\n");
    let (rest, is_complete) = client.rest();
    assert!(is_complete && rest.contains("data: cause") && rest.contains("InvokeComplete"), "{rest}");
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn replay_of_a_request_returns_the_streamed_response() {
    let server = TestServer::open(|_| {}).await;
    let (token, _) = server.request("GET /_bedrock/v1/token").rest();
    let token = token.split("\"token\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect(&token);
    let token = format!("x-bedrock-token: {token}");
    let client = server.send("POST /_bedrock/v1/workers/endpoint/invoke", &[&token], &event_of_question());
    server.question().answer("be\nEND\n");
    let (response, _) = client.rest();
    assert!(response.contains("\"statusCode\":200") && response.contains("data: be"), "{response}");
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn response_without_a_body_to_stream_is_complete() {
    let server = TestServer::open(|_| {}).await;
    let mut client = server.request("GET /_url/endpoint/nothing");
    let head = client.read_until("\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 404 "), "{head}");
    let mut client = server.request("HEAD /_url/endpoint/nothing");
    let head = client.read_until("\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 404 ") && client.rest().0.is_empty(), "{head}");
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn body_that_fails_cuts_the_connection() {
    let mut server = TestServer::open(|_| {}).await;
    let (mut client, mut model) = server.ask();
    model.answer("be\n");
    client.read_until("data: be");
    drop(model);
    let (rest, is_complete) = client.rest();
    assert!(!is_complete && !rest.to_lowercase().contains("error"), "{rest}");
    let ended = server.event("invocation_ended", "endpoint").await;
    assert_eq!((&ended["outcome"], &ended["error_type"]), (&json!("error"), &json!("Runtime.StreamError")));
    assert!(ended["message"].as_str().is_some_and(|text| text.contains("stopped in the middle")), "{ended}");
    // The process is as good as before.
    let (client, mut model) = server.ask();
    model.answer("END\n");
    assert!(client.rest().1);
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn process_that_exits_while_it_streams_cuts_the_connection() {
    let mut server = TestServer::open(|_| {}).await;
    let (mut client, mut model) = server.ask();
    model.answer("be\n");
    client.read_until("data: be");
    kill_process_with(&format!("MODEL_ADDRESS={}", server.model.local_addr().expect("an address")));
    assert!(!client.rest().1);
    let ended = server.event("invocation_ended", "endpoint").await;
    assert_eq!((&ended["outcome"], &ended["error_type"]), (&json!("error"), &json!("Runtime.ExitError")), "{ended}");
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn stream_that_exceeds_the_timeout_is_cut() {
    let mut server = TestServer::open(|config| config.app.settings.endpoint.timeout = 5).await;
    let (mut client, mut model) = server.ask();
    model.answer("be\n");
    client.read_until("data: be");
    assert!(!client.rest().1);
    let ended = server.event("invocation_ended", "endpoint").await;
    assert_eq!((&ended["outcome"], &ended["status"]), (&json!("timeout"), &json!(502)), "{ended}");
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn function_continues_when_the_client_has_gone() {
    let mut server = TestServer::open(|_| {}).await;
    let (mut client, mut model) = server.ask();
    model.answer("be\n");
    client.read_until("data: be");
    drop(client);
    for _ in 0..8 {
        model.answer(&format!("{}\n", "x".repeat(64 * 1024)));
    }
    model.answer("END\n");
    let ended = server.event("invocation_ended", "endpoint").await;
    assert_eq!(ended["outcome"], "ok", "{}", ended["message"]);
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn url_that_does_not_stream_sends_a_whole_response() {
    let server = TestServer::open(|config| config.app.settings.endpoint.stream = false).await;
    let (mut client, mut model) = server.ask();
    model.answer("be\ncause\nEND\n");
    let head = client.read_until("\r\n\r\n").to_lowercase();
    assert!(head.contains("content-length: ") && !head.contains("chunked"), "{head}");
    let (body, _) = client.rest();
    assert_eq!(body, "data: be\n\ndata: cause\n\n");
    let (client, mut model) = server.ask();
    drop(client);
    model.answer("END\n");
    server.dev_server.close();
}

/// Kills the process that has this variable.
fn kill_process_with(variable: &str) {
    let own = std::process::id().to_string();
    let is_target = |entry: &std::fs::DirEntry| {
        let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
        entry.file_name() != *own && environment.split(|byte| *byte == 0).any(|one| one == variable.as_bytes())
    };
    let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
    let found: Vec<_> = processes.filter(is_target).map(|entry| entry.file_name()).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(Command::new("kill").arg("-9").args(found).status().expect("kill").success());
}
