//! The floors: what a round trip costs with nothing of cargo bedrock in between.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::time::Instant;

use echo_rust::Echo;

use crate::samples::Samples;

/// A JSON echo by a bare interpreter over a unix socket, and the time from its start to the first answer in ms.
pub fn interpreter(program: &[&str], script: &str, event: &Echo, calls: usize) -> std::io::Result<(Samples, f64)> {
    let path = std::env::temp_dir().join(format!("bedrock-floor-{}.sock", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path)?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/floors/").to_owned() + script;
    let started = Instant::now();
    let mut child = Command::new(program[0]).args(&program[1..]).arg(script).arg(&path).spawn()?;
    let (mut socket, _) = listener.accept()?;
    let mut answers = BufReader::new(socket.try_clone()?);
    let (mut samples, mut line, mut first) = (Samples::default(), String::new(), 0.0);
    for i in 0..calls {
        let began = Instant::now();
        let mut bytes = serde_json::to_vec(event)?;
        bytes.push(b'\n');
        socket.write_all(&bytes)?;
        line.clear();
        answers.read_line(&mut line)?;
        let answer: Echo = serde_json::from_str(&line)?;
        if i == 0 {
            first = started.elapsed().as_secs_f64() * 1e3;
        }
        assert_eq!(answer.key.len(), event.key.len());
        samples.add(began);
    }
    child.kill()?;
    child.wait()?;
    std::fs::remove_file(&path)?;
    Ok((samples, first))
}

/// A task of the same runtime with the same four passes over the JSON.
pub async fn task(event: &Echo, calls: usize) -> Samples {
    let mut samples = Samples::default();
    for _ in 0..calls {
        let began = Instant::now();
        let bytes = serde_json::to_vec(event).unwrap_or_default();
        let task = tokio::spawn(async move {
            let event: Result<Echo, _> = serde_json::from_slice(&bytes);
            event.and_then(|event| serde_json::to_vec(&event)).unwrap_or_default()
        });
        let answer: Result<Echo, _> = serde_json::from_slice(&task.await.unwrap_or_default());
        assert!(answer.is_ok());
        samples.add(began);
    }
    samples
}
