//! Code that several workers use: the same result on this machine, in tests, and from the zip under AWS's runtimes.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use testbed::{InvocationResult, tool};

use crate::artifacts::function;
use crate::test_app::{CommandOutput, TestApp};

const PYTHON: &str = "\
from bedrock.workers.worker import Worker
from money.rounding import rounded

class NAME(Worker):
    def execute(self, event, context):
        return rounded(event['value'])
";
const JAVASCRIPT: &str = "\
const { rounded } = require('../_shared/javascript/money');
class NAME {
  async execute(event) { return rounded(event.value); }
}
module.exports = { NAME };
";
const MODULE: &str = "\
import { rounded } from '../_shared/javascript/money.js';
export class NAME {
  async execute(event) { return rounded(event.value); }
}
";

fn write(app: &TestApp, path: &str, text: &str) {
    fs::create_dir_all(app.path(path).parent().expect("a folder")).expect("a folder");
    app.write(path, text);
}

/// Creates an app with two workers in Python and two in JavaScript, of which the first of each uses shared code.
fn app() -> TestApp {
    let app = TestApp::without_rust();
    for worker in ["pa.py", "pb.py", "ja.js", "jb.js"] {
        app.run_ok(&["new", "worker", worker]);
    }
    app.write("workers/pa/main.py", &PYTHON.replace("NAME", "Pa"));
    write(&app, "workers/_shared/python/money/__init__.py", "");
    write(
        &app,
        "workers/_shared/python/money/rounding.py",
        "import tabulate\n\ndef rounded(value):\n    return [round(value), bool(tabulate.__version__)]\n",
    );
    app.write("workers/pa/requirements.txt", "tabulate==0.9.0\n");
    app.write("workers/ja/main.js", &JAVASCRIPT.replace("NAME", "Ja"));
    write(
        &app,
        "workers/_shared/javascript/money.js",
        "const ms = require('ms');\nexports.rounded = (value) => [Math.round(value), ms('1s') === 1000];\n",
    );
    app.write("workers/ja/package.json", "{ \"dependencies\": { \"ms\": \"2.1.3\" } }");
    app
}

fn command(app: &TestApp, arguments: &[&str]) -> Command {
    let mut command = app.command(arguments);
    command.env("BEDROCK_PYTHON", tool("venv/bin/python").unwrap_or_default());
    command
}

fn run(app: &TestApp, arguments: &[&str]) -> CommandOutput {
    command(app, arguments).output().expect("it starts").into()
}

