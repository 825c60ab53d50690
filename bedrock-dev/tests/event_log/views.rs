//! What the API has for readers who show it: pages, search, traces, whole events, replays, tests, the picture.

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

async fn get(room: &TestServer, path: &str, schema: &str) -> Value {
    let answer = room.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    check(schema, &answer.json());
    answer.json()
}

async fn refused(room: &TestServer, line: &str, status: u16, message: &str) {
    let answer = match line.split_once(' ') {
        Some(("POST", path)) => room.post(path, "").await,
        _ => room.get(line).await,
    };
    check("Error", &answer.json());
    assert_eq!((answer.status, &answer.json()["error"]["message"]), (status, &json!(message)), "{line}");
}

fn ids(list: &Value) -> Vec<String> {
    let invocations = list["invocations"].as_array().expect("a list").iter();
    invocations.map(|one| one["request_id"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test]
async fn invocations_are_gone_through_page_by_page_while_others_begin() {
    let room = TestServer::open(Retention::default()).await;
    let mut called = Vec::new();
    for number in 0..7 {
        called.insert(0, room.call(&json!({ "n": number }).to_string(), TRACE).await);
    }
    let first = get(&room, "/invocations?limit=3", "Invocations").await;
    room.call("{}", TRACE).await;
    let mut seen = ids(&first);
    let mut next = first["next"].clone();
    while let Some(before) = next.as_str() {
        let page = get(&room, &format!("/invocations?limit=3&before={before}"), "Invocations").await;
        seen.extend(ids(&page));
        next = page["next"].clone();
    }
    assert_eq!(seen, called);
    let gone = get(&room, "/invocations?before=none", "Invocations").await;
    assert_eq!((ids(&gone).len(), &gone["next"]), (0, &Value::Null));
    refused(&room, "/invocations?mode=x", 400, "`mode` must be `sync` or `event`, found `x`").await;
}

#[tokio::test]
async fn a_text_is_found_in_events_responses_errors_lines_and_ids_and_nowhere_else() {
    let room = TestServer::open(Retention::default()).await;
    let good = room.call(r#"{"city": "Größenwahn", "do": "trace"}"#, TRACE).await;
    let bad = room.call(r#"{"do": "fail"}"#, TRACE).await;
    let print = |id: &String, text: &str| {
        let (worker, request_id) = ("greeter".into(), Some(id.as_str().into()));
        room.recorder.printed(&LogLine { worker, request_id, text: text.to_owned() });
    };
    print(&good, "a Needle in hay");
    room.stream.publish(line("a needle that is nobody's"));
    for (text, found) in [
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
        let list = get(&room, &path, "Invocations").await;
        assert_eq!(ids(&list).iter().collect::<Vec<_>>(), found, "{text}");
    }
    let filtered = get(&room, "/invocations?search=greeter&outcome=ok&mode=sync", "Invocations").await;
    assert_eq!(ids(&filtered), [good]);
    assert!(ids(&get(&room, "/invocations?search=greeter&mode=event", "Invocations").await).is_empty());
}

#[tokio::test]
async fn a_trace_has_all_that_one_call_led_to_and_no_other() {
    let room = TestServer::open(Retention::default()).await;
    let parent = room.call(&json!({ "do": "trace" }).to_string(), TRACE).await;
    let one = room.get(&format!("/invocations/{parent}")).await.json();
    let handed = one["invocation"]["response"]["json"].as_str().expect("a trace").to_owned();
    let mut called = vec![parent.clone()];
    for _ in 0..200 {
        called.push(room.call(r#"{"do": "fail"}"#, &handed).await);
    }
    room.call("{}", "Root=1-6555a4f0-aaaaaaaaaaaaaaaaaaaaaaaa").await;
    let said = "[WARN] so much".to_owned();
    room.recorder.printed(&LogLine {
        worker: "greeter".into(),
        request_id: Some(called[1].as_str().into()),
        text: said,
    });
    let trace = get(&room, "/traces/1-6555a4f0-0123456789abcdef01234567", "Trace").await;
    assert_eq!(ids(&trace), called);
    let spans = trace["invocations"].as_array().expect("a list");
    let parents: BTreeSet<_> = spans[1..].iter().filter_map(|span| span["parent_request_id"].as_str()).collect();
    assert_eq!(parents, BTreeSet::from([parent.as_str()]));
    assert_eq!(
        (&spans[1]["logs"][0]["line"], &spans[1]["attempts"][0]["outcome"]),
        (&json!("[WARN] so much"), &json!("error"))
    );
    assert_eq!(trace["left_out"], json!({ "invocations": 0, "lines": 0 }));
    refused(&room, "/traces/nothing", 404, "no invocation of the trace `nothing` is kept").await;
    room.call("{}", "mine/and yours").await;
    assert_eq!(get(&room, "/traces/mine%2Fand%20yours", "Trace").await["trace"], "mine/and yours");
}

#[tokio::test]
async fn a_trace_is_bounded_and_says_what_it_leaves_out() {
    let room = TestServer::open(Retention::default()).await;
    let first = room.call("{}", TRACE).await;
    for _ in 0..1002 {
        room.call("{}", TRACE).await;
    }
    let text = "x".repeat(64 * 1024);
    for _ in 0..40 {
        let (worker, request_id) = ("greeter".into(), Some(first.as_str().into()));
        room.recorder.printed(&LogLine { worker, request_id, text: text.clone() });
    }
    let answer = room.get("/traces/1-6555a4f0-0123456789abcdef01234567").await;
    check("Trace", &answer.json());
    assert_eq!(answer.json()["left_out"], json!({ "invocations": 3, "lines": 9 }));
    assert!(answer.body.len() < 4 * 1024 * 1024);
}

#[tokio::test]
async fn a_long_event_is_there_as_it_was_sent_and_can_be_sent_again() {
    let room = TestServer::open(Retention::default()).await;
    let event = format!("{{ \"b\": 1.10, \"a\": 12345678901234567890123, \"long\": \"{}\" }}", "é".repeat(100_000));
    let id = room.call(&event, TRACE).await;
    assert_eq!(room.get(&format!("/invocations/{id}/event")).await.body, event);
    let again = room.post(&format!("/invocations/{id}/replay"), "").await;
    check("Called", &again.json());
    assert!(again.body.contains(&event), "it answers with its event");
    assert_ne!(again.json()["request_id"], *id);
    let later = room.post(&format!("/invocations/{id}/replay?mode=event"), "").await;
    check("Accepted", &later.json());
    assert_eq!(later.status, 202);
    let large = room.call(r#"{"do": "fail", "long": 1}"#, TRACE).await;
    let failed = room.post(&format!("/invocations/{large}/replay"), "").await.json();
    assert_eq!((&failed["outcome"], &failed["error_type"]), (&json!("error"), &json!("ValueError")));
    refused(&room, "/invocations/x/event", 404, "no invocation `x` is kept").await;
    refused(&room, "POST /invocations/x/replay", 404, "no invocation `x` is kept").await;
    refused(&room, "POST /invocations/x/test", 404, "no invocation `x` is kept").await;
}

#[tokio::test]
async fn half_a_character_and_long_numbers_are_told_as_they_were_sent() {
    let room = TestServer::open(Retention::default()).await;
    let event = r#"{"do":"fail","half":"\ud800","n":12345678901234567890123}"#;
    let id = room.call(event, TRACE).await;
    room.post("/workers/greeter/invoke?mode=event", event).await;
    for path in [format!("/invocations/{id}"), "/happenings".to_owned(), "/queue".to_owned()] {
        let answer = room.get(&path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.body.contains(event), "{path}: {}", answer.body);
    }
}

#[tokio::test]
async fn an_event_that_is_not_kept_any_more_is_said_to_be_gone() {
    let room = TestServer::open(Retention::default()).await;
    let id = room.call("{}", TRACE).await;
    let event = format!("\"{}\"", "x".repeat(5 * 1024 * 1024));
    for _ in 0..13 {
        room.call(&event, TRACE).await;
    }
    let message = format!("the event of the invocation `{id}` is not kept any more");
    refused(&room, &format!("/invocations/{id}/event"), 410, &message).await;
    refused(&room, &format!("POST /invocations/{id}/replay"), 410, &message).await;
    let newest = ids(&get(&room, "/invocations?limit=1", "Invocations").await);
    let answer = room.post(&format!("/invocations/{}/replay?mode=event", newest[0]), "").await;
    assert_eq!(answer.status, 413, "{}", answer.body);
}

#[tokio::test]
async fn an_invocation_becomes_a_test_that_is_never_written_over() {
    let room = TestServer::open(Retention::default()).await;
    let id = room.call(r##"{"n": 1, "quote": "\"# \n"}"##, TRACE).await;
    let answer = room.post(&format!("/invocations/{id}/test"), "").await.json();
    check("Test", &answer);
    let file = format!("tests/greeter_{}.rs", &id[..8]);
    assert_eq!((&answer["file"], &answer["written"]), (&json!(file), &json!(false)));
    let content = answer["content"].as_str().expect("a text");
    // The text has `"#` in it, so that one `#` would end the literal.
    let (short, event) = (&id[..8], ["r##\"", r##"{"n":1,"quote":"\"# \n"}"##, "\"##"].concat());
    assert_eq!(
        content,
        format!(
            "//! Saved from the invocation `{id}` in `cargo bedrock dev`. It answered as this test expects.\n\n\
             use bedrock::test::App;\nuse serde_json::Value;\n\n#[bedrock::test]\n\
             async fn greeter_answers_as_it_did_{short}(app: App) -> bedrock::Result<()> {{\n    \
             let event: Value = serde_json::from_str({event})?;\n    \
             let response: Value = app.invoke(\"greeter\", event).await?;\n    \
             let expected: Value = serde_json::from_str({event})?;\n    \
             assert_eq!(response, expected);\n    Ok(())\n}}\n"
        )
    );
    assert!(!room.dir.path().join(&file).exists());
    let written = room.post(&format!("/invocations/{id}/test?write=true"), "").await.json();
    assert_eq!((&written["written"], &written["content"]), (&json!(true), &answer["content"]));
    let path = room.dir.path().join(&file);
    assert_eq!(std::fs::read_to_string(&path).expect("a file"), content);
    std::fs::write(&path, "mine").expect("written");
    let message = format!("`{file}` is there already");
    refused(&room, &format!("POST /invocations/{id}/test?write=true"), 409, &message).await;
    assert_eq!(std::fs::read_to_string(&path).expect("a file"), "mine");
}

#[tokio::test]
async fn a_failure_becomes_a_test_that_fails_and_what_is_too_long_becomes_none() {
    let room = TestServer::open(Retention::default()).await;
    let id = room.call(r#"{"do": "fail"}"#, TRACE).await;
    let answer = room.post(&format!("/invocations/{id}/test"), "").await.json();
    let content = answer["content"].as_str().expect("a text");
    for part in ["It failed with `ValueError`: no\n", "greeter_does_not_fail_", "let _response: Value = app.invoke("] {
        assert!(content.contains(part), "{part}: {content}");
    }
    assert!(!content.contains("assert_eq"), "{content}");
    let long = room.call(&format!("\"{}\"", "x".repeat(70_000)), TRACE).await;
    let message = "the event has 70002 bytes, of which a saved test may have 65536";
    refused(&room, &format!("POST /invocations/{long}/test"), 400, message).await;
}

#[tokio::test]
async fn the_picture_is_drawn_when_it_is_asked_for() {
    let room = TestServer::open(Retention::default()).await;
    refused(&room, "/graph.svg", 404, "no build has found the call graph yet").await;
    room.desk.show(Arc::new(|| "<svg/>".to_owned()));
    let answer = room.get("/graph.svg").await;
    assert_eq!((answer.body.as_str(), answer.header("content-type")), ("<svg/>", Some("image/svg+xml")));
    assert!(answer.header("content-security-policy").is_some_and(|may| may.contains("sandbox")));
}

#[tokio::test]
async fn what_the_settings_redact_is_seen_by_no_reader_and_by_the_worker() {
    let dir = tempfile::tempdir().expect("a folder");
    let app = app_with(dir.path(), "redact = [\"token\", \"user.password\"]");
    let room = TestServer::redacting(Redactions::of(&app)).await;
    let event = r#"{"token": "s3cret", "list": [{"user": {"password": "s3cret", "name": "Ada"}}], "body": "{\"token\":\"s3cret\"}"}"#;
    let id = room.call(event, TRACE).await;
    for path in ["/workers/greeter/invoke".to_owned(), format!("/invocations/{id}/replay")] {
        let answer = room.post(&path, event).await;
        assert!(!answer.body.contains("s3cret") && answer.body.contains("Ada"), "{path}: {}", answer.body);
        let answer = answer.json();
        assert_eq!(answer["response"]["token"], "«redacted»", "{path}");
        let got = room.recorder.event(answer["request_id"].as_str().expect("a request id"));
        assert_eq!(got.as_deref(), Some(event.as_bytes()), "{path}: the worker got what was sent");
    }
    room.post("/workers/greeter/invoke?mode=event", event).await;
    let test = format!("POST /invocations/{id}/test");
    let token = room.get("/token").await.json()["token"].as_str().expect("a token").to_owned();
    for path in [
        "/happenings".to_owned(),
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
        let answer = send(&room.address, &line, &[("x-bedrock-token", &token)], "").await;
        assert_eq!(answer.status, 200, "{line} {}", answer.body);
        assert!(!answer.body.contains("s3cret") && answer.body.contains("«redacted»"), "{line}: {}", answer.body);
        assert!(answer.body.contains("Ada"));
    }
    assert!(ids(&get(&room, "/invocations?search=s3cret", "Invocations").await).is_empty());
    let bytes = &room.get(&format!("/invocations/{id}")).await.json()["invocation"]["event"]["bytes"];
    assert_eq!(*bytes, json!(event.len()));
}
