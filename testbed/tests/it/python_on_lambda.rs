//! Python workers, run with AWS's runtime interface client for Python.

use bedrock_build::Language;
use serde_json::{Value, json};
use testbed::{FunctionRun, InvocationResult, ric};

use crate::worker_zips::WorkerZips;

/// A worker that responds, fails or exits, depending on the event.
const WORKER: &str = r#"import sys
import tabulate
from bedrock.workers.worker import Worker


class SystemFetcher(Worker):
    def execute(self, event, context):
        print("fetching", event)
        if event == "raise":
            raise KeyError("width")
        if event == "exit":
            sys.exit(4)
        if event == "context":
            return {name: getattr(context, name) for name in NAMES} | {"remaining": context.get_remaining_time_in_millis()}
        return tabulate.tabulate([[event]], tablefmt="plain")


NAMES = "aws_request_id function_name function_version memory_limit_in_mb invoked_function_arn log_group_name".split()
"#;

fn run(main: &str, events: &[Value]) -> Option<FunctionRun> {
    let zips = WorkerZips::new();
    ric::run(&zips.worker("system_fetcher", Language::Python, &[("main.py", main)]), events)
}

/// Returns type and message of the init error of a worker, and its stack trace.
fn init_error(main: &str) -> Option<(String, Value)> {
    let run = run(main, &[json!({})])?;
    let [InvocationResult::InitError(error)] = run.results.as_slice() else { panic!("{run:?}") };
    Some((
        format!("{}: {}", error["errorType"].as_str()?, error["errorMessage"].as_str()?),
        error["stackTrace"].clone(),
    ))
}

#[test]
fn python_worker_responds_fails_and_restarts_after_exit() {
    let zips = WorkerZips::new();
    let Some(layer) = zips.python_layer("tabulate==0.9.0") else { return };
    let mut function = zips.worker("system_fetcher", Language::Python, &[("main.py", WORKER)]);
    function.layers.push(layer);
    let events = ["größer", "raise", "exit", "context"].map(Value::from);
    let Some(run) = ric::run(&function, &events) else { return };
    assert_eq!(run.results[0], InvocationResult::Response(json!("größer")));
    let InvocationResult::Error(error) = &run.results[1] else { panic!("{run:?}") };
    assert_eq!((&error["errorType"], &error["errorMessage"]), (&json!("KeyError"), &json!("'width'")));
    let trace: Vec<_> = error["stackTrace"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    let [frame] = trace.as_slice() else { panic!("{trace:?}") };
    assert!(frame.contains("/task/main.py\", line 10, in execute\n    raise KeyError"), "{frame}");
    assert_eq!(run.results[2], InvocationResult::Exited(Some(4)));
    let InvocationResult::Response(context) = &run.results[3] else { panic!("{run:?}") };
    assert_eq!(context["aws_request_id"], "01234567-89ab-4def-8123-000000000004");
    assert_eq!(context["function_name"], "space-dev-system_fetcher");
    assert_eq!((&context["function_version"], &context["memory_limit_in_mb"]), (&json!("$LATEST"), &json!("256")));
    assert_eq!(
        context["invoked_function_arn"],
        "arn:aws:lambda:us-east-1:123456789012:function:space-dev-system_fetcher"
    );
    assert_eq!(context["log_group_name"], "/aws/lambda/space-dev-system_fetcher");
    assert!(context["remaining"].as_u64().is_some_and(|ms| ms > 0 && ms <= 30_000), "{context}");
    assert!(run.stdout.contains("fetching größer\n"), "{}", run.stdout);
}

#[test]
fn async_worker_is_awaited_and_its_trace_starts_in_its_file() {
    let main = "import asyncio\nfrom bedrock.workers.worker import Worker\n\nclass SystemFetcher(Worker):\n    \
                async def execute(self, event, context):\n        await asyncio.sleep(0)\n        \
                return 1 / event\n";
    let Some(run) = run(main, &[json!(2), json!(0)]) else { return };
    assert_eq!(run.results[0], InvocationResult::Response(json!(0.5)));
    let InvocationResult::Error(error) = &run.results[1] else { panic!("{run:?}") };
    assert_eq!(error["errorType"], "ZeroDivisionError");
    let frame = error["stackTrace"][0].as_str().unwrap_or_default();
    assert!(frame.contains("/task/main.py\", line 7"), "{error}");
}

#[test]
fn missing_dependency_is_named() {
    let Some((error, trace)) = init_error("import no_such_package\n") else { return };
    let expected = "Runtime.ImportModuleError: Unable to import module 'main': No module named 'no_such_package'";
    assert_eq!((error.as_str(), trace), (expected, json!([])));
}

#[test]
fn syntax_error_has_file_and_line() {
    let Some((error, trace)) = init_error("x = 1\ndef broken(:\n    pass\n") else { return };
    assert!(error.starts_with("Runtime.UserCodeSyntaxError: Syntax error in module 'main': "), "{error}");
    assert!(trace[0].as_str().is_some_and(|location| location.contains("/task/main.py\" Line 2\n")), "{trace}");
}

#[test]
fn missing_class_is_reported_as_handler_not_found() {
    let Some((error, _)) = init_error("class Helper: pass\n") else { return };
    let expected = "Runtime.HandlerNotFound: no class `SystemFetcher` in `main.py`: \
                    write `class SystemFetcher(Worker):` there";
    assert_eq!(error, expected);
}

#[test]
fn other_init_errors_keep_type_and_worker_frames() {
    let Some((error, trace)) = init_error("def setup():\n    raise LookupError('no table')\n\nsetup()\n") else {
        return;
    };
    assert_eq!(error, "LookupError: no table");
    let frames = trace.as_array().map(Vec::len);
    assert!(frames == Some(2) && trace[0].as_str().is_some_and(|frame| frame.contains("/task/main.py")), "{trace}");
}

#[test]
fn exit_in_init_phase_is_reported_as_exit() {
    let Some(run) = run("import sys\nsys.exit(3)\n", &[json!({})]) else { return };
    assert_eq!(run.results, [InvocationResult::Exited(Some(3))]);
}
