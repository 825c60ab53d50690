//! A keep-alive connection to an Invoke API, for sequential calls.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Error;

/// The response of a call.
#[derive(Debug)]
pub struct InvokeResponse {
    pub body: Vec<u8>,
    /// Whether the function ran and did not fail.
    pub is_success: bool,
}

/// A connection. It cannot be used after an error.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    /// Received bytes that have not been consumed.
    buffer: Vec<u8>,
}

/// The framing of a response body.
enum BodyLength {
    Known(usize),
    Chunked,
}

impl Connection {
    /// Connects to `http://ADDRESS/PATH`, for calls with 1 KB of JSON.
    pub async fn open(url: &str) -> Result<Self, Error> {
        let event = serde_json::json!({ "key": "x".repeat(1000) });
        let request = request(url, "RequestResponse", &event.to_string())?;
        let stream = TcpStream::connect(split(url)?.0).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, request, buffer: Vec::with_capacity(16 * 1024) })
    }

    /// Calls the function and reads the complete response.
    pub async fn call(&mut self) -> Result<InvokeResponse, Error> {
        let request = std::mem::take(&mut self.request);
        let response = self.send(&request).await;
        self.request = request;
        response
    }

    /// Sends another request than that of [`Connection::call`] and reads the complete response.
    pub async fn send(&mut self, request: &[u8]) -> Result<InvokeResponse, Error> {
        self.stream.write_all(request).await?;
        let (head, is_success, length) = self.read_head().await?;
        self.buffer.drain(..head);
        let body = match length {
            BodyLength::Known(bytes) => self.take(bytes).await?,
            BodyLength::Chunked => self.read_chunks().await?,
        };
        Ok(InvokeResponse { body, is_success })
    }

    /// Reads the head. Returns its size in bytes, whether the call succeeded, and the framing of the body.
    async fn read_head(&mut self) -> Result<(usize, bool, BodyLength), Error> {
        loop {
            let mut headers = [httparse::EMPTY_HEADER; 64];
            let mut head = httparse::Response::new(&mut headers);
            if let httparse::Status::Complete(bytes) = head.parse(&self.buffer)? {
                let find = |name: &str| head.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
                let is_success = matches!(head.code, Some(200..300)) && find("x-amz-function-error").is_none();
                let length = match find("content-length") {
                    Some(header) => BodyLength::Known(std::str::from_utf8(header.value)?.parse()?),
                    None => BodyLength::Chunked,
                };
                return Ok((bytes, is_success, length));
            }
            self.read_more().await?;
        }
    }

    async fn read_chunks(&mut self) -> Result<Vec<u8>, Error> {
        let mut body = Vec::new();
        loop {
            let line = loop {
                match self.buffer.windows(2).position(|two| two == b"\r\n") {
                    Some(end) => break self.take(end + 2).await?,
                    None => self.read_more().await?,
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
            self.read_more().await?;
        }
        Ok(self.buffer.drain(..bytes).collect())
    }

    async fn read_more(&mut self) -> Result<(), Error> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err("the connection was closed".into()),
            _ => Ok(()),
        }
    }
}

/// Splits `http://ADDRESS/PATH` into the address and the path without its first `/`.
pub fn split(url: &str) -> Result<(&str, &str), Error> {
    url.strip_prefix("http://")
        .and_then(|rest| rest.split_once('/'))
        .ok_or_else(|| "not a URL of the form `http://ADDRESS/PATH`".into())
}

/// Returns an Invoke request. The headers have the same length as those of an SDK. The servers do not check the
/// signature.
pub fn request(url: &str, invocation_type: &str, event: &str) -> Result<Vec<u8>, Error> {
    let (address, path) = split(url)?;
    let request = format!(
        "POST /{path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         x-amz-date: 20261126T063500Z\r\nx-amz-invocation-type: {invocation_type}\r\n\
         authorization: AWS4-HMAC-SHA256 Credential=test/20261126/us-east-1/lambda/aws4_request, \
         SignedHeaders=content-type;host;x-amz-date, Signature={}\r\ncontent-length: {}\r\n\r\n{event}",
        "0".repeat(64),
        event.len()
    );
    Ok(request.into_bytes())
}
