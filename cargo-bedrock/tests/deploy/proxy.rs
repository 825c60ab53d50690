//! An HTTP proxy between the command and the emulator that counts mutations and injects failures.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use serde_json::Value;
use testbed::Refusal;

/// A request of the command.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// `PUT /2015-03-31/functions/shop-dev-counter/code`, or the name of the operation if the path is `/`: `CreateRole`.
    pub(crate) operation: String,
    /// Whether it changes something.
    pub(crate) is_mutation: bool,
    /// Number of earlier requests that change something.
    pub(crate) mutations_before: usize,
    /// Number of requests without a response, including this one.
    pub(crate) in_flight: usize,
    bytes: Vec<u8>,
}

/// What the proxy does with a request.
#[derive(Debug, Clone)]
pub(crate) enum ProxyAction {
    /// Forwards the request to the emulator, and the response back.
    Forward,
    /// Responds with this status and error code.
    Respond(u16, &'static str),
    /// Closes the connection without forwarding the request.
    Disconnect,
    /// Forwards the request, and closes the connection without a response.
    ForwardAndDisconnect,
    /// Responds as to the same request before, which must be a read; forwards the first one.
    RespondAsBefore,
    /// Responds with this error.
    Refuse(Refusal),
    /// Responds with this status and an HTML page.
    RespondWithHtml(u16),
    /// Responds with these bytes.
    RespondWith(Vec<u8>),
    /// Forwards the request, and replaces this header of the response, which is given in lower case.
    ReplaceHeader(&'static str, &'static str),
    /// Forwards the request, and replaces the value at a JSON pointer of the response.
    ReplaceInResponse(&'static str, Value),
}

/// The proxy. It listens until the test ends.
pub(crate) struct Proxy {
    pub(crate) endpoint: String,
}

impl Request {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns what is equal in equal requests: the operation and the body.
    fn key(&self) -> String {
        let text = String::from_utf8_lossy(&self.bytes);
        format!("{} {}", self.operation, text.split_once("\r\n\r\n").map_or("", |(_, body)| body))
    }

    /// Returns whether the request has a header with this name, in lower case.
    pub(crate) fn has_header(&self, name: &str) -> bool {
        let text = String::from_utf8_lossy(&self.bytes[..self.bytes.len().min(8_192)]).to_lowercase();
        text.lines().take_while(|line| !line.is_empty()).any(|line| line.starts_with(&format!("{name}:")))
    }
}

type Decide = dyn Fn(&Request) -> ProxyAction + Send + Sync;
type End = dyn Fn(&Request) + Send + Sync;

#[derive(Default)]
struct ProxyState {
    mutations: usize,
    in_flight: usize,
    /// The last responses to requests that change nothing.
    responses: BTreeMap<String, Vec<u8>>,
}

fn lock(state: &Mutex<ProxyState>) -> MutexGuard<'_, ProxyState> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn store(state: &Mutex<ProxyState>, request: &Request, response: &[u8]) {
    if !request.is_mutation {
        lock(state).responses.insert(request.key(), response.to_vec());
    }
}

impl Proxy {
    /// `decide` is called for each request, and may block.
    pub(crate) fn start(upstream: &str, decide: impl Fn(&Request) -> ProxyAction + Send + Sync + 'static) -> Self {
        Self::start_with_end(upstream, decide, |_| {})
    }

    /// `end` is called for each request before its response is sent.
    pub(crate) fn start_with_end(
        upstream: &str,
        decide: impl Fn(&Request) -> ProxyAction + Send + Sync + 'static,
        end: impl Fn(&Request) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let upstream = upstream.trim_start_matches("http://").to_owned();
        let decide: Arc<Decide> = Arc::new(decide);
        let end: Arc<End> = Arc::new(end);
        let state = Arc::new(Mutex::new(ProxyState::default()));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let decide = Arc::clone(&decide);
                let end = Arc::clone(&end);
                let state = Arc::clone(&state);
                let upstream = upstream.clone();
                thread::spawn(move || serve(stream, &upstream, &*decide, &*end, &state));
            }
        });
        Self { endpoint }
    }
}

