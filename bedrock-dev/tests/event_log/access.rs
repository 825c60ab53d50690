//! A page of another origin in the same browser can neither read nor change anything.

use bedrock_dev::event_log::Retention;

use super::client::send;
use super::fixture::{BASE, FRONT_END, TestServer};
use super::schema::check;

const READ_PATHS: [&str; 11] = [
    "/openapi.json",
    "/token",
    "/app",
    "/events",
    "/dev-events",
    "/happenings",
    "/invocations",
    "/invocations/x/event",
    "/traces/x",
    "/graph.svg",
    "/queue",
];
const CHANGE_PATHS: [&str; 5] = [
    "/queue/x/retry",
    "/queue/x/drop",
    "/workers/greeter/invoke",
    "/invocations/x/replay",
    "/invocations/x/test?write=true",
];

#[tokio::test]
async fn foreign_origins_and_hosts_are_rejected() {
    let server = TestServer::start(Retention::default()).await;
    let port = server.address.rsplit(':').next().expect("a port");
    let token = token(&server).await;
    let foreign_host = format!("evil.example:{port}");
    let other_port = "127.0.0.1:1".to_owned();
    for (expected, headers) in [
        (403, vec![("origin", "http://evil.example")]),
        (403, vec![("origin", "null")]),
        (403, vec![("origin", "http://127.0.0.1:1")]),
        (403, vec![("sec-fetch-site", "cross-site")]),
        (403, vec![("sec-fetch-site", "same-site")]),
        (403, vec![("host", foreign_host.as_str())]),
        (421, vec![("host", other_port.as_str())]),
        (421, vec![("host", "localhost")]),
    ] {
        let headers = [headers, vec![("x-bedrock-token", token.as_str())]].concat();
        let read = READ_PATHS.map(|path| format!("GET {BASE}{path}"));
        let change = CHANGE_PATHS.map(|path| format!("POST {BASE}{path}"));
        for line in read.iter().chain(&change) {
            let response = send(&server.address, line, &headers, "{}").await;
            assert_eq!(response.status, expected, "{line} {headers:?}");
            assert!(!response.body.contains(&token));
            assert_eq!(response.header("access-control-allow-origin"), None);
        }
    }
    assert!(server.log.all().is_empty());
}

#[tokio::test]
async fn lambda_api_rejects_foreign_origins() {
    let server = TestServer::start(Retention::default()).await;
    let line = "POST /2015-03-31/functions/greeter/invocations";
    for (expected, origin) in [(200, format!("http://{}", server.address)), (403, "http://evil.example".to_owned())] {
        let headers = [("authorization", "Bedrock any"), ("origin", &origin)];
        assert_eq!(send(&server.address, line, &headers, "{}").await.status, expected, "{origin}");
    }
    assert_eq!(server.log.all().len(), 2);
}

#[tokio::test]
async fn cors_opens_the_function_url_and_nothing_else() {
    let server = TestServer::start(Retention::default()).await;
    let port = server.address.rsplit(':').next().expect("a port");
    let host = format!("greeter.localhost:{port}");
    let cross_site = ("sec-fetch-site", "cross-site");
    let question = ("access-control-request-method", "PUT");

    let headers = [("host", host.as_str()), ("origin", FRONT_END), cross_site, question];
    let preflight = send(&server.address, "OPTIONS /a", &headers, "").await;
    assert_eq!((preflight.status, preflight.body.as_str()), (200, ""));
    assert_eq!(preflight.header("access-control-allow-origin"), Some(FRONT_END));
    assert_eq!(preflight.header("access-control-max-age"), Some("5"));
    assert!(server.log.all().is_empty(), "the function does not run");

    for (line, host) in [("POST /a", host.as_str()), ("POST /_url/greeter/a", server.address.as_str())] {
        let headers = [("host", host), ("origin", FRONT_END), cross_site];
        let response = send(&server.address, line, &headers, "{}").await;
        assert_eq!((response.status, response.header("access-control-allow-origin")), (200, Some(FRONT_END)), "{line}");
    }
    let foreign_host = format!("evil.example:{port}");
    for (line, host, origin) in [
        ("OPTIONS /a", host.as_str(), "http://evil.example"),
        ("POST /a", host.as_str(), "http://evil.example"),
        ("POST /a", foreign_host.as_str(), FRONT_END),
        ("POST /_url/greeter/a", server.address.as_str(), "http://evil.example"),
        ("POST /_url/unknown/a", server.address.as_str(), FRONT_END),
        ("POST /2015-03-31/functions/greeter/invocations", server.address.as_str(), FRONT_END),
        ("GET /_bedrock/v1/token", server.address.as_str(), FRONT_END),
    ] {
        let headers = [("host", host), ("origin", origin), ("authorization", "Bedrock any"), cross_site, question];
        let response = send(&server.address, line, &headers, "{}").await;
        assert_eq!(response.status, 403, "{line} {host} {origin}");
        assert_eq!(response.header("access-control-allow-origin"), None, "{line} {host} {origin}");
    }
}

#[tokio::test]
async fn changing_requires_the_token_of_this_run() {
    let server = TestServer::start(Retention::default()).await;
    let other_server = TestServer::start(Retention::default()).await;
    let own = token(&server).await;
    let foreign = token(&other_server).await;
    assert_ne!(own, foreign);
    for (path, status) in CHANGE_PATHS.into_iter().zip([404, 404, 200, 404, 404]) {
        let line = format!("POST {BASE}{path}");
        for headers in [vec![], vec![("x-bedrock-token", foreign.as_str())]] {
            let response = send(&server.address, &line, &headers, "{}").await;
            assert_eq!(response.status, 403, "{path}");
            check("Error", &response.json());
            assert!(response.body.contains("X-Bedrock-Token"), "{}", response.body);
        }
        let response = send(&server.address, &line, &[("x-bedrock-token", &own)], "{}").await;
        assert_eq!(response.status, status, "{path} {}", response.body);
    }
    // A browser sends a preflight request before it sends such a header from another origin.
    let preflight = send(&server.address, &format!("OPTIONS {BASE}/queue/x/drop"), &[], "").await;
    assert_eq!((preflight.status, preflight.header("access-control-allow-headers")), (403, None));
}

#[tokio::test]
async fn same_origin_pages_are_allowed_without_cors_headers() {
    let server = TestServer::start(Retention::default()).await;
    let localhost = server.address.replace("127.0.0.1", "localhost");
    let origin = format!("http://{localhost}");
    let headers = [("host", localhost.as_str()), ("origin", &origin), ("sec-fetch-site", "same-origin")];
    let response = send(&server.address, &format!("GET {BASE}/token"), &headers, "").await;
    check("Token", &response.json());
    for (name, value) in [
        ("cache-control", "no-store"),
        ("cross-origin-resource-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
        ("access-control-allow-origin", ""),
    ] {
        assert_eq!(response.header(name).unwrap_or_default(), value, "{name}");
    }
}

async fn token(server: &TestServer) -> String {
    server.get("/token").await.json()["token"].as_str().expect("a token").to_owned()
}
