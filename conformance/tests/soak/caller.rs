//! Calls over one connection, one after the other, as an SDK makes them.

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// One connection.
pub(crate) struct Caller(BufReader<TcpStream>);

/// What a call came to.
#[derive(Debug)]
pub(crate) struct Answer {
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

    pub(crate) async fn invoke(&mut self, worker: &str, is_event: bool, event: &Value) -> Answer {
        let (body, kind) = (event.to_string(), if is_event { "Event" } else { "RequestResponse" });
        let length = body.len();
        let request = format!(
            "POST /2015-03-31/functions/{worker}/invocations HTTP/1.1\r\nHost: localhost\r\n\
             Authorization: Bedrock outside\r\nX-Amz-Invocation-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        self.0.get_mut().write_all(request.as_bytes()).await.expect("a request");
        self.answer().await
    }

    async fn answer(&mut self) -> Answer {
        let (mut status, mut length) = (0, 0);
        let (mut request_id, mut is_failure) = (String::new(), false);
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).await.expect("an answer");
            let line = line.trim_end();
            assert!(status != 0 || line.starts_with("HTTP/1.1 "), "`{line}` instead of an answer");
            let (name, value) = line.split_once(": ").unwrap_or((line, ""));
            match name.to_ascii_lowercase().as_str() {
                "" => break,
                "content-length" => length = value.parse().expect("a length"),
                "x-amzn-requestid" => value.clone_into(&mut request_id),
                "x-amz-function-error" => is_failure = true,
                first if first.starts_with("http/1.1 ") => status = first[9..12].parse().expect("a status"),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.expect("the body");
        Answer { status, request_id, is_failure, body: serde_json::from_slice(&body).unwrap_or_default() }
    }
}
