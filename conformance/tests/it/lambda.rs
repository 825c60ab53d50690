//! Tests of the workers as Lambda functions: their own binaries, driven through the Runtime API as on Lambda.

use std::path::Path;
use std::process::Command;
use std::sync::mpsc::channel;

use serde_json::{Value, json};
use testbed::{FunctionRun, InvocationResult, RuntimeApi, invoke_api};

use crate::lambda_build::binary;

/// Returns a command with the environment of a Lambda function.
fn function(name: &str, package: &str) -> Command {
    let mut command = Command::new(binary(package));
    command
        .env("AWS_LAMBDA_FUNCTION_NAME", name)
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "7")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{name}"))
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "stream")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env_remove("RUST_BACKTRACE");
    command
}

/// Passes events to a function. Returns its responses and its output.
fn drive(name: &str, command: Command, events: &[Value]) -> (Vec<InvocationResult>, String) {
    let FunctionRun { results: responses, stdout, .. } = RuntimeApi::start(name, events).run(command);
    (responses, stdout)
}

fn run(format: &str, events: &[Value]) -> (Vec<InvocationResult>, String) {
    let name = "conformance-dev-rust_case";
    let mut command = function(name, "rust_case");
    command.env("AWS_LAMBDA_LOG_FORMAT", format);
    drive(name, command, events)
}

#[test]
fn lambda_worker_responds_and_fails_like_a_function() {
    let echo = json!({ "do": "echo", "value": { "text": "größer 🦀" } });
    let events = [
        echo.clone(),
        json!({ "do": "raise" }),
        json!({ "do": "panic" }),
        json!({ "do": "calls" }),
        json!({ "do": "context" }),
        json!({ "do": "make", "length": 6 * 1024 * 1024 - 2 }),
    ];
    let (responses, _) = run("Text", &events);
    assert_eq!(responses[0], InvocationResult::Response(echo["value"].clone()));
    assert_eq!(
        responses[1],
        InvocationResult::Error(json!({ "errorType": "BadCase", "errorMessage": "requested failure" }))
    );
    let panicked = "the worker panicked: requested failure";
    assert_eq!(responses[2], InvocationResult::Error(json!({ "errorType": "Panic", "errorMessage": panicked })));
    // The environment survives the panic: the same instance continues.
    assert_eq!(responses[3], InvocationResult::Response(json!(4)));
    let InvocationResult::Response(context) = &responses[4] else { panic!("{:?}", responses[4]) };
    assert_eq!(context["name"], "conformance-dev-rust_case");
    assert_eq!(context["arn"], "arn:aws:lambda:us-east-1:123456789012:function:conformance-dev-rust_case");
    assert_eq!((&context["memory"], &context["version"]), (&json!(512), &json!("7")));
    assert_eq!(context["trace"], "Root=1-6555a4f0-0123456789abcdef01234567");
    assert!(context["remaining"].as_u64().is_some_and(|ms| ms > 25_000 && ms <= 30_000), "{context}");
    let InvocationResult::Response(long) = &responses[5] else { panic!("{:?}", responses[5]) };
    assert_eq!(long.as_str().map(str::len), Some(6 * 1024 * 1024 - 2));
}

#[test]
fn log_format_follows_lambdas_setting() {
    let events = [json!({ "do": "raise" })];
    let (_, text) = run("Text", &events);
    assert!(text.contains("ERROR") && text.contains("BadCase"), "{text}");
    let (_, lines) = run("JSON", &events);
    let parsed: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert!(parsed.iter().any(|line| line["level"] == "ERROR" && line.to_string().contains("BadCase")), "{lines}");
}

/// Returns an HTTP request in the event format of a function URL.
fn get(path: &str) -> Value {
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
}

fn status(response: &InvocationResult) -> &Value {
    match response {
        InvocationResult::Response(response) => &response["statusCode"],
        other => panic!("{other:?}"),
    }
}