fn serve(mut client: TcpStream, upstream: &str, decide: &Decide, end: &End, state: &Mutex<ProxyState>) {
    let _ = client.set_nodelay(true);
    let Some(bytes) = read_request(&mut client) else { return };
    let request = {
        let mut state = lock(state);
        let (operation, is_mutation) = parse_operation(&bytes);
        let mutations_before = state.mutations;
        state.mutations += usize::from(is_mutation);
        state.in_flight += 1;
        Request { operation, is_mutation, mutations_before, in_flight: state.in_flight, bytes }
    };
    let response = match decide(&request) {
        ProxyAction::Disconnect => None,
        ProxyAction::Respond(status, code) => Some(error_response(&request, status, code, "by the proxy")),
        ProxyAction::Refuse(refusal) => Some(error_response(&request, refusal.status, refusal.code, &refusal.message)),
        ProxyAction::RespondWithHtml(status) => {
            Some(response(&format!("{status} Page"), "text/html; charset=utf-8", b"<html>Log in, please</html>"))
        }
        ProxyAction::RespondWith(bytes) => Some(response("200 OK", "application/octet-stream", &bytes)),
        ProxyAction::Forward => forward(&request.bytes, upstream).inspect(|response| store(state, &request, response)),
        ProxyAction::RespondAsBefore => {
            let before = lock(state).responses.get(&request.key()).cloned();
            before.or_else(|| forward(&request.bytes, upstream))
        }
        ProxyAction::ForwardAndDisconnect => forward(&request.bytes, upstream).and(None),
        ProxyAction::ReplaceHeader(name, value) => {
            forward(&request.bytes, upstream).map(|bytes| replace_header(&bytes, name, value))
        }
        ProxyAction::ReplaceInResponse(pointer, value) => {
            forward(&request.bytes, upstream).map(|bytes| replace_in_response(&bytes, pointer, value))
        }
    };
    end(&request);
    lock(state).in_flight -= 1;
    if let Some(response) = response {
        let _ = client.write_all(&response);
    }
}

/// Reads one request with its body.
fn read_request(client: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 64 * 1024];
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

/// Returns the operation, and whether it changes something.
fn parse_operation(bytes: &[u8]) -> (String, bool) {
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

/// Sends a request over a new connection. The response ends when the connection is closed.
fn forward(request: &[u8], upstream: &str) -> Option<Vec<u8>> {
    let end = request.windows(2).position(|end| end == b"\r\n")?;
    let mut server = TcpStream::connect(upstream).ok()?;
    server.set_nodelay(true).ok()?;
    server.write_all(&request[..end]).ok()?;
    server.write_all(b"\r\nConnection: close").ok()?;
    server.write_all(&request[end..]).ok()?;
    let mut response = Vec::new();
    server.read_to_end(&mut response).ok()?;
    Some(response)
}

/// An error in the format of the service: XML for S3 and for requests with an `Action`, JSON for all others.
fn error_response(request: &Request, status: u16, code: &str, message: &str) -> Vec<u8> {
    let status = format!("{status} Refused\r\nx-amzn-errortype: {code}");
    if contains(&request.bytes, b"Action=") {
        let body = format!("<R><Error><Code>{code}</Code><Message>{message}</Message></Error></R>");
        return response(&status, "text/xml", body.replace("R>", "ErrorResponse>").as_bytes());
    }
    // In the signature's scope.
    if contains(&request.bytes, b"/s3/aws4_request") {
        let body = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
        return response(&status, "application/xml", body.as_bytes());
    }
    let body = format!("{{\"__type\":\"{code}\",\"message\":\"{message}\"}}");
    response(&status, "application/json", body.as_bytes())
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|part| part == text)
}

fn response(status: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn replace_header(original: &[u8], name: &str, value: &str) -> Vec<u8> {
    let body_start = original.windows(4).position(|end| end == b"\r\n\r\n").expect("a head") + 4;
    let head = String::from_utf8_lossy(&original[..body_start]).into_owned();
    let is_replaced = |line: &&str| line.to_lowercase().starts_with(&format!("{name}:"));
    let lines = head.trim_end().lines().filter(|line| !is_replaced(line));
    let mut response: Vec<u8> = lines.flat_map(|line| format!("{line}\r\n").into_bytes()).collect();
    response.extend(format!("{name}: {value}\r\n\r\n").into_bytes());
    response.extend(&original[body_start..]);
    response
}

/// Responses that do not contain `pointer` are returned unchanged.
fn replace_in_response(original: &[u8], pointer: &str, value: Value) -> Vec<u8> {
    let body_start = original.windows(4).position(|end| end == b"\r\n\r\n").expect("a head") + 4;
    let mut body: Value = serde_json::from_slice(&original[body_start..]).unwrap_or_default();
    let Some(target) = body.pointer_mut(pointer) else { return original.to_vec() };
    *target = value;
    response("200 OK", "application/json", body.to_string().as_bytes())
}
