//! Reads HTTP/1.1 requests, for the small servers of this crate.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;

/// A request.
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
    /// The trailers of a chunked body, with names in lower case.
    pub(crate) trailers: Vec<(String, String)>,
}

/// Reads the next request of a connection. Returns `None` if the connection was closed.
pub(crate) fn read_request(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let headers = read_fields(reader)?;
    let header = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let length = header("content-length").map_or(Ok(0), str::parse).ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut trailers = Vec::new();
    let mut is_chunked = header("transfer-encoding").is_some_and(|value| value.to_lowercase().contains("chunked"));
    while is_chunked {
        let mut size = String::new();
        reader.read_line(&mut size).ok()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        if size == 0 {
            trailers = read_fields(reader)?;
            is_chunked = false;
        } else {
            let mut chunk = vec![0; size + 2];
            reader.read_exact(&mut chunk).ok()?;
            body.extend_from_slice(&chunk[..size]);
        }
    }
    Some(Request { path, body, trailers })
}

/// Reads headers or trailers, up to the empty line after them.
fn read_fields(reader: &mut BufReader<TcpStream>) -> Option<Vec<(String, String)>> {
    let mut fields = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            return Some(fields);
        }
        let (name, value) = line.split_once(':')?;
        fields.push((name.to_lowercase(), value.trim().to_owned()));
    }
}
