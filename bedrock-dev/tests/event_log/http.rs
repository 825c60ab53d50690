//! What the routes tell and do. Every answer is as the description says.

use std::time::Duration;

use bedrock::local::{Invocation, Measures};
use bedrock_dev::event_log::{BuildEvent, BuildStatus, DevEventKind, ReloadEvent, Retention, StreamItem};
use bedrock_dev::execution::LogLine;
use bedrock_dev::http_api::Edge;
use serde_json::{Value, json};

use super::client::send;
use super::fixture::{BASE, TestServer, function};
use super::log::line;
use super::schema::check;

const TRACE: &str = "Root=1-6555a4f0-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=0";

async fn get(room: &TestServer, path: &str, schema: &str) -> Value {
    let answer = room.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    check(schema, &answer.json());
    answer.json()
}

async fn refused(room: &TestServer, path: &str, status: u16, message: &str) {
    let answer = room.get(path).await;
    check("Error", &answer.json());
    assert_eq!((answer.status, &answer.json()["error"]["message"]), (status, &json!(message)), "{path}");
}

#[tokio::test]
async fn what_an_invocation_came_to_is_told() {
    let room = TestServer::open(Retention::default()).await;
    for (event, outcome, error_type, message) in [
        (json!({ "n": 1 }), "ok", None, None),
        (json!({ "do": "fail" }), "error", Some("ValueError"), Some("no")),
        (json!({ "do": "hang" }), "timeout", Some("Sandbox.Timedout"), Some("Task timed out after 3.00 seconds")),
        (json!({ "do": "throttle" }), "throttled", Some("Throttled"), Some("too many")),
        (json!({ "do": "deny" }), "denied", Some("AccessDenied"), Some("not you")),
    ] {
        let id = room.call(&event.to_string(), TRACE).await;
        let list = get(&room, &format!("/happenings?request_id={id}"), "Happenings").await;
        let [started, ended] = list["happenings"].as_array().expect("a list").as_slice() else { panic!("{list}") };
        assert_eq!(started["event"]["json"], event);
        assert_eq!((&started["mode"], &started["worker"]), (&json!("sync"), &json!("greeter")));
        assert_eq!(started["trace"], "1-6555a4f0-0123456789abcdef01234567");
        assert_eq!((&ended["outcome"], ended["error_type"].as_str()), (&json!(outcome), error_type), "{ended}");
        let said = ended["message"].as_str().unwrap_or_default();
        assert!(said.contains(message.unwrap_or_default()), "{said}");
        assert_eq!(ended["response"]["json"] == event, outcome == "ok");
        let filtered = get(&room, &format!("/invocations?outcome={outcome}&worker=greeter"), "Invocations").await;
        assert_eq!(filtered["invocations"][0]["request_id"], *id);
        assert_eq!(filtered["invocations"].as_array().map(Vec::len), Some(1));
    }
    let all = get(&room, "/invocations?limit=2", "Invocations").await;
    let outcomes: Vec<_> = all["invocations"].as_array().expect("a list").iter().map(|one| &one["outcome"]).collect();
    assert_eq!(outcomes, ["denied", "throttled"]);
    assert_eq!(get(&room, "/invocations?worker=nobody", "Invocations").await["invocations"], json!([]));
}

#[tokio::test]
async fn an_invocation_is_put_together_with_what_it_printed_and_whom_it_called() {
    let room = TestServer::open(Retention::default()).await;
    let given = room.call(&json!({ "do": "trace" }).to_string(), TRACE).await;
    let one = get(&room, &format!("/invocations/{given}"), "InvocationAlone").await;
    // The worker hands on the trace that it was given, as AWS's SDKs do.
    let trace = one["invocation"]["response"]["json"].as_str().expect("a trace").to_owned();
    room.recorder.printed(&LogLine {
        worker: "greeter".into(),
        request_id: Some(given.as_str().into()),
        text: "[ERROR] late".to_owned(),
    });
    let called = room.call(&json!({ "do": "fail" }).to_string(), &trace).await;
    let one = get(&room, &format!("/invocations/{given}"), "InvocationAlone").await;
    let (logs, calls) = (&one["invocation"]["logs"], &one["invocation"]["calls"]);
    assert_eq!((&logs[0]["line"], &logs[0]["level"]), (&json!("[ERROR] late"), &json!("error")));
    assert_eq!(calls, &json!([called]));
    let other = get(&room, &format!("/invocations/{called}"), "InvocationAlone").await;
    let other = &other["invocation"];
    assert_eq!((&other["caller"], &other["parent_request_id"]), (&json!("greeter"), &json!(given)));
    assert_eq!((&other["stack"], &other["logs"]), (&json!(["line 1"]), &json!([])));
    assert_eq!(other["trace"], one["invocation"]["trace"]);
    refused(&room, "/invocations/x", 404, "no invocation `x` is kept").await;
}

