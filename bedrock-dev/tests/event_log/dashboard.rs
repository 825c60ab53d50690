//! The files of the dashboard, and access to them.

use super::client::{Response, send};
use super::fixture::TestServer;
use bedrock_dev::event_log::Retention;

const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

async fn get(server: &TestServer, path: &str, headers: &[(&str, &str)]) -> Response {
    send(&server.address, &format!("GET {path}"), headers, "").await
}

#[tokio::test]
async fn every_route_returns_the_page_and_its_files_exist() {
    let server = TestServer::start(Retention::default()).await;
    let page = get(&server, "/", &[]).await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    for path in ["/invocations/6f1c0a52?level=error", "/graph", "/workers/greeter/run", "/none/of/these"] {
        let response = get(&server, path, &[BROWSER]).await;
        assert_eq!((response.status, &response.body), (200, &page.body), "{path}");
    }
    let linked_paths = page.body.split(['"', '\'']).filter(|text| text.starts_with('/'));
    for path in linked_paths {
        let response = get(&server, path, &[]).await;
        assert_eq!((response.status, response.header("x-content-type-options")), (200, Some("nosniff")), "{path}");
    }
    for path in ["/app.js", "/app.css", "/icon.svg"] {
        assert!(page.body.contains(path), "{path}");
    }
}

#[tokio::test]
async fn other_paths_return_errors_of_lambda_or_the_api() {
    let server = TestServer::start(Retention::default()).await;
    for (line, status, text) in [
        ("GET /nothing", 404, "is not an operation of the local Lambda service"),
        ("POST /graph", 404, "is not an operation of the local Lambda service"),
        ("POST /", 404, "is not an operation of the local Lambda service"),
        ("GET /2015-03-31/nothing", 404, "is not an operation of the local Lambda service"),
        ("GET /2015-03-31/functions/", 403, "Missing Authentication Token"),
        ("GET /_bedrock/v1/nothing", 404, "no route `GET /_bedrock/v1/nothing`"),
    ] {
        let headers: &[_] = if line == "GET /nothing" { &[] } else { &[BROWSER] };
        let response = send(&server.address, line, headers, "").await;
        assert_eq!(response.status, status, "{line}");
        assert!(response.body.contains(text), "{line}: {}", response.body);
    }
    // With the host of a function, every path belongs to that function.
    let host = server.address.replace("127.0.0.1", "greeter.localhost");
    let response = get(&server, "/app.js", &[BROWSER, ("host", &host)]).await;
    assert!(response.body.contains("rawPath"), "{}", response.body);
}

#[tokio::test]
async fn unchanged_files_are_not_sent_and_text_is_compressed() {
    let server = TestServer::start(Retention::default()).await;
    let plain = get(&server, "/", &[]).await;
    assert_eq!((plain.header("cache-control"), plain.header("content-encoding")), (Some("no-cache"), None));
    let etag = plain.header("etag").expect("an entity tag");
    let line = "HEAD /";
    let compressed = send(&server.address, line, &[("accept-encoding", "br, gzip")], "").await;
    assert_eq!(compressed.header("content-encoding"), Some("gzip"));
    assert_ne!(compressed.header("etag"), Some(etag));
    assert!(compressed.header("vary").is_some_and(|vary| vary.contains("accept-encoding")));
    for (tags, status) in [(etag.to_owned(), 304), (format!("\"x\", W/{etag}"), 304), ("\"x\"".to_owned(), 200)] {
        let response = get(&server, "/", &[("if-none-match", &tags)]).await;
        assert_eq!((response.status, response.body.is_empty()), (status, status == 304), "{tags}");
        assert!(response.header("content-security-policy").is_some());
    }
}

#[tokio::test]
async fn page_policy_allows_only_own_script_and_no_framing() {
    let server = TestServer::start(Retention::default()).await;
    let page = get(&server, "/graph", &[BROWSER]).await;
    let policy = page.header("content-security-policy").expect("a policy");
    for part in
        ["default-src 'none'", "script-src 'self'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'none'"]
    {
        assert!(policy.split("; ").any(|directive| directive == part), "{part}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    assert_eq!(page.header("access-control-allow-origin"), None);
    for path in ["/", "/app.js", "/graph"] {
        for header in [("origin", "http://evil.example"), ("sec-fetch-site", "cross-site"), ("host", "evil.example")] {
            assert_eq!(get(&server, path, &[BROWSER, header]).await.status, 403, "{path} {header:?}");
        }
    }
}

#[tokio::test]
async fn foreign_links_open_pages_but_not_the_api() {
    let server = TestServer::start(Retention::default()).await;
    let link =
        [BROWSER, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    let page = get(&server, "/invocations/6f1c0a52", &link).await;
    // The other page gets no reference to the window that it opens.
    assert_eq!((page.status, page.header("cross-origin-opener-policy")), (200, Some("same-origin")));
    for path in ["/_bedrock/v1/token", "/_url/greeter/", "/2015-03-31/functions/"] {
        assert_eq!(get(&server, path, &link).await.status, 403, "{path}");
    }
}

#[tokio::test]
async fn function_pages_on_the_same_port_get_no_token() {
    let server = TestServer::start(Retention::default()).await;
    let page = get(&server, "/_url/greeter/", &[BROWSER]).await;
    let policy = page.header("content-security-policy").expect("a policy");
    // Without `allow-same-origin`, the page's origin is `null`, which is rejected everywhere.
    assert!(policy.starts_with("sandbox") && !policy.contains("allow-same-origin"), "{policy}");
    for headers in [[("origin", "null"), ("sec-fetch-site", "cross-site")], [("accept", "*/*"), ("origin", "null")]] {
        assert_eq!(get(&server, "/_bedrock/v1/token", &headers).await.status, 403, "{headers:?}");
    }
}
