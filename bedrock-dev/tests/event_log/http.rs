//! The routes of the API. Every response is checked against its schema.

use std::time::Duration;

use bedrock_dev::event_log::{BuildEvent, BuildStatus, DevEventKind, ReloadEvent, Retention, StreamItem};
use bedrock_dev::execution::LogLine;
use bedrock_dev::http_api::Edge;
use bedrock_model::{Invocation, Metrics};
use serde_json::{Value, json};

use super::client::send;
use super::fixture::{BASE, TestServer, function};
use super::log::line;
use super::schema::check;

const TRACE: &str = "Root=1-6555a4f0-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=0";

async fn get(server: &TestServer, path: &str, schema: &str) -> Value {
    let response = server.get(path).await;
    assert_eq!(response.status, 200, "{path}: {}", response.body);
    assert_eq!(response.header("content-type"), Some("application/json"));
    check(schema, &response.json());
    response.json()
}

async fn assert_error(server: &TestServer, path: &str, status: u16, message: &str) {
    let response = server.get(path).await;
    check("Error", &response.json());
    assert_eq!((response.status, &response.json()["error"]["message"]), (status, &json!(message)), "{path}");
}

#[tokio::test]
async fn invocation_outcomes_are_reported() {
    let server = TestServer::start(Retention::default()).await;
    for (event, outcome, error_type, message) in [
        (json!({ "n": 1 }), "ok", None, None),
        (json!({ "do": "fail" }), "error", Some("ValueError"), Some("no")),
        (json!({ "do": "hang" }), "timeout", Some("Sandbox.Timedout"), Some("Task timed out after 3.00 seconds")),
        (json!({ "do": "throttle" }), "throttled", Some("Throttled"), Some("too many")),
        (json!({ "do": "deny" }), "denied", Some("AccessDenied"), Some("not you")),
    ] {
        let id = server.call(&event.to_string(), TRACE).await;
        let list = get(&server, &format!("/dev-events?request_id={id}"), "DevEvents").await;
        let [started, ended] = list["events"].as_array().expect("a list").as_slice() else { panic!("{list}") };
        assert_eq!(started["event"]["json"], event);
        assert_eq!((&started["mode"], &started["worker"]), (&json!("sync"), &json!("greeter")));
        assert_eq!(started["trace"], "1-6555a4f0-0123456789abcdef01234567");
        assert_eq!((&ended["outcome"], ended["error_type"].as_str()), (&json!(outcome), error_type), "{ended}");
        let text = ended["message"].as_str().unwrap_or_default();
        assert!(text.contains(message.unwrap_or_default()), "{text}");
        assert_eq!(ended["response"]["json"] == event, outcome == "ok");
        let filtered = get(&server, &format!("/invocations?outcome={outcome}&worker=greeter"), "Invocations").await;
        assert_eq!(filtered["invocations"][0]["request_id"], *id);
        assert_eq!(filtered["invocations"].as_array().map(Vec::len), Some(1));
    }
    let all = get(&server, "/invocations?limit=2", "Invocations").await;
    let outcomes: Vec<_> =
        all["invocations"].as_array().expect("a list").iter().map(|invocation| &invocation["outcome"]).collect();
    assert_eq!(outcomes, ["denied", "throttled"]);
    assert_eq!(get(&server, "/invocations?worker=unknown", "Invocations").await["invocations"], json!([]));
}

#[tokio::test]
async fn requests_have_method_path_and_status() {
    let server = TestServer::start(Retention::default()).await;
    let event = json!({
        "version": "2.0", "rawPath": "/orders/7", "rawQueryString": "token=1", "statusCode": 422,
        "requestContext": { "http": { "method": "PUT", "path": "/orders/7" } },
    });
    // The worker returns its event.
    let id = server.call(&event.to_string(), TRACE).await;
    let other = server.call("{}", TRACE).await;
    let list = get(&server, "/invocations", "Invocations").await;
    let [newest, request] = list["invocations"].as_array().expect("a list").as_slice() else { panic!("{list}") };
    assert_eq!(
        (&newest["request_id"], &newest["http"], &newest["status"]),
        (&json!(other), &Value::Null, &Value::Null)
    );
    assert_eq!((&request["request_id"], &request["outcome"]), (&json!(id), &json!("ok")));
    assert_eq!((&request["http"], &request["status"]), (&json!({ "method": "PUT", "path": "/orders/7" }), &json!(422)));
    let mut failing = event.clone();
    failing["statusCode"] = json!("500");
    let failed = server.call(&failing.to_string(), TRACE).await;
    server.call(&json!({ "do": "throttle" }).to_string(), TRACE).await;
    let list = get(&server, "/invocations?outcome=failed", "Invocations").await;
    let ids: Vec<&Value> =
        list["invocations"].as_array().expect("a list").iter().map(|one| &one["request_id"]).collect();
    assert_eq!((ids.len(), ids[1]), (2, &json!(failed)));
}

