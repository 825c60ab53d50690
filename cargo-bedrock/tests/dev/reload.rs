//! Reloads while files of an app change.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::dev_process::DevProcess;
use crate::test_app::TestApp;

const PYTHON: &str = "\
from bedrock.workers.worker import Worker

class Snake(Worker):
    def execute(self, event, context):
        return \"old\"
";

/// Creates an app called `shop` with a worker in Rust and one in Python.
pub(crate) fn app_with_python() -> TestApp {
    let app = TestApp::compilable();
    app.run_ok(&["new", "worker", "snake.py"]);
    app.write("workers/snake/main.py", PYTHON);
    app
}

#[test]
fn typescript_worker_is_reloaded_with_lines_of_its_file() {
    let Some(node) = testbed::tool("node24/bin/node") else { return };
    let app = TestApp::compilable();
    app.run_ok(&["new", "worker", "resizer.ts"]);
    let mut command = app.command(&["dev", "--port", "0", "--message-format", "json"]);
    command.env("BEDROCK_NODE", node);
    let dev = DevProcess::start_command(command);
    let invoke = || dev.invoke("resizer", &json!({ "name": "Ada" }));
    assert_eq!(invoke(), (200, json!({ "message": "hello Ada" })));
    app.edit("workers/resizer/main.ts", "hello", "goodbye");
    assert_eq!(dev.wait_for("reloaded")["workers"], json!(["resizer"]));
    assert_eq!(invoke(), (200, json!({ "message": "goodbye Ada" })));
    app.edit(
        "workers/resizer/main.ts",
        "    return {",
        "    if (event.name === 'Ada') throw new Error('no');\n    return {",
    );
    dev.wait_for("reloaded");
    let (_, error) = invoke();
    assert!(error["trace"][1].as_str().is_some_and(|line| line.contains("main.ts:9:")), "{error}");
}

#[test]
fn shared_file_reloads_only_the_workers_that_import_it() {
    let app = app_with_python();
    app.run_ok(&["new", "worker", "lizard.py"]);
    fs::create_dir_all(app.path("workers/_shared/python")).expect("a folder");
    app.write("workers/_shared/python/words.py", "WORD = \"old\"\n");
    let code = PYTHON.replace("return \"old\"", "return words.WORD").replace("\n\n", "\nimport words\n\n");
    app.write("workers/snake/main.py", &code);
    let dev = DevProcess::start_command(app.command(&["dev", "--port", "0", "--message-format", "json"]));
    let snake = || dev.invoke("snake", &json!({}));
    assert_eq!(dev.invoke("lizard", &json!({})).0, 200);
    assert_eq!(snake(), (200, json!("old")));
    app.write("workers/_shared/python/words.py", "WORD = \"new\"\n");
    let reloaded = dev.wait_for("reloaded");
    assert_eq!(reloaded["workers"], json!(["snake"]));
    assert_eq!(reloaded["files"], json!(["workers/_shared/python/words.py"]));
    assert_eq!(snake(), (200, json!("new")));
}

#[test]
fn stale_contract_is_a_warning_with_both_spellings() {
    let app = app_with_python();
    app.edit("workers/snake/main.py", "event, context)", "event: int, context) -> str");
    app.run_ok(&["contracts", "snake"]);
    let mut dev = DevProcess::start_command(app.command(&["dev", "--port", "0", "--message-format", "json"]));
    assert_eq!(dev.invoke("snake", &json!(1)), (200, json!("old")));
    app.edit("workers/snake/main.py", "event: int", "event: float");
    dev.wait_for("reloaded");
    assert_eq!(dev.invoke("snake", &json!(1)), (200, json!("old")));
    dev.wait_for_stderr(
        "`workers/snake/contract.json` is not the contract of `workers/snake/main.py`: `event`: was `integer`, is `number`",
    );
    // The file counts for calls.
    let (_, error) = dev.invoke("snake", &json!(1.5));
    let message = "the event for worker `snake` is not that of its contract: `event`: expected an integer, found `1.5`";
    assert_eq!(error["message"], message);
}