fn invoked(app: &TestApp, worker: &str) -> Value {
    let output = run(app, &["invoke", worker, "--payload", "{\"value\": 2.7}"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    serde_json::from_str(&output.stdout).expect("JSON")
}

/// Returns the response of the built function under AWS's runtime.
pub(crate) fn on_lambda(app: &TestApp, worker: &str) -> Option<Value> {
    let run = testbed::ric::run(&function(app, worker), &[json!({ "value": 2.7 })])?;
    match &run.results[..] {
        [InvocationResult::Response(response)] => Some(response.clone()),
        _ => panic!("{run:?}"),
    }
}

fn build(app: &TestApp, arguments: &[&str]) -> CommandOutput {
    run(app, &[&["build", "--message-format=json"], arguments].concat())
}

/// Returns the ids of the artifacts that a build made, not those that were current.
fn rebuilt(app: &TestApp, arguments: &[&str]) -> Vec<String> {
    let output = build(app, arguments);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let events = output.stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let built = events.filter(|event| event["status"] == "built" && !event["artifact"].is_null());
    let mut ids: Vec<String> = built.map(|event| event["part"].as_str().unwrap_or_default().to_owned()).collect();
    ids.sort();
    ids
}

const CODE: [&str; 4] = ["--worker=pa", "--worker=pb", "--worker=ja", "--worker=jb"];

#[test]
fn shared_folder_works_here_and_from_the_zip() {
    if tool("venv/bin/python").is_none() {
        return;
    }
    let app = app();
    let expected = json!([3, true]);
    for worker in ["pa", "ja"] {
        assert_eq!(invoked(&app, worker), expected, "{worker}");
    }
    write(
        &app,
        "workers/pa/test_main.py",
        "import money.rounding\n\ndef test_it():\n    assert money.rounding.rounded(2.7)[0] == 3\n",
    );
    write(
        &app,
        "workers/ja/main.test.js",
        "const { Ja } = require('./main.js');\nrequire('node:test')('it', async () => {\n  require('node:assert').deepEqual(await new Ja().execute({ value: 2.7 }), [3, true]);\n});\n",
    );
    for worker in ["pa", "ja"] {
        let output = run(&app, &["test", worker]);
        assert_eq!(output.code, Some(0), "{}{}", output.stdout, output.stderr);
    }
    let env = run(&app, &["env", "pa"]);
    assert!(env.stdout.contains("workers/_shared/python"), "{}", env.stdout);
    let layers = ["--worker-layer=pa", "--worker-layer=ja"];
    let output = build(&app, &[&CODE[..], &layers[..]].concat());
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    for worker in ["pa", "ja"] {
        if let Some(response) = on_lambda(&app, worker) {
            assert_eq!(response, expected, "{worker}");
        }
    }
    // ES modules, with a list in the shared folder.
    fs::remove_file(app.path("workers/ja/main.js")).expect("removed");
    app.write("workers/ja/main.mjs", &MODULE.replace("NAME", "Ja"));
    write(&app, "workers/_shared/javascript/package.json", "{ \"type\": \"module\" }\n");
    app.write(
        "workers/_shared/javascript/money.js",
        "import ms from 'ms';\nexport const rounded = (value) => [Math.round(value), ms('1s') === 1000];\n",
    );
    assert_eq!(invoked(&app, "ja"), expected);
    assert_eq!(build(&app, &["--worker=ja", "--worker-layer=ja"]).code, Some(0));
    if let Some(response) = on_lambda(&app, "ja") {
        assert_eq!(response, expected);
    }
}

#[test]
fn changed_shared_file_rebuilds_only_its_workers() {
    let app = app();
    assert_eq!(rebuilt(&app, &CODE), ["workers/ja", "workers/jb", "workers/pa", "workers/pb"]);
    let zip = |worker: &str| fs::read(app.path(&format!("target/bedrock/workers/{worker}.zip"))).expect("a zip");
    let before = zip("ja");
    app.append("workers/_shared/python/money/__init__.py", "X = 1\n");
    assert_eq!(rebuilt(&app, &CODE), ["workers/pa"]);
    app.append("workers/_shared/javascript/money.js", "// more\n");
    assert_eq!(rebuilt(&app, &CODE), ["workers/ja"]);
    app.write("workers/_shared/javascript/unused.js", "");
    app.write("workers/_shared/python/unused.py", "");
    assert!(rebuilt(&app, &CODE).is_empty());
    app.edit("workers/_shared/javascript/money.js", "// more\n", "");
    assert_eq!(rebuilt(&app, &CODE), ["workers/ja"]);
    assert!(zip("ja") == before, "the same files make another zip");
}

#[test]
fn shared_files_are_checked_as_those_of_a_worker() {
    let app = app();
    let key = format!("KEY = '''-----BEGIN RSA {} KEY-----\n{}\n'''\n", "PRIVATE", "MIIEowIBAAKCAQEA".repeat(4));
    write(&app, "workers/_shared/python/money/keys.py", &key);
    write(&app, "workers/jb/main.js", "require('../ja/main.js');\nclass Jb { execute() {} }\n");
    let output = run(&app, &["build", "--worker=pa", "--worker=jb", "--worker=pb"]);
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    for message in [
        "error: cannot pack `workers/_shared/python/money/keys.py`",
        "error: `workers/jb/main.js` imports `../ja/main.js`, which is not packed",
        "help: move the file into `workers/_shared/javascript`",
    ] {
        assert!(output.stderr.contains(message), "{message} in {}", output.stderr);
    }
    assert!(app.path("target/bedrock/workers/pb.zip").is_file(), "it imports nothing shared");
}

/// Adds the packages `libs/money`, which depends on `libs/dates`, in a language.
fn add_python_packages(app: &TestApp) {
    let project = |name: &str, more: &str| {
        format!(
            "[project]\nname = \"{name}\"\nversion = \"1\"\nrequires-python = \">=3.9\"\n{more}\n[build-system]\nrequires = [\"uv_build>=0.7,<2\"]\nbuild-backend = \"uv_build\"\n"
        )
    };
    let sources = "dependencies = [\"dates-of-shop\"]\n[tool.uv.sources]\ndates-of-shop = { path = \"../dates\" }\n";
    write(app, "libs/money/pyproject.toml", &project("money-of-shop", sources));
    write(
        app,
        "libs/money/src/money_of_shop/__init__.py",
        "import dates_of_shop\n\ndef rounded(value):\n    return [round(value), dates_of_shop.YES]\n",
    );
    write(app, "libs/money/src/money_of_shop/test_money.py", "");
    write(app, "libs/dates/pyproject.toml", &project("dates-of-shop", ""));
    write(app, "libs/dates/src/dates_of_shop/__init__.py", "YES = True\n");
}

#[test]
fn python_packages_in_folders_are_installed_everywhere() {
    let Some(uv) = tool("bin/uv") else { return };
    let app = TestApp::without_rust();
    app.run_ok(&["new", "worker", "pa.py"]);
    add_python_packages(&app);
    app.write("workers/pa/main.py", &PYTHON.replace("NAME", "Pa").replace("money.rounding", "money_of_shop"));
    let bin = uv.parent().expect("a folder");
    let path = std::env::join_paths(
        [bin.to_owned()].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    )
    .expect("a PATH");
    let run = |arguments: &[&str]| -> CommandOutput {
        command(&app, arguments).env("PATH", &path).output().expect("it starts").into()
    };
    for list in ["-e ../../libs/money\n", "../../libs/money\n"] {
        app.write("workers/pa/requirements.txt", list);
        let output = run(&["invoke", "pa", "--payload", "{\"value\": 2.7}"]);
        assert_eq!(output.code, Some(0), "{}", output.stderr);
        assert_eq!(serde_json::from_str::<Value>(&output.stdout).expect("JSON"), json!([3, true]), "{list}");
        let output = run(&["build", "--worker=pa", "--worker-layer=pa"]);
        assert_eq!(output.code, Some(0), "{}", output.stderr);
        if let Some(response) = on_lambda(&app, "pa") {
            assert_eq!(response, json!([3, true]), "{list}");
        }
    }
    let dir = tempfile::tempdir().expect("a folder");
    testbed::unpack(&app.path("target/bedrock/layers/pa.zip"), dir.path());
    assert!(dir.path().join("python/dates_of_shop/__init__.py").is_file());
    assert!(!dir.path().join("python/money_of_shop/test_money.py").exists(), "tests are packed");
    assert!(!app.path("libs/money/dist").exists() && !app.path("libs/money/build").exists());
    let fresh = run(&["build", "--worker-layer=pa", "--explain"]);
    assert!(fresh.stderr.contains("none of its inputs changed"), "{}", fresh.stderr);
    app.write("libs/dates/src/dates_of_shop/__init__.py", "YES = 'changed'\n");
    let changed = run(&["build", "--worker-layer=pa", "--explain"]);
    assert!(changed.stderr.contains("`libs/dates/src/dates_of_shop/__init__.py` changed"), "{}", changed.stderr);
    let output = run(&["invoke", "pa", "--payload", "{\"value\": 2.7}"]);
    assert_eq!(serde_json::from_str::<Value>(&output.stdout).expect("JSON"), json!([3, "changed"]));
}

#[test]
fn npm_packages_in_folders_are_copied_once() {
    let app = TestApp::without_rust();
    app.run_ok(&["new", "worker", "ja.js"]);
    write(
        &app,
        "libs/money/package.json",
        "{ \"name\": \"money\", \"version\": \"1.0.0\", \"dependencies\": { \"dates\": \"file:../dates\", \"ms\": \"2.1.3\" } }",
    );
    write(
        &app,
        "libs/money/index.js",
        "exports.rounded = (value) => [Math.round(value), require('dates').yes && require('ms')('1s') === 1000];\n",
    );
    write(&app, "libs/dates/package.json", "{ \"name\": \"dates\", \"version\": \"1.0.0\" }");
    write(&app, "libs/dates/index.js", "exports.yes = true;\n");
    app.write("workers/ja/package.json", "{ \"dependencies\": { \"money\": \"file:../../libs/money\" } }");
    app.write("workers/ja/main.js", &JAVASCRIPT.replace("NAME", "Ja").replace("../_shared/javascript/money", "money"));
    assert_eq!(invoked(&app, "ja"), json!([3, true]));
    let output = run(&app, &["build", "--worker=ja", "--worker-layer=ja"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    if let Some(response) = on_lambda(&app, "ja") {
        assert_eq!(response, json!([3, true]));
    }
    let dir = tempfile::tempdir().expect("a folder");
    testbed::unpack(&app.path("target/bedrock/layers/ja.zip"), dir.path());
    let modules = dir.path().join("nodejs/node_modules");
    assert!(modules.join("dates/index.js").is_file() && !modules.join("money/node_modules/dates").exists());
}

#[test]
fn folder_outside_of_the_app_is_a_warning_and_an_error() {
    let app = TestApp::without_rust();
    app.run_ok(&["new", "worker", "pa.py"]);
    let outside = app.path("../outside");
    fs::create_dir_all(outside.join("src/outside_of_shop")).expect("a folder");
    fs::write(outside.join("src/outside_of_shop/__init__.py"), "").expect("written");
    fs::write(outside.join("setup.py"), "").expect("written");
    app.write("workers/pa/requirements.txt", "# nothing\n../../../outside\n");
    let place = "workers/pa/requirements.txt:2: `../../../outside` is outside of the app, and a build packs only files of the app";
    let output = run(&app, &["build", "--worker-layer=pa"]);
    assert_eq!(output.code, Some(1));
    assert!(output.stderr.contains(&format!("error: {place}")), "{}", output.stderr);
    // Whether its installation succeeds does not matter.
    let output = run(&app, &["invoke", "pa"]);
    assert!(output.stderr.contains(&format!("warning: {place}")), "{}", output.stderr);
    assert!(Path::new(&outside).is_dir());
}

#[test]
fn member_of_an_npm_workspace_names_only_members() {
    let app = TestApp::without_rust();
    app.run_ok(&["new", "worker", "ja.js"]);
    write(&app, "package.json", "{ \"workspaces\": [\"workers/*\"] }");
    write(&app, "libs/money/package.json", "{ \"name\": \"money\", \"version\": \"1.0.0\" }");
    app.write(
        "workers/ja/package.json",
        "{\n\"name\": \"ja\", \"dependencies\": { \"money\": \"file:../../libs/money\" } }",
    );
    let output = run(&app, &["build", "--worker-layer=ja"]);
    let message = "error: workers/ja/package.json:2: `file:../../libs/money` is not a member of the workspace";
    assert!(output.code == Some(1) && output.stderr.contains(message), "{}", output.stderr);
}
