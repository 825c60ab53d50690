//! A page of another origin, in the same browser, can neither read nor change anything.

use bedrock_dev::event_log::Retention;

use super::client::send;
use super::fixture::{BASE, TestServer};
use super::schema::check;

const READ: [&str; 10] = [
    "/openapi.json",
    "/token",
    "/app",
    "/events",
    "/happenings",
    "/invocations",
    "/invocations/x/event",
    "/traces/x",
    "/graph.svg",
    "/queue",
];
const CHANGE: [&str; 5] = [
    "/queue/x/retry",
    "/queue/x/drop",
    "/workers/greeter/invoke",
    "/invocations/x/replay",
    "/invocations/x/test?write=true",
];

#[tokio::test]
async fn pages_of_other_origins_and_other_hosts_get_nothing() {
    let room = TestServer::open(Retention::default()).await;
    let (port, token) = (room.address.rsplit(':').next().expect("a port"), token(&room).await);
    let (evil, other) = (format!("evil.example:{port}"), "127.0.0.1:1".to_owned());
    for (expected, headers) in [
        (403, vec![("origin", "http://evil.example")]),
        (403, vec![("origin", "null")]),
        (403, vec![("origin", "http://127.0.0.1:1")]),
        (403, vec![("sec-fetch-site", "cross-site")]),
        (403, vec![("sec-fetch-site", "same-site")]),
        (403, vec![("host", evil.as_str())]),
        (421, vec![("host", other.as_str())]),
        (421, vec![("host", "localhost")]),
    ] {
        let headers = [headers, vec![("x-bedrock-token", token.as_str())]].concat();
        let read = READ.map(|path| format!("GET {BASE}{path}"));
        let change = CHANGE.map(|path| format!("POST {BASE}{path}"));
        for line in read.iter().chain(&change) {
            let answer = send(&room.address, line, &headers, "{}").await;
            assert_eq!(answer.status, expected, "{line} {headers:?}");
            assert!(!answer.body.contains(&token));
            assert_eq!(answer.header("access-control-allow-origin"), None);
        }
    }
    assert!(room.stream.all().is_empty());
}

#[tokio::test]
async fn lambdas_api_refuses_pages_of_other_origins_too() {
    let room = TestServer::open(Retention::default()).await;
    let line = "POST /2015-03-31/functions/greeter/invocations";
    for (expected, origin) in [(200, format!("http://{}", room.address)), (403, "http://evil.example".to_owned())] {
        let headers = [("authorization", "Bedrock any"), ("origin", &origin)];
        assert_eq!(send(&room.address, line, &headers, "{}").await.status, expected, "{origin}");
    }
    assert_eq!(room.stream.all().len(), 2);
}

#[tokio::test]
async fn changing_needs_the_token_of_this_run() {
    let (room, another) = (TestServer::open(Retention::default()).await, TestServer::open(Retention::default()).await);
    let (own, foreign) = (token(&room).await, token(&another).await);
    assert_ne!(own, foreign);
    for (path, status) in CHANGE.into_iter().zip([404, 404, 200, 404, 404]) {
        let line = format!("POST {BASE}{path}");
        for headers in [vec![], vec![("x-bedrock-token", foreign.as_str())]] {
            let answer = send(&room.address, &line, &headers, "{}").await;
            assert_eq!(answer.status, 403, "{path}");
            check("Error", &answer.json());
            assert!(answer.body.contains("X-Bedrock-Token"), "{}", answer.body);
        }
        let answer = send(&room.address, &line, &[("x-bedrock-token", &own)], "{}").await;
        assert_eq!(answer.status, status, "{path} {}", answer.body);
    }
    // A browser asks before it sends such a header from elsewhere.
    let asked = send(&room.address, &format!("OPTIONS {BASE}/queue/x/drop"), &[], "").await;
    assert_eq!((asked.status, asked.header("access-control-allow-headers")), (403, None));
}

#[tokio::test]
async fn pages_of_this_origin_come_in_and_answers_are_for_them_alone() {
    let room = TestServer::open(Retention::default()).await;
    let localhost = room.address.replace("127.0.0.1", "localhost");
    let origin = format!("http://{localhost}");
    let headers = [("host", localhost.as_str()), ("origin", &origin), ("sec-fetch-site", "same-origin")];
    let answer = send(&room.address, &format!("GET {BASE}/token"), &headers, "").await;
    check("Token", &answer.json());
    for (name, value) in [
        ("cache-control", "no-store"),
        ("cross-origin-resource-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
        ("access-control-allow-origin", ""),
    ] {
        assert_eq!(answer.header(name).unwrap_or_default(), value, "{name}");
    }
}

async fn token(room: &TestServer) -> String {
    room.get("/token").await.json()["token"].as_str().expect("a token").to_owned()
}
