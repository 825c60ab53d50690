//! A durable worker in TypeScript as `new worker --durable` makes it, in `cargo bedrock dev`.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use crate::dev_process::DevProcess;
use crate::test_app::TestApp;

#[test]
fn new_durable_typescript_worker_runs_and_reloads() {
    let (Some(sdk), Some(checkers)) =
        (testbed::tool("durable_sdk/node_modules"), testbed::tool("checkers/node_modules"))
    else {
        return;
    };
    let Some(node) = testbed::tool("node24/bin/node") else { return };
    let app = TestApp::compilable();
    app.run_ok(&["new", "worker", "mail_flow.ts", "--durable"]);
    let modules = app.path("workers/mail_flow/node_modules");
    fs::create_dir(&modules).expect("a folder");
    for packages in [sdk, checkers] {
        for package in fs::read_dir(packages).expect("packages").flatten() {
            // Both have some of the packages.
            let _ = symlink(package.path(), modules.join(package.file_name()));
        }
    }
    // Nothing has to be installed.
    app.edit("workers/mail_flow/package.json", "\"devDependencies\"", "\"linked\"");
    // Executions wait in real time.
    app.edit("workers/mail_flow/main.ts", "{ seconds: 5 }", "{ seconds: 1 }");
    // Longer ones cannot be called synchronously.
    app.edit("Cargo.toml", "timeout = \"30d\"", "timeout = \"10m\"");
    let mut command = app.command(&["dev", "--port", "0", "--message-format", "json"]);
    command.env("BEDROCK_NODE", node);
    let dev = DevProcess::start_command(command);
    let event = json!({ "name": "Ada" });
    assert_eq!(dev.invoke("mail_flow", &event), (200, json!({ "message": "hello Ada" })));
    app.edit("workers/mail_flow/main.ts", "`hello $", "`good evening $");
    assert_eq!(dev.wait_for("reloaded")["workers"], json!(["mail_flow"]));
    assert_eq!(dev.invoke("mail_flow", &event), (200, json!({ "message": "good evening Ada" })));
}
