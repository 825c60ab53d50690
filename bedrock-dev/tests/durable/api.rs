//! The operations of Lambda's API over HTTP: what they accept, and AWS's errors for the rest.

use std::time::{Duration, SystemTime};

use bedrock_dev::Clock;
use serde_json::{Value, json};

use super::fixture::{DurableApp, call, encoded, event_types, get, start_execution, wait_for_event};

#[tokio::test]
async fn wait_of_a_minute_passes_when_the_clock_moves() {
    let Some(app) = DurableApp::new() else { return };
    let clock = Clock::manual(SystemTime::now());
    let server = app.start(clock.clone()).await;
    let arn = start_execution(&server.url, "python_handlers", "2-4-a", &Value::Null).await;
    wait_for_event(&server.url, &arn, "InvocationCompleted").await;
    assert_eq!(get(&server.url, &arn, "").await["Status"], "RUNNING");
    clock.advance(Duration::from_secs(61));
    wait_for_event(&server.url, &arn, "ExecutionSucceeded").await;
    server.close();
}

#[tokio::test]
async fn synchronous_call_returns_result_and_arn() {
    let Some(app) = DurableApp::new() else { return };
    let server = app.start(Clock::real()).await;
    let invoke = async |worker: &str, name: &str, event: Value| {
        let headers: &[_] = &[("x-amz-durable-execution-name", name)];
        let path = format!("POST /2015-03-31/functions/{worker}/invocations");
        call(&server.url, &path, headers, &event.to_string()).await
    };
    let first = invoke("python_handlers", "1-1-a", json!({ "Input": "World" })).await;
    assert_eq!((first.status, &first.body), (200, &json!("Hello, World!")));
    let arn = first.header("x-amz-durable-execution-arn").to_owned();
    assert!(arn.contains(":function:shop-local-python_handlers:$LATEST/durable-execution/1-1-a/"), "{arn}");
    // The same name and event return the same execution.
    let again = invoke("python_handlers", "1-1-a", json!({ "Input": "World" })).await;
    assert_eq!((&again.body, again.header("x-amz-durable-execution-arn")), (&json!("Hello, World!"), arn.as_str()));
    let other = invoke("python_handlers", "1-1-a", json!({ "Input": "Moon" })).await;
    assert_eq!((other.status, other.error().0), (409, "DurableExecutionAlreadyStartedException"));
    let failed = invoke("failing", "a", json!({})).await;
    assert_eq!((failed.status, failed.header("x-amz-function-error")), (200, "Unhandled"));
    assert_eq!(failed.body["errorMessage"], "it always fails");
    let named = invoke("python_handlers", "has space", json!({})).await;
    assert_eq!(named.error().0, "ValidationException");
    server.close();
}

#[tokio::test]
async fn function_name_needs_a_qualifier() {
    let Some(app) = DurableApp::new() else { return };
    let server = app.start(Clock::real()).await;
    for (name, status) in [("shop-local-echo", 400), ("shop-local-echo:live", 202), ("echo", 202)] {
        let path = format!("POST /2015-03-31/functions/{name}/invocations");
        let response = call(&server.url, &path, &[("x-amz-invocation-type", "Event")], "{}").await;
        assert_eq!(response.status, status, "{name}: {response:?}");
        if status == 400 {
            let message = "You cannot invoke a durable function using an unqualified ARN.";
            assert_eq!(response.error(), ("InvalidParameterValueException", message));
        }
    }
    let response = call(&server.url, "GET /2015-03-31/functions/echo/configuration", &[], "").await;
    assert_eq!(response.body["DurableConfig"], json!({ "ExecutionTimeout": 900, "RetentionPeriodInDays": 1 }));
    server.close();
}

