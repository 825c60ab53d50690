//! Tests of the endpoint's HTTP API in `bedrock-dev`, with the example `hello`: routes, tokens and signed requests.

use std::path::Path;

use bedrock_build::App;
use bedrock_build::settings::{HttpApi, HttpRoute, JwtAuthorizer, RouteAuth};
use bedrock_dev::event_log::Reader;
use bedrock_dev::{Clock, DevServer, HttpRequest, RunningServer};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::block_in_place;

use crate::dev_server::config;
use crate::lambda_build::binary;
use crate::service::access::exchange;
use crate::service::client::send_signed_requests;

/// Keys, and tokens that expire in 2100.
const TOKENS: &str = include_str!("../../../bedrock-dev/src/api_gateway/jwt/tokens.json");
const HELLO: &str = "GET /_url/endpoint/hello/Ada";
/// More than a function accepts (6 MB).
const TOO_LARGE: usize = 6 * 1024 * 1024 + 1;

struct ApiServer {
    scratch: TempDir,
    dev_server: DevServer,
    reader: Reader,
}

impl ApiServer {
    /// Opens a server with the keys of the issuer, or without.
    async fn open(has_keys: bool) -> Self {
        let scratch = tempfile::tempdir().expect("a folder");
        let keys = scratch.path().join("jwks.json");
        std::fs::write(&keys, tokens()["jwks"].to_string()).expect("a file");
        let route = |key: &str, auth: RouteAuth, scopes: &[&str]| HttpRoute {
            key: key.to_owned(),
            auth,
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        };
        let mut config = config(scratch.path(), &Clock::real());
        config.app = App::find(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/hello")).expect("the app");
        config.executables = ["hello", "greeter"].map(|name| (name.replace("hello", "endpoint"), binary(name))).into();
        // The address is that of the API, also without a URL.
        config.app.settings.endpoint.url = Some(false);
        config.app.settings.endpoint.http_api = Some(HttpApi {
            routes: vec![
                route("GET /hello/{name}", RouteAuth::Jwt, &["orders/read", "orders/write"]),
                route("GET /admin", RouteAuth::Jwt, &["admin"]),
                route("PUT /hello/{name}", RouteAuth::None, &[]),
                route("GET /signed", RouteAuth::Iam, &[]),
            ],
            jwt: Some(JwtAuthorizer {
                issuer: "https://login.example".to_owned(),
                audience: vec!["shop".to_owned()],
                identity_source: "$request.header.Authorization".to_owned(),
                jwks: has_keys.then(|| keys.to_str().expect("text").to_owned()),
            }),
            domain: None,
            throttling: None,
        });
        let dev_server = DevServer::start(config).await.expect("it opens");
        let reader = dev_server.event_log.subscribe(None);
        Self { scratch, dev_server, reader }
    }

    /// Returns head and body of the response to a request with a token of the file, or without.
    fn send(&self, request: &str, token: Option<&str>, body: &str) -> (String, String) {
        let url = &self.dev_server.url;
        let host = format!("Host: {}", url.trim_start_matches("http://"));
        let tokens = tokens();
        let token = token.map(|name| tokens["tokens"][name].as_str().expect(name));
        let authorization = token.map(|token| format!("Authorization: Bearer {token}"));
        let headers: Vec<&str> = [Some(host.as_str()), authorization.as_deref()].into_iter().flatten().collect();
        block_in_place(|| exchange(url, request, &headers, body))
    }

    /// Returns the next event that the endpoint got.
    async fn next_event(&mut self) -> Value {
        loop {
            let item = self.reader.next().await.expect("it goes on");
            let entry: Value = serde_json::from_str(&item.json()).expect("JSON");
            if entry["kind"] == "invocation_started" && entry["worker"] == "endpoint" {
                return entry["event"]["json"].clone();
            }
        }
    }
}

fn tokens() -> Value {
    serde_json::from_str(TOKENS).expect("tokens")
}

#[tokio::test(flavor = "multi_thread")]
async fn function_sees_the_route_and_the_claims_of_a_token() {
    let mut server = ApiServer::open(true).await;
    let (head, body) = server.send(HELLO, Some("valid"), "");
    assert!(head.starts_with("HTTP/1.1 200 ") && body.contains("Hello, Ada!"), "{head}\n{body}");
    let event = server.next_event().await;
    assert_eq!(event["routeKey"], "GET /hello/{name}");
    assert_eq!(event["requestContext"]["routeKey"], "GET /hello/{name}");
    assert_eq!(event["pathParameters"], json!({ "name": "Ada" }));
    let authorizer = &event["requestContext"]["authorizer"]["jwt"];
    assert_eq!((&authorizer["claims"]["sub"], &authorizer["scopes"]), (&json!("ada"), &json!(["orders/read"])));
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_of_the_api_do_not_reach_the_function() {
    let mut server = ApiServer::open(true).await;
    let admin = "GET /_url/endpoint/admin";
    let no_route = "POST /_url/endpoint/hello/Ada";
    for (request, token, status, message, reason) in [
        (HELLO, None, "401 ", "Unauthorized", "www-authenticate: Bearer\r\n"),
        (HELLO, Some("expired"), "401 ", "Unauthorized", "the token has expired"),
        (HELLO, Some("none"), "401 ", "Unauthorized", "not signed with an algorithm of RSA"),
        (HELLO, Some("tampered"), "401 ", "Unauthorized", "the signature is not valid"),
        (admin, Some("valid"), "403 ", "Forbidden", ""),
        (no_route, Some("valid"), "404 ", "Not Found", ""),
    ] {
        let (head, body) = server.send(request, token, "");
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")) && head.contains(reason), "{token:?}: {head}");
        assert_eq!(body, json!({ "message": message }).to_string(), "{request} {token:?}");
    }
    let (head, body) = server.send("PUT /_url/endpoint/hello/Ada", None, &"x".repeat(TOO_LARGE));
    assert!(head.starts_with("HTTP/1.1 413 "), "{head}");
    assert_eq!(body, r#"{"message":"Request Entity Too Large"}"#);
    let (head, _) = server.send("PUT /_url/endpoint/hello/Eve", None, "");
    assert!(head.starts_with("HTTP/1.1 405 "), "the function refuses the method: {head}");
    assert_eq!(server.next_event().await["rawPath"], "/hello/Eve");
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_refused_without_the_keys_of_the_issuer() {
    let server = ApiServer::open(false).await;
    let (head, body) = server.send(HELLO, Some("valid"), "");
    assert!(head.starts_with("HTTP/1.1 401 ") && head.contains("write `jwks = FILE` in `http-api.jwt`"), "{head}");
    assert_eq!(body, r#"{"message":"Unauthorized"}"#);
    let running = RunningServer::find(server.scratch.path()).await.expect("the server");
    let path = "/hello/Ada".to_owned();
    let request = HttpRequest { method: "GET".to_owned(), path, headers: Vec::new(), body: Vec::new().into() };
    assert_eq!(running.request("endpoint", request).await.expect("a response").status, 200);
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn signed_requests_of_execute_api_reach_the_function() {
    let mut server = ApiServer::open(true).await;
    let address = server.dev_server.url.trim_start_matches("http://").to_owned();
    let port = address.rsplit(':').next().expect("a port");
    let by_host = format!("http://endpoint.localhost:{port}/signed?a=%C3%A4");
    let by_path = format!("{}/_url/endpoint/signed", server.dev_server.url);
    let request = |key: Value, service: &str, url: &str| {
        json!({
            "address": address, "method": "GET", "body": "", "key": key, "secret": "local", "service": service,
            "url": url,
        })
    };
    let requests = json!([
        request(json!("local"), "execute-api", &by_host),
        request(json!("local"), "execute-api", &by_path),
        request(json!("local"), "lambda", &by_host),
        request(json!("other"), "execute-api", &by_host),
        request(Value::Null, "execute-api", &by_host),
    ]);
    let responses = tokio::task::spawn_blocking(move || send_signed_requests(&requests)).await.expect("a thread");
    let Some(responses) = responses else { return };
    let forbidden = json!({ "message": "Forbidden" }).to_string();
    // The function has no such path.
    let expected: [(u16, &str); 5] = [(404, ""), (404, ""), (403, &forbidden), (403, &forbidden), (403, &forbidden)];
    assert_eq!(responses.len(), expected.len());
    for (response, (status, body)) in responses.iter().zip(expected) {
        assert_eq!((&response["status"], &response["body"]), (&json!(status), &json!(body)), "{responses:#?}");
    }
    for _ in 0..2 {
        let identity = &server.next_event().await["requestContext"]["authorizer"]["iam"];
        assert_eq!(identity["userArn"], "arn:aws:iam::000000000000:user/local");
    }
    server.dev_server.close();
}
