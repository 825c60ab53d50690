//! Built durable workers run in AWS's SDKs on AWS's own runtimes.

use serde_json::json;
use testbed::InvocationResult;

use crate::artifacts::function;
use crate::test_app::TestApp;

const PYTHON: &str = "\
from bedrock.workers.worker import Worker


class OrderFlow(Worker):
    def execute(self, event, context):
        return {\"hello\": event[\"name\"], \"context\": type(context).__name__}
";

/// In CommonJS, and with a class of the SDK.
const JAVASCRIPT: &str = "\
const { Worker } = require('./worker');
const { StepError } = require('@aws/durable-execution-sdk-js');

class MailFlow extends Worker {
  async execute(event, context) {
    return { hello: event.name, context: typeof context.step, error: typeof StepError };
  }
}
";

/// Its dependencies are in its bundle, as ES modules.
const BUNDLED: &str = "\
import { StepError } from '@aws/durable-execution-sdk-js';
import { Worker } from './worker.js';

export class BundleFlow extends Worker {
  async execute(event, context) {
    return { hello: event.name, context: typeof context.step, error: typeof StepError };
  }
}
";

/// The step of the worker in TypeScript.
const TYPED_STEP: &str = "await context.step('greet', async () => `hello ${event.name ?? 'world'}`)";

#[test]
fn durable_workers_run_with_the_sdk_of_their_dependencies() {
    let app = TestApp::without_rust();
    for name in ["order_flow.py", "mail_flow.js", "bundle_flow.js", "type_flow.ts"] {
        app.run_ok(&["new", "worker", name, "--durable"]);
    }
    // As it is made, but without operations, which nothing answers here.
    app.edit("workers/type_flow/main.ts", "    await context.wait('pause', { seconds: 5 });\n", "");
    app.edit("workers/type_flow/main.ts", TYPED_STEP, "`${event.name} ${typeof context.step}`");
    app.write("workers/order_flow/main.py", PYTHON);
    app.write("workers/mail_flow/main.js", JAVASCRIPT);
    app.write("workers/bundle_flow/main.js", BUNDLED);
    app.edit(
        "workers/bundle_flow/package.json",
        "\"dependencies\"",
        "\"type\": \"module\",\n  \"devDependencies\": { \"esbuild\": \"0.28.2\" },\n  \"dependencies\"",
    );
    let table = "[package.metadata.bedrock.workers.bundle_flow]\n";
    app.edit("Cargo.toml", table, &format!("{table}bundle = true\n"));
    let workers = ["order_flow", "mail_flow", "bundle_flow", "type_flow"];
    let code = workers.map(|worker| format!("--worker={worker}"));
    let layers = workers.map(|worker| format!("--worker-layer={worker}"));
    let arguments: Vec<&str> = ["build"].into_iter().chain(code.iter().chain(&layers).map(String::as_str)).collect();
    app.run_ok(&arguments);
    let execution = json!({
        "Id": "i", "Type": "EXECUTION", "Status": "STARTED", "StartTimestamp": 1_764_064_800_000_i64,
        "ExecutionDetails": { "InputPayload": "{\"name\":\"Ada\"}" }
    });
    let event = json!({
        "DurableExecutionArn": "arn:aws:lambda:eu-west-1:123456789012:function:f:1/durable-execution/n/i",
        "CheckpointToken": "token", "InitialExecutionState": { "Operations": [execution], "NextMarker": "" }
    });
    for (worker, result) in [
        ("order_flow", json!({ "hello": "Ada", "context": "DurableContext" })),
        ("mail_flow", json!({ "hello": "Ada", "context": "function", "error": "function" })),
        ("bundle_flow", json!({ "hello": "Ada", "context": "function", "error": "function" })),
        ("type_flow", json!({ "message": "Ada function" })),
    ] {
        let mut function = function(&app, worker);
        // TypeScript is always bundled, with its packages.
        assert_eq!(function.layers.is_empty(), ["bundle_flow", "type_flow"].contains(&worker), "{worker}");
        function.environment.insert("AWS_DEFAULT_REGION".to_owned(), "eu-west-1".to_owned());
        let Some(run) = testbed::ric::run(&function, std::slice::from_ref(&event)) else { return };
        let [InvocationResult::Response(response)] = &run.results[..] else { panic!("{run:?}") };
        assert_eq!(response["Status"], "SUCCEEDED", "{worker}: {response}");
        let text = response["Result"].as_str().expect("a result");
        assert_eq!(serde_json::from_str::<serde_json::Value>(text).expect("JSON"), result, "{worker}");
    }
}