#[tokio::test]
async fn wrong_requests_get_awss_errors_and_change_nothing() {
    let Some(app) = DurableApp::new() else { return };
    let server = app.start(Clock::real()).await;
    let arn = start_execution(&server.url, "python_handlers", "4-2-a", &Value::Null).await;
    wait_for_event(&server.url, &arn, "CallbackStarted").await;
    wait_for_event(&server.url, &arn, "InvocationCompleted").await;
    let before = event_types(&server.url, &arn).await;
    let unknown = encoded(&arn.replace("4-2-a", "missing"));
    let arn_path = encoded(&arn);
    let executions = "/2025-12-01/durable-executions";
    let token = r#"{"CheckpointToken":"QUJD","Updates":[]}"#;
    let large = format!(r#"{{"CheckpointToken":"QUJD","ClientToken":"{}"}}"#, "x".repeat(6 * 1024 * 1024));
    for (request, body, status, exception) in [
        (format!("GET {executions}/{unknown}"), "", 404, "ResourceNotFoundException"),
        (format!("GET {executions}/{unknown}/history"), "", 404, "ResourceNotFoundException"),
        (format!("GET {executions}/{arn_path}/history?MaxItems=-1"), "", 400, "ValidationException"),
        (format!("GET {executions}/nonsense"), "", 400, "ValidationException"),
        (format!("POST {executions}/{arn_path}/checkpoint"), token, 400, "InvalidParameterValueException"),
        (format!("POST {executions}/{unknown}/checkpoint"), token, 400, "InvalidParameterValueException"),
        (format!("POST {executions}/{arn_path}/checkpoint"), "{", 400, "SerializationException"),
        (format!("POST {executions}/{arn_path}/checkpoint"), large.as_str(), 413, "RequestTooLargeException"),
        (format!("GET {executions}/{arn_path}/state?CheckpointToken=QUJD"), "", 400, "InvalidParameterValueException"),
        (format!("POST {executions}/{arn_path}/resume"), "{}", 409, "ResourceConflictException"),
        (format!("DELETE {executions}/{arn_path}"), "", 409, "ResourceConflictException"),
        (format!("PUT {executions}/{arn_path}"), "", 404, "UnknownOperationException"),
        ("GET /2025-12-01/functions/missing/durable-executions".to_owned(), "", 404, "ResourceNotFoundException"),
        ("GET /2025-12-01/functions/echo/durable-executions?Statuses=BOGUS".to_owned(), "", 400, "ValidationException"),
        (
            "GET /2025-12-01/functions/echo/durable-executions?Statuses=FAILED&Statuses=RUNNING".to_owned(),
            "",
            400,
            "InvalidParameterValueException",
        ),
        (
            "POST /2025-12-01/durable-execution-callbacks/QUJD/succeed".to_owned(),
            "",
            400,
            "InvalidParameterValueException",
        ),
    ] {
        let response = call(&server.url, &request, &[], body).await;
        assert_eq!((response.status, response.error().0), (status, exception), "{request}");
    }
    // Other workers have no right to the execution, and no caller has without credentials.
    let foreign = [("authorization", "Bedrock LOCAL_plain")];
    let response = call(&server.url, &format!("POST {executions}/{arn_path}/checkpoint"), &foreign, token).await;
    assert_eq!((response.status, response.error().0), (403, "AccessDeniedException"));
    let response = call(&server.url, &format!("GET {executions}/{arn_path}"), &[("authorization", "")], "").await;
    assert_eq!(response.status, 403);
    assert_eq!(event_types(&server.url, &arn).await, before);
    server.close();
}

#[tokio::test]
async fn execution_is_paused_resumed_answered_listed_and_deleted() {
    let Some(app) = DurableApp::new() else { return };
    let server = app.start(Clock::real()).await;
    let arn = start_execution(&server.url, "python_handlers", "4-2-a", &Value::Null).await;
    wait_for_event(&server.url, &arn, "InvocationCompleted").await;
    let path = format!("/2025-12-01/durable-executions/{}", encoded(&arn));
    let pause = r#"{"ClientToken":"one","Reason":"deploy"}"#;
    for _ in 0..2 {
        assert_eq!(call(&server.url, &format!("POST {path}/pause"), &[], pause).await.status, 202);
    }
    let execution = get(&server.url, &arn, "").await;
    assert_eq!((&execution["Status"], &execution["PauseDetails"]["Reason"]), (&json!("PAUSED"), &json!("deploy")));
    let history = get(&server.url, &arn, "/history").await;
    let id = history["Events"][1]["CallbackStartedDetails"]["CallbackId"].as_str().expect("an id").to_owned();
    let callback =
        format!("POST /2025-12-01/durable-execution-callbacks/{}", id.replace('/', "%2F").replace('=', "%3D"));
    assert_eq!(call(&server.url, &format!("{callback}/heartbeat"), &[], "").await.status, 200);
    assert_eq!(call(&server.url, &format!("{callback}/succeed"), &[], "\"yes\"").await.status, 200);
    let closed = call(&server.url, &format!("{callback}/fail"), &[], "{}").await;
    assert_eq!((closed.status, closed.error().0), (400, "CallbackTimeoutException"));
    assert_eq!(call(&server.url, &format!("POST {path}/resume"), &[], "{}").await.status, 202);
    wait_for_event(&server.url, &arn, "ExecutionSucceeded").await;
    let list = call(&server.url, "GET /2025-12-01/functions/python_handlers/durable-executions", &[], "").await;
    assert_eq!(list.body["DurableExecutions"][0]["DurableExecutionArn"], arn.as_str());
    assert_eq!(call(&server.url, &format!("DELETE {path}"), &[], "").await.status, 202);
    assert_eq!(call(&server.url, &format!("GET {path}"), &[], "").await.status, 404);
    server.close();
}

#[tokio::test]
async fn chained_worker_that_is_not_durable_is_called_once() {
    let Some(app) = DurableApp::new() else { return };
    let manifest = std::fs::read_to_string(app.root().join("Cargo.toml")).expect("a manifest");
    app.save("Cargo.toml", &manifest.replace("ECHO = 'echo'", "ECHO = 'plain'"));
    let server = app.start(Clock::real()).await;
    let arn = start_execution(&server.url, "python_handlers", "5-1-a", &json!("x")).await;
    wait_for_event(&server.url, &arn, "ExecutionSucceeded").await;
    let execution = get(&server.url, &arn, "").await;
    assert_eq!(execution["Result"], "\"x\"");
    server.close();
}

#[tokio::test]
async fn stopped_execution_ends_its_callers() {
    let Some(app) = DurableApp::new() else { return };
    let server = app.start(Clock::real()).await;
    let url = server.url.clone();
    let caller = tokio::spawn(async move {
        let headers = [("x-amz-durable-execution-name", "4-2-a")];
        call(&url, "POST /2015-03-31/functions/python_handlers/invocations", &headers, r#"{"Input":null}"#).await
    });
    let arn = loop {
        let list = call(&server.url, "GET /2025-12-01/functions/python_handlers/durable-executions", &[], "").await;
        if let Some(arn) = list.body["DurableExecutions"][0]["DurableExecutionArn"].as_str() {
            break arn.to_owned();
        }
        tokio::task::yield_now().await;
    };
    wait_for_event(&server.url, &arn, "InvocationCompleted").await;
    let stop = format!("POST /2025-12-01/durable-executions/{}/stop", encoded(&arn));
    let error = r#"{"ErrorType":"Ops","ErrorMessage":"enough"}"#;
    let stopped = call(&server.url, &stop, &[], error).await;
    assert!(stopped.body["StopTimestamp"].is_f64(), "{stopped:?}");
    let response = caller.await.expect("it ends");
    assert_eq!((&response.body["errorType"], &response.body["errorMessage"]), (&json!("Ops"), &json!("enough")));
    server.close();
}
