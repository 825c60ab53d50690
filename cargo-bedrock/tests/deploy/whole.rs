//! The whole way of a newcomer, with the real build: an app whose endpoint calls Rust, which calls Python, which calls
//! JavaScript, each in a function of its own.

use std::fs;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use crate::cloud::Cloud;
use crate::shop::{Answer, command};

/// In place of the scaffolded greeter: it asks the next one.
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
        let mut answer: GreeterResponse = invoke!("counter", event, require_response = true).await?;
        answer.message = format!("rust < {}", answer.message);
        Ok(answer)
    }
}
"#;

const COUNTER: &str = "
from bedrock.workers.invoker import invoke
from bedrock.workers.worker import Worker


class Counter(Worker):
    def execute(self, event, context):
        answer = invoke('reporter', event, require_response=True)
        return {'message': 'python < ' + answer['message']}
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

/// `cargo bedrock …`; what the apps of other tests have compiled is compiled already.
fn run(folder: &Path, cloud: &Cloud, args: &[&str]) -> Answer {
    let mut command = command(folder, args, &cloud.environment());
    testbed::share_build(&mut command).output().expect("the command starts").into()
}

fn made(cloud: &Cloud, dir: &Path) -> std::path::PathBuf {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the checkout");
    let path = checkout.to_str().expect("text");
    run(dir, cloud, &["new", "app", "shop", "--bedrock-path", path]).good();
    let app = dir.join("shop");
    fs::copy(checkout.join("Cargo.lock"), app.join("Cargo.lock")).expect("the lock file");
    for worker in ["counter.py", "reporter.js"] {
        run(&app, cloud, &["new", "worker", worker]).good();
    }
    for (file, text) in [
        ("workers/greeter/src/lib.rs", GREETER),
        ("workers/counter/main.py", COUNTER),
        ("workers/reporter/main.js", REPORTER),
    ] {
        fs::write(app.join(file), text).expect(file);
    }
    app
}

#[test]
fn from_an_empty_folder_to_an_answer_that_went_through_four_functions() {
    let Some(cloud) = Cloud::start(true) else { return };
    let dir = TempDir::new().expect("a folder");
    let app = made(&cloud, dir.path());
    run(&app, &cloud, &["build"]).good();
    let deployed = run(&app, &cloud, &["deploy", "--stage", "dev", "--yes"]);
    assert!(deployed.stderr.contains("warning: what is deployed is a dev build"), "{}", deployed.stderr);
    let url = deployed.stderr.lines().find_map(|line| line.strip_prefix("note: the endpoint listens on "));
    let url = url.expect("a URL").to_owned();
    assert!(deployed.good().ends_with("\n4 to create\n"));
    let (status, body) = cloud.get(&format!("{url}hello/Ada"));
    assert!(status.contains("200"), "{status} {body}");
    assert!(body.contains("rust < python < javascript < Ada"), "{body}");

    run(&app, &cloud, &["build"]).good();
    assert!(run(&app, &cloud, &["deploy", "--stage", "dev", "--yes"]).good().ends_with("\n4 stay as they are\n"));

    fs::write(app.join("workers/reporter/main.js"), REPORTER.replace("javascript <", "edited <")).expect("the worker");
    run(&app, &cloud, &["build"]).good();
    let edited = run(&app, &cloud, &["deploy", "--stage", "dev", "--yes"]).good();
    assert!(edited.ends_with("~ update  shop-dev-reporter (code)\n\n1 to update, 3 stay as they are\n"), "{edited}");
    let (_, body) = cloud.get(&format!("{url}hello/Ada"));
    assert!(body.contains("rust < python < edited < Ada"), "{body}");

    // What the graph does not have, IAM denies.
    let of = json!({ "RoleName": "shop-dev-reporter-us-east-1", "PolicyName": "own" });
    let policy = cloud.call("iam", "get_role_policy", &of).to_string();
    assert!(!policy.contains("InvokeFunction"), "{policy}");
    run(&app, &cloud, &["destroy", "--stage", "dev", "--yes"]).good();
    assert_eq!(cloud.things(""), Vec::<String>::new());
}
