//! Calls of workers in each language: by the test, by other workers, by the endpoint and through Lambda's API.

use axum::Router;
use axum::routing::{get, post};
use bedrock::invoke;
use bedrock::test::App;
use serde_json::{Value, json};

use super::can_run;

#[bedrock::test]
async fn workers_of_all_languages_respond_and_logs_are_recorded(app: App) -> bedrock::Result<()> {
    for worker in ["rust_case", "python_case", "node_case"] {
        if !can_run(&app, worker).await {
            continue;
        }
        let response: Value = app.invoke(worker, json!({ "do": "echo", "value": [1, "ü"] })).await?;
        assert_eq!(response, json!([1, "ü"]));
    }
    if can_run(&app, "python_case").await {
        app.invoke::<Value>("python_case", json!({ "do": "print", "text": "a line\n" })).await?;
        assert_eq!(app.invocations().last().map(|last| last.logs.clone()), Some(vec!["a line".to_owned()]));
    }
    app.invoke::<Value>("rust_case", json!({ "do": "log", "text": "a warning" })).await?;
    assert_eq!(app.invocations().last().map(|last| last.logs.clone()), Some(vec![" WARN a warning".to_owned()]));
    Ok(())
}

#[bedrock::test]
async fn variables_of_settings_reach_workers(app: App) -> bedrock::Result<()> {
    for worker in ["rust_case", "python_case", "node_case"] {
        if can_run(&app, worker).await {
            let mode: Value = app.invoke(worker, json!({ "do": "variable", "name": "CASE_MODE" })).await?;
            assert_eq!(mode, json!(format!("of {worker}")));
        }
    }
    Ok(())
}

#[bedrock::test]
async fn callers_are_recorded_across_languages(app: App) -> bedrock::Result<()> {
    if !can_run(&app, "python_case").await || !can_run(&app, "node_case").await {
        return Ok(());
    }
    let innermost = json!({ "do": "echo", "value": 7 });
    let third = json!({ "do": "call", "worker": "rust_case", "event": innermost });
    let second = json!({ "do": "call", "worker": "node_case", "event": third });
    let first = json!({ "do": "call", "worker": "python_case", "event": second });
    assert_eq!(app.invoke::<u32>("rust_case", &first).await?, 7);
    let callers: Vec<_> = app.invocations().into_iter().map(|call| (call.caller, call.worker)).collect();
    let expected = [
        (None, "rust_case"),
        (Some("rust_case"), "python_case"),
        (Some("python_case"), "node_case"),
        (Some("node_case"), "rust_case"),
    ];
    assert_eq!(callers, expected.map(|(caller, worker)| (caller.map(str::to_owned), worker.to_owned())));
    Ok(())
}

#[bedrock::test]
async fn calls_work_from_tasks_and_threads(app: App) -> bedrock::Result<()> {
    let response: Value = invoke!("rust_case", json!({ "do": "echo", "value": 1 }), require_response = true).await?;
    assert_eq!(response, 1);
    // From a task, from a blocking thread of the runtime, and from a thread outside of the runtime.
    let call = || bedrock::invoke_arn("rust_case", json!({ "do": "echo", "value": 2 })).require_response::<Value>();
    assert_eq!(tokio::spawn(call()).await??, 2);
    let handle = tokio::runtime::Handle::current();
    let blocking_handle = handle.clone();
    assert_eq!(tokio::task::spawn_blocking(move || blocking_handle.block_on(call())).await??, 2);
    let thread = std::thread::spawn(move || handle.block_on(call()));
    assert_eq!(thread.join().expect("no panic")?, 2);
    app.assert_called("rust_case").times(4);
    Ok(())
}

#[bedrock::test]
async fn endpoint_is_called_without_port_and_is_the_caller(app: App) -> bedrock::Result<()> {
    async fn relay(body: String) -> Result<String, String> {
        let event: Value = serde_json::from_str(&body).map_err(|error| error.to_string())?;
        let response = invoke!("rust_case", event, require_response = true).await.map_err(|error| error.to_string())?;
        Ok(Value::to_string(&response))
    }
    let router = Router::new().route("/relay", post(relay)).route("/", get(async || [("x-seen", "yes")]));
    let app = app.with_router(router);
    let response = app.get("/").await?;
    assert_eq!((response.status().as_u16(), response.header("x-seen")), (200, Some("yes")));
    assert_eq!(app.get("/nowhere").await?.status(), 404);
    let response = app.post("/relay", json!({ "do": "echo", "value": { "a": 1 } })).await?;
    assert_eq!(response.json::<Value>()?, json!({ "a": 1 }));
    app.assert_called("rust_case").by("endpoint").answered(json!({ "a": 1 })).times(1);
    let error = response.json::<u32>().expect_err("no number").to_string();
    assert!(error.ends_with("\n  200 OK: {\"a\":1}"), "{error}");
    Ok(())
}

#[bedrock::test]
async fn missing_endpoint_error_says_how_to_add_one(app: App) {
    let error = app.get("/").await.expect_err("no endpoint").to_string();
    assert_eq!(error, "the app of this test has no endpoint\nhelp: give it one with `app.with_router(router())`");
}

#[bedrock::test]
async fn lambda_api_calls_the_same_app(app: App) -> bedrock::Result<()> {
    app.mock("python_case", |event: Value| Ok(json!({ "mocked": event })));
    let url = app.api_url().await?;
    let address = url.strip_prefix("http://").expect("an address").to_owned();
    let response = request(&address, "python_case", r#"{"a":1}"#).await?;
    assert!(response.starts_with("HTTP/1.1 200") && response.ends_with(r#"{"mocked":{"a":1}}"#), "{response}");
    app.assert_called("python_case").with_event(json!({ "a": 1 })).times(1);
    assert_eq!(app.api_url().await?, url);
    drop(app);
    Ok(())
}

/// Invokes a function with a plain HTTP request, and returns the response.
async fn request(address: &str, function: &str, event: &str) -> std::io::Result<String> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    let key = "AWS4-HMAC-SHA256 Credential=ANY/20261125/us-east-1/lambda/aws4_request, Signature=x";
    let head = format!("POST /2015-03-31/functions/{function}/invocations HTTP/1.1\r\nHost: {address}\r\n");
    let rest = format!("Authorization: {key}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{event}", event.len());
    stream.write_all((head + &rest).as_bytes()).await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    Ok(response)
}
