//! Tests of function URLs: the event of an HTTP request, and the HTTP response.

use serde_json::{Value, json};

use super::access::exchange;
use super::program::Program;

/// Sends a request to a worker's URL. Returns head and body of the response.
fn send(program: &Program, request: &str, headers: &[&str], body: &str) -> (String, String) {
    let host = format!("Host: {}", program.url.trim_start_matches("http://"));
    exchange(&program.url, request, &[&[&*host][..], headers].concat(), body)
}

#[test]
fn function_url_passes_request_and_response() {
    let program = Program::start();
    let headers = ["Content-Type: application/json", "Cookie: a=1; b=2", "X-Twice: 1", "X-Twice: 2"];
    let (head, body) = send(&program, "PUT /_url/python_http/a%20b/c?x=1&x=2&y=%C3%A4", &headers, "{\"n\":1}");
    assert!(head.starts_with("HTTP/1.1 201 ") && head.contains("x-worker: python_http"), "{head}");
    assert_eq!(head.matches("set-cookie: ").count(), 2, "{head}");
    let event: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!((&event["version"], &event["routeKey"]), (&json!("2.0"), &json!("$default")));
    assert_eq!((&event["rawPath"], &event["rawQueryString"]), (&json!("/a%20b/c"), &json!("x=1&x=2&y=%C3%A4")));
    assert_eq!(event["queryStringParameters"], json!({ "x": "1,2", "y": "ä" }));
    assert_eq!((&event["cookies"], &event["headers"]["x-twice"]), (&json!(["a=1", "b=2"]), &json!("1,2")));
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("{\"n\":1}"), &json!(false)));
    assert_eq!(event["requestContext"]["http"]["method"], "PUT");
    let (_, body) = send(&program, "POST /_url/python_http/", &["Content-Type: image/png"], "png");
    let event: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("cG5n"), &json!(true)));
}

#[test]
fn plain_response_is_a_200_and_an_error_a_502() {
    let program = Program::start();
    let (head, body) = send(&program, "GET /_url/python_http/plain", &[], "");
    assert!(head.starts_with("HTTP/1.1 200 ") && head.contains("content-type: application/json"), "{head}");
    assert_eq!(body, "{\"plain\":true}");
    let (head, body) = send(&program, "GET /_url/python_http/bytes", &[], "");
    assert!(head.starts_with("HTTP/1.1 200 ") && body == "bytes", "{head} {body}");
    let (head, body) = send(&program, "GET /_url/python_http/raise", &[], "");
    assert!(head.starts_with("HTTP/1.1 502 ") && body == "Internal Server Error", "{head} {body}");
    let (head, _) = send(&program, "GET /_url/missing_worker/", &[], "");
    assert!(head.starts_with("HTTP/1.1 404 "), "{head}");
}
