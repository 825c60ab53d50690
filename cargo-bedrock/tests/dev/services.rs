//! The AWS services that the dev server does not have itself, with the real ministack.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::dev_process::{DevProcess, wait_until_ended};
use crate::test_app::TestApp;

/// Calls DynamoDB as an SDK does, with the URL and the table's name from its environment.
pub(crate) const PYTHON: &str = r#"
import json, os, urllib.error, urllib.request
from bedrock.workers.resources import resource
from bedrock.workers.worker import Worker

class Snake(Worker):
    def execute(self, event, context):
        body = json.dumps({"TableName": resource("table", "orders"), **event["body"]}).encode()
        key = os.environ["AWS_ACCESS_KEY_ID"]
        scope = f"{key}/20260101/us-east-1/dynamodb/aws4_request"
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "DynamoDB_20120810." + event["action"],
            "X-Amz-Security-Token": os.environ["AWS_SESSION_TOKEN"],
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        }
        request = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"], data=body, headers=headers)
        try:
            return json.load(urllib.request.urlopen(request))
        except urllib.error.HTTPError as error:
            return json.loads(error.read())["__type"]
"#;

const SETTINGS: &str = "\n[package.metadata.bedrock.dev]\nservices = \"ministack\"\n
[package.metadata.bedrock.workers.snake]\nuses = [{ table = \"orders\", access = \"read-write\", key = \"id\" }]\n";

fn app_with_table() -> TestApp {
    let app = TestApp::compilable();
    app.run_ok(&["new", "worker", "snake.py"]);
    app.write("workers/snake/main.py", PYTHON);
    app.append("Cargo.toml", SETTINGS);
    app
}

/// Returns the `PATH` with the folder of the real ministack, or without any.
fn path_with(folder: Option<&Path>) -> std::ffi::OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let others = std::env::split_paths(&path).filter(|dir| !dir.join("ministack").exists());
    std::env::join_paths(folder.map(Path::to_owned).into_iter().chain(others)).expect("a PATH")
}

/// Returns `dev` with the real ministack on its `PATH`, and nothing else of the folder that it is installed in.
pub(crate) fn dev(app: &TestApp, ministack: &Path) -> Command {
    let bin = app.path("bin");
    fs::create_dir_all(&bin).expect("a folder");
    let link = bin.join("ministack");
    if !link.exists() {
        symlink(ministack, link).expect("a link");
    }
    let mut command = app.command(&["dev", "--port", "0", "--message-format", "json"]);
    command.env("PATH", path_with(Some(&bin)));
    command
}

fn put(dev: &DevProcess, id: &str) -> (u16, Value) {
    dev.invoke("snake", &json!({ "action": "PutItem", "body": { "Item": { "id": { "S": id } } } }))
}

fn items(dev: &DevProcess) -> Value {
    let (status, response) = dev.invoke("snake", &json!({ "action": "Scan", "body": {} }));
    assert_eq!(status, 200, "{response}");
    response["Items"].clone()
}

/// Returns the processes of ministack that `dev` has started.
fn ministacks(dev: &DevProcess) -> Vec<u32> {
    let is_ministack = |pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains("bin/ministack")
    };
    dev.children().into_iter().filter(is_ministack).collect()
}

#[test]
fn table_of_ministack_outlives_the_dev_server() {
    let Some(ministack) = testbed::tool("ministack/bin/ministack") else { return };
    let app = app_with_table();
    let mut first = DevProcess::start_command(dev(&app, &ministack));
    assert_eq!(put(&first, "1"), (200, json!({})));
    assert_eq!(items(&first), json!([{ "id": { "S": "1" } }]));
    let processes = ministacks(&first);
    assert_eq!(processes.len(), 1);
    let log = fs::metadata(app.path("target/bedrock/services")).expect("a folder");
    assert_eq!(log.permissions().mode() & 0o777, 0o700);
    first.interrupt();
    let (code, stderr) = first.wait();
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("note: created the table `shop-local-orders` at http://127.0.0.1:"), "{stderr}");
    wait_until_ended(&processes);

    // A new table is created when the settings change, and the server that has the others keeps running.
    let second = DevProcess::start_command(dev(&app, &ministack));
    assert_eq!(items(&second), json!([{ "id": { "S": "1" } }]));
    let processes = ministacks(&second);
    app.edit("Cargo.toml", "table = \"orders\"", "table = \"bills\"");
    app.edit("workers/snake/main.py", "\"orders\"", "\"bills\"");
    second.wait_for("app-started");
    assert_eq!(items(&second), json!([]));
    assert_eq!(ministacks(&second), processes);

    // One that has ended is started again.
    kill_process(Pid::from_raw(processes[0].cast_signed()).expect("an id"), Signal::KILL).expect("a signal");
    wait_until_ended(&processes);
    app.edit("Cargo.toml", "table = \"bills\"", "table = \"orders\"");
    app.edit("workers/snake/main.py", "\"bills\"", "\"orders\"");
    second.wait_for("app-started");
    assert_eq!(items(&second), json!([{ "id": { "S": "1" } }]));
    let processes = ministacks(&second);
    second.kill();
    wait_until_ended(&processes);
}

