//! The example app `space`, built for deployment: each artifact runs as a function in an emulator with all others, and
//! the Python workers also run on AWS's own runtime.
#![allow(clippy::expect_used, clippy::panic)] // a failed test panics

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use serde_json::{Value, json};
use testbed::{Function, InvocationResult, Ministack};

/// Address that the workers fetch from, as written in their code.
const WEBSITE_ADDRESS: &str = "127.0.0.1:7878";
const SYSTEMS: &str = include_str!("../../../examples/space/src/systems.json");

fn app() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the checkout").join("examples/space")
}

/// Serves the website until the end of the test.
fn serve_website() {
    let listener = TcpListener::bind(WEBSITE_ADDRESS).expect("the port is free");
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(stream.try_clone().expect("a socket")).lines().map_while(Result::ok);
            let request_line = lines.next().unwrap_or_default();
            lines.find(String::is_empty);
            let (status, body) =
                if request_line.starts_with("GET /api/systems ") { ("200 OK", SYSTEMS) } else { ("404 Not Found", "") };
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            );
            let _ = stream.write_all((head + body).as_bytes());
        }
    });
}

/// Builds the example, for release in the nightly tests: a dev build checks the same artifacts and takes two minutes less.
/// Returns its functions as listed in the manifest: the endpoint first, then the workers by name.
fn build_functions() -> Vec<(String, Function)> {
    let mut build = Command::new(env!("CARGO_BIN_EXE_cargo-bedrock"));
    build.args(["bedrock", "build"]).current_dir(app());
    if env::var("NEXTEST_PROFILE").is_ok_and(|profile| profile == "nightly") {
        build.arg("--release");
    }
    let output = testbed::share_build(&mut build).output().expect("the build starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let folder = app().join("target/bedrock");
    let text = fs::read_to_string(folder.join("manifest.json")).expect("the manifest");
    let manifest: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(manifest["endpoint"]["invokes"], json!(["system_fetcher", "system_fetcher_js", "system_report"]));
    let workers = manifest["workers"].as_object().expect("workers");
    let function = |entry: &Value| {
        let text = |key: &str| entry[key].as_str().expect(key).to_owned();
        let zip = |artifact: &Value| Some(folder.join(artifact["path"].as_str()?));
        let name = format!("space-dev-{}", text("name"));
        let mut function =
            Function::new(&name, &text("runtime"), &text("handler"), zip(&entry["code"]).expect("the code"));
        function.layers = zip(&entry["layer"]).into_iter().collect();
        (text("name"), function)
    };
    std::iter::once(&manifest["endpoint"]).chain(workers.values()).map(function).collect()
}

#[test]
fn every_artifact_of_the_example_responds() {
    let functions = build_functions();
    let Some(ministack) = Ministack::start(false) else { return };
    serve_website();
    let all: Vec<Function> = functions.iter().map(|(_, function)| function.clone()).collect();
    ministack.deploy(&all).expect("deployed");
    let systems: Value = serde_json::from_str(SYSTEMS).expect("JSON");
    let nearest = json!([systems[1], systems[4], systems[2]]);
    let report = json!({ "title": "Near us", "nearest": nearest, "systems": 5, "planets": 25 });
    let expected = |worker: &str| match worker {
        "distance_ranker" => (json!({ "most": 3 }), nearest.clone()),
        "system_fetcher" | "system_fetcher_js" => (json!({}), systems.clone()),
        "system_counter" => (json!({}), json!({ "systems": 5, "planets": 25 })),
        "system_report" => (json!({ "title": "Near us" }), report.clone()),
        other => panic!("unexpected worker: {other}"),
    };
    for (name, function) in &functions {
        if name == "endpoint" {
            let answer = ministack.invoke(&function.name, &http_event("/systems")).expect("invoked");
            let body = answer.payload["body"].as_str().unwrap_or_default();
            let body: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer:?}"));
            let expected = json!({ "systems": systems, "javascript_agrees": true, "report": report });
            assert_eq!(as_floats(body), as_floats(expected));
            continue;
        }
        let (event, response) = expected(name);
        let answer = ministack.invoke(&function.name, &event).expect("invoked");
        let response = as_floats(response);
        assert_eq!(
            (answer.function_error, as_floats(answer.payload)),
            (None, response.clone()),
            "{name}: {}",
            answer.log
        );
        if !function.runtime.starts_with("python") {
            continue;
        }
        // On AWS's own runtime, where calls go to the functions of the emulator.
        let mut on_ric = function.clone();
        on_ric.environment = ministack.environment().map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let Some(run) = testbed::ric::run(&on_ric, &[event]) else { return };
        let [InvocationResult::Response(response_on_ric)] = &run.results[..] else { panic!("{name}: {run:?}") };
        assert_eq!(as_floats(response_on_ric.clone()), response, "{name}");
    }
}

/// Converts all numbers to floats, because JavaScript writes 2790.0 as 2790.
fn as_floats(value: Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(items) => items.into_iter().map(as_floats).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, as_floats(value))).collect(),
        other => other,
    }
}

/// Returns the event that a function URL sends for a GET request.
fn http_event(path: &str) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
        "headers": { "host": "x.lambda-url.us-east-1.on.aws", "accept": "*/*" },
        "requestContext": {
            "accountId": "anonymous", "apiId": "x", "domainName": "x.lambda-url.us-east-1.on.aws", "domainPrefix": "x",
            "http": { "method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "test" },
            "requestId": "1", "routeKey": "$default", "stage": "$default", "time": "25/Nov/2026:09:00:00 +0000", "timeEpoch": 1
        },
        "isBase64Encoded": false
    })
}