#[tokio::test]
async fn a_response_of_five_megabytes_is_cut_for_readers_and_whole_for_the_caller() {
    let room = TestServer::open(Retention::default()).await;
    let called = room.post("/workers/greeter/invoke", r#"{"do": "large"}"#).await;
    check("Called", &called.json());
    assert_eq!(called.json()["response"].as_str().map(str::len), Some(5 * 1024 * 1024));
    let ended = get(&room, "/happenings?kind=invocation_ended", "Happenings").await;
    let response = &ended["happenings"][0]["response"];
    assert_eq!((&response["bytes"], &response["cut"]), (&json!(5 * 1024 * 1024 + 2), &json!(true)));
    assert_eq!(response["text"].as_str().map(str::len), Some(64 * 1024));
}

#[tokio::test]
async fn lists_are_filtered_and_gone_through_page_by_page() {
    let room = TestServer::open(Retention { count: 10, ..Retention::default() }).await;
    let ids: Vec<_> = (0..12).map(|number| room.stream.publish(line(&number.to_string()))).collect();
    let lines = |list: &Value| -> Vec<String> {
        let lines = list["happenings"].as_array().expect("a list").iter();
        lines.map(|one| one["line"].as_str().unwrap_or("-").to_owned()).collect()
    };
    let newest = get(&room, "/happenings?limit=3", "Happenings").await;
    assert_eq!((lines(&newest), &newest["is_all"]), (vec!["9".into(), "10".into(), "11".into()], &json!(true)));
    let first = get(&room, &format!("/happenings?after={}&limit=4", ids[0]), "Happenings").await;
    assert_eq!((lines(&first).join(" "), &first["missed"]), ("2 3 4 5".to_owned(), &json!(1)));
    assert_eq!((&first["last"], &first["is_all"]), (&json!(ids[5]), &json!(false)));
    let rest = get(&room, &format!("/happenings?after={}", first["last"]), "Happenings").await;
    assert_eq!((lines(&rest).len(), &rest["last"], &rest["is_all"]), (6, &json!(ids[11]), &json!(true)));
    let nothing = get(&room, &format!("/happenings?after={}", rest["last"]), "Happenings").await;
    assert_eq!((lines(&nothing).len(), &nothing["last"]), (0, &json!(ids[11])));
    assert_eq!(lines(&get(&room, "/happenings?kind=build", "Happenings").await).len(), 0);
    assert_eq!(lines(&get(&room, "/happenings?worker=fetcher", "Happenings").await).len(), 0);
    refused(&room, "/happenings?limit=0", 400, "`limit` must be from 1 to 1000, found `0`").await;
    refused(&room, "/happenings?after=x", 400, "`after` must be a number, found `x`").await;
    refused(&room, "/events?after=x", 400, "`after` must be an id or `last`, found `x`").await;
    refused(&room, "/events?from=1", 400, "no parameter is called `from`, only `after`").await;
    refused(
        &room,
        "/invocations?outcome=bad",
        400,
        "`outcome` must be one of `running`, `ok`, `error`, `timeout`, `throttled`, `denied`, found `bad`",
    )
    .await;
}

#[tokio::test]
async fn an_event_is_followed_through_the_queue_and_changed_by_hand() {
    let room = TestServer::open(Retention::default()).await;
    let mut reader = room.stream.subscribe(None);
    let accepted = room.post("/workers/greeter/invoke?mode=event", r#"{"n": 1}"#).await;
    check("Accepted", &accepted.json());
    assert_eq!(accepted.status, 202);
    let id = accepted.json()["request_id"].as_str().expect("an id").to_owned();
    let mut states = async |until: &str| {
        let mut states = Vec::new();
        while states.last().is_none_or(|state| state != until) {
            let Some(StreamItem::Event(happening)) = reader.next().await else { panic!("no more") };
            let json: Value = serde_json::from_str(&happening.json()).expect("JSON");
            check("Happening", &json);
            assert_eq!(json["event_id"], *id);
            states.push(json["state"].as_str().expect("a state").to_owned());
        }
        states
    };
    assert_eq!(states("failed").await, ["accepted", "failed"]);
    let queue = get(&room, "/queue", "Queue").await;
    let event = &queue["events"][0];
    assert_eq!((&event["state"], &event["reason"]), (&json!("failed"), &json!("RetriesExhausted")));
    assert_eq!((&event["event"]["json"], &event["attempts"]), (&json!({ "n": 1 }), &json!(1)));
    let retried = room.post(&format!("/queue/{id}/retry"), "").await;
    check("Changed", &retried.json());
    assert_eq!(states("failed").await, ["retried", "failed"]);
    assert_eq!(room.post(&format!("/queue/{id}/drop"), "").await.status, 200);
    assert_eq!(states("dropped").await, ["dropped"]);
    assert_eq!(get(&room, "/queue", "Queue").await["events"], json!([]));
    let gone = room.post(&format!("/queue/{id}/drop"), "").await;
    assert_eq!(gone.json()["error"]["message"], format!("no event `{id}` waits or was given up"));
    assert!(room.queue.store().list().expect("a list").is_empty());
}

#[tokio::test]
async fn a_worker_is_called_and_what_is_no_call_is_refused() {
    let room = TestServer::open(Retention::default()).await;
    for (body, outcome) in [("", "ok"), (r#"{"n": 12345678901234567890123}"#, "ok"), (r#"{"do": "fail"}"#, "error")] {
        let answer = room.post("/workers/greeter/invoke", body).await;
        check("Called", &answer.json());
        assert_eq!((answer.status, &answer.json()["outcome"]), (200, &json!(outcome)), "{body}");
        assert!(outcome != "ok" || answer.body.contains(body), "{}", answer.body);
    }
    let large = format!("\"{}\"", "x".repeat(1024 * 1024));
    for (path, body, status, message) in [
        ("/workers/nobody/invoke", "{}", 404, "nobody"),
        ("/workers/greeter/invoke?mode=later", "{}", 400, "`mode` must be `sync` or `event`, found `later`"),
        ("/workers/greeter/invoke", "{", 400, "the event is no JSON"),
        ("/workers/greeter/invoke?mode=event", &large, 413, "the event has more than 1048576 bytes"),
    ] {
        let answer = room.post(path, body).await;
        check("Error", &answer.json());
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.body.contains(message), "{}", answer.body);
    }
}

#[tokio::test]
async fn the_app_is_described_without_the_values_of_its_variables() {
    let room = TestServer::open(Retention::default()).await;
    let app = get(&room, "/app", "App").await;
    assert_eq!((&app["name"], &app["url"]), (&json!("shop"), &json!(format!("http://{}", room.address))));
    let names: Vec<_> = app["workers"].as_array().expect("a list").iter().map(|worker| &worker["name"]).collect();
    assert_eq!(names, ["fetcher", "greeter"]);
    let greeter = &app["workers"][1];
    assert_eq!((&greeter["language"], &greeter["settings"]["memory"]), (&json!("rust"), &json!(512)));
    assert_eq!(greeter["settings"]["variables"], json!(["TOKEN"]));
    assert!(!app.to_string().contains("s3cret"));
    assert_eq!(app["edges"], Value::Null);
    room.desk.know(vec![Edge { from: "endpoint".to_owned(), to: "greeter".to_owned() }]);
    assert_eq!(get(&room, "/app", "App").await["edges"], json!([{ "from": "endpoint", "to": "greeter" }]));
}

#[tokio::test]
async fn builds_and_reloads_of_others_are_on_the_stream() {
    let room = TestServer::open(Retention::default()).await;
    let workers = vec!["greeter".to_owned()];
    let messages = vec!["error[E0308]: mismatched types".to_owned()];
    let (state, duration_ms) = (BuildStatus::Failed, Some(12.5));
    room.stream.publish(DevEventKind::Build(BuildEvent { state, workers, duration_ms, messages }));
    let files = vec!["workers/fetcher/main.py".to_owned()];
    room.stream.publish(DevEventKind::Reloaded(ReloadEvent { worker: "fetcher".to_owned(), files, duration_ms: 3.0 }));
    let list = get(&room, "/happenings", "Happenings").await;
    assert_eq!(list["happenings"].as_array().map(Vec::len), Some(2));
    let greeter = get(&room, "/happenings?worker=greeter", "Happenings").await;
    assert_eq!(greeter["happenings"][0]["kind"], "build");
}

#[tokio::test]
async fn what_is_measured_while_an_invocation_runs_is_told_at_its_end() {
    let room = TestServer::open(Retention::default()).await;
    let invocation = Invocation::new("{}".into(), None);
    let id = invocation.request_id.clone();
    let function = function();
    let run = |invocation: Invocation| -> bedrock::local::service::Reply {
        let init = Some(Duration::from_micros(1500));
        invocation.measured.note(Measures { took: None, init, memory: Some(40) });
        Box::pin(std::future::ready(Ok(invocation.event)))
    };
    room.recorder.run(&function, Some(2), invocation, run).await.expect("a response");
    let one = get(&room, &format!("/invocations/{id}"), "InvocationAlone").await;
    let attempt = &one["invocation"]["attempts"][0];
    assert_eq!((&attempt["init_ms"], &attempt["max_memory_mb"]), (&json!(1.5), &json!(40)));
    assert_eq!(one["invocation"]["mode"], "event");
}

#[tokio::test]
async fn what_is_not_there_is_told_and_the_description_is() {
    let room = TestServer::open(Retention::default()).await;
    let described = room.get("/openapi.json").await.json();
    assert_eq!(described["openapi"], "3.1.0");
    let message = format!("`GET {BASE}/nothing` is not there, `GET {BASE}/openapi.json` tells what is");
    refused(&room, "/nothing", 404, &message).await;
    let answer = send(&room.address, "GET /nothing", &[("authorization", "Bedrock any")], "").await;
    assert!(answer.body.contains("is no operation of the local Lambda service"), "{}", answer.body);
}
