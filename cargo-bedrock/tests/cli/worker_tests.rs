//! `cargo bedrock test` and `cargo bedrock env`, with workers as `new worker` makes them.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use insta::assert_snapshot;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use testbed::{find_on_path, tool};

use crate::test_app::{CommandOutput, MANIFEST, TestApp};

/// Timeout of a watched test run.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Creates an app that cargo can read, with a worker. Returns `None` if a tool is not installed.
fn app_with(worker: &str) -> Option<TestApp> {
    find_on_path("node")?;
    tool("venv/bin/python")?;
    let app = TestApp::with_manifest(MANIFEST).file("src/main.rs", "fn main() {}\n");
    app.run_ok(&["new", "worker", worker]);
    Some(app)
}

/// Returns the command `cargo bedrock`, with a Python that has pytest.
fn command(app: &TestApp, arguments: &[&str]) -> Command {
    let mut command = app.command(arguments);
    command.env("BEDROCK_PYTHON", tool("venv/bin/python").unwrap_or_default());
    command
}

fn run(app: &TestApp, arguments: &[&str]) -> CommandOutput {
    command(app, arguments).output().expect("it starts").into()
}

#[test]
fn tests_of_a_new_python_worker_pass_or_fail() {
    let Some(app) = app_with("system_fetcher.py") else { return };
    let passed = run(&app, &["test", "system_fetcher"]);
    assert_eq!(passed.code, Some(0), "{}{}", passed.stdout, passed.stderr);
    assert!(passed.stdout.contains("1 passed"), "{}", passed.stdout);
    assert_snapshot!(passed.stderr, @"
    note: testing `system_fetcher` with `pytest`
    done: tests of `system_fetcher` passed
    ");
    app.edit("workers/system_fetcher/main.py", "hello", "goodbye");
    let failed = run(&app, &["test", "system_fetcher", "--", "-q"]);
    assert_eq!(failed.code, Some(1), "{}{}", failed.stdout, failed.stderr);
    assert!(failed.stdout.contains("goodbye world"), "{}", failed.stdout);
    assert!(failed.stderr.contains("error: tests of `system_fetcher` failed\n"), "{}", failed.stderr);
    // Nothing was left in the folder that would be packed or watched.
    let files = "__init__.py\nmain.py\nrequirements.txt\ntest_main.py";
    assert_eq!(app.tree("workers/system_fetcher"), files);
}

#[test]
fn python_tests_replace_invoke_and_know_the_settings() {
    let Some(app) = app_with("biller.py") else { return };
    app.edit(
        "Cargo.toml",
        "[package.metadata.bedrock]",
        "[package.metadata.bedrock.workers.biller]\nenv.MODE = 'fast'",
    );
    let test = r#"
import os
import pytest
from bedrock.testing import fake_context, mock_invoke
from bedrock.workers.invoker import InvocationError, invoke


def test_calls_are_recorded():
    with mock_invoke(lambda name, payload: {"sum": payload["a"] + 1}) as calls:
        assert invoke("adder", {"a": 1}, require_response=True) == {"sum": 2}
        assert invoke("mailer", {"a": 2}) is None
    assert calls == [("adder", {"a": 1}, True), ("mailer", {"a": 2}, False)]


def test_errors_are_raised_by_calls():
    def respond(name, payload):
        raise InvocationError("Busy", "later")

    with mock_invoke(respond), pytest.raises(InvocationError, match="later"):
        invoke("adder", {})


def test_payloads_are_checked():
    with mock_invoke(), pytest.raises(TypeError):
        invoke("adder", {"a": object()})


def test_call_without_app_says_what_to_do():
    with pytest.raises(InvocationError, match="start `cargo bedrock dev`"):
        invoke("adder", {})


def test_context_and_environment():
    context = fake_context(timeout=5, aws_request_id="7")
    assert context.aws_request_id == "7" and 0 < context.get_remaining_time_in_millis() <= 5000
    assert context.function_name == "my_app-local-biller"
    assert os.environ["MODE"] == "fast"
"#;
    let app = app.file("workers/biller/tests/test_calls.py", test);
    let output = run(&app, &["test", "biller"]);
    assert_eq!(output.code, Some(0), "{}{}", output.stdout, output.stderr);
    assert!(output.stdout.contains("6 passed"), "{}", output.stdout);
}

#[test]
fn javascript_tests_replace_invoke() {
    let Some(app) = app_with("thumbnailer.js") else { return };
    let test = r"
const assert = require('node:assert/strict');
const { test } = require('node:test');
const { invoke, testing } = require('../worker');

test('calls are recorded', async () => {
  const mock = testing.mockInvoke((name, payload) => ({ sum: payload.a + 1, at: new Date(0) }));
  assert.deepEqual(await invoke('adder', { a: 1 }, true), { sum: 2, at: '1970-01-01T00:00:00.000Z' });
  assert.equal(await invoke('mailer', { a: 2 }), undefined);
  assert.deepEqual(mock.calls[1], { name: 'mailer', payload: { a: 2 }, requireResponse: false });
  mock.restore();
  await assert.rejects(invoke('adder', {}, true), /start `cargo bedrock dev`/);
});

test('errors and payloads', async () => {
  const mock = testing.mockInvoke(() => { throw new Error('busy'); });
  await assert.rejects(invoke('adder', {}), /busy/);
  await assert.rejects(invoke('adder', undefined), TypeError);
  mock.restore();
});

test('context', () => {
  const context = testing.context({ awsRequestId: '7' });
  assert.equal(context.awsRequestId, '7');
  assert.equal(context.functionName, 'my_app-local-thumbnailer');
  assert.ok(context.getRemainingTimeInMillis() > 0);
});
";
    let app = app.file("workers/thumbnailer/test/calls.test.js", test);
    let output = run(&app, &["test", "thumbnailer"]);
    assert_eq!(output.code, Some(0), "{}{}", output.stdout, output.stderr);
    assert!(output.stdout.contains("pass 4"), "{}", output.stdout);
    app.edit("workers/thumbnailer/main.js", "hello", "goodbye");
    assert_eq!(run(&app, &["test", "thumbnailer"]).code, Some(1));
}

/// Returns the versions of Node.js that run TypeScript: the one of the machine, which needs esbuild, and one that removes
/// types itself.
fn typescript_app() -> Option<(TestApp, Vec<PathBuf>)> {
    let modules = tool("checkers/node_modules")?;
    let nodes = vec![find_on_path("node")?, tool("node24/bin/node")?];
    let app = app_with("resizer.ts")?;
    // Nothing has to be installed.
    app.edit("workers/resizer/package.json", "\"devDependencies\"", "\"linked\"");
    std::os::unix::fs::symlink(modules, app.path("workers/resizer/node_modules")).expect("a link");
    Some((app, nodes))
}

#[test]
fn typescript_worker_is_tested_and_invoked() {
    let Some((app, nodes)) = typescript_app() else { return };
    for node in &nodes {
        let run = |arguments: &[&str]| -> CommandOutput {
            command(&app, arguments).env("BEDROCK_NODE", node).output().expect("it starts").into()
        };
        let tested = run(&["test", "resizer"]);
        assert_eq!(tested.code, Some(0), "{}{}", tested.stdout, tested.stderr);
        assert!(tested.stdout.contains("pass 1"), "{}", tested.stdout);
        let invoked = run(&["invoke", "resizer", "--payload", "{\"name\": \"Ada\"}"]);
        assert_eq!(invoked.stdout, "{\"message\":\"hello Ada\"}\n", "{}", invoked.stderr);
        app.edit("workers/resizer/main.ts", "    return {", "    if (event.name) throw new Error('no');\n    return {");
        let failed = run(&["invoke", "resizer", "--payload", "{\"name\": \"Ada\"}"]);
        assert!(failed.stderr.contains("/workers/resizer/main.ts:9:"), "{}", failed.stderr);
        app.edit("workers/resizer/main.ts", "    if (event.name) throw new Error('no');\n", "");
    }
    let listed = app.bedrock(&["list"]).stdout;
    assert!(listed.contains("resizer  typescript  workers/resizer"), "{listed}");
}

#[test]
fn compiler_accepts_a_new_typescript_worker() {
    let Some((app, _)) = typescript_app() else { return };
    let folder = app.path("workers/resizer");
    let tsc = |app: &TestApp| {
        let output =
            Command::new(folder.join("node_modules/.bin/tsc")).current_dir(app.path("workers/resizer")).output();
        CommandOutput::from(output.expect("it starts"))
    };
    let accepted = tsc(&app);
    assert_eq!(accepted.code, Some(0), "{}", accepted.stdout);
    app.append(
        "workers/resizer/main.ts",
        "\nimport { invoke } from './worker.cjs';\nexport const sent: string = invoke('a', {});\n",
    );
    let refused = tsc(&app);
    assert!(refused.stdout.starts_with("main.ts(14,14): error TS2322"), "{}", refused.stdout);
}

#[test]
fn typescript_worker_knows_the_contracts() {
    let Some((app, _)) = typescript_app() else { return };
    let labeller = "const { Worker } = require('./worker');\nclass Labeller extends Worker {\n  static event = { type: 'object', \
                    properties: { text: { type: 'string' } }, required: ['text'] };\n  async execute(event) { return event; }\n}\n\
                    module.exports = { Labeller };\n";
    app.run_ok(&["new", "worker", "labeller.js"]);
    fs::write(app.path("workers/labeller/main.js"), labeller).expect("a file");
    let written = command(&app, &["contracts"]).output().expect("it starts");
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    let folder = app.path("workers/resizer");
    let tsc = || -> CommandOutput {
        let mut command = Command::new(folder.join("node_modules/.bin/tsc"));
        command.current_dir(&folder).output().expect("it starts").into()
    };
    let accepted = tsc();
    assert_eq!(accepted.code, Some(0), "{}", accepted.stdout);
    let call = "\nimport { invoke } from './worker.cjs';\nawait invoke('labeller', { text: 'a', other: 'b' });\n";
    app.append("workers/resizer/main.ts", call);
    let refused = tsc();
    assert!(refused.stdout.starts_with("main.ts(14,39): error TS2353"), "{}", refused.stdout);
}

#[test]
fn vitest_runs_if_it_is_listed() {
    let Some(app) = app_with("thumbnailer.js") else { return };
    app.edit(
        "workers/thumbnailer/package.json",
        "\"dependencies\"",
        "\"devDependencies\": {\"vitest\": \"1\"},\n  \"dependencies\"",
    );
    let missing = run(&app, &["test", "thumbnailer"]);
    assert_snapshot!(missing.stderr, @"
    error: failed to test worker `thumbnailer`
      caused by: `vitest` is listed in `workers/thumbnailer/package.json`, but not installed
    help: run `npm install` in `workers/thumbnailer`
    ");
    let program = "workers/thumbnailer/node_modules/vitest/vitest.mjs";
    let app = app.file(program, "console.log('vitest', ...process.argv.slice(2));\n");
    let output = run(&app, &["test", "thumbnailer", "--", "--bail"]);
    assert_eq!((output.code, output.stdout.as_str()), (Some(0), "vitest run --bail\n"), "{}", output.stderr);
}

#[test]
fn missing_tests_and_tools_are_explained() {
    let Some(app) = app_with("system_fetcher.py") else { return };
    let Some(without_pytest) = tool("ministack/bin/python") else { return };
    let output = app.command(&["test", "system_fetcher"]).env("BEDROCK_PYTHON", &without_pytest).output();
    let shown = app.show(&output.expect("it starts")).replace(&without_pytest.display().to_string(), "[PYTHON]");
    assert_snapshot!(shown, @"
    exit code 2
    -- stderr
    error: failed to test worker `system_fetcher`
      caused by: `[PYTHON]` has no `pytest`
    help: run `[PYTHON] -m pip install pytest`
    help: or set `BEDROCK_PYTHON` to the interpreter of an environment that has it
    ");
    fs::remove_file(app.path("workers/system_fetcher/test_main.py")).expect("the test");
    assert_snapshot!(run(&app, &["test", "system_fetcher"]).stderr, @"note: worker `system_fetcher` has no tests in `workers/system_fetcher`");
    assert_snapshot!(app.run(&["test", "fetcher"]), @"
    exit code 2
    -- stderr
    error: no worker named `fetcher` in this app
    help: create it with `cargo bedrock new worker fetcher.rs` (or `.py`, `.js`, `.ts`)
    ");
    assert_snapshot!(app.run(&["test", "--", "-x"]), @"
    exit code 2
    -- stderr
    error: arguments for a test runner need exactly one worker
    help: for example `cargo bedrock test resizer -- -x`
    ");
}

/// A watched test run, which is ended when this is dropped.
struct WatchProcess {
    child: Child,
    lines: Receiver<String>,
}

impl WatchProcess {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let (sender, lines) = channel();
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines }
    }

    /// Returns the lines up to one that contains `text`.
    fn wait_for(&self, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        while found.last().is_none_or(|line: &String| !line.contains(text)) {
            let next = self.lines.recv_timeout(TIMEOUT);
            found.push(next.unwrap_or_else(|_| panic!("no `{text}` in {found:?}")));
        }
        found
    }
}

impl Drop for WatchProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn watched_tests_run_again_when_a_file_changes() {
    let Some(app) = app_with("system_fetcher.py") else { return };
    app.run_ok(&["new", "worker", "thumbnailer.js"]);
    let mut watched = WatchProcess::start(command(&app, &["test", "system_fetcher", "thumbnailer", "--watch"]));
    let first = watched.wait_for("waiting for a changed file").join("\n");
    assert!(first.contains("done: tests of `system_fetcher`, `thumbnailer` passed"), "{first}");
    app.edit("workers/system_fetcher/main.py", "hello", "goodbye");
    let second = watched.wait_for("waiting for a changed file").join("\n");
    assert!(second.contains("error: tests of `system_fetcher` failed"), "{second}");
    assert!(!second.contains("thumbnailer"), "{second}");
    app.edit("workers/system_fetcher/main.py", "goodbye", "hello");
    let third = watched.wait_for("waiting for a changed file").join("\n");
    assert!(third.contains("done: tests of `system_fetcher` passed"), "{third}");
    // Changed settings concern all tests, which never reach an account.
    app.append(
        "Cargo.toml",
        "\n[package.metadata.bedrock.dev]\nprofile = \"no_such_profile\"\nservices = [\"dynamodb\"]\n",
    );
    let fourth = watched.wait_for("waiting for a changed file").join("\n");
    assert!(fourth.contains("note: tests do not reach the account of `dev.profile` (`no_such_profile`)"), "{fourth}");
    assert!(fourth.contains("done: tests of `system_fetcher`, `thumbnailer` passed"), "{fourth}");
    kill_process(Pid::from_child(&watched.child), Signal::INT).expect("a signal");
    assert_eq!(watched.child.wait().expect("it ends").code(), Some(130));
}

#[test]
fn env_prints_lines_that_a_shell_can_evaluate() {
    let Some(app) = app_with("system_fetcher.py") else { return };
    let settings = "[package.metadata.bedrock.workers.system_fetcher]\nenv.NOTE = \"it's $HOME\"";
    app.edit("Cargo.toml", "[package.metadata.bedrock]", settings);
    let printed = run(&app, &["env", "system_fetcher"]);
    assert_eq!(printed.code, Some(0), "{}", printed.stderr);
    let names: Vec<&str> = printed.stdout.lines().filter_map(|line| line.split(['=', ' ']).nth(1)).collect();
    // No command of AWS is redirected.
    assert!(!names.iter().any(|name| name.starts_with("AWS")), "{names:?}");
    let script = format!(
        "{}printf '%s\\n' \"$NOTE\" \"$BEDROCK_WORKER\"\nexec \"$1\" -c 'import bedrock.testing, main; print(main.SystemFetcher)'",
        printed.stdout
    );
    let output = Command::new("sh").args(["-c", &script, "sh"]).arg(tool("venv/bin/python").expect("a tool")).output();
    let text = String::from_utf8_lossy(&output.expect("it starts").stdout).into_owned();
    assert_eq!(text, "it's $HOME\nsystem_fetcher\n<class 'main.SystemFetcher'>\n");
}

#[test]
fn env_prints_json_and_runs_commands() {
    let Some(app) = app_with("system_fetcher.py") else { return };
    app.run_ok(&["new", "worker", "thumbnailer.js"]);
    let json = run(&app, &["env", "system_fetcher", "--json"]);
    let value: Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!((&value["worker"], &value["language"]), (&"system_fetcher".into(), &"python".into()));
    let folders: Vec<&Path> =
        value["import_path"].as_array().expect("a list").iter().filter_map(|f| f.as_str().map(Path::new)).collect();
    assert_eq!(folders[0], app.path("workers/system_fetcher"));
    assert!(folders[1].join("bedrock/testing.py").is_file());
    assert_eq!(value["environment"]["AWS_LAMBDA_FUNCTION_NAME"], "my_app-local-system_fetcher");
    assert!(PathBuf::from(value["interpreter"].as_str().expect("a path")).is_file());
    let script = "import main, os; print(os.getcwd().rsplit('/', 1)[1], os.environ['AWS_REGION']); raise SystemExit(7)";
    let python = tool("venv/bin/python").expect("a tool").display().to_string();
    let ran = run(&app, &["env", "system_fetcher", "--", &python, "-c", script]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(7), "system_fetcher us-east-1\n"), "{}", ran.stderr);
    let javascript = run(&app, &["env", "thumbnailer", "--", "node", "-p", "process.env.BEDROCK_WORKER_CLASS"]);
    assert_eq!(javascript.stdout, "Thumbnailer\n", "{}", javascript.stderr);
    let missing = run(&app, &["env", "thumbnailer", "--", "no-such-program"]);
    assert_eq!(missing.code, Some(2));
    assert!(missing.stderr.starts_with("error: failed to start `no-such-program`"), "{}", missing.stderr);
}

#[test]
fn env_of_a_rust_worker_is_refused() {
    let app = TestApp::new_app();
    assert_snapshot!(app.run(&["env", "greeter"]), @"
    exit code 2
    -- stderr
    error: worker `greeter` is written in Rust
      caused by: it needs no environment but that of cargo
    help: run its tests with `cargo bedrock test greeter`
    ");
}

/// Runs a checker in the app. Returns `None` if it is not installed.
fn check(app: &TestApp, program: &str, arguments: &[&str]) -> Option<()> {
    let output = Command::new(tool(program)?).args(arguments).current_dir(app.path("")).output().expect("it starts");
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{program} {arguments:?}: {text}");
    Some(())
}

#[test]
fn checkers_accept_a_new_python_worker() {
    let Some(app) = app_with("system_fetcher.py") else { return };
    let text = "\n\ndef call() -> None:\n    from bedrock.workers.invoker import InvocationError, invoke\n\n    try:\n        \
                invoke(\"a\", {}, require_response=True)\n    except InvocationError as error:\n        print(error.status)\n";
    app.append("workers/system_fetcher/main.py", text);
    let arguments = ["--warnings"];
    let checked = check(&app, "checkers/node_modules/.bin/pyright", &arguments);
    check(&app, "ruff/bin/ruff", &["check", "--no-cache", "."]);
    check(&app, "ruff/bin/ruff", &["format", "--no-cache", "--check", "."]);
    if checked.is_some() {
        app.append("workers/system_fetcher/main.py", "\n\ndef wrong() -> str:\n    return InvocationErr(1)\n");
        let program = tool("checkers/node_modules/.bin/pyright").expect("a tool");
        let output = Command::new(program).args(arguments).current_dir(app.path("")).output().expect("it starts");
        assert_eq!(output.status.code(), Some(1), "pyright reads the worker");
    }
}

#[test]
fn checkers_accept_a_new_javascript_worker() {
    let Some(app) = app_with("thumbnailer.js") else { return };
    let folder = "workers/thumbnailer";
    let eslint = "import js from '@eslint/js';\nexport default [js.configs.recommended, \
                  { files: ['**/*.js'], languageOptions: { sourceType: 'commonjs' } }];\n";
    let Some(modules) = tool("checkers/node_modules") else { return };
    let app = app.file("eslint.config.mjs", eslint);
    std::os::unix::fs::symlink(modules, app.path("node_modules")).expect("a link");
    check(&app, "checkers/node_modules/.bin/eslint", &["-c", "eslint.config.mjs", "--max-warnings=0", folder]);
    check(&app, "checkers/node_modules/.bin/tsc", &["-p", "workers/thumbnailer/jsconfig.json"]);
    app.append("workers/thumbnailer/main.js", "\nrequire('./worker').invoke(7, {});\n");
    let program = tool("checkers/node_modules/.bin/tsc").expect("a tool");
    let output =
        Command::new(program).args(["-p", "workers/thumbnailer/jsconfig.json"]).current_dir(app.path("")).output();
    let text = String::from_utf8_lossy(&output.expect("it starts").stdout).into_owned();
    assert!(text.contains("workers/thumbnailer/main.js(") && text.contains("error TS"), "{text}");
}
