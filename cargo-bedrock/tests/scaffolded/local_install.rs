//! Which dependencies a worker gets when it starts on this machine. The installers have no network.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::packages::{add_wheel_of, app, path_without_uv};
use crate::test_app::{CommandOutput, TestApp};

const READS_FOO: &str = "import foo\nfrom bedrock.workers.worker import Worker\n\n\nclass Counter(Worker):\n    def execute(self, event, context):\n        return foo.X\n";

/// Invokes a worker with additional environment variables, and returns its response.
fn invoke(app: &TestApp, worker: &str, variables: &[(&str, &str)]) -> Value {
    let mut command = app.command(&["invoke", worker, "--payload", "{}"]);
    command
        .env("PATH", path_without_uv(None))
        .env("PIP_NO_INDEX", "1")
        .env("npm_config_registry", "http://127.0.0.1:1/");
    command.env("npm_config_fetch_retries", "0").envs(variables.iter().copied());
    let output: CommandOutput = command.output().expect("it starts").into();
    serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{}", output.stderr))
}

/// Returns an app with a Python worker that returns `X` of the module `foo`.
fn counter() -> TestApp {
    let app = app("counter.py");
    app.write("workers/counter/main.py", READS_FOO);
    app
}

#[test]
fn files_that_the_list_names_are_installed_again() {
    let app = counter();
    let wheel = |version: &str| format!("workers/counter/foo-{version}-py3-none-any.whl");
    add_wheel_of(&app, &wheel("1.0"), "X = 1\n");
    add_wheel_of(&app, &wheel("2.0"), "X = 2\n");
    app.write("workers/counter/requirements.txt", "-r more.txt\n");
    app.write("workers/counter/more.txt", "./foo-1.0-py3-none-any.whl\n");
    assert_eq!(invoke(&app, "counter", &[]), 1);
    app.write("workers/counter/more.txt", "./foo-2.0-py3-none-any.whl\n");
    assert_eq!(invoke(&app, "counter", &[]), 2, "another list has changed");
    add_wheel_of(&app, &wheel("2.0"), "X = 3\n");
    assert_eq!(invoke(&app, "counter", &[]), 3, "the wheel has changed");
    app.write("workers/counter/requirements.txt", "--find-links .\nfoo\n-c limits.txt\n");
    app.write("workers/counter/limits.txt", "foo==1.0\n");
    assert_eq!(invoke(&app, "counter", &[]), 1);
    app.write("workers/counter/limits.txt", "foo==2.0\n");
    assert_eq!(invoke(&app, "counter", &[]), 3, "the constraints have changed");
}

/// Calls `counter`, if the event is not empty.
const CALLS_COUNTER: &str = "from bedrock.workers.invoker import invoke\nfrom bedrock.workers.worker import Worker\n\n\nclass Caller(Worker):\n    def execute(self, event, context):\n        print('the caller runs')\n        return invoke('counter', event, require_response=True) if event else None\n";

#[test]
fn dependencies_are_installed_before_the_call() {
    let app = counter();
    app.run_ok(&["new", "worker", "caller.py"]);
    app.write("workers/caller/main.py", CALLS_COUNTER);
    add_wheel_of(&app, "workers/counter/foo-1.0-py3-none-any.whl", "X = 1\n");
    app.write("workers/counter/requirements.txt", "./foo-1.0-py3-none-any.whl\n");
    let invoke = |event: &str| -> CommandOutput {
        let mut command = app.command(&["invoke", "caller", "--payload", event]);
        command.env("PATH", path_without_uv(None)).env("PIP_NO_INDEX", "1");
        command.output().expect("it starts").into()
    };
    let output = invoke("{\"a\": 1}");
    assert_eq!(output.stdout.trim(), "1", "{}", output.stderr);
    let at = |text: &str| output.stderr.find(text).unwrap_or_else(|| panic!("{text} in {}", output.stderr));
    assert!(at("installed the dependencies of `counter`") < at("the caller runs"), "{}", output.stderr);
    // What a callee lacks is a warning, and what the worker itself lacks is an error.
    app.write("workers/counter/requirements.txt", "./missing-1.0-py3-none-any.whl\n");
    let output = invoke("{}");
    assert_eq!((output.code, output.stdout.trim()), (Some(0), "null"), "{}", output.stderr);
    assert!(output.stderr.contains("warning: ") && output.stderr.contains("missing-1.0"), "{}", output.stderr);
    app.write("workers/caller/requirements.txt", "./missing-1.0-py3-none-any.whl\n");
    let output = invoke("{}");
    assert_eq!(output.code, Some(2), "{}", output.stderr);
    assert!(output.stderr.contains("error: ") && !output.stderr.contains("the caller runs"), "{}", output.stderr);
}

