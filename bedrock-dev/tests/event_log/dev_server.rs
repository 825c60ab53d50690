//! A complete dev server: what its workers do is in the event log, and in a file after it has stopped.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use bedrock_dev::event_log::EventLogFile;
use bedrock_dev::execution::LogLine;
use bedrock_dev::{Clock, DevServer, DevServerConfig, ENDPOINT};
use serde_json::Value;

use super::client::send;
use super::fixture::{BASE, FRONT_END, app, app_with};
use super::schema::check;

#[tokio::test(flavor = "multi_thread")]
async fn output_and_exit_of_a_process_are_logged_and_on_disk() {
    let dir = tempfile::tempdir().expect("a folder");
    let lines = Arc::<Mutex<Vec<LogLine>>>::default();
    let sink_lines = Arc::clone(&lines);
    let config = DevServerConfig {
        app: app(dir.path()),
        install_folder: dir.path().join("target/bedrock"),
        state_folder: dir.path().join("target/bedrock"),
        port: 0,
        clock: Clock::real(),
        // Not a Lambda runtime: prints its environment variables and exits.
        executables: HashMap::from([("greeter".to_owned(), PathBuf::from("/usr/bin/env"))]),
        log_sink: Arc::new(move |line| sink_lines.lock().expect("lines").push(line)),
        call_graph: None,
        strict: false,
        relaxed: false,
    };
    let dev_server = DevServer::start(config).await.expect("it opens");
    let address = dev_server.url.trim_start_matches("http://").to_owned();
    let headers = [("authorization", "Bedrock any")];
    let response = send(&address, "POST /2015-03-31/functions/greeter/invocations", &headers, "{}").await;
    assert_eq!(response.json()["errorType"], "Runtime.ExitError");
    let id = response.header("x-amzn-requestid").expect("an id");
    let line = format!("GET {BASE}/invocations/{id}");
    let invocation = send(&address, &line, &[], "").await.json();
    check("InvocationDetails", &invocation);
    let attempt = &invocation["invocation"]["attempts"][0];
    assert_eq!(attempt["error_type"], "Runtime.ExitError");
    assert_eq!(attempt["message"], response.json()["errorMessage"]);
    // The process has exited, but its output may still be in the pipe.
    let mut reader = dev_server.event_log.subscribe(None);
    let is_expected = |json: &Value| json["line"] == "AWS_LAMBDA_FUNCTION_NAME=shop-local-greeter";
    while !is_expected(&serde_json::from_str(&reader.next().await.expect("more").json()).expect("JSON")) {}
    let has_line = lines.lock().expect("lines").iter().any(|line| line.text.starts_with("AWS_LAMBDA_FUNCTION_NAME="));
    dev_server.close();
    assert!(has_line);
    let file = EventLogFile::in_folder(&dir.path().join("target/bedrock/dev"));
    let text = std::fs::read_to_string(file.path).expect("a file");
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    for event in &events {
        check("DevEvent", event);
    }
    let kinds: Vec<_> =
        events.iter().filter_map(|event| event["kind"].as_str()).filter(|kind| *kind != "log").collect();
    assert_eq!(kinds, ["app_started", "invocation_started", "invocation_ended", "app_stopped"]);
    assert!(events.iter().any(is_expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn cors_settings_of_the_endpoint_open_its_url() {
    let dir = tempfile::tempdir().expect("a folder");
    let line = format!(
        "[package.metadata.bedrock.endpoint]\ncors = {{ allow-origins = [\"{FRONT_END}\"], allow-methods = [\"PUT\"] }}"
    );
    let config = DevServerConfig {
        app: app_with(dir.path(), &line),
        install_folder: dir.path().join("target/bedrock"),
        state_folder: dir.path().join("target/bedrock"),
        port: 0,
        clock: Clock::real(),
        // It is not started: a preflight request does not reach the function.
        executables: HashMap::from([(ENDPOINT.to_owned(), PathBuf::from("/usr/bin/env"))]),
        log_sink: Arc::new(|_| {}),
        call_graph: None,
        strict: false,
        relaxed: false,
    };
    let dev_server = DevServer::start(config).await.expect("it opens");
    let address = dev_server.url.trim_start_matches("http://").to_owned();
    let port = address.rsplit(':').next().expect("a port");
    // The worker has no such settings.
    for (function, expected) in [("endpoint", (200, Some("PUT"))), ("greeter", (403, None))] {
        let host = format!("{function}.localhost:{port}");
        let headers = [("host", host.as_str()), ("origin", FRONT_END), ("access-control-request-method", "PUT")];
        let response = send(&address, "OPTIONS /any/path", &headers, "").await;
        assert_eq!((response.status, response.header("access-control-allow-methods")), expected, "{function}");
    }
    dev_server.close();
}
