//! A small Lambda Invoke API: gives each event to a function of the test and its response back to the caller.

use std::io::{BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use serde_json::{Value, json};

use crate::Answer;
use crate::runtime_api::request;

/// Gives a function's name, as it stands in the path, and an event.
type Invoke = dyn Fn(&str, Value) -> Answer + Send + Sync;

/// Serves until the end of the test; gives the URL.
pub fn start(invoke: impl Fn(&str, Value) -> Answer + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let invoke: Arc<Invoke> = Arc::new(invoke);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let invoke = Arc::clone(&invoke);
            thread::spawn(move || serve(stream, &*invoke));
        }
    });
    url
}

fn serve(mut stream: TcpStream, invoke: &Invoke) {
    let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
    while let Some((path, body)) = request(&mut reader) {
        let function = path.strip_prefix("/2015-03-31/functions/").and_then(|rest| rest.strip_suffix("/invocations"));
        let event = serde_json::from_slice(&body).expect("the event is JSON");
        let (header, body) = match invoke(function.expect("the path of an invocation"), event) {
            Answer::Response(response) => ("", response),
            Answer::Error(error) | Answer::InitError(error) => ("X-Amz-Function-Error: Unhandled\r\n", error),
            Answer::Exited(_) => ("X-Amz-Function-Error: Unhandled\r\n", json!({ "errorType": "Runtime.ExitError" })),
        };
        let body = body.to_string();
        let head = format!("HTTP/1.1 200 OK\r\n{header}Content-Length: {}\r\n\r\n", body.len());
        let _ = stream.write_all(format!("{head}{body}").as_bytes());
    }
}
