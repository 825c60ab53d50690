//! A new app with the real build and deploy: the endpoint calls a Rust worker, which calls a Python worker, which calls a
//! JavaScript worker, each of them a function.

use std::fs;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use crate::emulated_aws::EmulatedAws;
use crate::test_app::{CommandOutput, command};

/// Replaces the scaffolded greeter: it calls the next worker.
const GREETER: &str = r#"//! The worker `greeter`.

use bedrock::{Context, Result, Worker, invoke};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
pub struct GreeterRequest {
    pub name: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct GreeterResponse {
    pub message: String,
}

#[bedrock::worker]
pub struct Greeter;

impl Worker for Greeter {
    type Event = GreeterRequest;
    type Response = GreeterResponse;

    async fn execute(&self, event: Self::Event, _context: &Context) -> Result<Self::Response> {
        let mut response: GreeterResponse = invoke!("counter", event, require_response = true).await?;
        response.message = format!("rust < {}", response.message);
        Ok(response)
    }
}
"#;

const COUNTER: &str = "
from bedrock.workers.invoker import invoke
from bedrock.workers.worker import Worker


class Counter(Worker):
    def execute(self, event, context):
        response = invoke('reporter', event, require_response=True)
        return {'message': 'python < ' + response['message']}
";

const REPORTER: &str = "
const { Worker } = require('./worker');

class Reporter extends Worker {
  async execute(event, context) {
    return { message: `javascript < ${event.name}` };
  }
}

module.exports = { Reporter };
";

/// Runs `cargo bedrock …` with the target folder that all apps of the tests share.
fn run(folder: &Path, aws: &EmulatedAws, args: &[&str]) -> CommandOutput {
    let mut command = command(folder, args, &aws.environment());
    testbed::share_build(&mut command).output().expect("the command starts").into()
}

fn create_app(aws: &EmulatedAws, dir: &Path) -> std::path::PathBuf {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the checkout");
    let path = checkout.to_str().expect("text");
    run(dir, aws, &["new", "app", "shop", "--bedrock-path", path]).success();
    let app = dir.join("shop");
    fs::copy(checkout.join("Cargo.lock"), app.join("Cargo.lock")).expect("the lock file");
    for worker in ["counter.py", "reporter.js"] {
        run(&app, aws, &["new", "worker", worker]).success();
    }
    for (file, text) in [
        ("workers/greeter/src/lib.rs", GREETER),
        ("workers/counter/main.py", COUNTER),
        ("workers/reporter/main.js", REPORTER),
    ] {
        fs::write(app.join(file), text).expect(file);
    }
    // Apps share a target folder, and cargo tells packages in them apart by name, version and place in the app. A greeter of
    // another test that is compiled after this one was written would count as up to date.
    let manifest = app.join("workers/greeter/Cargo.toml");
    let text = fs::read_to_string(&manifest).expect("a manifest");
    fs::write(&manifest, text.replacen("version = \"0.1.0\"", "version = \"0.1.1\"", 1)).expect("a manifest");
    app
}

#[test]
fn new_app_is_deployed_and_called_through_four_functions() {
    let Some(aws) = EmulatedAws::start(true) else { return };
    let dir = TempDir::new().expect("a folder");
    let app = create_app(&aws, dir.path());
    run(&app, &aws, &["build"]).success();
    let deployed = run(&app, &aws, &["deploy", "--stage", "dev", "--yes"]);
    assert!(deployed.stderr.contains("warning: deploying a dev build"), "{}", deployed.stderr);
    let url = deployed.stderr.lines().find_map(|line| line.strip_prefix("note: the endpoint listens on "));
    let url = url.expect("a URL").to_owned();
    assert!(deployed.success().ends_with("\n4 to create\n"));
    let (status, body) = aws.http_get(&format!("{url}hello/Ada"));
    assert!(status.contains("200"), "{status} {body}");
    assert!(body.contains("rust < python < javascript < Ada"), "{body}");

    run(&app, &aws, &["build"]).success();
    assert!(run(&app, &aws, &["deploy", "--stage", "dev", "--yes"]).success().ends_with("\n4 unchanged\n"));

    fs::write(app.join("workers/reporter/main.js"), REPORTER.replace("javascript <", "edited <")).expect("the worker");
    run(&app, &aws, &["build"]).success();
    let edited = run(&app, &aws, &["deploy", "--stage", "dev", "--yes"]).success();
    assert!(edited.ends_with("~ update  shop-dev-reporter (code)\n\n1 to update, 3 unchanged\n"), "{edited}");
    let (_, body) = aws.http_get(&format!("{url}hello/Ada"));
    assert!(body.contains("rust < python < edited < Ada"), "{body}");

    // The reporter calls no worker, so it may not invoke functions.
    let policy_name = json!({ "RoleName": "shop-dev-reporter-us-east-1", "PolicyName": "own" });
    let policy = aws.call("iam", "get_role_policy", &policy_name).to_string();
    assert!(!policy.contains("InvokeFunction"), "{policy}");
    run(&app, &aws, &["destroy", "--stage", "dev", "--yes"]).success();
    assert_eq!(aws.list_resources(""), Vec::<String>::new());
}
