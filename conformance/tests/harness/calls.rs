//! Calls of workers of each language, from the test, from one another, from the endpoint and over Lambda's API.

use axum::Router;
use axum::routing::{get, post};
use bedrock::invoke;
use bedrock::test::App;
use serde_json::{Value, json};

use super::is_there;

#[bedrock::test]
async fn a_worker_of_each_language_answers_and_its_lines_are_kept(app: App) -> bedrock::Result<()> {
    for worker in ["rust_case", "python_case", "node_case"] {
        if !is_there(&app, worker).await {
            continue;
        }
        let answer: Value = app.invoke(worker, json!({ "do": "echo", "value": [1, "ü"] })).await?;
        assert_eq!(answer, json!([1, "ü"]));
    }
    if is_there(&app, "python_case").await {
        app.invoke::<Value>("python_case", json!({ "do": "print", "text": "a line\n" })).await?;
        assert_eq!(app.invocations().last().map(|last| last.logs.clone()), Some(vec!["a line".to_owned()]));
    }
    app.invoke::<Value>("rust_case", json!({ "do": "log", "text": "a warning" })).await?;
    assert_eq!(app.invocations().last().map(|last| last.logs.clone()), Some(vec![" WARN a warning".to_owned()]));
    Ok(())
}

#[bedrock::test]
async fn who_called_whom_is_known_across_languages(app: App) -> bedrock::Result<()> {
    if !is_there(&app, "python_case").await || !is_there(&app, "node_case").await {
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
async fn code_that_calls_workers_is_tested_as_it_is(app: App) -> bedrock::Result<()> {
    let answer: Value = invoke!("rust_case", json!({ "do": "echo", "value": 1 }), require_response = true).await?;
    assert_eq!(answer, 1);
    // From a task, from a thread that may block, and from a thread that tokio does not know.
    let call = || bedrock::invoke_arn("rust_case", json!({ "do": "echo", "value": 2 })).require_response::<Value>();
    assert_eq!(tokio::spawn(call()).await??, 2);
    let handle = tokio::runtime::Handle::current();
    let there = handle.clone();
    assert_eq!(tokio::task::spawn_blocking(move || there.block_on(call())).await??, 2);
    let thread = std::thread::spawn(move || handle.block_on(call()));
    assert_eq!(thread.join().expect("no panic")?, 2);
    app.assert_called("rust_case").times(4);
    Ok(())
}

#[bedrock::test]
async fn the_endpoint_is_asked_without_a_port_and_is_the_caller_of_its_calls(app: App) -> bedrock::Result<()> {
    async fn relay(body: String) -> Result<String, String> {
        let event: Value = serde_json::from_str(&body).map_err(|error| error.to_string())?;
        let answer = invoke!("rust_case", event, require_response = true).await.map_err(|error| error.to_string())?;
        Ok(Value::to_string(&answer))
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
async fn an_app_without_an_endpoint_says_how_to_give_it_one(app: App) {
    let error = app.get("/").await.expect_err("no endpoint").to_string();
    assert_eq!(error, "the app of this test has no endpoint\nhelp: give it one with `app.with_router(router())`");
}

#[bedrock::test]
async fn lambda_s_api_leads_to_the_same_app(app: App) -> bedrock::Result<()> {
    app.mock("python_case", |event: Value| Ok(json!({ "mocked": event })));
    let url = app.api_url().await?;
    let address = url.strip_prefix("http://").expect("an address").to_owned();
    let answer = request(&address, "python_case", r#"{"a":1}"#).await?;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with(r#"{"mocked":{"a":1}}"#), "{answer}");
    app.assert_called("python_case").with_event(json!({ "a": 1 })).times(1);
    assert_eq!(app.api_url().await?, url);
    drop(app);
    Ok(())
}

/// Invokes a function as a client would that speaks HTTP.
async fn request(address: &str, function: &str, event: &str) -> std::io::Result<String> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    let key = "AWS4-HMAC-SHA256 Credential=ANY/20261125/us-east-1/lambda/aws4_request, Signature=x";
    let head = format!("POST /2015-03-31/functions/{function}/invocations HTTP/1.1\r\nHost: {address}\r\n");
    let rest = format!("Authorization: {key}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{event}", event.len());
    stream.write_all((head + &rest).as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
