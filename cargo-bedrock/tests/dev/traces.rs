//! Export of invocations as spans to a collector in the test.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::dev_process::{DevProcess, dev_command, lock_example};

/// A request to the collector.
struct ExportRequest {
    content_type: String,
    api_key: String,
    body: Vec<u8>,
}

/// Starts a collector. Returns its URL and its requests.
fn start_collector() -> (String, Receiver<ExportRequest>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (request_sender, requests) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let request_sender = request_sender.clone();
            std::thread::spawn(move || {
                let mut stream = BufReader::new(stream);
                while let Some((head, body)) = read_request(&mut stream) {
                    let header = |name: &str| {
                        head.iter().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned()
                    };
                    let path = head.first().cloned().unwrap_or_default();
                    assert!(path.starts_with("post /v1/traces "), "{path}");
                    let content_type = header("content-type:");
                    let api_key = header("api-key:");
                    let _ = request_sender.send(ExportRequest { content_type, api_key, body });
                    let response = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
                    stream.get_mut().write_all(response.as_bytes()).expect("a response");
                }
            });
        }
    });
    (url, requests)
}

/// Reads a request. Returns the lines of its head in lower case, and its body.
fn read_request(stream: &mut impl BufRead) -> Option<(Vec<String>, Vec<u8>)> {
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

/// Starts the example with these environment variables.
fn start(variables: &[(&str, &str)]) -> (DevProcess, std::fs::File) {
    let lock = lock_example();
    let mut command = dev_command();
    command.args(["--message-format", "json", "--port", "0", "--clock", "fast"]).envs(variables.iter().copied());
    (DevProcess::start_command(command), lock)
}

/// Returns all spans, each with the name of its service.
fn spans(body: &[u8]) -> Vec<(String, Value)> {
    let batch: Value = serde_json::from_slice(body).expect("JSON");
    let spans_of = |resource: &Value| {
        let service = attribute(&resource["resource"]["attributes"], "service.name");
        let spans = resource["scopeSpans"][0]["spans"].as_array().expect("spans").clone();
        spans
            .into_iter()
            .map(move |span| (service["stringValue"].as_str().expect("a name").to_owned(), span))
            .collect::<Vec<_>>()
    };
    batch["resourceSpans"].as_array().expect("resources").iter().flat_map(spans_of).collect()
}

fn attribute(attributes: &Value, key: &str) -> Value {
    let attributes = attributes.as_array().expect("attributes");
    attributes.iter().find(|entry| entry["key"] == key).map(|entry| entry["value"].clone()).unwrap_or_default()
}

#[test]
fn nested_calls_are_one_trace() {
    let (url, requests) = start_collector();
    let (mut dev, _lock) = start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &url),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20secret"),
    ]);
    assert_eq!(dev.get("endpoint.localhost", "/hello/Ada").0, 200);
    let mut received = Vec::new();
    while received.len() < 2 {
        let request = requests.recv_timeout(Duration::from_secs(60)).expect("a batch");
        assert_eq!((request.content_type.as_str(), request.api_key.as_str()), ("application/json", "a secret"));
        received.extend(spans(&request.body));
    }
    let span_of =
        |service: &str| received.iter().find(|(name, _)| name == service).map(|(_, span)| span).expect("a span");
    let endpoint = span_of("endpoint");
    let greeter = span_of("greeter");
    assert_eq!((&greeter["traceId"], &greeter["parentSpanId"]), (&endpoint["traceId"], &endpoint["spanId"]));
    assert_eq!(endpoint.get("parentSpanId"), None);
    assert_eq!(attribute(&endpoint["attributes"], "faas.trigger")["stringValue"], "http");
    assert!(
        attribute(&greeter["attributes"], "cloud.resource_id")["stringValue"]
            .as_str()
            .is_some_and(|arn| arn.ends_with(":hello-local-greeter"))
    );

    // Spans that are still queued are sent at the end.
    let (status, failed) = dev.invoke("greeter", &json!({ "name": 1 }));
    assert_eq!(status, 200);
    dev.interrupt();
    assert_eq!(dev.wait().0, Some(0));
    let remaining: Vec<_> = requests.try_iter().flat_map(|request| spans(&request.body)).collect();
    let [(_, span)] = &remaining[..] else { panic!("{remaining:?}") };
    assert_eq!((&span["status"]["code"], &span["status"]["message"]), (&json!(2), &failed["errorMessage"]));
    let exception =
        span["events"].as_array().and_then(|events| events.iter().find(|event| event["name"] == "exception"));
    let kind = attribute(&exception.expect("an exception")["attributes"], "exception.type");
    assert_eq!(kind["stringValue"], failed["errorType"]);
}

#[test]
fn collector_gets_protobuf_by_default() {
    let (url, requests) = start_collector();
    let (dev, _lock) = start(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &format!("{url}/v1/traces"))]);
    assert_eq!(dev.invoke("greeter", &json!({ "name": "Ada" })).0, 200);
    let request = requests.recv_timeout(Duration::from_secs(60)).expect("a batch");
    assert_eq!(request.content_type, "application/x-protobuf");
    let text = String::from_utf8_lossy(&request.body);
    assert!(text.contains("hello-local-greeter") && !text.contains("resourceSpans"), "{text}");
}

#[test]
fn unreachable_collector_causes_one_warning() {
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let (mut dev, _lock) = start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{closed}"))]);
    for _ in 0..3 {
        assert_eq!(dev.invoke("greeter", &json!({ "name": "Ada" })).0, 200);
    }
    dev.interrupt();
    let (code, stderr) = dev.wait();
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("3 spans could not be sent to the trace collector"), "{stderr}");
    assert!(stderr.matches("does not accept traces").count() <= 1, "{stderr}");
}

#[test]
fn grpc_protocol_is_an_error_before_compiling() {
    let mut command = dev_command();
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317").env("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    let output = command.output().expect("it starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert_eq!(
        stderr,
        "error: `OTEL_EXPORTER_OTLP_PROTOCOL` must be `http/protobuf` or `http/json`, found `grpc`\n\
         help: set `OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf`, which collectors usually accept on port 4318 (gRPC: 4317)\n"
    );
}
