//! A JavaScript worker that streams with AWS's `awslambda`, at its URL and through Lambda's API.
#![allow(clippy::expect_used)] // a test that cannot go on ends here

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use bedrock_build::App;
use bedrock_dev::{Clock, DevServer, DevServerConfig};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Writes `one`, waits for the file whose path is in the event, writes `two`, and does what the event says.
const MAIN: &str = r"const { existsSync } = require('node:fs');
const { Worker } = require('./worker');

class Chat extends Worker {
  execute = awslambda.streamifyResponse(async (event, responseStream) => {
    const { mode, until } = event.mode ? event : JSON.parse(event.body);
    if (mode === 'early') throw new TypeError('no model');
    if (mode !== 'text') {
      const prelude = { statusCode: 201, headers: { 'content-type': 'text/event-stream' } };
      responseStream = awslambda.HttpResponseStream.from(responseStream, prelude);
    }
    responseStream.write('one');
    while (until && !existsSync(until)) await new Promise((resolve) => setTimeout(resolve, 5));
    responseStream.write('two');
    if (mode === 'late') throw new TypeError('lost the model');
    responseStream.end();
  });
}
";

const CONTRACT: &str =
    r#"{"x-contract": 1, "properties": {"event": {"type": "object"}, "response": {"type": "integer"}}}"#;

struct TestServer {
    dir: TempDir,
    server: DevServer,
}

impl TestServer {
    async fn start() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().canonicalize().expect("a folder");
        let save = |path: &str, text: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        };
        save("Cargo.toml", "[package]\nname = \"shop\"\n[package.metadata.bedrock]\n");
        save("workers/chat/main.js", MAIN);
        // It is about events and not about what is streamed.
        save("workers/chat/contract.json", CONTRACT);
        save("workers/chat/worker.js", include_str!("../../templates/files/worker/javascript/worker.js"));
        let config = DevServerConfig {
            app: App::open(&root).expect("an app"),
            state_folder: root.join("target/bedrock"),
            install_folder: root.join("target/bedrock"),
            port: 0,
            clock: Clock::real(),
            executables: HashMap::new(),
            log_sink: Arc::new(|_| {}),
            call_graph: None,
            strict: false,
            relaxed: false,
        };
        Self { server: DevServer::start(config).await.expect("a server"), dir }
    }

    /// Sends a request, and returns its connection.
    async fn send(&self, route: &str, event: &Value) -> TcpStream {
        let address = self.server.url.strip_prefix("http://").expect("a URL");
        let event = event.to_string();
        let request = format!(
            "POST {route} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bedrock test\r\n\
             content-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{event}",
            event.len()
        );
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.write_all(request.as_bytes()).await.expect("sent");
        stream
    }

    async fn exchange(&self, route: &str, event: &Value) -> String {
        rest(self.send(route, event).await).await
    }
}

/// Reads until the response contains this text.
async fn read_until(stream: &mut TcpStream, text: &str) -> String {
    let mut all = Vec::new();
    while !String::from_utf8_lossy(&all).contains(text) {
        assert!(stream.read_buf(&mut all).await.expect("bytes") > 0, "{}", String::from_utf8_lossy(&all));
    }
    String::from_utf8_lossy(&all).into_owned()
}

/// Reads the rest of a response, which may be cut.
async fn rest(mut stream: TcpStream) -> String {
    let mut all = Vec::new();
    while stream.read_buf(&mut all).await.is_ok_and(|read| read > 0) {}
    String::from_utf8_lossy(&all).into_owned()
}

fn touch(path: &Path) {
    fs::write(path, "").expect("a file");
}

#[tokio::test(flavor = "multi_thread")]
async fn url_of_javascript_worker_streams() {
    let server = TestServer::start().await;
    for (mode, status, kind, is_complete) in [
        ("http", "201", "text/event-stream", true),
        ("text", "200", "application/octet-stream", true),
        ("late", "201", "text/event-stream", false),
    ] {
        let until = server.dir.path().join(mode);
        let mut stream = server.send("/_url/chat/", &json!({ "mode": mode, "until": until })).await;
        let head = read_until(&mut stream, "one").await.to_lowercase();
        assert!(head.starts_with(&format!("http/1.1 {status} ")) && head.contains(kind), "{head}");
        assert!(!head.contains("two"), "{head}");
        touch(&until);
        let rest = rest(stream).await;
        // The connection may be cut before the last bytes are sent.
        assert!(rest.contains("two") || !is_complete, "{mode}: {rest}");
        assert_eq!(rest.ends_with("\r\n0\r\n\r\n"), is_complete, "{mode}: {rest}");
    }
    let early = server.exchange("/_url/chat/", &json!({ "mode": "early" })).await;
    assert!(early.starts_with("HTTP/1.1 502 "), "{early}");
    server.server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn invoke_collects_what_a_worker_streams() {
    let server = TestServer::start().await;
    let route = "/2015-03-31/functions/chat/invocations";
    let text = server.exchange(route, &json!({ "mode": "text" })).await;
    assert!(text.starts_with("HTTP/1.1 200 ") && text.ends_with("\r\n\r\nonetwo"), "{text}");
    // As on Lambda, a client that is not a URL gets the prelude, too.
    let http = server.exchange(route, &json!({ "mode": "http" })).await;
    assert!(http.contains("\r\n\r\n{\"statusCode\":201,") && http.ends_with("\0\0\0\0\0\0\0\0onetwo"), "{http}");
    for (mode, message) in [("early", "no model"), ("late", "lost the model")] {
        let failed = server.exchange(route, &json!({ "mode": mode })).await;
        assert!(failed.to_lowercase().contains("x-amz-function-error: unhandled"), "{failed}");
        assert!(failed.contains(&format!("\"errorMessage\":\"{message}\"")), "{failed}");
    }
    server.server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn response_stream_has_each_chunk_of_a_worker() {
    let server = TestServer::start().await;
    let route = "/2021-11-15/functions/chat/response-streaming-invocations";
    let until = server.dir.path().join("go");
    let mut stream = server.send(route, &json!({ "mode": "text", "until": until })).await;
    let first = read_until(&mut stream, "one").await;
    assert!(first.contains("PayloadChunk") && !first.contains("two"), "{first}");
    touch(&until);
    let rest = rest(stream).await;
    assert!(rest.contains("two") && rest.contains("InvokeComplete"), "{rest}");
    let late = server.exchange(route, &json!({ "mode": "late" })).await;
    assert!(late.contains("two") && late.contains("\"ErrorCode\":\"TypeError\""), "{late}");
    server.server.close();
}
