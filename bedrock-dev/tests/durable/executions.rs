//! The executions in the dashboard's API.

use bedrock_dev::Clock;
use serde_json::{Value, json};

use super::fixture::{ApiResponse, DurableApp, call, start_execution, wait_for_event};
use super::schema::check;

const BASE: &str = "/_bedrock/v1/executions";

async fn get(url: &str, path: &str) -> ApiResponse {
    call(url, &format!("GET {BASE}{path}"), &[], "").await
}

/// Sends a change with the token of the server.
async fn post(url: &str, path: &str, body: &str) -> ApiResponse {
    let token = call(url, "GET /_bedrock/v1/token", &[], "").await;
    let token = token.body["token"].as_str().expect("a token").to_owned();
    call(url, &format!("POST {BASE}{path}"), &[("x-bedrock-token", &token)], body).await
}

fn id(arn: &str) -> String {
    format!("/{}", arn.rsplit('/').next().expect("an id"))
}

/// Starts an execution that waits for a callback. Returns its ARN and the path of the callback.
async fn start_callback(url: &str, name: &str) -> (String, String) {
    let arn = start_execution(url, "python_handlers", name, &Value::Null).await;
    wait_for_event(url, &arn, "CallbackStarted").await;
    wait_for_event(url, &arn, "InvocationCompleted").await;
    let details = get(url, &id(&arn)).await.body;
    let operations = details["execution"]["operations"].as_array().expect("operations").clone();
    let open = operations.iter().find(|operation| operation["callback_id"].is_string()).expect("a callback");
    let path = format!("{}/callbacks/{}", id(&arn), open["operation_id"].as_str().expect("an id"));
    (arn, path)
}

#[tokio::test]
async fn executions_are_listed_and_described() {
    let Some(app) = DurableApp::new() else { return };
    let server = app.start(Clock::real()).await;
    let empty = get(&server.url, "").await;
    check("Executions", &empty.body);
    assert_eq!((&empty.body["total"], &empty.body["executions"]), (&json!(0), &json!([])));
    let (arn, _) = start_callback(&server.url, "4-2-a").await;
    let listed = get(&server.url, "").await.body;
    check("Executions", &listed);
    let execution = &listed["executions"][0];
    assert_eq!((&execution["name"], &execution["worker"]), (&json!("4-2-a"), &json!("python_handlers")));
    assert_eq!((&execution["arn"], &execution["status"]), (&json!(arn), &json!("RUNNING")));
    let details = get(&server.url, &id(&arn)).await.body;
    check("ExecutionDetails", &details);
    let details = &details["execution"];
    assert_eq!((&details["operation_count"], &details["invocations"][0]["ended_at"].is_string()), (&json!(1), &true));
    assert_eq!((&details["operations"][0]["kind"], &details["result"]), (&json!("CALLBACK"), &Value::Null));
    assert_eq!(get(&server.url, "/missing").await.status, 404);
    server.close();
}

#[tokio::test]
async fn callbacks_are_answered_once_with_json() {
    let Some(app) = DurableApp::new() else { return };
    let server = app.start(Clock::real()).await;
    let (arn, callback) = start_callback(&server.url, "4-2-a").await;
    assert_eq!(call(&server.url, &format!("POST {BASE}{callback}/succeed"), &[], "1").await.status, 403);
    let invalid = post(&server.url, &format!("{callback}/succeed"), "{").await;
    assert_eq!(invalid.status, 400);
    assert!(invalid.body["error"]["message"].as_str().is_some_and(|text| text.starts_with("the result is not valid")));
    let answered = post(&server.url, &format!("{callback}/succeed"), "\"yes\"").await;
    check("ChangedExecution", &answered.body);
    wait_for_event(&server.url, &arn, "ExecutionSucceeded").await;
    assert_eq!(post(&server.url, &format!("{callback}/succeed"), "1").await.status, 400);
    let details = get(&server.url, &id(&arn)).await.body;
    check("ExecutionDetails", &details);
    assert_eq!(details["execution"]["operations"][0]["result"]["json"], "yes");
    assert_eq!(details["execution"]["operations"][0]["callback_id"], Value::Null);

    let (arn, callback) = start_callback(&server.url, "4-2-b").await;
    assert_eq!(post(&server.url, &format!("{callback}/fail"), "not now").await.status, 200);
    wait_for_event(&server.url, &arn, "CallbackFailed").await;
    let details = get(&server.url, &id(&arn)).await.body;
    assert_eq!(details["execution"]["operations"][0]["error"]["message"], "not now");
    server.close();
}

#[tokio::test]
async fn executions_are_paused_resumed_and_stopped() {
    let Some(app) = DurableApp::new() else { return };
    let server = app.start(Clock::real()).await;
    let (arn, _) = start_callback(&server.url, "4-2-a").await;
    let change = async |action: &str| {
        let response = post(&server.url, &format!("{}/{action}", id(&arn)), "").await;
        (response.status, response.body["execution"]["status"].clone())
    };
    assert_eq!(change("pause").await, (200, json!("PAUSED")));
    assert_eq!(change("resume").await, (200, json!("RUNNING")));
    assert_eq!(change("stop").await, (200, json!("STOPPED")));
    assert!(matches!(change("pause").await.0, 400 | 409));
    assert_eq!(post(&server.url, "/missing/stop", "").await.status, 404);
    assert_eq!(call(&server.url, &format!("POST {BASE}{}/stop", id(&arn)), &[], "").await.status, 403);
    server.close();
}

#[tokio::test]
async fn payloads_of_executions_are_redacted() {
    let Some(app) = DurableApp::new() else { return };
    let manifest = std::fs::read_to_string(app.root().join("Cargo.toml")).expect("a manifest");
    let echo = "[package.metadata.bedrock.workers.echo]\n";
    app.save("Cargo.toml", &manifest.replace(echo, &format!("{echo}redact = ['card']\n")));
    let server = app.start(Clock::real()).await;
    let arn = start_execution(&server.url, "echo", "order-7", &json!({ "card": "4111", "order": 7 })).await;
    wait_for_event(&server.url, &arn, "ExecutionSucceeded").await;
    let details = get(&server.url, &id(&arn)).await.body;
    let expected = json!({ "Input": { "card": "«redacted»", "order": 7 } });
    let details = &details["execution"];
    assert_eq!((&details["input"]["json"], &details["result"]["json"]), (&expected, &expected));
    server.close();
}