#[tokio::test]
async fn invocation_details_include_log_lines_and_calls() {
    let server = TestServer::start(Retention::default()).await;
    let calling_id = server.call(&json!({ "do": "trace" }).to_string(), TRACE).await;
    let details = get(&server, &format!("/invocations/{calling_id}"), "InvocationDetails").await;
    // The worker passes on the trace header that it received, as AWS's SDKs do.
    let trace = details["invocation"]["response"]["json"].as_str().expect("a trace").to_owned();
    server.recorder.publish_line(&LogLine {
        worker: "greeter".into(),
        request_id: Some(calling_id.as_str().into()),
        text: "[ERROR] late".to_owned(),
    });
    let called_id = server.call(&json!({ "do": "fail" }).to_string(), &trace).await;
    let details = get(&server, &format!("/invocations/{calling_id}"), "InvocationDetails").await;
    let (logs, calls) = (&details["invocation"]["logs"], &details["invocation"]["calls"]);
    assert_eq!((&logs[0]["line"], &logs[0]["level"]), (&json!("[ERROR] late"), &json!("error")));
    assert_eq!(calls, &json!([called_id]));
    let callee = get(&server, &format!("/invocations/{called_id}"), "InvocationDetails").await;
    let callee = &callee["invocation"];
    assert_eq!((&callee["caller"], &callee["parent_request_id"]), (&json!("greeter"), &json!(calling_id)));
    assert_eq!((&callee["stack"], &callee["logs"]), (&json!(["line 1"]), &json!([])));
    assert_eq!(callee["trace"], details["invocation"]["trace"]);
    assert_error(&server, "/invocations/x", 404, "no invocation `x` is stored").await;
}

