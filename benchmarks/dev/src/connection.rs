//! A kept connection to an Invoke API, and one call after the other through it.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Error;

/// What a call brought.
#[derive(Debug)]
pub struct Answer {
    pub body: Vec<u8>,
    /// The function was run and did not fail.
    pub is_good: bool,
}

/// One connection. After an error it is of no use any more.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    /// What was read and belongs to no answer yet.
    buffer: Vec<u8>,
}

/// How the body of an answer ends.
enum Length {
    Known(usize),
    Chunked,
}

impl Connection {
    /// To `http://ADDRESS/PATH`, for calls with 1 KB of JSON.
    pub async fn open(url: &str) -> Result<Self, Error> {
        let (address, path) = url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).ok_or("no such URL")?;
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let event = serde_json::json!({ "key": "x".repeat(1000) }).to_string();
        // As long as what an SDK sends; nobody here looks at the signature.
        let request = format!(
            "POST /{path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
             x-amz-date: 20261126T063500Z\r\nx-amz-invocation-type: RequestResponse\r\n\
             authorization: AWS4-HMAC-SHA256 Credential=test/20261126/us-east-1/lambda/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, Signature={}\r\ncontent-length: {}\r\n\r\n{event}",
            "0".repeat(64),
            event.len()
        );
        Ok(Self { stream, request: request.into_bytes(), buffer: Vec::with_capacity(16 * 1024) })
    }

    /// Calls, and reads the whole answer.
    pub async fn call(&mut self) -> Result<Answer, Error> {
        self.stream.write_all(&self.request).await?;
        let (head, is_good, length) = self.head().await?;
        self.buffer.drain(..head);
        let body = match length {
            Length::Known(bytes) => self.take(bytes).await?,
            Length::Chunked => self.chunks().await?,
        };
        Ok(Answer { body, is_good })
    }

    /// Bytes of the head, whether it tells of success, and what follows it.
    async fn head(&mut self) -> Result<(usize, bool, Length), Error> {
        loop {
            let mut headers = [httparse::EMPTY_HEADER; 64];
            let mut head = httparse::Response::new(&mut headers);
            if let httparse::Status::Complete(bytes) = head.parse(&self.buffer)? {
                let find = |name: &str| head.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
                let is_good = head.code == Some(200) && find("x-amz-function-error").is_none();
                let length = match find("content-length") {
                    Some(header) => Length::Known(std::str::from_utf8(header.value)?.parse()?),
                    None => Length::Chunked,
                };
                return Ok((bytes, is_good, length));
            }
            self.more().await?;
        }
    }

    async fn chunks(&mut self) -> Result<Vec<u8>, Error> {
        let mut body = Vec::new();
        loop {
            let line = loop {
                match self.buffer.windows(2).position(|two| two == b"\r\n") {
                    Some(end) => break self.take(end + 2).await?,
                    None => self.more().await?,
                }
            };
            let bytes = usize::from_str_radix(std::str::from_utf8(&line)?.trim(), 16)?;
            body.extend_from_slice(&self.take(bytes).await?);
            self.take(2).await?;
            if bytes == 0 {
                return Ok(body);
            }
        }
    }

    async fn take(&mut self, bytes: usize) -> Result<Vec<u8>, Error> {
        while self.buffer.len() < bytes {
            self.more().await?;
        }
        Ok(self.buffer.drain(..bytes).collect())
    }

    async fn more(&mut self) -> Result<(), Error> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err("the connection was closed".into()),
            _ => Ok(()),
        }
    }
}
