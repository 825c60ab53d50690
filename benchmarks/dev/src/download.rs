//! Downloads whose content is thrown away.

use std::time::Instant;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Error;
use crate::connection::split;
use crate::load::quantile_us;

/// Size of the reads in bytes.
const READ: usize = 256 * 1024;

/// Gets a URL several times, or the bytes of a range such as `0-9` of it. Returns the time until the last byte, and how
/// many bytes came, with the head.
pub async fn run(url: &str, count: usize, range: &str) -> Result<Value, Error> {
    let (address, path) = split(url)?;
    let range = if range.is_empty() { String::new() } else { format!("range: bytes={range}\r\n") };
    let request = format!("GET /{path} HTTP/1.1\r\nhost: {address}\r\n{range}connection: close\r\n\r\n");
    let mut latencies = Vec::new();
    let mut bytes = 0;
    let mut buffer = vec![0; READ];
    for _ in 0..count {
        let start = Instant::now();
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut is_first = true;
        loop {
            let read = stream.read(&mut buffer).await?;
            if is_first && !buffer[..read].starts_with(b"HTTP/1.1 2") {
                return Err(String::from_utf8_lossy(&buffer[..read.min(500)]).into_owned().into());
            }
            if read == 0 {
                break;
            }
            is_first = false;
            bytes += read;
        }
        latencies.push(start.elapsed());
    }
    Ok(json!({ "p50_us": quantile_us(&mut latencies, 0.5), "bytes": bytes }))
}
