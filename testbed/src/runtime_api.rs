//! A small Lambda Runtime API: starts a program, hands it events one after the other and takes the answers. As on
//! Lambda, a program that ends is started again for the events that are left.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::environment::Environment;

/// What a function is told that it has for one event.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Longer than any answer of a test takes, also on a busy machine: no test waits for it.
const PATIENCE: Duration = Duration::from_secs(120);

/// What one event came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The response.
    Response(Value),
    /// The error that the function reported.
    Error(Value),
    /// The error that the function reported while it started.
    InitError(Value),
    /// The process ended without an answer; its status, none if a signal ended it.
    Exited(Option<i32>),
}

/// What a program did.
#[derive(Debug, Default)]
pub struct Run {
    /// One for each event, in order.
    pub answers: Vec<Answer>,
    /// What all its processes printed to their standard output.
    pub stdout: String,
    /// And to their standard error.
    pub stderr: String,
}

/// The server, and the events that it has for one function.
#[derive(Debug)]
pub struct RuntimeApi {
    function: String,
    address: String,
    events: usize,
    shared: Arc<Shared>,
    messages: Receiver<Message>,
    sender: Sender<Message>,
}

#[derive(Debug)]
struct Shared {
    function: String,
    work: Mutex<Work>,
    /// Something was answered, or given up.
    done: Condvar,
}

#[derive(Debug)]
struct Work {
    left: VecDeque<Value>,
    /// The request id of the event that has been taken and not been answered.
    taken: Option<String>,
    /// So many events have been taken.
    given: usize,
    /// So many processes have ended: what one of them has asked for is not for the next.
    ended: usize,
}

#[derive(Debug)]
enum Message {
    Answer(Answer),
    Ended(Option<i32>),
}

impl RuntimeApi {
    /// Listens on a port of this machine. `function` is the name of the function that gets the events.
    pub fn start(function: &str, events: &[Value]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let (sender, messages) = channel();
        let work = Mutex::new(Work { left: events.iter().cloned().collect(), taken: None, given: 0, ended: 0 });
        let shared = Arc::new(Shared { function: function.to_owned(), work, done: Condvar::new() });
        let (for_all, answers) = (Arc::clone(&shared), sender.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (shared, answers) = (Arc::clone(&for_all), answers.clone());
                thread::spawn(move || serve(stream, &shared, &answers));
            }
        });
        Self { function: function.to_owned(), address, events: events.len(), shared, messages, sender }
    }

    /// Where it listens, for `AWS_LAMBDA_RUNTIME_API`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Runs the program until every event has come to something. It gets the variables that Lambda sets, but for those
    /// that the command has already.
    pub fn drive(self, mut command: Command) -> Run {
        self.set_variables(&mut command);
        let mut run = Run::default();
        while run.answers.len() < self.events {
            let ended = self.sender.clone();
            let environment = Environment::start(&mut command, move |status| {
                let _ = ended.send(Message::Ended(status));
            });
            self.follow(&environment, &mut run.answers);
            let (stdout, stderr) = environment.printed();
            run.stdout += &stdout;
            run.stderr += &stderr;
        }
        run
    }

    /// Takes in what one process does, until it has ended.
    fn follow(&self, environment: &Environment, answers: &mut Vec<Answer>) {
        let (before, mut finished) = (answers.len(), false);
        loop {
            match self.messages.recv_timeout(PATIENCE).expect("an answer") {
                Message::Answer(answer) => {
                    finished = matches!(answer, Answer::InitError(_)) || answers.len() + 1 == self.events;
                    answers.push(answer);
                    if finished {
                        environment.end();
                    }
                }
                Message::Ended(status) => {
                    // One that ends between two events has failed at none of them.
                    let failed = self.shared.environment_ended(!finished && answers.len() == before);
                    answers.extend(failed.then_some(Answer::Exited(status)));
                    return;
                }
            }
        }
    }

    fn set_variables(&self, command: &mut Command) {
        let name = &self.function;
        let variables = [
            ("AWS_LAMBDA_RUNTIME_API", self.address.clone()),
            ("AWS_LAMBDA_FUNCTION_NAME", name.clone()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256".to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{name}")),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/01/[$LATEST]0123456789abcdef0123456789abcdef".to_owned()),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
            ("TZ", ":UTC".to_owned()),
        ];
        for (variable, value) in variables {
            if command.get_envs().all(|(known, _)| known != variable) {
                command.env(variable, value);
            }
        }
    }
}