#[test]
fn saved_changes_are_reloaded_unless_they_fail() {
    let app = app_with_python();
    let arguments = ["dev", "--port", "0", "--message-format", "json"];
    let dev = DevProcess::start_command(app.command(&arguments));
    let greet = || dev.invoke("greeter", &json!({ "name": "Ada" }));
    let snake = || dev.invoke("snake", &json!({}));
    let before = greet();
    let code = app.path("workers/greeter/src/lib.rs");
    assert_eq!((before.0, snake()), (200, (200, json!("old"))));
    let hello = before.1["message"].as_str().expect("a message").to_owned();
    assert_eq!(hello, "hello Ada");

    app.edit("workers/snake/main.py", "old", "new");
    assert_eq!(dev.wait_for("reloaded")["workers"], json!(["snake"]));
    assert_eq!(snake(), (200, json!("new")));

    app.edit("workers/greeter/src/lib.rs", "hello {}", "good day {}");
    assert_eq!(dev.wait_for("reloaded")["workers"], json!(["greeter"]));
    assert_eq!(greet().1["message"], "good day Ada");

    let good = fs::read_to_string(&code).expect("the code");
    app.write("workers/greeter/src/lib.rs", &format!("{good}\nfn broken() -> u32 {{ \"text\" }}\n"));
    let failed = dev.wait_for("reload-failed");
    assert_eq!((&failed["workers"], &failed["files"]), (&json!([]), &json!(["workers/greeter/src/lib.rs"])));
    assert_eq!(greet().1["message"], "good day Ada");
    let (_, log) = dev.get("127.0.0.1", "/_bedrock/v1/dev-events?kind=build");
    let states: Vec<&Value> = log["events"].as_array().expect("builds").iter().map(|build| &build["state"]).collect();
    assert_eq!((states.first(), states.last()), (Some(&&json!("started")), Some(&&json!("failed"))), "{log}");
    app.write("workers/greeter/src/lib.rs", &good);
    dev.wait_for("reloaded");

    // Changed settings restart the server at the same address, even while a client is connected.
    let _connection = TcpStream::connect(("127.0.0.1", dev.port())).expect("it listens");
    app.edit(
        "Cargo.toml",
        "[package.metadata.bedrock]",
        "[package.metadata.bedrock.workers.snake]\ntimeout = 7\n\n[package.metadata.bedrock]",
    );
    assert!(dev.wait_for("app-started")["url"].as_str().is_some_and(|url| url.ends_with(&format!(":{}", dev.port()))));
    assert_eq!((greet().0, snake()), (200, (200, json!("new"))));
}

/// Returns a script that runs cargo and does not exit while the file `hold` exists.
fn held_cargo_script(hold: &Path) -> String {
    let cargo = std::env::var("CARGO").expect("cargo runs the tests");
    format!(
        "#!/bin/sh\n'{cargo}' \"$@\"\ncode=$?\nwhile [ -e '{}' ]; do sleep 0.05; done\nexit $code\n",
        hold.display()
    )
}

#[test]
fn programs_are_swapped_before_cargo_exits() {
    let app = app_with_python();
    let other = if cfg!(target_arch = "aarch64") { "x86_64" } else { "arm64" };
    let settings = format!("[package.metadata.bedrock]\narchitecture = \"{other}\"\n");
    app.edit("Cargo.toml", "[package.metadata.bedrock]\n", &settings);
    let cargo = app.path("../held-cargo");
    let hold = app.path("../hold");
    fs::write(&cargo, held_cargo_script(&hold)).expect("a script");
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).expect("a script");
    let mut command = app.command(&["dev", "--port", "0", "--message-format", "json"]);
    command.env("CARGO", &cargo);
    let dev = DevProcess::start_command(command);
    let greet = || dev.invoke("greeter", &json!({ "name": "Ada" })).1["message"].clone();
    assert_eq!(greet(), "hello Ada");
    fs::write(&hold, "").expect("a file");
    app.edit("workers/greeter/src/lib.rs", "hello {}", "good day {}");
    let started_at = Instant::now();
    while greet() != "good day Ada" {
        assert!(started_at.elapsed() < Duration::from_secs(120), "the reload waits until cargo exits");
    }
    fs::remove_file(&hold).expect("a file");
    assert_eq!(dev.wait_for("reloaded")["workers"], json!(["greeter"]));
}