#[test]
fn settings_of_pip_for_the_user_do_not_matter() {
    for variable in ["PIP_USER", "PIP_REQUIRE_VIRTUALENV"] {
        let app = counter();
        add_wheel_of(&app, "workers/counter/foo-1.0-py3-none-any.whl", "X = 1\n");
        app.write("workers/counter/requirements.txt", "./foo-1.0-py3-none-any.whl\n");
        assert_eq!(invoke(&app, "counter", &[(variable, "1")]), 1, "{variable}");
    }
}

#[test]
fn project_with_a_lock_is_installed_by_uv() {
    let Some(uv) = testbed::tool("bin/uv") else { return };
    let app = counter();
    add_wheel_of(&app, "wheels/foo-1.0-py3-none-any.whl", "X = 1\n");
    fs::remove_file(app.path("workers/counter/requirements.txt")).expect("removed");
    let project =
        "[project]\nname = \"counter\"\nversion = \"0\"\nrequires-python = \">=3.9\"\ndependencies = [\"foo\"]\n";
    app.write("workers/counter/pyproject.toml", project);
    let wheels = app.path("wheels").display().to_string();
    let settings = [("UV_NO_INDEX", "1"), ("UV_FIND_LINKS", wheels.as_str())];
    let lock =
        Command::new(&uv).args(["lock", "--quiet"]).envs(settings).current_dir(app.path("workers/counter")).status();
    assert!(lock.is_ok_and(|status| status.success()));
    let path = format!("{}:{}", uv.parent().expect("a folder").display(), path_without_uv(None));
    assert_eq!(invoke(&app, "counter", &[settings[0], settings[1], ("PATH", &path)]), 1);
}

#[test]
fn project_for_tools_only_is_not_installed() {
    let app = counter();
    add_wheel_of(&app, "workers/counter/foo-1.0-py3-none-any.whl", "X = 1\n");
    app.write("workers/counter/requirements.txt", "./foo-1.0-py3-none-any.whl\n");
    app.write("workers/counter/pyproject.toml", "[tool.ruff]\nline-length = 100\n");
    assert_eq!(invoke(&app, "counter", &[]), 1);
}

#[test]
fn development_packages_of_the_user_are_kept() {
    let app = app("reporter.js");
    let main = "const { Worker } = require('./worker');\nclass Reporter extends Worker {\n  execute() {\n    return require('tiny');\n  }\n}\n";
    app.write("workers/reporter/main.js", main);
    let list = json!({ "dependencies": { "tiny": "^1.0.0" }, "devDependencies": { "checker": "^1.0.0" } });
    app.write("workers/reporter/package.json", &list.to_string());
    for (name, text) in [("tiny", "module.exports = 7;"), ("checker", "")] {
        let folder = app.path(&format!("workers/reporter/node_modules/{name}"));
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("package.json"), json!({ "name": name, "version": "1.0.0" }).to_string())
            .expect("written");
        fs::write(folder.join("index.js"), text).expect("written");
    }
    let before = app.tree("workers/reporter/node_modules");
    assert_eq!(invoke(&app, "reporter", &[]), 7);
    assert_eq!(app.tree("workers/reporter/node_modules"), before);
}

#[test]
fn time_zone_and_runtime_are_those_of_lambda() {
    let python = app("counter.py");
    let main = "import os, time\nfrom bedrock.workers.worker import Worker\n\n\nclass Counter(Worker):\n    def execute(self, event, context):\n        return [time.localtime(0).tm_hour, os.environ['AWS_EXECUTION_ENV']]\n";
    python.write("workers/counter/main.py", main);
    python.write("workers/counter/requirements.txt", "");
    let zone = [("TZ", "Asia/Tokyo"), ("AWS_EXECUTION_ENV", "none")];
    assert_eq!(invoke(&python, "counter", &zone), json!([0, "AWS_Lambda_python3.13"]));
    let node = app("reporter.js");
    let main = "const { Worker } = require('./worker');\nclass Reporter extends Worker {\n  execute() {\n    return [new Date(0).getHours(), process.env.AWS_EXECUTION_ENV];\n  }\n}\n";
    node.write("workers/reporter/main.js", main);
    assert_eq!(invoke(&node, "reporter", &zone), json!([0, "AWS_Lambda_nodejs24.x"]));
}
