//! The dashboard's files, and who may have them.

use super::client::{Answer, send};
use super::fixture::TestServer;
use bedrock_dev::event_log::Retention;

const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

async fn get(room: &TestServer, path: &str, headers: &[(&str, &str)]) -> Answer {
    send(&room.address, &format!("GET {path}"), headers, "").await
}

#[tokio::test]
async fn every_view_is_an_address_of_the_page_and_all_it_needs_is_there() {
    let room = TestServer::open(Retention::default()).await;
    let page = get(&room, "/", &[]).await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    for path in ["/invocations/6f1c0a52?level=error", "/graph", "/workers/greeter/run", "/none/of/these"] {
        let answer = get(&room, path, &[BROWSER]).await;
        assert_eq!((answer.status, &answer.body), (200, &page.body), "{path}");
    }
    let wanted = page.body.split(['"', '\'']).filter(|text| text.starts_with('/'));
    for path in wanted {
        let answer = get(&room, path, &[]).await;
        assert_eq!((answer.status, answer.header("x-content-type-options")), (200, Some("nosniff")), "{path}");
    }
    for path in ["/app.js", "/app.css", "/icon.svg"] {
        assert!(page.body.contains(path), "{path}");
    }
}

#[tokio::test]
async fn what_is_no_page_is_answered_as_lambda_and_the_api_do() {
    let room = TestServer::open(Retention::default()).await;
    for (line, status, text) in [
        ("GET /nothing", 404, "is no operation of the local Lambda service"),
        ("POST /graph", 404, "is no operation of the local Lambda service"),
        ("POST /", 404, "is no operation of the local Lambda service"),
        ("GET /2015-03-31/nothing", 404, "is no operation of the local Lambda service"),
        ("GET /2015-03-31/functions/", 403, "Missing Authentication Token"),
        ("GET /_bedrock/v1/nothing", 404, "is not there"),
    ] {
        let headers: &[_] = if line == "GET /nothing" { &[] } else { &[BROWSER] };
        let answer = send(&room.address, line, headers, "").await;
        assert_eq!(answer.status, status, "{line}");
        assert!(answer.body.contains(text), "{line}: {}", answer.body);
    }
    // The host of a function is that function's, whatever the path.
    let host = room.address.replace("127.0.0.1", "greeter.localhost");
    let answer = get(&room, "/app.js", &[BROWSER, ("host", &host)]).await;
    assert!(answer.body.contains("rawPath"), "{}", answer.body);
}

#[tokio::test]
async fn a_file_that_the_browser_has_is_not_sent_again_and_text_is_compressed() {
    let room = TestServer::open(Retention::default()).await;
    let plain = get(&room, "/", &[]).await;
    assert_eq!((plain.header("cache-control"), plain.header("content-encoding")), (Some("no-cache"), None));
    let tag = plain.header("etag").expect("a tag");
    let line = "HEAD /";
    let packed = send(&room.address, line, &[("accept-encoding", "br, gzip")], "").await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert_ne!(packed.header("etag"), Some(tag));
    assert!(packed.header("vary").is_some_and(|vary| vary.contains("accept-encoding")));
    for (tags, status) in [(tag.to_owned(), 304), (format!("\"x\", W/{tag}"), 304), ("\"x\"".to_owned(), 200)] {
        let answer = get(&room, "/", &[("if-none-match", &tags)]).await;
        assert_eq!((answer.status, answer.body.is_empty()), (status, status == 304), "{tags}");
        assert!(answer.header("content-security-policy").is_some());
    }
}

#[tokio::test]
async fn the_page_may_run_its_own_script_and_be_in_no_other_page_and_others_may_not_have_it() {
    let room = TestServer::open(Retention::default()).await;
    let page = get(&room, "/graph", &[BROWSER]).await;
    let may = page.header("content-security-policy").expect("a policy");
    for part in
        ["default-src 'none'", "script-src 'self'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'none'"]
    {
        assert!(may.split("; ").any(|one| one == part), "{part}");
    }
    assert!(!may.contains("unsafe") && !may.contains('*'), "{may}");
    assert_eq!(page.header("access-control-allow-origin"), None);
    for path in ["/", "/app.js", "/graph"] {
        for header in [("origin", "http://evil.example"), ("sec-fetch-site", "cross-site"), ("host", "evil.example")] {
            assert_eq!(get(&room, path, &[BROWSER, header]).await.status, 403, "{path} {header:?}");
        }
    }
}

#[tokio::test]
async fn a_link_in_another_page_leads_to_a_view_and_not_into_the_api() {
    let room = TestServer::open(Retention::default()).await;
    let link =
        [BROWSER, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    let page = get(&room, "/invocations/6f1c0a52", &link).await;
    // The other page has no hold of the window that it leads to.
    assert_eq!((page.status, page.header("cross-origin-opener-policy")), (200, Some("same-origin")));
    for path in ["/_bedrock/v1/token", "/_url/greeter/", "/2015-03-31/functions/"] {
        assert_eq!(get(&room, path, &link).await.status, 403, "{path}");
    }
}

#[tokio::test]
async fn a_page_of_a_function_on_the_same_port_has_no_rights_and_gets_no_token() {
    let room = TestServer::open(Retention::default()).await;
    let page = get(&room, "/_url/greeter/", &[BROWSER]).await;
    let may = page.header("content-security-policy").expect("a policy");
    // Without `allow-same-origin` its origin is `null`, which is let in nowhere.
    assert!(may.starts_with("sandbox") && !may.contains("allow-same-origin"), "{may}");
    for headers in [[("origin", "null"), ("sec-fetch-site", "cross-site")], [("accept", "*/*"), ("origin", "null")]] {
        assert_eq!(get(&room, "/_bedrock/v1/token", &headers).await.status, 403, "{headers:?}");
    }
}
