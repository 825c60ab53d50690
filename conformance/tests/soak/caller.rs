//! Sequential calls over one connection, like those of an SDK.

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// A connection to the Invoke API.
pub(crate) struct Caller(BufReader<TcpStream>);

/// The response of a call.
#[derive(Debug)]
pub(crate) struct InvokeResponse {
    pub(crate) status: u16,
    pub(crate) request_id: String,
    pub(crate) is_failure: bool,
    pub(crate) body: Value,
}

impl Caller {
    pub(crate) async fn connect(url: &str) -> Self {
        let address = url.trim_start_matches("http://");
        Self(BufReader::new(TcpStream::connect(address).await.expect("it listens")))
    }

    pub(crate) async fn invoke(&mut self, worker: &str, is_event: bool, event: &Value) -> InvokeResponse {
        let body = event.to_string();
        let kind = if is_event { "Event" } else { "RequestResponse" };
        let length = body.len();
        let request = format!(
            "POST /2015-03-31/functions/{worker}/invocations HTTP/1.1\r\nHost: localhost\r\n\
             Authorization: Bedrock outside\r\nX-Amz-Invocation-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        self.0.get_mut().write_all(request.as_bytes()).await.expect("a request");
        self.read_response().await
    }

    async fn read_response(&mut self) -> InvokeResponse {
        let mut status = 0;
        let mut length = 0;
        let mut request_id = String::new();
        let mut is_failure = false;
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).await.expect("a response");
            let line = line.trim_end();
            assert!(status != 0 || line.starts_with("HTTP/1.1 "), "`{line}` is not the start of a response");
            let (name, value) = line.split_once(": ").unwrap_or((line, ""));
            match name.to_ascii_lowercase().as_str() {
                "" => break,
                "content-length" => length = value.parse().expect("a length"),
                "x-amzn-requestid" => value.clone_into(&mut request_id),
                "x-amz-function-error" => is_failure = true,
                line if line.starts_with("http/1.1 ") => status = line[9..12].parse().expect("a status"),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.expect("the body");
        InvokeResponse { status, request_id, is_failure, body: serde_json::from_slice(&body).unwrap_or_default() }
    }
}
