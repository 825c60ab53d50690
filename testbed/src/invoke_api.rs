//! A small Lambda Invoke API: passes each event to a closure of the test, and its result to the caller.

use std::io::{BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use serde_json::{Value, json};

use crate::http::{Request, read_request};
use crate::runtime_api::InvocationResult;

/// Handles an invocation: receives the name of the function, as in the path of the request, and the event.
type InvokeFn = dyn Fn(&str, Value) -> InvocationResult + Send + Sync;

/// Starts a server that runs until the end of the test. Returns its URL.
pub fn start(invoke: impl Fn(&str, Value) -> InvocationResult + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let invoke: Arc<InvokeFn> = Arc::new(invoke);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let invoke = Arc::clone(&invoke);
            thread::spawn(move || serve(stream, &*invoke));
        }
    });
    url
}

fn serve(mut stream: TcpStream, invoke: &InvokeFn) {
    let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
    while let Some(Request { path, body, .. }) = read_request(&mut reader) {
        let function = path.strip_prefix("/2015-03-31/functions/").and_then(|rest| rest.strip_suffix("/invocations"));
        let event = serde_json::from_slice(&body).expect("the event is JSON");
        let (header, body) = match invoke(function.expect("the path of an invocation"), event) {
            InvocationResult::Response(response) => ("", response),
            InvocationResult::Error(error) | InvocationResult::InitError(error) => {
                ("X-Amz-Function-Error: Unhandled\r\n", error)
            }
            InvocationResult::FailedStream(_, error_type) => {
                ("X-Amz-Function-Error: Unhandled\r\n", json!({ "errorType": error_type }))
            }
            InvocationResult::Exited(_) => {
                ("X-Amz-Function-Error: Unhandled\r\n", json!({ "errorType": "Runtime.ExitError" }))
            }
        };
        let body = body.to_string();
        let head = format!("HTTP/1.1 200 OK\r\n{header}Content-Length: {}\r\n\r\n", body.len());
        let _ = stream.write_all(format!("{head}{body}").as_bytes());
    }
}
