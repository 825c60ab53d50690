//! What functions in three languages may do in `dev`: each right that their `uses` say, and nothing else.

use std::fs;

use serde_json::{Value, json};
use testbed::access_table::{self, AccessRow, access_differences, access_names, access_rows, is_denial};

use crate::dev_process::DevProcess;
use crate::services::dev;
use crate::test_app::TestApp;

const PYTHON_WORKER: &str = "
import sys
from bedrock.workers.worker import Worker

class CLASS(Worker):
    def execute(self, event, context):
        sys.path.append(event['boto3'])
        return handler(event, context)
";
const JAVASCRIPT_WORKER: &str = "
const { Worker } = require('./worker');
module.exports.CLASS = class CLASS extends Worker {
  async execute(event) { return handler(event); }
};
";

/// An app with a function for each half of the table, in each of these languages.
fn app(languages: &[&str]) -> TestApp {
    let app = TestApp::compilable();
    app.append("Cargo.toml", "\n[package.metadata.bedrock.dev]\nservices = \"ministack\"\n");
    for language in languages {
        for (half, uses) in [("reader", access_table::READER_USES), ("writer", access_table::WRITER_USES)] {
            let name = format!("{language}_{half}");
            let class: String = name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect();
            let folder = format!("workers/{name}");
            match *language {
                "py" => {
                    app.run_ok(&["new", "worker", &format!("{name}.py")]);
                    let code = access_table::PYTHON.to_owned() + &PYTHON_WORKER.replace("CLASS", &class);
                    app.write(&format!("{folder}/main.py"), &code);
                }
                "js" => {
                    app.run_ok(&["new", "worker", &format!("{name}.js")]);
                    let code = access_table::JAVASCRIPT.replace("module.exports = { handler };", "");
                    let code = code + &JAVASCRIPT_WORKER.replace("CLASS", &class);
                    app.write(&format!("{folder}/main.js"), &code);
                }
                _ => {
                    app.run_ok(&["new", "worker", &format!("{name}.rs")]);
                    app.write(&format!("{folder}/src/lib.rs"), &access_table::RUST.replace("WORKER", &class));
                    app.append(&format!("{folder}/Cargo.toml"), access_table::RUST_DEPENDENCIES);
                }
            }
            // Only one function says the key.
            let uses = if *language == languages[0] { uses.to_owned() } else { uses.replace(", key = \"id\"", "") };
            app.append(
                "Cargo.toml",
                &format!("\n[package.metadata.bedrock.workers.{name}]\ntimeout = 120\nuses = {uses}\n"),
            );
        }
    }
    app
}

fn call(dev: &DevProcess, worker: &str, rows: &[AccessRow]) -> Value {
    let python = testbed::tool("ministack/lib").expect("it is installed").read_dir().expect("a folder");
    let python = python.flatten().next().expect("one version").path();
    let rows: Vec<&Value> = rows.iter().map(|row| &row.request).collect();
    let sdk = testbed::tool("node_sdk");
    let queue = format!("http://127.0.0.1:{}/_sqs/000000000000/shop-local-jobs.fifo", dev.port());
    let names = access_names("local", "000000000000", &queue, "shop-local-pictures");
    let event = json!({ "rows": rows, "names": names, "boto3": python.join("site-packages"), "sdk": sdk });
    let (status, codes) = dev.invoke(worker, &event);
    assert!(status == 200 && codes.is_array(), "{worker}: {codes}");
    codes
}

#[test]
fn functions_in_three_languages_may_do_what_they_use() {
    let Some(ministack) = testbed::tool("ministack/bin/ministack") else { return };
    if testbed::tool("node_sdk").is_none() {
        return;
    }
    let languages = ["py", "js", "rs"];
    let app = app(&languages);
    let dev = DevProcess::start_command(dev(&app, &ministack));
    let rows = access_rows();
    let mut differences = Vec::new();
    for language in languages {
        // What is read must have been written.
        for half in ["writer", "reader"] {
            let codes = call(&dev, &format!("{language}_{half}"), &rows);
            differences.extend(access_differences(half, &rows, &codes).iter().map(|line| format!("{language}_{line}")));
        }
    }
    assert_eq!(differences, Vec::<String>::new());
}

#[test]
fn relaxed_services_get_every_request() {
    let Some(ministack) = testbed::tool("ministack/bin/ministack") else { return };
    let app = app(&["py"]);
    let mut command = dev(&app, &ministack);
    command.arg("--relaxed");
    let dev = DevProcess::start_command(command);
    let rows: Vec<AccessRow> = access_rows().into_iter().filter(|row| !row.action.contains("Delete")).collect();
    let codes = call(&dev, "py_reader", &rows);
    let denied = codes.as_array().expect("a list").iter().filter(|code| code.as_str().is_some_and(is_denial)).count();
    assert_eq!(denied, 0, "{codes}");
    let log = fs::read_dir(app.path("target/bedrock/dev")).expect("a folder").flatten();
    let log: String = log.filter_map(|file| fs::read_to_string(file.path()).ok()).collect();
    assert!(log.contains("warning: `py_reader` may not `dynamodb:PutItem`"), "{log}");
}
