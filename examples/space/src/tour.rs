//! A tour for first-time users: calls the endpoint once, and prints further commands to try.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Calls the endpoint in the background, as soon as it listens.
pub fn start() {
    tokio::spawn(async {
        let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
        match get_systems(&format!("127.0.0.1:{port}")).await {
            Ok(body) => eprintln!("response of GET /systems:\n{body}\n"),
            Err(error) => eprintln!("GET /systems failed: {error}\n"),
        }
        eprintln!("try it:\n  curl http://127.0.0.1:{port}/systems");
        eprintln!("  cargo bedrock invoke system_report --payload '{{\"title\": \"Mine\"}}'   (in examples/space)");
    });
}

async fn get_systems(address: &str) -> std::io::Result<String> {
    let mut attempts = 0;
    let mut stream = loop {
        match TcpStream::connect(address).await {
            Ok(stream) => break stream,
            Err(error) if attempts >= 50 => return Err(error),
            Err(_) => attempts += 1,
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    stream.write_all(b"GET /systems HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    Ok(response.split_once("\r\n\r\n").map_or(response.clone(), |(_, body)| body.to_owned()))
}
