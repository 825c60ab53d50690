//! Workers under AWS's own runtimes whose calls meet a service that fails: how often it is asked, by AWS's own SDKs.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use bedrock_build::Language;
use serde_json::{Value, json};
use testbed::{Answer, Function, ric};

use crate::zipped::Zips;

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

/// What is done with a request, by what its event is: none is answered, the connection is closed instead.
const CUT: u16 = 0;

/// Each event is a list of statuses, one for each time that it comes; then the answer is 7.
#[derive(Default)]
struct Service {
    /// Events as they came, with the traces of the requests.
    asked: Mutex<Vec<(Value, Option<String>)>>,
}

impl Service {
    fn start(self: &Arc<Self>) -> String {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let service = Arc::clone(self);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let service = Arc::clone(&service);
                // A caller may hang up whenever it likes.
                thread::spawn(move || service.serve(stream));
            }
        });
        url
    }

    fn serve(&self, mut stream: TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        loop {
            let (trace, event) = request(&mut reader)?;
            let status = self.status(&event, trace);
            let (code, body) = match status {
                CUT => return stream.shutdown(std::net::Shutdown::Both).ok(),
                200 => ("", "7"),
                429 => ("X-Amzn-ErrorType: TooManyRequestsException\r\n", "{}"),
                409 => ("X-Amzn-ErrorType: ResourceConflictException\r\n", "{}"),
                502 => ("X-Amzn-ErrorType: ENILimitReachedException\r\n", "{}"),
                _ => ("X-Amzn-ErrorType: ServiceException\r\n", "{}"),
            };
            let length = body.len();
            write!(stream, "HTTP/1.1 {status} S\r\n{code}Content-Length: {length}\r\n\r\n{body}").ok()?;
        }
    }

    fn status(&self, event: &Value, trace: Option<String>) -> u16 {
        let mut asked = self.asked.lock().expect("the requests");
        let before = asked.iter().filter(|(other, _)| other == event).count();
        asked.push((event.clone(), trace));
        event[before].as_u64().map_or(200, |status| u16::try_from(status).expect("a status"))
    }
}

/// The trace and the event of the next request.
fn request(reader: &mut BufReader<TcpStream>) -> Option<(Option<String>, Value)> {
    let (mut trace, mut length) = (None, 0);
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

/// The callers, each with the SDK that Lambda's runtime brings along.
fn callers(zips: &Zips) -> Option<[Function; 2]> {
    let python = zips.worker("caller", Language::Python, &[("main.py", PYTHON)]);
    let mut javascript = zips.worker("caller", Language::JavaScript, &[("main.js", JAVASCRIPT)]);
    javascript.layers.push(zips.node_layer("@aws-sdk/client-lambda@3.1164.0")?);
    Some([python, javascript])
}

#[test]
fn a_worker_behind_a_cut_connection_is_invoked_once_and_one_that_surely_did_not_run_again() {
    let table = [
        (json!([CUT]), json!(true), 1),
        (json!([500]), json!(true), 1),
        (json!([503]), json!(true), 1),
        (json!([429]), json!(7), 2),
        (json!([409, 429]), json!(7), 3),
        (json!([502]), json!(7), 2),
        (json!([429, CUT]), json!(true), 2),
        (json!([]), json!(7), 1),
    ];
    let zips = Zips::new();
    let Some(callers) = callers(&zips) else { return };
    for mut caller in callers {
        let service = Arc::new(Service::default());
        let url = service.start();
        let variables = [
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_ENDPOINT_URL_LAMBDA", url.as_str()),
        ];
        caller.environment.extend(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let events = table.clone().map(|(event, _, _)| event);
        let Some(run) = ric::run(&caller, &events) else { return };
        let asked = service.asked.lock().expect("the requests");
        for ((event, response, times), answer) in table.iter().zip(&run.answers) {
            assert_eq!(*answer, Answer::Response(response.clone()), "{}: {event}: {run:?}", caller.runtime);
            let count = asked.iter().filter(|(other, _)| other == event).count();
            assert_eq!(count, *times, "{}: {event}", caller.runtime);
        }
        // By it AWS ends functions that call each other in a circle.
        assert!(asked.iter().all(|(_, trace)| trace.is_some()), "{}: {asked:?}", caller.runtime);
    }
}
