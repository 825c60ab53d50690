//! The first byte of a response that the endpoint streams, in `cargo bedrock dev` and under `cargo run`, both of the example
//! `chat`, in turns.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::app::folder;
use super::wait::{Allowed, Reference, Wait, milliseconds};
use crate::bench::dev::server::{Server, free_port};
use crate::bench::samples::median;
use crate::workspace::Workspace;

const PART: &str = "first-byte";
/// Limit as a multiple of `cargo run`.
const OF_RUN: f64 = 1.2;
/// Requests in a pass, after as many that are not counted.
const REQUESTS: u16 = 200;
/// How the body of the route begins.
const BODY: &[u8] = b"data:";

/// Measures both programs.
pub(super) fn measure(workspace: &Workspace, tool: &Path, passes: u8) -> Result<Vec<Wait>> {
    let folder = folder(workspace)?;
    let example = workspace.root.join("examples/chat");
    eprintln!("compiling the example `chat` for `cargo run`");
    let port = free_port()?;
    let mut run = workspace.cargo();
    run.args(["run", "--quiet", "--package", "chat"]).current_dir(&example).env("PORT", port.to_string());
    let mut run = Server::start(run, folder.join("first_byte_run.log"))?;
    run.listens(port)?;
    eprintln!("compiling the example `chat` for `cargo bedrock dev`");
    let mut dev = workspace.command(tool);
    dev.args(["bedrock", "dev", "--port", "0", "--message-format", "json"]).current_dir(&example);
    let mut dev = Server::start(dev, folder.join("first_byte_dev.log"))?;
    let url = dev.says(|line| {
        let event: serde_json::Value = serde_json::from_str(line).ok()?;
        (event["event"] == "app-started").then(|| event["url"].as_str().map(str::to_owned))?
    })?;
    let ours = (url.trim_start_matches("http://").to_owned(), "/_url/endpoint/countdown");
    let floor = (format!("127.0.0.1:{port}"), "/countdown");
    let mut times = [Vec::new(), Vec::new()];
    for number in 1..=passes {
        eprintln!("first bytes, {number} of {passes}");
        for is_counted in [false, true] {
            for _ in 0..REQUESTS {
                for ((address, path), times) in [&ours, &floor].into_iter().zip(&mut times) {
                    let time = first_byte(address, path)?;
                    times.extend(is_counted.then_some(time));
                }
            }
        }
    }
    let [ours, floor] = times.map(|times| median(times).unwrap_or_default());
    Ok(vec![Wait {
        what: "first byte of a streamed response in `cargo bedrock dev`".to_owned(),
        ours,
        allowed: Allowed::OfFloor(OF_RUN),
        peer: None,
        floor: Some(Reference::new("`cargo run`", floor)),
        show: milliseconds,
        part: PART,
    }])
}

/// Returns the milliseconds from the request, on a new connection, to the first byte of the body.
fn first_byte(address: &str, path: &str) -> Result<f64> {
    let mut stream = TcpStream::connect(address).with_context(|| format!("failed to connect to {address}"))?;
    stream.set_nodelay(true).context("failed to set up a connection")?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    let started = Instant::now();
    stream.write_all(request.as_bytes()).context("failed to send a request")?;
    let mut response = Vec::new();
    let mut bytes = [0; 4096];
    while !response.windows(BODY.len()).any(|window| window == BODY) {
        let count = stream.read(&mut bytes).context("failed to read a response")?;
        if count == 0 {
            bail!("{address}{path} did not stream: {}", String::from_utf8_lossy(&response));
        }
        response.extend_from_slice(&bytes[..count]);
    }
    Ok(started.elapsed().as_secs_f64() * 1000.0)
}