#[test]
fn missing_ministack_is_installed_on_request() {
    let Some(ministack) = testbed::tool("ministack/bin/ministack") else { return };
    let app = app_with_table();
    let run = |arguments: &[&str], path: &Path| {
        let mut command = app.command(&[&["dev", "--port", "0"], arguments].concat());
        let output = command.env("PATH", path_with(Some(path))).output().expect("it starts");
        app.show(&output)
    };
    let bin = app.path("bin");
    fs::create_dir_all(&bin).expect("a folder");
    assert_eq!(
        run(&[], &bin),
        "exit code 2\n-- stderr\nerror: `dev.services` is `\"ministack\"`, and ministack is not installed\n\
         help: run `pip install ministack==1.5.33`, or `cargo bedrock dev --install-services`\n"
    );
    // A uv that installs what is installed already.
    let real: PathBuf = ministack.canonicalize().expect("a file");
    let script = |body: &str| {
        fs::write(bin.join("uv"), format!("#!/bin/sh\n{body}\n")).expect("a file");
        fs::set_permissions(bin.join("uv"), fs::Permissions::from_mode(0o755)).expect("executable");
    };
    script("echo 'no such host' >&2; exit 2");
    let failed = run(&["--install-services"], &bin);
    assert!(failed.contains("error: failed to install ministack\n"), "{failed}");
    assert!(failed.contains("no such host"), "{failed}");
    script(&format!(
        "[ \"$*\" = 'tool install ministack==1.5.33' ] && mkdir -p \"$UV_TOOL_BIN_DIR\" && ln -s '{}' \"$UV_TOOL_BIN_DIR/ministack\"",
        real.display()
    ));
    let mut command = app.command(&["dev", "--port", "0", "--message-format", "json", "--install-services"]);
    command.env("PATH", path_with(Some(&bin)));
    let dev = DevProcess::start_command(command);
    assert_eq!(items(&dev), json!([]));
}

#[test]
fn ministack_that_ends_at_its_start_is_an_error() {
    let app = app_with_table();
    let bin = app.path("bin");
    fs::create_dir_all(&bin).expect("a folder");
    fs::write(bin.join("ministack"), "#!/bin/sh\necho 'no module named ministack' >&2\nexit 3\n").expect("a file");
    fs::set_permissions(bin.join("ministack"), fs::Permissions::from_mode(0o755)).expect("executable");
    let output = app.command(&["dev", "--port", "0"]).env("PATH", path_with(Some(&bin))).output().expect("it starts");
    assert_eq!(
        app.show(&output),
        "exit code 2\n-- stderr\nerror: failed to start ministack\n  caused by: no module named ministack\n\
         help: its log is `[DIR]/shop/target/bedrock/services/ministack.log`\n"
    );
}

#[test]
fn services_of_the_user_get_the_tables() {
    let Some(ministack) = testbed::Ministack::start(false) else { return };
    let app = app_with_table();
    app.edit("Cargo.toml", "services = \"ministack\"", &format!("endpoint = \"{}\"", ministack.endpoint()));
    let mut command = app.command(&["dev", "--port", "0", "--message-format", "json"]);
    command.env("PATH", path_with(None));
    let dev = DevProcess::start_command(command);
    assert_eq!(put(&dev, "1"), (200, json!({})));
    assert_eq!(ministacks(&dev), Vec::<u32>::new());
    drop(dev);

    app.edit("Cargo.toml", "key = \"id\"", "key = \"number\"");
    let output = app.run(&["dev", "--port", "0"]).replace(ministack.endpoint(), "[URL]");
    assert_eq!(
        output,
        "exit code 1\n-- stderr\nerror: failed to create the table `shop-local-orders` at [URL]\n  \
         caused by: it exists with another key than in the settings\n\
         help: delete it with `aws dynamodb delete-table --table-name shop-local-orders --endpoint-url [URL]`\n"
    );
}

#[test]
fn unreachable_services_of_the_user_are_an_error() {
    let app = app_with_table();
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    app.edit("Cargo.toml", "services = \"ministack\"", &format!("endpoint = \"http://{free}\""));
    let output = app.run(&["dev", "--port", "0"]);
    let expected = format!("error: failed to create the table `shop-local-orders` at http://{free}\n");
    assert!(output.contains(&expected), "{output}");
    assert!(output.contains("help: start the server of `dev.endpoint` first, or remove the setting\n"), "{output}");
}
