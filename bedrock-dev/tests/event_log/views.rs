//! The parts of the API that the dashboard uses: pages, search, traces, full events, replays, saved tests, the call
//! graph.

use std::collections::BTreeSet;
use std::sync::Arc;

use bedrock_dev::event_log::{Redactions, Retention};
use bedrock_dev::execution::LogLine;
use serde_json::{Value, json};

use super::client::send;
use super::fixture::{BASE, TestServer, app_with};
use super::log::line;
use super::schema::check;

const TRACE: &str = "Root=1-6555a4f0-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=0";

async fn get(server: &TestServer, path: &str, schema: &str) -> Value {
    let response = server.get(path).await;
    assert_eq!(response.status, 200, "{path}: {}", response.body);
    check(schema, &response.json());
    response.json()
}

async fn assert_error(server: &TestServer, line: &str, status: u16, message: &str) {
    let response = match line.split_once(' ') {
        Some(("POST", path)) => server.post(path, "").await,
        _ => server.get(line).await,
    };
    check("Error", &response.json());
    assert_eq!((response.status, &response.json()["error"]["message"]), (status, &json!(message)), "{line}");
}

fn ids(list: &Value) -> Vec<String> {
    let invocations = list["invocations"].as_array().expect("a list").iter();
    invocations.map(|invocation| invocation["request_id"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test]
async fn invocations_are_paged_while_others_start() {
    let server = TestServer::start(Retention::default()).await;
    let mut called = Vec::new();
    for number in 0..7 {
        called.insert(0, server.call(&json!({ "n": number }).to_string(), TRACE).await);
    }
    let first = get(&server, "/invocations?limit=3", "Invocations").await;
    server.call("{}", TRACE).await;
    let mut seen = ids(&first);
    let mut next = first["next"].clone();
    while let Some(before) = next.as_str() {
        let page = get(&server, &format!("/invocations?limit=3&before={before}"), "Invocations").await;
        seen.extend(ids(&page));
        next = page["next"].clone();
    }
    assert_eq!(seen, called);
    let empty = get(&server, "/invocations?before=none", "Invocations").await;
    assert_eq!((ids(&empty).len(), &empty["next"]), (0, &Value::Null));
    assert_error(&server, "/invocations?mode=x", 400, "`mode` must be `sync` or `event`, found `x`").await;
}

#[tokio::test]
async fn search_covers_events_responses_errors_lines_and_ids() {
    let server = TestServer::start(Retention::default()).await;
    let good = server.call(r#"{"city": "Größenwahn", "do": "trace"}"#, TRACE).await;
    let bad = server.call(r#"{"do": "fail"}"#, TRACE).await;
    let publish_line = |id: &String, text: &str| {
        let (worker, request_id) = ("greeter".into(), Some(id.as_str().into()));
        server.recorder.publish_line(&LogLine { worker, request_id, text: text.to_owned() });
    };
    publish_line(&good, "a Needle in hay");
    server.log.publish(line("a needle without an invocation"));
    for (text, expected) in [
        ("größenwahn", vec![&good]),
        ("NEEDLE", vec![&good]),
        ("Root%3D1", vec![&good]),
        ("valueerror", vec![&bad]),
        ("line+1", vec![&bad]),
        (&bad[..8], vec![&bad]),
        ("greeter", vec![&bad, &good]),
        ("none of it", vec![]),
    ] {
        let path =
            format!("/invocations?search={}", text.replace(' ', "+").replace('ö', "%C3%B6").replace('ß', "%C3%9F"));
        let list = get(&server, &path, "Invocations").await;
        assert_eq!(ids(&list).iter().collect::<Vec<_>>(), expected, "{text}");
    }
    let filtered = get(&server, "/invocations?search=greeter&outcome=ok&mode=sync", "Invocations").await;
    assert_eq!(ids(&filtered), [good]);
    assert!(ids(&get(&server, "/invocations?search=greeter&mode=event", "Invocations").await).is_empty());
}

#[tokio::test]
async fn trace_contains_exactly_what_one_call_caused() {
    let server = TestServer::start(Retention::default()).await;
    let parent = server.call(&json!({ "do": "trace" }).to_string(), TRACE).await;
    let one = server.get(&format!("/invocations/{parent}")).await.json();
    let trace_header = one["invocation"]["response"]["json"].as_str().expect("a trace").to_owned();
    let mut called = vec![parent.clone()];
    for _ in 0..200 {
        called.push(server.call(r#"{"do": "fail"}"#, &trace_header).await);
    }
    server.call("{}", "Root=1-6555a4f0-aaaaaaaaaaaaaaaaaaaaaaaa").await;
    server.recorder.publish_line(&LogLine {
        worker: "greeter".into(),
        request_id: Some(called[1].as_str().into()),
        text: "[WARN] so much".to_owned(),
    });
    let trace = get(&server, "/traces/1-6555a4f0-0123456789abcdef01234567", "Trace").await;
    assert_eq!(ids(&trace), called);
    let spans = trace["invocations"].as_array().expect("a list");
    let parents: BTreeSet<_> = spans[1..].iter().filter_map(|span| span["parent_request_id"].as_str()).collect();
    assert_eq!(parents, BTreeSet::from([parent.as_str()]));
    assert_eq!(
        (&spans[1]["logs"][0]["line"], &spans[1]["attempts"][0]["outcome"]),
        (&json!("[WARN] so much"), &json!("error"))
    );
    assert_eq!(trace["left_out"], json!({ "invocations": 0, "lines": 0 }));
    assert_error(&server, "/traces/nothing", 404, "no invocation of the trace `nothing` is stored").await;
    server.call("{}", "mine/and yours").await;
    assert_eq!(get(&server, "/traces/mine%2Fand%20yours", "Trace").await["trace"], "mine/and yours");
}

#[tokio::test]
async fn trace_is_bounded_and_counts_omissions() {
    let server = TestServer::start(Retention::default()).await;
    let first = server.call("{}", TRACE).await;
    for _ in 0..1002 {
        server.call("{}", TRACE).await;
    }
    let text = "x".repeat(64 * 1024);
    for _ in 0..40 {
        let (worker, request_id) = ("greeter".into(), Some(first.as_str().into()));
        server.recorder.publish_line(&LogLine { worker, request_id, text: text.clone() });
    }
    let response = server.get("/traces/1-6555a4f0-0123456789abcdef01234567").await;
    check("Trace", &response.json());
    assert_eq!(response.json()["left_out"], json!({ "invocations": 3, "lines": 9 }));
    assert!(response.body.len() < 4 * 1024 * 1024);
}

#[tokio::test]
async fn long_event_is_stored_in_full_and_can_be_replayed() {
    let server = TestServer::start(Retention::default()).await;
    let event = format!("{{ \"b\": 1.10, \"a\": 12345678901234567890123, \"long\": \"{}\" }}", "é".repeat(100_000));
    let id = server.call(&event, TRACE).await;
    assert_eq!(server.get(&format!("/invocations/{id}/event")).await.body, event);
    let replayed = server.post(&format!("/invocations/{id}/replay"), "").await;
    check("InvokeResult", &replayed.json());
    assert!(replayed.body.contains(&event), "the response contains the event");
    assert_ne!(replayed.json()["request_id"], *id);
    let later = server.post(&format!("/invocations/{id}/replay?mode=event"), "").await;
    check("Accepted", &later.json());
    assert_eq!(later.status, 202);
    let large = server.call(r#"{"do": "fail", "long": 1}"#, TRACE).await;
    let failed = server.post(&format!("/invocations/{large}/replay"), "").await.json();
    assert_eq!((&failed["outcome"], &failed["error_type"]), (&json!("error"), &json!("ValueError")));
    assert_error(&server, "/invocations/x/event", 404, "no invocation `x` is stored").await;
    assert_error(&server, "POST /invocations/x/replay", 404, "no invocation `x` is stored").await;
    assert_error(&server, "POST /invocations/x/test", 404, "no invocation `x` is stored").await;
}

#[tokio::test]
async fn surrogates_and_long_numbers_are_unchanged() {
    let server = TestServer::start(Retention::default()).await;
    let event = r#"{"do":"fail","half":"\ud800","n":12345678901234567890123}"#;
    let id = server.call(event, TRACE).await;
    server.post("/workers/greeter/invoke?mode=event", event).await;
    for path in [format!("/invocations/{id}"), "/dev-events".to_owned(), "/queue".to_owned()] {
        let response = server.get(&path).await;
        assert_eq!(response.status, 200, "{path}");
        assert!(response.body.contains(event), "{path}: {}", response.body);
    }
}

#[tokio::test]
async fn evicted_event_returns_gone() {
    let server = TestServer::start(Retention::default()).await;
    let id = server.call("{}", TRACE).await;
    let event = format!("\"{}\"", "x".repeat(5 * 1024 * 1024));
    for _ in 0..13 {
        server.call(&event, TRACE).await;
    }
    let message = format!("the event of the invocation `{id}` is no longer stored");
    assert_error(&server, &format!("/invocations/{id}/event"), 410, &message).await;
    assert_error(&server, &format!("POST /invocations/{id}/replay"), 410, &message).await;
    let newest = ids(&get(&server, "/invocations?limit=1", "Invocations").await);
    let response = server.post(&format!("/invocations/{}/replay?mode=event", newest[0]), "").await;
    assert_eq!(response.status, 413, "{}", response.body);
}

#[tokio::test]
async fn invocation_is_saved_as_test_without_overwriting() {
    let server = TestServer::start(Retention::default()).await;
    let id = server.call(r##"{"n": 1, "quote": "\"# \n"}"##, TRACE).await;
    let response = server.post(&format!("/invocations/{id}/test"), "").await.json();
    check("Test", &response);
    let file = format!("tests/greeter_{}.rs", &id[..8]);
    assert_eq!((&response["file"], &response["written"]), (&json!(file), &json!(false)));
    let content = response["content"].as_str().expect("a text");
    // The JSON contains `"#`, which would end a literal with one `#`.
    let short = &id[..8];
    let event = ["r##\"", r##"{"n":1,"quote":"\"# \n"}"##, "\"##"].concat();
    assert_eq!(
        content,
        format!(
            "//! Saved from the invocation `{id}` in `cargo bedrock dev`. This test expects the response of that invocation.\n\n\
             use bedrock::test::App;\nuse serde_json::Value;\n\n#[bedrock::test]\n\
             async fn greeter_returns_the_same_response_{short}(app: App) -> bedrock::Result<()> {{\n    \
             let event: Value = serde_json::from_str({event})?;\n    \
             let response: Value = app.invoke(\"greeter\", event).await?;\n    \
             let expected: Value = serde_json::from_str({event})?;\n    \
             assert_eq!(response, expected);\n    Ok(())\n}}\n"
        )
    );
    assert!(!server.dir.path().join(&file).exists());
    let written = server.post(&format!("/invocations/{id}/test?write=true"), "").await.json();
    assert_eq!((&written["written"], &written["content"]), (&json!(true), &response["content"]));
    let path = server.dir.path().join(&file);
    assert_eq!(std::fs::read_to_string(&path).expect("a file"), content);
    std::fs::write(&path, "mine").expect("written");
    let message = format!("`{file}` already exists");
    assert_error(&server, &format!("POST /invocations/{id}/test?write=true"), 409, &message).await;
    assert_eq!(std::fs::read_to_string(&path).expect("a file"), "mine");
}

#[tokio::test]
async fn failure_is_saved_as_failing_test_and_long_event_rejected() {
    let server = TestServer::start(Retention::default()).await;
    let id = server.call(r#"{"do": "fail"}"#, TRACE).await;
    let response = server.post(&format!("/invocations/{id}/test"), "").await.json();
    let content = response["content"].as_str().expect("a text");
    for part in [
        "The invocation failed with `ValueError`: no\n",
        "greeter_does_not_fail_",
        "let _response: Value = app.invoke(",
    ] {
        assert!(content.contains(part), "{part}: {content}");
    }
    assert!(!content.contains("assert_eq"), "{content}");
    let long = server.call(&format!("\"{}\"", "x".repeat(70_000)), TRACE).await;
    let message = "the event has 70002 bytes; a saved test may have at most 65536";
    assert_error(&server, &format!("POST /invocations/{long}/test"), 400, message).await;
}

#[tokio::test]
async fn call_graph_svg_is_rendered_on_request() {
    let server = TestServer::start(Retention::default()).await;
    assert_error(&server, "/graph.svg", 404, "the call graph is not known before the first build").await;
    server.state.set_call_graph_renderer(Arc::new(|| "<svg/>".to_owned()));
    let response = server.get("/graph.svg").await;
    assert_eq!((response.body.as_str(), response.header("content-type")), ("<svg/>", Some("image/svg+xml")));
    assert!(response.header("content-security-policy").is_some_and(|policy| policy.contains("sandbox")));
}

#[tokio::test]
async fn redacted_fields_are_visible_only_to_the_worker() {
    let dir = tempfile::tempdir().expect("a folder");
    let app = app_with(dir.path(), "redact = [\"token\", \"user.password\"]");
    let server = TestServer::with_redactions(Redactions::of(&app)).await;
    let event = r#"{"token": "s3cret", "list": [{"user": {"password": "s3cret", "name": "Ada"}}], "body": "{\"token\":\"s3cret\"}"}"#;
    let id = server.call(event, TRACE).await;
    for path in ["/workers/greeter/invoke".to_owned(), format!("/invocations/{id}/replay")] {
        let response = server.post(&path, event).await;
        assert!(!response.body.contains("s3cret") && response.body.contains("Ada"), "{path}: {}", response.body);
        let response = response.json();
        assert_eq!(response["response"]["token"], "«redacted»", "{path}");
        let received = server.recorder.event(response["request_id"].as_str().expect("a request id"));
        assert_eq!(received.as_deref(), Some(event.as_bytes()), "{path}: the worker received the original event");
    }
    server.post("/workers/greeter/invoke?mode=event", event).await;
    let test = format!("POST /invocations/{id}/test");
    let token = server.get("/token").await.json()["token"].as_str().expect("a token").to_owned();
    for path in [
        "/dev-events".to_owned(),
        format!("/invocations/{id}"),
        format!("/invocations/{id}/event"),
        "/queue".to_owned(),
        test,
    ] {
        let line = if path.starts_with("POST") {
            path.replace("POST ", &format!("POST {BASE}"))
        } else {
            format!("GET {BASE}{path}")
        };
        let response = send(&server.address, &line, &[("x-bedrock-token", &token)], "").await;
        assert_eq!(response.status, 200, "{line} {}", response.body);
        assert!(!response.body.contains("s3cret") && response.body.contains("«redacted»"), "{line}: {}", response.body);
        assert!(response.body.contains("Ada"));
    }
    assert!(ids(&get(&server, "/invocations?search=s3cret", "Invocations").await).is_empty());
    let bytes = &server.get(&format!("/invocations/{id}")).await.json()["invocation"]["event"]["bytes"];
    assert_eq!(*bytes, json!(event.len()));
}