#[test]
fn endpoint_responds_with_the_workers_response() {
    let (calls, called) = channel();
    // Each invocation of the worker has an environment of its own.
    let url = invoke_api::start(move |arn, event| {
        let _ = calls.send((arn.to_owned(), event.clone()));
        let name = "hello-dev-greeter";
        let (mut responses, _) = drive(name, function(name, "greeter"), &[event]);
        responses.remove(0)
    });
    let mut endpoint = function("hello-dev-endpoint", "hello");
    endpoint.env("AWS_ENDPOINT_URL_LAMBDA", url);
    let (responses, _) = drive("hello-dev-endpoint", endpoint, &[get("/nothing"), get("/hello/Ada")]);
    assert_eq!(status(&responses[0]), 404);
    let InvocationResult::Response(response) = &responses[1] else { panic!("{:?}", responses[1]) };
    assert_eq!(
        (&response["statusCode"], response["body"].as_str()),
        (&json!(200), Some(r#"{"message":"Hello, Ada!"}"#))
    );
    let (arn, event) = called.try_recv().expect("a call");
    // The alias of the worker in the endpoint's app and stage, by the naming rule.
    assert_eq!(arn, "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Ahello-dev-greeter%3Alive");
    assert_eq!(event, json!({ "name": "Ada" }));
}

#[test]
fn endpoint_responds_in_the_format_of_each_front_door() {
    let rest_api = json!({
        "resource": "/{proxy+}", "path": "/nothing", "httpMethod": "GET", "headers": null, "multiValueHeaders": null,
        "queryStringParameters": null, "body": null, "isBase64Encoded": false, "requestContext": { "stage": "prod" }
    });
    let load_balancer = json!({
        "requestContext": { "elb": { "targetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/g/6d" } },
        "httpMethod": "GET", "path": "/nothing", "queryStringParameters": {}, "body": "", "isBase64Encoded": false,
        "headers": { "user-agent": "ELB-HealthChecker/2.0" }
    });
    let name = "hello-dev-endpoint";
    let events = [rest_api, load_balancer, json!({ "no": "request" }), get("/nothing")];
    for mode in ["BUFFERED", "RESPONSE_STREAM"] {
        let mut endpoint = function(name, "hello");
        endpoint.env("BEDROCK_INVOKE_MODE", mode);
        let (responses, _) = drive(name, endpoint, &events);
        let expected = json!({ "statusCode": 404, "multiValueHeaders": {}, "isBase64Encoded": false, "body": "" });
        assert_eq!(responses[0], InvocationResult::Response(expected));
        let expected = json!({
            "statusCode": 404, "statusDescription": "404 Not Found", "headers": {},
            "isBase64Encoded": false, "body": ""
        });
        assert_eq!(responses[1], InvocationResult::Response(expected));
        let InvocationResult::Error(error) = &responses[2] else { panic!("{:?}", responses[2]) };
        assert!(error["errorMessage"].as_str().is_some_and(|text| text.contains("expects a JSON payload")), "{error}");
        if mode == "BUFFERED" {
            assert_eq!(status(&responses[3]), 404);
        }
    }
}

#[test]
fn worker_calls_the_configured_functions() {
    let url = invoke_api::start(|name, event| match name {
        "a_function" => InvocationResult::Response(json!({ "was": event })),
        _ => InvocationResult::Error(json!({ "errorType": "KeyError", "errorMessage": "'x'", "stackTrace": ["line"] })),
    });
    let mut command = function("elsewhere", "rust_case");
    command
        .env("AWS_ENDPOINT_URL_LAMBDA", url)
        .env("CONFORMANCE_WORKER_ARN_PYTHON_CASE", "a_function")
        .env("CONFORMANCE_WORKER_ARN_NODE_CASE", "another_function");
    let call = |worker: &str| json!({ "do": "call", "worker": worker, "event": { "n": 1 } });
    let (responses, _) = drive("elsewhere", command, &[call("python_case"), call("node_case")]);
    assert_eq!(responses[0], InvocationResult::Response(json!({ "was": { "n": 1 } })));
    let message = "worker `node_case` failed: KeyError: 'x'";
    assert_eq!(responses[1], InvocationResult::Error(json!({ "errorType": "KeyError", "errorMessage": message })));
}

#[test]
fn program_not_built_for_lambda_fails_in_the_init_phase() {
    let mut build = Command::new(env!("CARGO"));
    testbed::share_build(build.args(["build", "--quiet", "--package", "hello", "--package", "greeter"]));
    assert!(build.status().expect("cargo").success(), "the programs are built");
    let target = Path::new(env!("CARGO_BIN_EXE_conformance")).ancestors().nth(2).expect("cargo's target folder");
    for (program, subject) in [("hello", "this program"), ("greeter", "the worker `greeter`")] {
        let mut command = Command::new(target.join("fixtures/debug").join(program));
        command.envs(function(program, "hello").get_envs().filter_map(|(name, value)| Some((name, value?))));
        let FunctionRun { results, stderr, .. } = RuntimeApi::start(program, &[get("/hello/Ada")]).run(command);
        let message = format!("{subject} was not built for Lambda; build it with `cargo bedrock build`");
        assert!(stderr.contains(&format!("error: {message}\n")), "{stderr}");
        let error = json!({ "errorType": "Runtime.NotBuiltForLambda", "errorMessage": message, "stackTrace": [] });
        assert_eq!(results, [InvocationResult::InitError(error)]);
    }
}

#[test]
fn worker_binary_started_directly_explains_how_to_run_it() {
    let output = Command::new(binary("rust_case")).env_remove("AWS_LAMBDA_RUNTIME_API").output().expect("it starts");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "error: `rust_case` is the binary of a worker, it runs on Lambda\n\
         help: on this machine run `cargo bedrock invoke rust_case`\n"
    );
}
