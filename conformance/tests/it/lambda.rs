//! The same workers as Lambda functions: their own binaries, driven through the Runtime API as Lambda drives them.

use std::process::Command;

use serde_json::{Value, json};

use crate::runtime_api::{Answer, RuntimeApi};

/// Builds a package of this workspace and gives its binary.
fn binary(package: &str) -> std::path::PathBuf {
    let built = Command::new(env!("CARGO")).args(["build", "--quiet", "--package", package]).status().expect("cargo");
    assert!(built.success(), "{package} is built");
    let here = std::path::Path::new(env!("CARGO_BIN_EXE_conformance"));
    here.with_file_name(package)
}

fn run(package: &str, format: &str, events: &[Value]) -> (Vec<Answer>, String) {
    let api = RuntimeApi::start(events.to_vec());
    let mut command = Command::new(binary(package));
    command
        .env("AWS_LAMBDA_RUNTIME_API", api.address())
        .env("AWS_LAMBDA_FUNCTION_NAME", "conformance-dev-rust_case")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "7")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/conformance-dev-rust_case")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "stream")
        .env("AWS_LAMBDA_LOG_FORMAT", format)
        .env_remove("RUST_BACKTRACE");
    api.drive(command)
}

#[test]
fn a_worker_answers_and_fails_as_a_function_does() {
    let echo = json!({ "do": "echo", "value": { "text": "größer 🦀" } });
    let events = [
        echo.clone(),
        json!({ "do": "raise" }),
        json!({ "do": "panic" }),
        json!({ "do": "calls" }),
        json!({ "do": "context" }),
        json!({ "do": "make", "length": 6 * 1024 * 1024 - 2 }),
    ];
    let (answers, _) = run("rust_case", "Text", &events);
    assert_eq!(answers[0], Answer::Response(echo["value"].clone()));
    assert_eq!(answers[1], Answer::Error(json!({ "errorType": "BadCase", "errorMessage": "as it was told" })));
    let panicked = "the worker panicked: as it was told";
    assert_eq!(answers[2], Answer::Error(json!({ "errorType": "Panic", "errorMessage": panicked })));
    // The environment outlives the panic: the same instance counts on.
    assert_eq!(answers[3], Answer::Response(json!(4)));
    let Answer::Response(context) = &answers[4] else { panic!("{:?}", answers[4]) };
    assert_eq!(context["name"], "conformance-dev-rust_case");
    assert_eq!(context["arn"], "arn:aws:lambda:us-east-1:123456789012:function:conformance-dev-rust_case");
    assert_eq!((&context["memory"], &context["version"]), (&json!(512), &json!("7")));
    assert_eq!(context["trace"], "Root=1-6555a4f0-0123456789abcdef01234567");
    assert!(context["remaining"].as_u64().is_some_and(|ms| ms > 25_000 && ms <= 30_000), "{context}");
    let Answer::Response(long) = &answers[5] else { panic!("{:?}", answers[5]) };
    assert_eq!(long.as_str().map(str::len), Some(6 * 1024 * 1024 - 2));
}

#[test]
fn logs_are_text_or_json_as_lambda_says() {
    let events = [json!({ "do": "raise" })];
    let (_, text) = run("rust_case", "Text", &events);
    assert!(text.contains("ERROR") && text.contains("BadCase"), "{text}");
    let (_, lines) = run("rust_case", "JSON", &events);
    let parsed: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert!(parsed.iter().any(|line| line["level"] == "ERROR" && line.to_string().contains("BadCase")), "{lines}");
}

#[test]
fn an_endpoint_answers_http_events() {
    let request = |path: &str| {
        json!({
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "", "headers": {},
            "isBase64Encoded": false, "requestContext": {
                "accountId": "anonymous", "apiId": "id", "domainName": "id.lambda-url.us-east-1.on.aws",
                "domainPrefix": "id", "requestId": "r", "routeKey": "$default", "stage": "$default",
                "time": "25/Nov/2026:00:00:00 +0000", "timeEpoch": 1_795_564_800_000_u64, "http": {
                    "method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "test"
                }
            }
        })
    };
    let (answers, _) = run("hello", "Text", &[request("/nothing"), request("/hello/Ada")]);
    let status = |answer: &Answer| match answer {
        Answer::Response(response) => response["statusCode"].clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(status(&answers[0]), 404);
    // Its worker is another function; calling that is not part of this version, and says so.
    assert_eq!(status(&answers[1]), 502);
}

#[test]
fn a_worker_that_is_started_by_hand_says_how_to_run_it() {
    let output = Command::new(binary("rust_case")).env_remove("AWS_LAMBDA_RUNTIME_API").output().expect("it starts");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "error: `rust_case` is the binary of a worker, it runs on Lambda\n\
         help: on this machine run `cargo bedrock invoke rust_case`\n"
    );
}