#[tokio::test]
async fn long_response_is_truncated_only_for_readers() {
    let server = TestServer::start(Retention::default()).await;
    let response = server.post("/workers/greeter/invoke", r#"{"do": "large"}"#).await;
    check("InvokeResult", &response.json());
    assert_eq!(response.json()["response"].as_str().map(str::len), Some(5 * 1024 * 1024));
    let ended = get(&server, "/dev-events?kind=invocation_ended", "DevEvents").await;
    let response = &ended["events"][0]["response"];
    assert_eq!((&response["bytes"], &response["cut"]), (&json!(5 * 1024 * 1024 + 2), &json!(true)));
    assert_eq!(response["text"].as_str().map(str::len), Some(64 * 1024));
}

#[tokio::test]
async fn event_list_is_filtered_and_paged() {
    let server = TestServer::start(Retention { count: 10, ..Retention::default() }).await;
    let ids: Vec<_> = (0..12).map(|number| server.log.publish(line(&number.to_string()))).collect();
    let lines = |list: &Value| -> Vec<String> {
        let lines = list["events"].as_array().expect("a list").iter();
        lines.map(|event| event["line"].as_str().unwrap_or("-").to_owned()).collect()
    };
    let newest = get(&server, "/dev-events?limit=3", "DevEvents").await;
    assert_eq!((lines(&newest), &newest["is_all"]), (vec!["9".into(), "10".into(), "11".into()], &json!(true)));
    let first = get(&server, &format!("/dev-events?after={}&limit=4", ids[0]), "DevEvents").await;
    assert_eq!((lines(&first).join(" "), &first["missed"]), ("2 3 4 5".to_owned(), &json!(1)));
    assert_eq!((&first["last"], &first["is_all"]), (&json!(ids[5]), &json!(false)));
    let rest = get(&server, &format!("/dev-events?after={}", first["last"]), "DevEvents").await;
    assert_eq!((lines(&rest).len(), &rest["last"], &rest["is_all"]), (6, &json!(ids[11]), &json!(true)));
    let nothing = get(&server, &format!("/dev-events?after={}", rest["last"]), "DevEvents").await;
    assert_eq!((lines(&nothing).len(), &nothing["last"]), (0, &json!(ids[11])));
    assert_eq!(lines(&get(&server, "/dev-events?kind=build", "DevEvents").await).len(), 0);
    assert_eq!(lines(&get(&server, "/dev-events?worker=fetcher", "DevEvents").await).len(), 0);
    assert_error(&server, "/dev-events?limit=0", 400, "`limit` must be from 1 to 1000, found `0`").await;
    assert_error(&server, "/dev-events?after=x", 400, "`after` must be a number, found `x`").await;
    assert_error(&server, "/events?after=x", 400, "`after` must be an id or `last`, found `x`").await;
    assert_error(&server, "/events?from=1", 400, "unknown parameter `from`; known: `after`").await;
    assert_error(
        &server,
        "/invocations?outcome=bad",
        400,
        "`outcome` must be one of `running`, `ok`, `error`, `timeout`, `throttled`, `denied`, `failed`, found `bad`",
    )
    .await;
}

#[tokio::test]
async fn async_event_can_be_followed_retried_and_dropped() {
    let server = TestServer::start(Retention::default()).await;
    let mut reader = server.log.subscribe(None);
    let accepted = server.post("/workers/greeter/invoke?mode=event", r#"{"n": 1}"#).await;
    check("Accepted", &accepted.json());
    assert_eq!(accepted.status, 202);
    let id = accepted.json()["request_id"].as_str().expect("an id").to_owned();
    let mut states = async |until: &str| {
        let mut states = Vec::new();
        while states.last().is_none_or(|state| state != until) {
            let Some(StreamItem::Event(event)) = reader.next().await else { panic!("no more") };
            let json: Value = serde_json::from_str(&event.json()).expect("JSON");
            check("DevEvent", &json);
            assert_eq!(json["event_id"], *id);
            states.push(json["state"].as_str().expect("a state").to_owned());
        }
        states
    };
    assert_eq!(states("failed").await, ["accepted", "failed"]);
    let queue = get(&server, "/queue", "Queue").await;
    let event = &queue["events"][0];
    assert_eq!((&event["state"], &event["reason"]), (&json!("failed"), &json!("RetriesExhausted")));
    assert_eq!((&event["event"]["json"], &event["attempts"]), (&json!({ "n": 1 }), &json!(1)));
    let retried = server.post(&format!("/queue/{id}/retry"), "").await;
    check("Changed", &retried.json());
    assert_eq!(states("failed").await, ["retried", "failed"]);
    assert_eq!(server.post(&format!("/queue/{id}/drop"), "").await.status, 200);
    assert_eq!(states("dropped").await, ["dropped"]);
    assert_eq!(get(&server, "/queue", "Queue").await["events"], json!([]));
    let missing = server.post(&format!("/queue/{id}/drop"), "").await;
    assert_eq!(missing.json()["error"]["message"], format!("no event `{id}` is pending or a dead letter"));
    assert!(server.queue.store().list().expect("a list").is_empty());
}

#[tokio::test]
async fn invoke_calls_workers_and_rejects_invalid_requests() {
    let server = TestServer::start(Retention::default()).await;
    for (body, outcome) in [("", "ok"), (r#"{"n": 12345678901234567890123}"#, "ok"), (r#"{"do": "fail"}"#, "error")] {
        let response = server.post("/workers/greeter/invoke", body).await;
        check("InvokeResult", &response.json());
        assert_eq!((response.status, &response.json()["outcome"]), (200, &json!(outcome)), "{body}");
        assert!(outcome != "ok" || response.body.contains(body), "{}", response.body);
    }
    let large = format!("\"{}\"", "x".repeat(1024 * 1024));
    for (path, body, status, message) in [
        ("/workers/unknown/invoke", "{}", 404, "unknown"),
        ("/workers/greeter/invoke?mode=later", "{}", 400, "`mode` must be `sync` or `event`, found `later`"),
        ("/workers/greeter/invoke", "{", 400, "the event is not valid JSON"),
        ("/workers/greeter/invoke?mode=event", &large, 413, "the event exceeds the limit of 1048576 bytes"),
    ] {
        let response = server.post(path, body).await;
        check("Error", &response.json());
        assert_eq!(response.status, status, "{path}");
        assert!(response.body.contains(message), "{}", response.body);
    }
}

#[tokio::test]
async fn app_info_omits_values_of_variables() {
    let server = TestServer::start(Retention::default()).await;
    let app = get(&server, "/app", "App").await;
    assert_eq!((&app["name"], &app["url"]), (&json!("shop"), &json!(format!("http://{}", server.address))));
    let names: Vec<_> = app["workers"].as_array().expect("a list").iter().map(|worker| &worker["name"]).collect();
    assert_eq!(names, ["fetcher", "greeter"]);
    let greeter = &app["workers"][1];
    assert_eq!((&greeter["language"], &greeter["settings"]["memory"]), (&json!("rust"), &json!(512)));
    assert_eq!(greeter["settings"]["variables"], json!(["TOKEN"]));
    assert!(!app.to_string().contains("s3cret"));
    assert_eq!(app["edges"], Value::Null);
    server.state.set_call_graph(vec![Edge { from: "endpoint".to_owned(), to: "greeter".to_owned() }]);
    assert_eq!(get(&server, "/app", "App").await["edges"], json!([{ "from": "endpoint", "to": "greeter" }]));
}

#[tokio::test]
async fn app_info_has_the_types_of_todays_contracts() {
    let server = TestServer::start(Retention::default()).await;
    assert!(get(&server, "/app", "App").await["workers"][0].get("contract").is_none());
    let folder = server.dir.path().join("workers/fetcher");
    std::fs::create_dir_all(&folder).expect("a folder");
    let contract = r#"{"x-contract": 1, "properties": {"event": {"type": "integer"}, "response": {"type": "array"}}}"#;
    std::fs::write(folder.join("contract.json"), contract).expect("a file");
    let expected = json!({ "event": "integer", "response": "any[]", "types": "event: integer\nresponse: any[]\n" });
    assert_eq!(get(&server, "/app", "App").await["workers"][0]["contract"], expected);
    std::fs::write(folder.join("contract.json"), "{").expect("a file");
    assert!(get(&server, "/app", "App").await["workers"][0].get("contract").is_none());
}

#[tokio::test]
async fn builds_and_reloads_are_listed() {
    let server = TestServer::start(Retention::default()).await;
    let workers = vec!["greeter".to_owned()];
    let messages = vec!["error[E0308]: mismatched types".to_owned()];
    let build = BuildEvent { state: BuildStatus::Failed, workers, duration_ms: Some(12.5), messages };
    server.log.publish(DevEventKind::Build(build));
    let files = vec!["workers/fetcher/main.py".to_owned()];
    server.log.publish(DevEventKind::Reloaded(ReloadEvent { worker: "fetcher".to_owned(), files, duration_ms: 3.0 }));
    let list = get(&server, "/dev-events", "DevEvents").await;
    assert_eq!(list["events"].as_array().map(Vec::len), Some(2));
    let greeter = get(&server, "/dev-events?worker=greeter", "DevEvents").await;
    assert_eq!(greeter["events"][0]["kind"], "build");
}

#[tokio::test]
async fn cold_start_and_memory_are_reported() {
    let server = TestServer::start(Retention::default()).await;
    let invocation = Invocation::new("{}".into(), None);
    let id = invocation.request_id.clone();
    let function = function();
    let run = |invocation: Invocation| -> bedrock_model::Reply {
        let init = Some(Duration::from_micros(1500));
        invocation.metrics.record(Metrics { took: None, init, memory: Some(40) });
        Box::pin(std::future::ready(Ok(invocation.event)))
    };
    server.recorder.run(&function, Some(2), invocation, run).await.expect("a response");
    let details = get(&server, &format!("/invocations/{id}"), "InvocationDetails").await;
    let attempt = &details["invocation"]["attempts"][0];
    assert_eq!((&attempt["init_ms"], &attempt["max_memory_mb"]), (&json!(1.5), &json!(40)));
    assert_eq!(details["invocation"]["mode"], "event");
}

#[tokio::test]
async fn unknown_route_is_an_error_and_openapi_is_served() {
    let server = TestServer::start(Retention::default()).await;
    let openapi = server.get("/openapi.json").await.json();
    assert_eq!(openapi["openapi"], "3.1.0");
    let message = format!("no route `GET {BASE}/nothing`; see `GET {BASE}/openapi.json`");
    assert_error(&server, "/nothing", 404, &message).await;
    let response = send(&server.address, "GET /nothing", &[("authorization", "Bedrock any")], "").await;
    assert!(response.body.contains("is not an operation of the local Lambda service"), "{}", response.body);
}

#[tokio::test]
async fn happenings_is_deprecated_in_favour_of_dev_events() {
    let server = TestServer::start(Retention::default()).await;
    server.log.publish(line("one"));
    server.log.publish(line("two"));
    let current = get(&server, "/dev-events?limit=1", "DevEvents").await;
    let response = server.get("/happenings?limit=1").await;
    check("Happenings", &response.json());
    let mut deprecated = response.json();
    let events = deprecated.as_object_mut().expect("an object").remove("happenings").expect("the former key");
    deprecated["events"] = events;
    assert_eq!(deprecated, current);
    let error = server.get("/happenings?limit=0").await;
    assert_eq!(error.status, 400);
    for response in [&response, &error] {
        assert_eq!(response.header("deprecation"), Some("@1795910400"));
        assert_eq!(response.header("link"), Some(r#"</_bedrock/v1/dev-events>; rel="successor-version""#));
    }
    let successor = server.get("/dev-events").await;
    assert_eq!((successor.header("deprecation"), successor.header("link")), (None, None));
}
