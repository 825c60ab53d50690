//! A small Lambda Runtime API: starts a program, sends it one event after the other and receives the results. As on
//! Lambda, a program that exits is started again for the remaining events.

use std::collections::VecDeque;
use std::io::{BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::execution_environment::ExecutionEnvironment;
use crate::http::{Request, read_request};

/// The time until the deadline that is sent with each event.
const INVOCATION_TIMEOUT: Duration = Duration::from_secs(30);
/// The maximum time to wait for a result, longer than any test needs even on a busy machine.
const RESULT_TIMEOUT: Duration = Duration::from_secs(120);

/// The result of one event.
#[derive(Debug, Clone, PartialEq)]
pub enum InvocationResult {
    /// The response of the function.
    Response(Value),
    /// The error that the function reported.
    Error(Value),
    /// What the function has streamed before it failed, and the type of the error.
    FailedStream(Value, String),
    /// The error that the function reported in the init phase.
    InitError(Value),
    /// The process exited without a result: its exit code, or `None` if a signal killed it.
    Exited(Option<i32>),
}

/// The results and the output of a function.
#[derive(Debug, Default)]
pub struct FunctionRun {
    /// One result for each event, in order.
    pub results: Vec<InvocationResult>,
    /// The standard output of all processes.
    pub stdout: String,
    /// The standard error of all processes.
    pub stderr: String,
}

/// The server, with the events for one function.
#[derive(Debug)]
pub struct RuntimeApi {
    function: String,
    address: String,
    /// The number of events.
    events: usize,
    shared: Arc<Shared>,
    messages: Receiver<Message>,
    sender: Sender<Message>,
}

#[derive(Debug)]
struct Shared {
    function: String,
    queue: Mutex<EventQueue>,
    /// Notified when an event is finished.
    finished: Condvar,
}

#[derive(Debug)]
struct EventQueue {
    pending: VecDeque<Value>,
    /// The request id of the event that is being processed.
    in_flight: Option<String>,
    /// The number of events that have been sent.
    sent: usize,
    /// The number of processes that have exited. A connection of an earlier process must not receive further events.
    exited: usize,
}

#[derive(Debug)]
enum Message {
    Result(InvocationResult),
    Exited(Option<i32>),
}

impl RuntimeApi {
    /// Starts a server on a local port. `function` is the name of the function that receives the events.
    pub fn start(function: &str, events: &[Value]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let (sender, messages) = channel();
        let pending = events.iter().cloned().collect();
        let queue = Mutex::new(EventQueue { pending, in_flight: None, sent: 0, exited: 0 });
        let shared = Arc::new(Shared { function: function.to_owned(), queue, finished: Condvar::new() });
        let server_state = Arc::clone(&shared);
        let server_sender = sender.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&server_state);
                let sender = server_sender.clone();
                thread::spawn(move || serve(stream, &shared, &sender));
            }
        });
        Self { function: function.to_owned(), address, events: events.len(), shared, messages, sender }
    }

    /// Returns the address for `AWS_LAMBDA_RUNTIME_API`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Runs the program until every event has a result. Sets Lambda's environment variables, unless the command sets
    /// them.
    pub fn run(self, mut command: Command) -> FunctionRun {
        self.set_variables(&mut command);
        let mut run = FunctionRun::default();
        while run.results.len() < self.events {
            let sender = self.sender.clone();
            let environment = ExecutionEnvironment::start(&mut command, move |status| {
                let _ = sender.send(Message::Exited(status));
            });
            self.collect_results(&environment, &mut run.results);
            let (stdout, stderr) = environment.into_output();
            run.stdout += &stdout;
            run.stderr += &stderr;
        }
        run
    }

    /// Collects the results of one process until it exits.
    fn collect_results(&self, environment: &ExecutionEnvironment, results: &mut Vec<InvocationResult>) {
        let earlier_results = results.len();
        let mut is_finished = false;
        loop {
            match self.messages.recv_timeout(RESULT_TIMEOUT).expect("a result") {
                Message::Result(result) => {
                    is_finished = matches!(result, InvocationResult::InitError(_)) || results.len() + 1 == self.events;
                    results.push(result);
                    if is_finished {
                        environment.kill();
                    }
                }
                Message::Exited(status) => {
                    // A process that exits between two events has not failed at either of them.
                    let had_no_result = !is_finished && results.len() == earlier_results;
                    let failed = self.shared.process_exited(had_no_result);
                    results.extend(failed.then_some(InvocationResult::Exited(status)));
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
    fn queue(&self) -> MutexGuard<'_, EventQueue> {
        self.queue.lock().expect("no thread has panicked")
    }

    /// Waits until the current event is finished, and returns the request id of the next event and the event. `exited`
    /// is the number of processes before the one that requests the event. Returns `None` if it has exited, or if there
    /// is no event left.
    fn next_event(&self, exited: usize) -> Option<(String, Value)> {
        let is_busy = |queue: &mut EventQueue| queue.in_flight.is_some() && queue.exited == exited;
        let mut queue = self.finished.wait_while(self.queue(), is_busy).expect("no thread has panicked");
        if queue.exited == exited { queue.pop() } else { None }
    }

    /// Records the exit of a process. Returns whether an event failed because of it: the event in flight, or, with
    /// `fails_next` and no event in flight, the next one.
    fn process_exited(&self, fails_next: bool) -> bool {
        let mut queue = self.queue();
        queue.exited += 1;
        self.finished.notify_all();
        let failed = queue.in_flight.is_some() || fails_next;
        if failed {
            queue.discard_current();
        }
        failed
    }
}

impl EventQueue {
    /// Returns the request id of the next event and the event.
    fn pop(&mut self) -> Option<(String, Value)> {
        let event = self.pending.pop_front()?;
        self.sent += 1;
        let id = format!("01234567-89ab-4def-8123-{:012}", self.sent);
        self.in_flight = Some(id.clone());
        Some((id, event))
    }

    /// Discards the event in flight, or, if there is none, the next event.
    fn discard_current(&mut self) {
        if self.in_flight.take().is_none() {
            self.pending.pop_front();
        }
    }
}

/// Serves the requests of one connection.
fn serve(mut stream: TcpStream, shared: &Shared, sender: &Sender<Message>) {
    stream.set_nodelay(true).expect("a socket");
    let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
    let exited = shared.queue().exited;
    while let Some(Request { path, body, trailers }) = read_request(&mut reader) {
        let response = if path.ends_with("/invocation/next") {
            // As on Lambda, the function waits until there is an event; after the last event, it gets no response.
            let Some((id, event)) = shared.next_event(exited) else { continue };
            next_event_response(&shared.function, &id, &event)
        } else if let Some(result) = shared.record_result(&path, &body, &trailers) {
            // Sent before the response, so that the exit of the process cannot be observed first.
            let _ = sender.send(Message::Result(result));
            "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n".to_owned()
        } else {
            "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".to_owned()
        };
        let _ = stream.write_all(response.as_bytes());
    }
}

impl Shared {
    /// Returns the result that a function posted. Returns `None` if it is not for the event in flight.
    fn record_result(&self, path: &str, body: &[u8], trailers: &[(String, String)]) -> Option<InvocationResult> {
        // `NaN` of Python is not JSON.
        let text = || Value::from(String::from_utf8_lossy(body));
        let value = serde_json::from_slice(body).unwrap_or_else(|_| text());
        let (rest, kind) = path.rsplit_once('/')?;
        let mut queue = self.queue();
        if rest.ends_with("/init") {
            queue.discard_current();
            return Some(InvocationResult::InitError(value));
        }
        queue.in_flight.take_if(|id| rest.ends_with(id.as_str()))?;
        self.finished.notify_all();
        let error_type = trailers.iter().find(|(name, _)| name == "lambda-runtime-function-error-type");
        if let Some((_, error_type)) = error_type {
            return Some(InvocationResult::FailedStream(value, error_type.clone()));
        }
        match kind {
            "response" => Some(InvocationResult::Response(value)),
            _ => Some(InvocationResult::Error(value)),
        }
    }
}

fn next_event_response(function: &str, id: &str, event: &Value) -> String {
    let body = event.to_string();
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970") + INVOCATION_TIMEOUT;
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
