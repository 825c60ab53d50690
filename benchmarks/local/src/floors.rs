//! The lower bounds of a round trip: the same work without cargo bedrock.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::time::Instant;

use echo_rust::Echo;

use crate::samples::Samples;

/// Measures a JSON echo by a plain interpreter over a Unix socket. Also returns the time from its start to the first
/// response, in milliseconds.
pub fn interpreter(program: &[&str], script: &str, event: &Echo, calls: usize) -> std::io::Result<(Samples, f64)> {
    let path = std::env::temp_dir().join(format!("bedrock-floor-{}.sock", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path)?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/floors/").to_owned() + script;
    let started = Instant::now();
    let mut child = Command::new(program[0]).args(&program[1..]).arg(script).arg(&path).spawn()?;
    let (mut socket, _) = listener.accept()?;
    let mut responses = BufReader::new(socket.try_clone()?);
    let mut samples = Samples::default();
    let mut line = String::new();
    let mut first_ms = 0.0;
    for i in 0..calls {
        let start = Instant::now();
        let mut bytes = serde_json::to_vec(event)?;
        bytes.push(b'\n');
        socket.write_all(&bytes)?;
        line.clear();
        responses.read_line(&mut line)?;
        let response: Echo = serde_json::from_str(&line)?;
        if i == 0 {
            first_ms = started.elapsed().as_secs_f64() * 1e3;
        }
        assert_eq!(response.key.len(), event.key.len());
        samples.add(start);
    }
    child.kill()?;
    child.wait()?;
    std::fs::remove_file(&path)?;
    Ok((samples, first_ms))
}

/// Measures a task in the same runtime that reads and writes the JSON as often as a call of a Rust worker.
pub async fn task(event: &Echo, calls: usize) -> Samples {
    let mut samples = Samples::default();
    for _ in 0..calls {
        let start = Instant::now();
        let bytes = serde_json::to_vec(event).unwrap_or_default();
        let task = tokio::spawn(async move {
            let event: Result<Echo, _> = serde_json::from_slice(&bytes);
            event.and_then(|event| serde_json::to_vec(&event)).unwrap_or_default()
        });
        let response: Result<Echo, _> = serde_json::from_slice(&task.await.unwrap_or_default());
        assert!(response.is_ok());
        samples.add(start);
    }
    samples
}
