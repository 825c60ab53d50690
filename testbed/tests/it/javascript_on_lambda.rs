//! JavaScript workers, run with AWS's runtime interface client for Node.js.

use bedrock_build::Language;
use serde_json::{Value, json};
use testbed::{FunctionRun, InvocationResult, ric};

use crate::worker_zips::WorkerZips;

/// A worker whose class is not exported.
const COMMON_JS: &str = r"const ms = require('ms');
const { Worker } = require('./worker');

class SystemFetcher extends Worker {
  async execute(event, context) {
    console.log('fetching', event);
    if (event === 'raise') throw new TypeError('width');
    if (event === 'exit') process.exit(4);
    if (event === 'context') {
      const { awsRequestId, functionName, functionVersion, memoryLimitInMB, invokedFunctionArn, logGroupName } = context;
      const remaining = context.getRemainingTimeInMillis();
      return { awsRequestId, functionName, functionVersion, memoryLimitInMB, invokedFunctionArn, logGroupName, remaining };
    }
    return ms(event);
  }
}
";

const ES_MODULE: &str = r"import ms from 'ms';
import { Worker } from './worker.js';

class SystemFetcher extends Worker {
  execute(event) {
    return ms(event);
  }
}
";

fn run(files: &[(&str, &str)], events: &[Value]) -> Option<FunctionRun> {
    let zips = WorkerZips::new();
    let layer = zips.node_layer("ms@2.1.3")?;
    let mut function = zips.worker("system_fetcher", Language::JavaScript, files);
    function.layers.push(layer);
    ric::run(&function, events)
}

/// Returns type and message of the init error of a worker.
fn init_error(main: &str) -> Option<String> {
    let zips = WorkerZips::new();
    let run = ric::run(&zips.worker("system_fetcher", Language::JavaScript, &[("main.js", main)]), &[json!({})])?;
    let [InvocationResult::InitError(error)] = run.results.as_slice() else { panic!("{run:?}") };
    Some(format!("{}: {}", error["errorType"].as_str()?, error["errorMessage"].as_str()?))
}

#[test]
fn javascript_worker_responds_fails_and_restarts_after_exit() {
    let events = ["2 days", "raise", "exit", "context"].map(Value::from);
    let Some(run) = run(&[("main.js", COMMON_JS)], &events) else { return };
    assert_eq!(run.results[0], InvocationResult::Response(json!(172_800_000)));
    let InvocationResult::Error(error) = &run.results[1] else { panic!("{run:?}") };
    assert_eq!((&error["errorType"], &error["errorMessage"]), (&json!("TypeError"), &json!("width")));
    let frame = error["trace"][1].as_str().unwrap_or_default();
    assert!(frame.starts_with("    at SystemFetcher.execute (") && frame.contains("/task/main.js:7:"), "{error}");
    assert_eq!(run.results[2], InvocationResult::Exited(Some(4)));
    let InvocationResult::Response(context) = &run.results[3] else { panic!("{run:?}") };
    assert_eq!(context["awsRequestId"], "01234567-89ab-4def-8123-000000000004");
    assert_eq!(context["functionName"], "space-dev-system_fetcher");
    assert_eq!((&context["functionVersion"], &context["memoryLimitInMB"]), (&json!("$LATEST"), &json!("256")));
    assert_eq!(
        context["invokedFunctionArn"],
        "arn:aws:lambda:us-east-1:123456789012:function:space-dev-system_fetcher"
    );
    assert_eq!(context["logGroupName"], "/aws/lambda/space-dev-system_fetcher");
    assert!(context["remaining"].as_u64().is_some_and(|ms| ms > 0 && ms <= 30_000), "{context}");
    assert!(run.stdout.contains("fetching 2 days"), "{}", run.stdout);
}

#[test]
fn worker_streams_with_the_global_of_the_runtime() {
    let main = r"const { Worker } = require('./worker');

class SystemFetcher extends Worker {
  execute = awslambda.streamifyResponse(async (event, responseStream, context) => {
    if (event === 'http') responseStream = awslambda.HttpResponseStream.from(responseStream, { statusCode: 201 });
    if (event === 'raise') throw new TypeError('early');
    responseStream.write({ name: context.functionName });
    if (event === 'late') throw new TypeError('late');
    responseStream.end();
  });
}
";
    let zips = WorkerZips::new();
    let function = zips.worker("system_fetcher", Language::JavaScript, &[("main.js", main)]);
    let events = ["plain", "http", "late", "raise", "plain"].map(Value::from);
    let Some(run) = ric::run(&function, &events) else { return };
    let written = json!({ "name": "space-dev-system_fetcher" });
    assert_eq!(run.results[0], InvocationResult::Response(written.clone()));
    let http = format!("{{\"statusCode\":201}}{}{written}", "\0".repeat(8));
    assert_eq!(run.results[1], InvocationResult::Response(http.into()));
    assert_eq!(run.results[2], InvocationResult::FailedStream(written.clone(), "TypeError".to_owned()));
    assert_eq!(run.results[3], InvocationResult::FailedStream("".into(), "TypeError".to_owned()));
    assert_eq!(run.results[4], InvocationResult::Response(written));
}

#[test]
fn es_module_workers_find_their_layer() {
    let package = ("package.json", r#"{ "name": "system_fetcher", "type": "module" }"#);
    for files in [&[("main.mjs", ES_MODULE)][..], &[("main.js", ES_MODULE), package], &[("main.js", ES_MODULE)]] {
        let Some(run) = run(files, &[json!("1 s"), json!("2 s")]) else { return };
        assert_eq!(
            run.results,
            [InvocationResult::Response(json!(1000)), InvocationResult::Response(json!(2000))],
            "{files:?} {run:?}"
        );
    }
}

#[test]
fn javascript_load_errors_have_lambda_error_types() {
    let missing = init_error("require('no-such-package');");
    let Some(missing) = missing else { return };
    assert!(missing.starts_with("Runtime.ImportModuleError: Error: Cannot find module 'no-such-package'"), "{missing}");
    let syntax = init_error("class {").unwrap_or_default();
    assert!(syntax.starts_with("Runtime.UserCodeSyntaxError: SyntaxError: Unexpected token"), "{syntax}");
    let class = init_error("class Other {}").unwrap_or_default();
    assert!(class.starts_with("Runtime.HandlerNotFound: no class `SystemFetcher` with an `execute` method"), "{class}");
    assert_eq!(init_error("throw new RangeError('no table');").as_deref(), Some("RangeError: no table"));
}
