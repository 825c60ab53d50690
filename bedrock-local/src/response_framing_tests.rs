//! Tests of the framing of responses: whatever headers and body a worker or an endpoint gives, the next response on the
//! connection is the one to the client's own request.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::http_server::{self, FilteredRouter};
use crate::lambda_api::function_url_response::http_response;

const FORGED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged";
const BODIES: [&str; 5] = ["", "x", "0\r\n\r\n", "1\r\nx\r\n0\r\n\r\n", FORGED];
const STATUSES: [u16; 9] = [200, 201, 204, 205, 304, 404, 500, 101, 103];
const HEADERS: &[&[(&str, &str)]] = &[
    &[],
    &[("content-length", "0")],
    &[("content-length", "1")],
    &[("Content-Length", "999")],
    &[("content-length", "-1")],
    &[("content-length", "+1")],
    &[("content-length", "99999999999999999999999")],
    &[("content-length", "1"), ("content-length", "2")],
    &[("content-length", "1, 1")],
    &[("transfer-encoding", "chunked")],
    &[("transfer-encoding", "gzip")],
    &[("Transfer-Encoding", "identity"), ("content-length", "5")],
    &[("connection", "close")],
    &[("connection", "keep-alive"), ("keep-alive", "timeout=5")],
    &[("connection", "upgrade"), ("upgrade", "websocket")],
    &[("connection", "content-length"), ("content-length", "3")],
    &[("trailer", "x-end"), ("te", "trailers"), ("proxy-connection", "close")],
];

struct Case {
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
}

fn cases() -> Vec<Case> {
    let with_headers = |status, body| HEADERS.iter().map(move |headers| Case { status, headers, body });
    let with_body = |status| BODIES.into_iter().flat_map(move |body| with_headers(status, body));
    STATUSES.into_iter().flat_map(with_body).collect()
}

/// Returns what the router of an endpoint responds.
fn of_endpoint(case: &Case) -> Response<Body> {
    let mut response = Response::new(Body::from(case.body));
    *response.status_mut() = StatusCode::from_u16(case.status).expect("a status");
    for (name, value) in case.headers {
        let name = HeaderName::try_from(*name).expect("a name");
        response.headers_mut().append(name, HeaderValue::from_static(value));
    }
    response
}

/// Returns what the function URL of a worker responds.
fn of_worker(case: &Case) -> Response<Body> {
    let headers: std::collections::BTreeMap<_, _> = case.headers.iter().copied().collect();
    let given = json!({ "statusCode": case.status, "headers": headers, "body": case.body });
    http_response(&Bytes::from(given.to_string())).unwrap_or_else(|| {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        response
    })
}

async fn serve_cases(respond: fn(&Case) -> Response<Body>) -> std::net::SocketAddr {
    let cases = Arc::new(cases());
    let router = Router::new().fallback(move |request: Request| {
        let number = request.uri().path().trim_start_matches('/').parse::<usize>().ok();
        let response = number.map_or_else(|| Response::new(Body::from("own")), |number| respond(&cases[number]));
        async move { response }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let router = FilteredRouter { router, filter: None };
    tokio::spawn(http_server::run(listener, router, Box::pin(std::future::pending())));
    address
}

/// Reads one response as a client does, and returns head, body and the bytes after it.
fn split_response<'a>(bytes: &'a str, method: &str) -> Option<(&'a str, String, &'a str)> {
    let (head, rest) = bytes.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?;
    if method == "HEAD" || status == "204" || status == "304" {
        return Some((head, String::new(), rest));
    }
    let lower = head.to_ascii_lowercase();
    let header = |name: &str| lower.lines().find_map(|line| line.strip_prefix(name));
    assert!(header("transfer-encoding:").is_none(), "{head}");
    let length = header("content-length:")?.trim().parse().ok()?;
    let (body, rest) = rest.split_at_checked(length)?;
    Some((head, body.to_owned(), rest))
}

async fn check_all(respond: fn(&Case) -> Response<Body>) {
    let address = serve_cases(respond).await;
    for (number, case) in cases().iter().enumerate() {
        for method in ["GET", "HEAD", "POST"] {
            let mut stream = TcpStream::connect(address).await.expect("a connection");
            let first = format!("{method} /{number} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n");
            let second = "GET /own HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
            stream.write_all(format!("{first}{second}").as_bytes()).await.expect("written");
            let mut all = String::new();
            stream.read_to_string(&mut all).await.expect("text");
            let shown = format!("{method} {} {:?} {:?}: {all}", case.status, case.headers, case.body);
            let (head, body, rest) = split_response(&all, method).unwrap_or_else(|| panic!("{shown}"));
            let sends_body = method != "HEAD" && ![101, 103, 204, 205, 304].contains(&case.status);
            if sends_body {
                assert_eq!(body, case.body, "{shown}");
            }
            assert_eq!(head.starts_with("HTTP/1.1 502 "), case.status < 200, "{shown}");
            let (_, body, rest) = split_response(rest, "GET").unwrap_or_else(|| panic!("{shown}"));
            assert_eq!([&body, rest], ["own", ""], "{shown}");
        }
    }
}

#[tokio::test]
async fn next_answer_after_a_worker_is_the_clients_own() {
    check_all(of_worker).await;
}

#[tokio::test]
async fn next_answer_after_an_endpoint_is_the_clients_own() {
    check_all(of_endpoint).await;
}
