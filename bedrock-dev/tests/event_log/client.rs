//! HTTP as far as the tests need it: a request, its answer, and server-sent events as they come.

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in small letters.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A server-sent event.
#[derive(Debug, PartialEq)]
pub(crate) struct Sent {
    pub(crate) id: Option<u64>,
    pub(crate) event: String,
    pub(crate) data: Value,
}

/// Sends a request to `127.0.0.1:PORT`; headers that are given go before its own `Host`.
pub(crate) async fn send(address: &str, line: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut reader = open(address, line, headers, body).await;
    let (status, headers) = head(&mut reader).await;
    let mut body = Vec::new();
    reader.read_to_end(&mut body).await.expect("a body");
    Answer { status, headers, body: String::from_utf8(body).expect("text") }
}

/// Follows a stream.
pub(crate) struct Events(BufReader<TcpStream>);

impl Events {
    pub(crate) async fn open(address: &str, path: &str, headers: &[(&str, &str)]) -> Self {
        let mut reader = open(address, &format!("GET {path}"), headers, "").await;
        let (status, headers) = head(&mut reader).await;
        assert_eq!(status, 200);
        assert!(headers.contains(&("content-type".to_owned(), "text/event-stream".to_owned())), "{headers:?}");
        Self(reader)
    }

    /// The next one; nothing at the end.
    pub(crate) async fn next(&mut self) -> Option<Sent> {
        let mut sent = Sent { id: None, event: String::new(), data: Value::Null };
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).await.expect("a line") == 0 {
                return None;
            }
            match line.trim_end().split_once(": ") {
                Some(("id", id)) => sent.id = Some(id.parse().expect("a number")),
                Some(("event", event)) => event.clone_into(&mut sent.event),
                Some(("data", data)) => sent.data = serde_json::from_str(data).expect("JSON"),
                _ if sent.data.is_null() => {}
                _ => return Some(sent),
            }
        }
    }
}

/// HTTP 1.0, so that the answer comes in one piece and ends with the connection.
async fn open(address: &str, line: &str, headers: &[(&str, &str)], body: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let length = body.len().to_string();
    let own = [("content-length", length.as_str()), ("host", address)];
    let own = own.iter().filter(|(name, _)| !headers.iter().any(|(given, _)| given == name));
    let lines: Vec<_> = own.chain(headers).map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request = format!("{line} HTTP/1.0\r\n{}\r\n{body}", lines.concat());
    stream.write_all(request.as_bytes()).await.expect("written");
    BufReader::new(stream)
}

async fn head(reader: &mut BufReader<TcpStream>) -> (u16, Vec<(String, String)>) {
    let (mut status, mut headers) = (0, Vec::new());
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
