//! Workers whose calls fail, run with AWS's own runtime interface clients: how often the AWS SDKs send the request.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use bedrock_build::Language;
use serde_json::{Value, json};
use testbed::{Function, InvocationResult, ric};

use crate::worker_zips::WorkerZips;

const PYTHON: &str = r#"from bedrock.workers.invoker import InvocationError, invoke
from bedrock.workers.worker import Worker


class Caller(Worker):
    def execute(self, event, context):
        try:
            return invoke("other", event, True)
        except InvocationError as error:
            return error.may_have_run
"#;

const JAVASCRIPT: &str = r"const { Worker, invoke } = require('./worker');

class Caller extends Worker {
  async execute(event) {
    return invoke('other', event, true).catch((error) => error.mayHaveRun);
  }
}
";

/// In an event, in place of a status: the connection is closed without a response.
const CLOSE_CONNECTION: u16 = 0;

/// An Invoke API that fails as the events say. Each event is a list of statuses, one for each attempt. After the last
/// status, the response is 7.
#[derive(Default)]
struct FakeInvokeApi {
    /// The events of all requests, with their trace headers.
    requests: Mutex<Vec<(Value, Option<String>)>>,
}

impl FakeInvokeApi {
    fn start(self: &Arc<Self>) -> String {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let service = Arc::clone(self);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let service = Arc::clone(&service);
                // The caller may close the connection at any time.
                thread::spawn(move || service.serve(stream));
            }
        });
        url
    }

    fn serve(&self, mut stream: TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        loop {
            let (trace, event) = read_request(&mut reader)?;
            let status = self.status(&event, trace);
            let (error_type, body) = match status {
                CLOSE_CONNECTION => return stream.shutdown(std::net::Shutdown::Both).ok(),
                200 => ("", "7"),
                429 => ("X-Amzn-ErrorType: TooManyRequestsException\r\n", "{}"),
                409 => ("X-Amzn-ErrorType: ResourceConflictException\r\n", "{}"),
                502 => ("X-Amzn-ErrorType: ENILimitReachedException\r\n", "{}"),
                _ => ("X-Amzn-ErrorType: ServiceException\r\n", "{}"),
            };
            let length = body.len();
            write!(stream, "HTTP/1.1 {status} S\r\n{error_type}Content-Length: {length}\r\n\r\n{body}").ok()?;
        }
    }

    fn status(&self, event: &Value, trace: Option<String>) -> u16 {
        let mut requests = self.requests.lock().expect("the requests");
        let earlier = requests.iter().filter(|(other, _)| other == event).count();
        requests.push((event.clone(), trace));
        event[earlier].as_u64().map_or(200, |status| u16::try_from(status).expect("a status"))
    }
}

/// Returns the trace header and the event of the next request.
fn read_request(reader: &mut BufReader<TcpStream>) -> Option<(Option<String>, Value)> {
    let mut trace = None;
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("x-amzn-trace-id") => trace = Some(value.to_owned()),
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().ok()?,
            None if line.trim_end().is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((trace, serde_json::from_slice(&body).ok()?))
}

/// Returns the callers. The JavaScript worker has the SDK of Lambda's runtime as a layer.
fn callers(zips: &WorkerZips) -> Option<[Function; 2]> {
    let python = zips.worker("caller", Language::Python, &[("main.py", PYTHON)]);
    let mut javascript = zips.worker("caller", Language::JavaScript, &[("main.js", JAVASCRIPT)]);
    javascript.layers.push(zips.node_layer("@aws-sdk/client-lambda@3.1164.0")?);
    Some([python, javascript])
}

#[test]
fn calls_that_may_have_run_are_not_retried() {
    let table = [
        (json!([CLOSE_CONNECTION]), json!(true), 1),
        (json!([500]), json!(true), 1),
        (json!([503]), json!(true), 1),
        (json!([429]), json!(7), 2),
        (json!([409, 429]), json!(7), 3),
        (json!([502]), json!(7), 2),
        (json!([429, CLOSE_CONNECTION]), json!(true), 2),
        (json!([]), json!(7), 1),
    ];
    let zips = WorkerZips::new();
    let Some(callers) = callers(&zips) else { return };
    for mut caller in callers {
        let service = Arc::new(FakeInvokeApi::default());
        let url = service.start();
        let variables = [
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_ENDPOINT_URL_LAMBDA", url.as_str()),
        ];
        caller.environment.extend(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let events = table.clone().map(|(event, _, _)| event);
        let Some(run) = ric::run(&caller, &events) else { return };
        let requests = service.requests.lock().expect("the requests");
        for ((event, response, expected_requests), result) in table.iter().zip(&run.results) {
            assert_eq!(*result, InvocationResult::Response(response.clone()), "{}: {event}: {run:?}", caller.runtime);
            let count = requests.iter().filter(|(other, _)| other == event).count();
            assert_eq!(count, *expected_requests, "{}: {event}", caller.runtime);
        }
        // AWS detects recursive loops by the trace header.
        assert!(requests.iter().all(|(_, trace)| trace.is_some()), "{}: {requests:?}", caller.runtime);
    }
}
