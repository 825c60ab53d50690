//! Stands between the command and the emulator, counts what changes something, and fails where a test wants it to.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde_json::Value;

/// A request as the command sent it.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// `PUT /2015-03-31/functions/shop-dev-counter/code`, or the operation where the path is `/`: `CreateRole`.
    pub(crate) what: String,
    /// Whether it changes something.
    pub(crate) changes: bool,
    /// How many such requests there were before.
    pub(crate) number: usize,
    /// Requests that are being answered now, this one too.
    pub(crate) in_flight: usize,
    bytes: Vec<u8>,
}

/// What is done with a request.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
    Pass,
    /// It is answered by the proxy: status and code.
    Answer(u16, &'static str),
    /// The connection is cut before the emulator hears of it.
    Cut,
    /// The emulator does it, and the connection is cut before its answer comes.
    CutAfter,
    /// It is answered with these bytes.
    Give(Vec<u8>),
    /// The emulator answers, and this is at a place of its answer instead.
    Say(&'static str, Value),
}

/// Listens until the test ends.
pub(crate) struct Proxy {
    pub(crate) endpoint: String,
}

type Judge = dyn Fn(&Request) -> Fate + Send + Sync;

#[derive(Default)]
struct Counts {
    changes: usize,
    in_flight: usize,
}

impl Proxy {
    /// `judge` decides about each request, and may do what it likes first.
    pub(crate) fn start(upstream: &str, judge: impl Fn(&Request) -> Fate + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let upstream = upstream.trim_start_matches("http://").to_owned();
        let (judge, counts): (Arc<Judge>, _) = (Arc::new(judge), Arc::new(Mutex::new(Counts::default())));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (judge, counts, upstream) = (Arc::clone(&judge), Arc::clone(&counts), upstream.clone());
                thread::spawn(move || serve(stream, &upstream, &*judge, &counts));
            }
        });
        Self { endpoint }
    }
}

fn serve(mut client: TcpStream, upstream: &str, judge: &Judge, counts: &Mutex<Counts>) {
    let _ = client.set_nodelay(true);
    let Some(bytes) = read(&mut client) else { return };
    let request = {
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        let (what, changes) = described(&bytes);
        let number = counts.changes;
        counts.changes += usize::from(changes);
        counts.in_flight += 1;
        Request { what, changes, number, in_flight: counts.in_flight, bytes }
    };
    let answer = match judge(&request) {
        Fate::Cut => None,
        Fate::Answer(status, code) => Some(refusal(&request, status, code)),
        Fate::Give(bytes) => Some(answer("200 OK", "application/octet-stream", &bytes)),
        Fate::Pass => forward(&request.bytes, upstream),
        Fate::CutAfter => forward(&request.bytes, upstream).and(None),
        Fate::Say(pointer, value) => forward(&request.bytes, upstream).map(|found| with(&found, pointer, value)),
    };
    counts.lock().unwrap_or_else(PoisonError::into_inner).in_flight -= 1;
    if let Some(answer) = answer {
        let _ = client.write_all(&answer);
    }
}

/// One request with its body.
fn read(client: &mut TcpStream) -> Option<Vec<u8>> {
    let (mut bytes, mut chunk) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        if let Some(end) = bytes.windows(4).position(|end| end == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or_default();
            if bytes.len() >= end + 4 + length {
                return Some(bytes);
            }
        }
        match client.read(&mut chunk) {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&chunk[..read]),
        }
    }
}

fn described(bytes: &[u8]) -> (String, bool) {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(8_192)]).into_owned();
    let line = text.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned();
    let target =
        text.lines().find_map(|line| line.to_lowercase().strip_prefix("x-amz-target:").map(|_| line.to_owned()));
    let operation = match target {
        Some(target) => target.rsplit('.').next().map(|name| name.trim().to_owned()),
        None => text.split("Action=").nth(1).and_then(|rest| rest.split('&').next()).map(str::to_owned),
    };
    match operation.filter(|_| line.starts_with("POST / ") || line == "POST /") {
        Some(name) => {
            let reads = ["Get", "List", "Describe"].iter().any(|verb| name.starts_with(verb));
            (name, !reads)
        }
        None => (line.clone(), !line.starts_with("GET ") && !line.starts_with("HEAD ")),
    }
}

/// Each request goes over a connection of its own: the end of the answer is the end of the connection.
fn forward(request: &[u8], upstream: &str) -> Option<Vec<u8>> {
    let end = request.windows(2).position(|end| end == b"\r\n")?;
    let mut server = TcpStream::connect(upstream).ok()?;
    server.set_nodelay(true).ok()?;
    server.write_all(&request[..end]).ok()?;
    server.write_all(b"\r\nConnection: close").ok()?;
    server.write_all(&request[end..]).ok()?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).ok()?;
    Some(answer)
}

/// As the service would have said it: those that are asked by `Action` answer in XML.
fn refusal(request: &Request, status: u16, code: &str) -> Vec<u8> {
    let status = format!("{status} Refused\r\nx-amzn-errortype: {code}");
    if request.bytes.windows(7).any(|bytes| bytes == b"Action=") {
        let body = format!("<R><Error><Code>{code}</Code><Message>by the proxy</Message></Error></R>");
        return answer(&status, "text/xml", body.replace("R>", "ErrorResponse>").as_bytes());
    }
    let body = format!("{{\"__type\":\"{code}\",\"message\":\"by the proxy\"}}");
    answer(&status, "application/json", body.as_bytes())
}

fn answer(status: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn with(found: &[u8], pointer: &str, value: Value) -> Vec<u8> {
    let at = found.windows(4).position(|end| end == b"\r\n\r\n").expect("a head") + 4;
    let mut body: Value = serde_json::from_slice(&found[at..]).unwrap_or_default();
    // Answers of another kind stay as they are.
    let Some(place) = body.pointer_mut(pointer) else { return found.to_vec() };
    *place = value;
    answer("200 OK", "application/json", body.to_string().as_bytes())
}
