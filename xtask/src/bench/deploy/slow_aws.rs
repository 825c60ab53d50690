//! Stands between a deploy and the emulator and adds what AWS has: roles that Lambda sees some seconds after their creation, and
//! a connection of a limited rate.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

const CHUNK_BYTES: usize = 16_384;

/// What is added.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Slowness {
    /// How long a new role cannot be assumed.
    pub(super) propagation: Duration,
    /// Rate of all requests together. `None` if it is not limited.
    pub(super) bytes_per_second: Option<f64>,
}

/// The server between the two. It listens until the program ends.
pub(super) struct SlowAws {
    pub(super) url: String,
}

#[derive(Default)]
struct SlowState {
    /// When each role was created.
    roles: BTreeMap<String, Instant>,
    /// When the connection is free again.
    free_at: Option<Instant>,
}

impl SlowAws {
    pub(super) fn start(upstream: &str, slowness: Slowness) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("failed to open a port")?;
        let url = format!("http://{}", listener.local_addr().context("the port has no address")?);
        let upstream = upstream.trim_start_matches("http://").to_owned();
        let state = Arc::new(Mutex::new(SlowState::default()));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let upstream = upstream.clone();
                let state = Arc::clone(&state);
                thread::spawn(move || serve(client, &upstream, slowness, &state));
            }
        });
        Ok(Self { url })
    }
}

fn serve(mut client: TcpStream, upstream: &str, slowness: Slowness, state: &Mutex<SlowState>) -> Option<()> {
    let request = read_request(&mut client, slowness, state)?;
    let response = match refusal(&request, slowness, state) {
        Some(refusal) => refusal,
        None => forward(&request, upstream)?,
    };
    client.write_all(&response).ok()
}

/// Reads one request with its body, at the rate of the connection.
fn read_request(client: &mut TcpStream, slowness: Slowness, state: &Mutex<SlowState>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut length = None;
    loop {
        let read = client.read(&mut chunk).ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(chunk.get(..read)?);
        wait_for_the_line(read, slowness, state);
        if length.is_none()
            && let Some(end) = bytes.windows(4).position(|end| end == b"\r\n\r\n")
        {
            let head = String::from_utf8_lossy(bytes.get(..end)?).to_lowercase();
            let body = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
            length = Some(end + 4 + body.unwrap_or_default());
        }
        if length.is_some_and(|length| bytes.len() >= length) {
            return Some(bytes);
        }
    }
}

fn wait_for_the_line(bytes: usize, slowness: Slowness, state: &Mutex<SlowState>) {
    let Some((rate, bytes)) = slowness.bytes_per_second.zip(u32::try_from(bytes).ok()) else { return };
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    let now = Instant::now();
    let free_at = state.free_at.unwrap_or(now).max(now) + Duration::from_secs_f64(f64::from(bytes) / rate);
    state.free_at = Some(free_at);
    drop(state);
    thread::sleep(free_at.saturating_duration_since(Instant::now()));
}

/// Returns the response of Lambda to the creation of a function whose role it does not see yet.
fn refusal(request: &[u8], slowness: Slowness, state: &Mutex<SlowState>) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(request);
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    if text.contains("Action=CreateRole&") {
        let name = text.split("RoleName=").nth(1)?.split('&').next()?.trim().to_owned();
        state.roles.insert(name, Instant::now());
        return None;
    }
    if !text.starts_with("POST /2015-03-31/functions ") {
        return None;
    }
    let role = text.split("role/").nth(1)?.split('"').next()?;
    if state.roles.get(role).is_none_or(|created| created.elapsed() >= slowness.propagation) {
        return None;
    }
    let body = r#"{"Type":"User","message":"The role defined for the function cannot be assumed by Lambda."}"#;
    let head = format!(
        "HTTP/1.1 400 Bad Request\r\nx-amzn-errortype: InvalidParameterValueException\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    Some((head + body).into_bytes())
}

/// Sends a request over a new connection. The response ends when the connection is closed.
fn forward(request: &[u8], upstream: &str) -> Option<Vec<u8>> {
    let end = request.windows(2).position(|end| end == b"\r\n")?;
    let mut server = TcpStream::connect(upstream).ok()?;
    server.write_all(request.get(..end)?).ok()?;
    server.write_all(b"\r\nConnection: close").ok()?;
    server.write_all(request.get(end..)?).ok()?;
    let mut response = Vec::new();
    server.read_to_end(&mut response).ok()?;
    Some(response)
}
