//! Invocations as spans, at a collector of the test.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::running::{Running, command, turn};

/// The type and the body of each request that comes.
fn collector() -> (String, Receiver<(String, String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (got, requests) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let got = got.clone();
            std::thread::spawn(move || {
                let mut stream = BufReader::new(stream);
                while let Some((head, body)) = request(&mut stream) {
                    let of = |name: &str| {
                        head.iter().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned()
                    };
                    let path = head.first().cloned().unwrap_or_default();
                    assert!(path.starts_with("post /v1/traces "), "{path}");
                    let _ = got.send((of("content-type:"), of("api-key:"), body));
                    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
                    stream.get_mut().write_all(answer.as_bytes()).expect("an answer");
                }
            });
        }
    });
    (url, requests)
}

/// The lines of its head, in lower case, and its body.
fn request(stream: &mut impl BufRead) -> Option<(Vec<String>, Vec<u8>)> {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|count| *count > 0)?;
        if line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_lowercase());
    }
    let length = head.iter().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok())?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some((head, body))
}

/// The example with these variables.
fn start(variables: &[(&str, &str)]) -> (Running, std::fs::File) {
    let turn = turn();
    let mut command = command();
    command.args(["--message-format", "json", "--port", "0", "--clock", "fast"]).envs(variables.iter().copied());
    (Running::of(command), turn)
}

/// Spans with the service that they are of.
fn spans(body: &[u8]) -> Vec<(String, Value)> {
    let batch: Value = serde_json::from_slice(body).expect("JSON");
    let of = |resource: &Value| {
        let service = attribute(&resource["resource"]["attributes"], "service.name");
        let spans = resource["scopeSpans"][0]["spans"].as_array().expect("spans").clone();
        spans
            .into_iter()
            .map(move |span| (service["stringValue"].as_str().expect("a name").to_owned(), span))
            .collect::<Vec<_>>()
    };
    batch["resourceSpans"].as_array().expect("resources").iter().flat_map(of).collect()
}

fn attribute(attributes: &Value, key: &str) -> Value {
    let all = attributes.as_array().expect("attributes");
    all.iter().find(|one| one["key"] == key).map(|one| one["value"].clone()).unwrap_or_default()
}

#[test]
fn a_call_and_the_calls_in_it_are_one_trace() {
    let (url, requests) = collector();
    let (mut dev, _turn) = start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &url),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20secret"),
    ]);
    assert_eq!(dev.get("endpoint.localhost", "/hello/Ada").0, 200);
    let mut seen = Vec::new();
    while seen.len() < 2 {
        let (kind, key, body) = requests.recv_timeout(Duration::from_secs(60)).expect("a batch");
        assert_eq!((kind.as_str(), key.as_str()), ("application/json", "a secret"));
        seen.extend(spans(&body));
    }
    let of = |service: &str| seen.iter().find(|(name, _)| name == service).map(|(_, span)| span).expect("a span");
    let (endpoint, greeter) = (of("endpoint"), of("greeter"));
    assert_eq!((&greeter["traceId"], &greeter["parentSpanId"]), (&endpoint["traceId"], &endpoint["spanId"]));
    assert_eq!(endpoint.get("parentSpanId"), None);
    assert_eq!(attribute(&endpoint["attributes"], "faas.trigger")["stringValue"], "http");
    assert!(
        attribute(&greeter["attributes"], "cloud.resource_id")["stringValue"]
            .as_str()
            .is_some_and(|arn| arn.ends_with(":hello-local-greeter"))
    );

    // What is under way at the end is sent at the end.
    let (status, failed) = dev.invoke("greeter", &json!({ "name": 1 }));
    assert_eq!(status, 200);
    dev.interrupt();
    assert_eq!(dev.end().0, Some(0));
    let rest: Vec<_> = requests.try_iter().flat_map(|(_, _, body)| spans(&body)).collect();
    let [(_, span)] = &rest[..] else { panic!("{rest:?}") };
    assert_eq!((&span["status"]["code"], &span["status"]["message"]), (&json!(2), &failed["errorMessage"]));
    let exception =
        span["events"].as_array().and_then(|events| events.iter().find(|event| event["name"] == "exception"));
    let kind = attribute(&exception.expect("an exception")["attributes"], "exception.type");
    assert_eq!(kind["stringValue"], failed["errorType"]);
}

#[test]
fn protobuf_is_what_a_collector_gets_if_nothing_else_is_said() {
    let (url, requests) = collector();
    let (dev, _turn) = start(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &format!("{url}/v1/traces"))]);
    assert_eq!(dev.invoke("greeter", &json!({ "name": "Ada" })).0, 200);
    let (kind, _, body) = requests.recv_timeout(Duration::from_secs(60)).expect("a batch");
    assert_eq!(kind, "application/x-protobuf");
    let text = String::from_utf8_lossy(&body);
    assert!(text.contains("hello-local-greeter") && !text.contains("resourceSpans"), "{text}");
}

#[test]
fn a_collector_that_is_away_costs_spans_and_one_warning() {
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let (mut dev, _turn) = start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{closed}"))]);
    for _ in 0..3 {
        assert_eq!(dev.invoke("greeter", &json!({ "name": "Ada" })).0, 200);
    }
    dev.interrupt();
    let (code, said) = dev.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("3 spans could not be sent to the trace collector"), "{said}");
    assert!(said.matches("does not accept traces").count() <= 1, "{said}");
}

#[test]
fn grpc_is_refused_before_anything_is_compiled() {
    let mut command = command();
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317").env("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    let output = command.output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert_eq!(
        said,
        "error: `OTEL_EXPORTER_OTLP_PROTOCOL` must be `http/protobuf` or `http/json`, found `grpc`\n\
         help: set `OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf`, which collectors usually accept on port 4318 (gRPC: 4317)\n"
    );
}
