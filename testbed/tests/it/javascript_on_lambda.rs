//! JavaScript workers under AWS's own runtime.

use bedrock_build::Language;
use serde_json::{Value, json};
use testbed::{Answer, Run, ric};

use crate::zipped::Zips;

/// The worker of the seed's page, but for the address that it asks: its class is not exported.
const COMMON_JS: &str = r"const ms = require('ms');
const { Worker } = require('./worker');

class SystemFetcher extends Worker {
  async execute(event, context) {
    console.log('fetching', event);
    if (event === 'raise') throw new TypeError('width');
    if (event === 'exit') process.exit(4);
    if (event === 'context') {
      const { awsRequestId, functionName, functionVersion, memoryLimitInMB, invokedFunctionArn, logGroupName } = context;
      const left = context.getRemainingTimeInMillis();
      return { awsRequestId, functionName, functionVersion, memoryLimitInMB, invokedFunctionArn, logGroupName, left };
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

fn run(files: &[(&str, &str)], events: &[Value]) -> Option<Run> {
    let zips = Zips::new();
    let layer = zips.node_layer("ms@2.1.3")?;
    let mut function = zips.worker("system_fetcher", Language::JavaScript, files);
    function.layers.push(layer);
    ric::run(&function, events)
}

/// Type and message of the one error of a worker that does not start.
fn init_error(main: &str) -> Option<String> {
    let zips = Zips::new();
    let run = ric::run(&zips.worker("system_fetcher", Language::JavaScript, &[("main.js", main)]), &[json!({})])?;
    let [Answer::InitError(error)] = run.answers.as_slice() else { panic!("{run:?}") };
    Some(format!("{}: {}", error["errorType"].as_str()?, error["errorMessage"].as_str()?))
}

#[test]
fn a_worker_answers_with_its_layer_and_after_it_has_failed_and_exited() {
    let events = ["2 days", "raise", "exit", "context"].map(Value::from);
    let Some(run) = run(&[("main.js", COMMON_JS)], &events) else { return };
    assert_eq!(run.answers[0], Answer::Response(json!(172_800_000)));
    let Answer::Error(error) = &run.answers[1] else { panic!("{run:?}") };
    assert_eq!((&error["errorType"], &error["errorMessage"]), (&json!("TypeError"), &json!("width")));
    let first = error["trace"][1].as_str().unwrap_or_default();
    assert!(first.starts_with("    at SystemFetcher.execute (") && first.contains("/task/main.js:7:"), "{error}");
    assert_eq!(run.answers[2], Answer::Exited(Some(4)));
    let Answer::Response(context) = &run.answers[3] else { panic!("{run:?}") };
    assert_eq!(context["awsRequestId"], "01234567-89ab-4def-8123-000000000004");
    assert_eq!(context["functionName"], "space-dev-system_fetcher");
    assert_eq!((&context["functionVersion"], &context["memoryLimitInMB"]), (&json!("$LATEST"), &json!("256")));
    assert_eq!(
        context["invokedFunctionArn"],
        "arn:aws:lambda:us-east-1:123456789012:function:space-dev-system_fetcher"
    );
    assert_eq!(context["logGroupName"], "/aws/lambda/space-dev-system_fetcher");
    assert!(context["left"].as_u64().is_some_and(|ms| ms > 0 && ms <= 30_000), "{context}");
    assert!(run.stdout.contains("fetching 2 days"), "{}", run.stdout);
}

#[test]
fn es_modules_are_loaded_and_find_the_layer_whatever_makes_them_modules() {
    let package = ("package.json", r#"{ "name": "system_fetcher", "type": "module" }"#);
    for files in [&[("main.mjs", ES_MODULE)][..], &[("main.js", ES_MODULE), package], &[("main.js", ES_MODULE)]] {
        let Some(run) = run(files, &[json!("1 s"), json!("2 s")]) else { return };
        assert_eq!(run.answers, [Answer::Response(json!(1000)), Answer::Response(json!(2000))], "{files:?} {run:?}");
    }
}

#[test]
fn what_cannot_be_loaded_has_awss_names() {
    let missing = init_error("require('no-such-package');");
    let Some(missing) = missing else { return };
    assert!(missing.starts_with("Runtime.ImportModuleError: Error: Cannot find module 'no-such-package'"), "{missing}");
    let syntax = init_error("class {").unwrap_or_default();
    assert!(syntax.starts_with("Runtime.UserCodeSyntaxError: SyntaxError: Unexpected token"), "{syntax}");
    let class = init_error("class Other {}").unwrap_or_default();
    assert!(class.starts_with("Runtime.HandlerNotFound: no class `SystemFetcher` with an `execute` method"), "{class}");
    assert_eq!(init_error("throw new RangeError('no table');").as_deref(), Some("RangeError: no table"));
}
