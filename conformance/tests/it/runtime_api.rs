//! A small Lambda Runtime API: hands out events one after the other and takes the answers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

/// What a function posted for one event.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    Response(Value),
    Error(Value),
}

pub(crate) struct RuntimeApi {
    address: String,
    answers: Receiver<Answer>,
    events: usize,
}

struct Shared {
    events: Mutex<std::vec::IntoIter<Value>>,
    answers: Mutex<Sender<Answer>>,
}

impl RuntimeApi {
    pub(crate) fn start(events: Vec<Value>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let (sender, answers) = channel();
        let count = events.len();
        let shared = Arc::new(Shared { events: Mutex::new(events.into_iter()), answers: Mutex::new(sender) });
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || serve(stream, &shared));
            }
        });
        Self { address, answers, events: count }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Runs the function until it has answered every event; gives the answers and what it printed.
    pub(crate) fn drive(self, mut command: Command) -> (Vec<Answer>, String) {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the function starts");
        let mut stdout = child.stdout.take().expect("a pipe");
        let printed = thread::spawn(move || {
            let mut text = String::new();
            let _ = stdout.read_to_string(&mut text);
            text
        });
        let one = |_| self.answers.recv_timeout(Duration::from_secs(30)).expect("an answer");
        let answers = (0..self.events).map(one).collect();
        child.kill().expect("the end");
        child.wait().expect("the end");
        (answers, printed.join().expect("what it printed"))
    }
}

fn serve(mut stream: TcpStream, shared: &Shared) {
    stream.set_nodelay(true).expect("a socket");
    let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
    while let Some((path, body)) = request(&mut reader) {
        if path.ends_with("/invocation/next") {
            let next = shared.events.lock().expect("the events").next();
            // As Lambda does it: the function waits until there is something to do.
            let Some(event) = next else { return thread::park() };
            let _ = stream.write_all(next_event(&event).as_bytes());
            continue;
        }
        let value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let answer = if path.ends_with("/response") { Answer::Response(value) } else { Answer::Error(value) };
        let _ = stream.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
        let _ = shared.answers.lock().expect("the answers").send(answer);
    }
}

fn next_event(event: &Value) -> String {
    let body = event.to_string();
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970") + Duration::from_secs(30);
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Lambda-Runtime-Aws-Request-Id: 01234567-89ab-4def-8123-456789abcdef\r\n\
         Lambda-Runtime-Deadline-Ms: {}\r\n\
         Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:123456789012:function:conformance-dev-rust_case\r\n\
         Lambda-Runtime-Trace-Id: Root=1-6555a4f0-0123456789abcdef01234567\r\n\r\n{body}",
        body.len(),
        deadline.as_millis()
    )
}

/// Path and body of the next request on a connection.
fn request(reader: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let (mut length, mut chunked) = (0, false);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let header = header.trim().to_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        chunked |= header.starts_with("transfer-encoding:") && header.contains("chunked");
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    while chunked {
        let mut size = String::new();
        reader.read_line(&mut size).ok()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk).ok()?;
        body.extend_from_slice(&chunk[..size]);
        chunked = size > 0;
    }
    Some((path, body))
}