impl Shared {
    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().expect("no thread has panicked")
    }

    /// The next event and its request id, when the one before has been answered; None when none is left for the
    /// process that asks, the one after `ended` others.
    fn next(&self, ended: usize) -> Option<(String, Value)> {
        let busy = |work: &mut Work| work.taken.is_some() && work.ended == ended;
        let mut work = self.done.wait_while(self.work(), busy).expect("no thread has panicked");
        if work.ended == ended { work.take() } else { None }
    }

    /// Whether a process that has ended has thereby failed at an event; `at_next`, if it had none, at the next one.
    fn environment_ended(&self, at_next: bool) -> bool {
        let mut work = self.work();
        work.ended += 1;
        self.done.notify_all();
        let failed = work.taken.is_some() || at_next;
        if failed {
            work.give_up();
        }
        failed
    }
}

impl Work {
    /// The next event and its request id.
    fn take(&mut self) -> Option<(String, Value)> {
        let event = self.left.pop_front()?;
        self.given += 1;
        let id = format!("01234567-89ab-4def-8123-{:012}", self.given);
        self.taken = Some(id.clone());
        Some((id, event))
    }

    /// The event that was being worked on, or else the next one, has come to nothing.
    fn give_up(&mut self) {
        if self.taken.take().is_none() {
            self.left.pop_front();
        }
    }
}

/// Answers the requests of one connection.
fn serve(mut stream: TcpStream, shared: &Shared, answers: &Sender<Message>) {
    stream.set_nodelay(true).expect("a socket");
    let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
    let ended = shared.work().ended;
    while let Some((path, body)) = request(&mut reader) {
        let response = if path.ends_with("/invocation/next") {
            // As Lambda does it: the function waits until there is something to do, in the end for ever.
            let Some((id, event)) = shared.next(ended) else { continue };
            next_event(&shared.function, &id, &event)
        } else if let Some(answer) = shared.answer(&path, &body) {
            // Before the function hears of it, so that its end cannot come first.
            let _ = answers.send(Message::Answer(answer));
            "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n".to_owned()
        } else {
            "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".to_owned()
        };
        let _ = stream.write_all(response.as_bytes());
    }
}

impl Shared {
    /// What a function posted; None for an event that it does not have.
    fn answer(&self, path: &str, body: &[u8]) -> Option<Answer> {
        let value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let (rest, what) = path.rsplit_once('/')?;
        let mut work = self.work();
        if rest.ends_with("/init") {
            work.give_up();
            return Some(Answer::InitError(value));
        }
        work.taken.take_if(|id| rest.ends_with(id.as_str()))?;
        self.done.notify_all();
        match what {
            "response" => Some(Answer::Response(value)),
            _ => Some(Answer::Error(value)),
        }
    }
}

fn next_event(function: &str, id: &str, event: &Value) -> String {
    let body = event.to_string();
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970") + TIMEOUT;
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Lambda-Runtime-Aws-Request-Id: {id}\r\n\
         Lambda-Runtime-Deadline-Ms: {}\r\n\
         Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:123456789012:function:{function}\r\n\
         Lambda-Runtime-Trace-Id: Root=1-6555a4f0-0123456789abcdef01234567\r\n\r\n{body}",
        body.len(),
        deadline.as_millis()
    )
}

/// Path and body of the next request on a connection.
pub(crate) fn request(reader: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
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
