//! A minimal HTTP client: sends a request and reads its response, or reads server-event events as they arrive.

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// A response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// Names are in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A server-event event.
#[derive(Debug, PartialEq)]
pub(crate) struct ServerSentEvent {
    pub(crate) id: Option<u64>,
    pub(crate) event: String,
    pub(crate) data: Value,
}

/// Sends a request to `127.0.0.1:PORT`. The given headers replace default ones.
pub(crate) async fn send(address: &str, line: &str, headers: &[(&str, &str)], body: &str) -> Response {
    let mut reader = open(address, line, headers, body).await;
    let (status, headers) = read_head(&mut reader).await;
    let mut body = Vec::new();
    reader.read_to_end(&mut body).await.expect("a body");
    Response { status, headers, body: String::from_utf8(body).expect("text") }
}

/// Reads server-event events.
pub(crate) struct EventStream(BufReader<TcpStream>);

impl EventStream {
    pub(crate) async fn open(address: &str, path: &str, headers: &[(&str, &str)]) -> Self {
        let mut reader = open(address, &format!("GET {path}"), headers, "").await;
        let (status, headers) = read_head(&mut reader).await;
        assert_eq!(status, 200);
        assert!(headers.contains(&("content-type".to_owned(), "text/event-stream".to_owned())), "{headers:?}");
        Self(reader)
    }

    /// Returns the next event, or `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<ServerSentEvent> {
        let mut event = ServerSentEvent { id: None, event: String::new(), data: Value::Null };
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).await.expect("a line") == 0 {
                return None;
            }
            match line.trim_end().split_once(": ") {
                Some(("id", id)) => event.id = Some(id.parse().expect("a number")),
                Some(("event", name)) => name.clone_into(&mut event.event),
                Some(("data", data)) => event.data = serde_json::from_str(data).expect("JSON"),
                _ if event.data.is_null() => {}
                _ => return Some(event),
            }
        }
    }
}

/// Uses HTTP 1.0, so that the response is not chunked and ends with the connection.
async fn open(address: &str, line: &str, headers: &[(&str, &str)], body: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let length = body.len().to_string();
    let defaults = [("content-length", length.as_str()), ("host", address)];
    let defaults = defaults.iter().filter(|(name, _)| !headers.iter().any(|(given, _)| given == name));
    let lines: Vec<_> = defaults.chain(headers).map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request = format!("{line} HTTP/1.0\r\n{}\r\n{body}", lines.concat());
    stream.write_all(request.as_bytes()).await.expect("written");
    BufReader::new(stream)
}

async fn read_head(reader: &mut BufReader<TcpStream>) -> (u16, Vec<(String, String)>) {
    let mut status = 0;
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).await.expect("a line");
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.to_owned())),
            None if line.starts_with("HTTP/") => status = line[9..12].parse().expect("a status"),
            None => return (status, headers),
        }
    }
}
