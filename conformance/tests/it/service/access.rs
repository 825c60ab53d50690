//! Tests of requests that must be rejected: from other origins, with other host names, without credentials.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::program::Program;

const INVOKE: &str = "POST /2015-03-31/functions/python_case/invocations";
const SIGNED: &str = "Authorization: AWS4-HMAC-SHA256 Credential=any/20261125/us-east-1/lambda/aws4_request";

/// Like [`exchange`], with an event if it is a POST.
fn send(url: &str, request: &str, headers: &[&str]) -> (String, String) {
    exchange(url, request, headers, if request.starts_with("POST") { r#"{"do":"echo","value":1}"# } else { "" })
}

/// Returns head and body of the response to a request that no client library would send.
pub(crate) fn exchange(url: &str, request: &str, headers: &[&str], body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).expect("the port");
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let length = body.len();
    let head = format!("{request} HTTP/1.1\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n");
    stream.write_all(format!("{head}{body}").as_bytes()).expect("a request");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("an answer");
    let (head, body) = response.split_once("\r\n\r\n").expect(&response);
    (head.to_owned(), body.to_owned())
}

#[test]
fn cross_origin_requests_are_rejected() {
    let program = Program::start();
    let host = format!("Host: {}", program.url.trim_start_matches("http://"));
    let (head, body) = send(&program.url, INVOKE, &[&host, SIGNED]);
    assert!(head.starts_with("HTTP/1.1 200 ") && body == "1", "{head} {body}");
    for headers in [
        &[&*host, SIGNED, "Origin: http://evil.example"][..],
        &[&*host, SIGNED, "Origin: null"],
        &[&*host, SIGNED, "Sec-Fetch-Site: cross-site"],
        &["Host: rebound.evil.example", SIGNED],
        &[SIGNED],
        &[&*host],
        &[&*host, "Authorization: Bearer any"],
    ] {
        for request in [INVOKE, "GET /2015-03-31/functions", "GET /2015-03-31/functions/python_case"] {
            let (head, body) = send(&program.url, request, headers);
            assert!(!head.to_lowercase().contains("access-control-"), "{head}");
            assert!(
                head.starts_with("HTTP/1.1 40") && !body.contains("conformance"),
                "{request} {headers:?}: {head} {body}"
            );
        }
    }
    // A browser would send this request before one with AWS's headers.
    let (head, _) = send(&program.url, "OPTIONS /2015-03-31/functions", &[&host, "Origin: http://evil.example"]);
    assert!(head.starts_with("HTTP/1.1 403 ") && !head.to_lowercase().contains("access-control-"), "{head}");
    let (head, _) = send(&program.url, "GET /_url/python_case/", &[&host, "Sec-Fetch-Site: cross-site"]);
    assert!(head.starts_with("HTTP/1.1 403 "), "{head}");
}

#[test]
fn every_operation_requires_credentials() {
    let program = Program::start();
    let host = format!("Host: {}", program.url.trim_start_matches("http://"));
    let functions = "/2015-03-31/functions";
    for request in [
        INVOKE.to_owned(),
        "POST /2021-11-15/functions/python_case/response-streaming-invocations".to_owned(),
        format!("GET {functions}"),
        format!("GET {functions}/"),
        format!("GET {functions}/python_case"),
        format!("GET {functions}/python_case/configuration"),
        format!("DELETE {functions}/python_case"),
        format!("GET {functions}/python_case/nothing"),
    ] {
        let (head, body) = send(&program.url, &request, &[&host]);
        assert!(head.starts_with("HTTP/1.1 403 "), "{request}: {head}");
        assert!(body.contains("Missing Authentication Token"), "{request}: {body}");
    }
}

#[test]
fn unknown_operation_error_names_it() {
    let program = Program::start();
    let host = format!("Host: {}", program.url.trim_start_matches("http://"));
    let (head, body) = send(&program.url, "DELETE /2015-03-31/functions/python_case", &[&host, SIGNED]);
    assert!(
        head.starts_with("HTTP/1.1 404 ") && head.contains("x-amzn-errortype: UnknownOperationException"),
        "{head}"
    );
    assert!(
        body.contains("`DELETE /2015-03-31/functions/python_case` is not an operation of the local Lambda service"),
        "{body}"
    );
}
