//! `cargo bedrock test` of an app with AWS services: tests find them, and may do what the worker's `uses` say.

use std::fs;
use std::os::unix::fs::symlink;

use testbed::tool;

use crate::test_app::{CommandOutput, MANIFEST, TestApp};

const SETTINGS: &str = "\n[package.metadata.bedrock.dev]\nservices = \"ministack\"\n
[package.metadata.bedrock.workers.snake]\nuses = [{ table = \"orders\", access = \"read\", key = \"id\" }]\n";
const TEST: &str = r#"
import json, os, urllib.error, urllib.request
from bedrock.workers.resources import resource


def call(action, **body):
    body = json.dumps({"TableName": resource("table", "orders"), **body}).encode()
    scope = os.environ["AWS_ACCESS_KEY_ID"] + "/20260101/us-east-1/dynamodb/aws4_request"
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": "DynamoDB_20120810." + action,
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
    }
    request = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"], data=body, headers=headers)
    try:
        return json.load(urllib.request.urlopen(request))
    except urllib.error.HTTPError as error:
        return json.loads(error.read())["__type"]


def test_table():
    assert call("Scan")["Items"] == []
    assert call("PutItem", Item={"id": {"S": "1"}}).endswith("AccessDeniedException")
"#;

/// Runs the tests of an app with a table. The `PATH` has the real ministack only if `has_ministack`.
fn run(has_ministack: bool) -> Option<CommandOutput> {
    let (ministack, python) = (tool("ministack/bin/ministack")?, tool("venv/bin/python")?);
    let app = TestApp::with_manifest(MANIFEST).file("src/main.rs", "fn main() {}\n");
    app.run_ok(&["new", "worker", "snake.py"]);
    app.append("Cargo.toml", SETTINGS);
    app.write("workers/snake/test_main.py", TEST);
    let bin = app.path("bin");
    fs::create_dir_all(&bin).expect("a folder");
    if has_ministack {
        symlink(ministack, bin.join("ministack")).expect("a link");
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let others = std::env::split_paths(&path).filter(|folder| !folder.join("ministack").exists());
    let path = std::env::join_paths([bin].into_iter().chain(others)).expect("a PATH");
    let mut command = app.command(&["test", "snake"]);
    Some(command.env("BEDROCK_PYTHON", python).env("PATH", path).output().expect("it starts").into())
}

#[test]
fn tests_get_services_and_the_rights_of_uses() {
    let Some(output) = run(true) else { return };
    assert_eq!(output.code, Some(0), "{}{}", output.stdout, output.stderr);
    assert!(output.stderr.contains("note: created the table `my_app-local-orders`"), "{}", output.stderr);
    let denied = "error: `snake` may not `dynamodb:PutItem` on `arn:aws:dynamodb:us-east-1:000000000000:table/my_app-local-orders`: \
                  its `uses` do not say so\nhelp: add `{ table = \"orders\", access = \"write\" }` to `uses` of `snake` at Cargo.toml:";
    assert!(output.stderr.contains(denied), "{}", output.stderr);
}

#[test]
fn tests_run_without_ministack_and_say_so() {
    let Some(output) = run(false) else { return };
    assert_eq!(output.code, Some(1), "{}{}", output.stdout, output.stderr);
    assert!(output.stderr.contains("note: tests run without the services of `dev.services`"), "{}", output.stderr);
}
