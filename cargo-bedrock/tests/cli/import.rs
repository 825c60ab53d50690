//! `cargo bedrock import`: a SAM template and a cargo-lambda workspace become workers.

use std::fs;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::test_app::{CommandOutput, MANIFEST, TestApp};

const TEMPLATE: &str = "\
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: { Timeout: 7 }
Resources:
  HelloFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: hello/
      Handler: app.lambda_handler
      Runtime: python3.13
      Events:
        Nightly: { Type: Schedule, Properties: { Schedule: rate(1 day) } }
        Get: { Type: HttpApi, Properties: { Path: /hello, Method: get } }
  Resizer:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: resizer
      Handler: main.handler
      Runtime: nodejs24.x
      MemorySize: 512
";

fn app() -> TestApp {
    TestApp::empty()
        .file("my_app/Cargo.toml", MANIFEST)
        .file("my_app/src/main.rs", "fn main() {}\n")
        .file("sam/template.yaml", TEMPLATE)
        .file(
            "sam/hello/app.py",
            "import words\n\ndef lambda_handler(event, context):\n    return words.HELLO + event['name']\n",
        )
        .file("sam/hello/words.py", "HELLO = 'hello '\n")
        .file(
            "sam/resizer/main.js",
            "exports.handler = (event, context, callback) => callback(null, { size: event.size });\n",
        )
        .file("sam/resizer/node_modules/x/index.js", "")
        .enter("my_app")
}

fn run(app: &TestApp, arguments: &[&str]) -> CommandOutput {
    app.command(arguments).output().expect("it starts").into()
}

#[test]
fn sam_template_is_printed_applied_and_undone() {
    let app = app();
    let before = app.files();
    let dry = run(&app, &["import", "../sam", "--dry-run"]);
    assert_eq!((dry.code, app.files()), (Some(0), before), "{}", dry.stderr);
    assert_snapshot!(dry.stderr, @"
    warning: template.yaml:13: event `Get` of `HelloFunction` is not imported: `GET /hello` is a route of the endpoint: add it to `src/endpoints` and call the worker
    note: nothing was changed, because `--dry-run` was given
    ");
    assert!(dry.stdout.contains("+class Hello(Worker):\n"), "{}", dry.stdout);
    let done = run(&app, &["import", "../sam", "--yes"]);
    assert_eq!((done.code, &done.stdout), (Some(0), &dry.stdout), "{}", done.stderr);
    assert_snapshot!(app.read("Cargo.toml"), @r#"
    [package]
    name = "my_app"
    version = "0.1.0"
    edition = "2024"

    [package.metadata.bedrock]

    [package.metadata.bedrock.workers.hello]
    runtime = "python3.13"
    timeout = 7
    triggers = [{ schedule = "rate(1 day)" }]

    [package.metadata.bedrock.workers.resizer]
    runtime = "nodejs24.x"
    timeout = 7
    memory = 512

    [workspace]
    "#);
    assert_snapshot!(app.tree("workers"), @r"
    hello/app.py
    hello/main.py
    hello/words.py
    resizer/handler_main.js
    resizer/jsconfig.json
    resizer/main.js
    resizer/worker.d.ts
    resizer/worker.js
    ");
    let invoke = |worker: &str, event: &str| -> Value {
        let output = run(&app, &["invoke", worker, "--payload", event]);
        serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{}", output.stderr))
    };
    assert_eq!(invoke("hello", "{\"name\": \"Ada\"}"), json!("hello Ada"));
    assert_eq!(invoke("resizer", "{\"size\": 3}"), json!({ "size": 3 }));
    let again = run(&app, &["import", "../sam", "--yes"]);
    assert!(again.stderr.contains("worker `hello` is not imported: the app has one of this name"), "{}", again.stderr);
    assert!(again.stderr.contains("done: nothing to do"), "{}", again.stderr);
    assert_eq!(run(&app, &["migrate", "--undo", "--yes"]).code, Some(0));
    assert_eq!(app.read("Cargo.toml"), MANIFEST);
    assert!(!app.path("workers/hello").exists() && !app.path("workers/resizer").exists());
}

const QUEUES: &str = "\
Transform: AWS::Serverless-2016-10-31
Common: &common { CodeUri: code, Handler: main.handler, Runtime: python3.13 }
Resources:
  JobsQueue: { Type: AWS::SQS::Queue }
  OrderedQueue:
    Type: AWS::SQS::Queue
    Properties: { FifoQueue: true, ContentBasedDeduplication: true }
  One:
    Type: AWS::Serverless::Function
    Properties:
      <<: *common
      Environment: { Variables: { TZ: Europe/Berlin, MODE: fast } }
      Events:
        Jobs:
          Type: SQS
          Properties:
            Queue: !GetAtt JobsQueue.Arn
            ScalingConfig: { MaximumConcurrency: 4 }
            FilterCriteria: { Filters: [{ Pattern: '{\"body\": {\"kind\": [\"a\"]}}' }] }
        Ordered:
          Type: SQS
          Properties: { Queue: !GetAtt OrderedQueue.Arn, MaximumBatchingWindowInSeconds: 5 }
  Two:
    Type: AWS::Serverless::Function
    Properties:
      <<: *common
      Timeout: 9
      Events:
        Jobs: { Type: SQS, Properties: { Queue: !GetAtt JobsQueue.Arn } }
";

#[test]
fn settings_that_the_app_would_refuse_are_left_out() {
    let app = TestApp::empty()
        .file("my_app/Cargo.toml", MANIFEST)
        .file("my_app/src/main.rs", "fn main() {}\n")
        .file("sam/template.yaml", QUEUES)
        .file("sam/code/main.py", "def handler(event, context):\n    return event\n")
        .enter("my_app");
    let done = run(&app, &["import", "../sam", "--yes"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_snapshot!(done.stderr, @r#"
    warning: template.yaml:22: `MaximumBatchingWindowInSeconds` has no setting of a trigger (of event `Ordered` of `One`)
    warning: worker `one`: `env.TZ` is not imported: `workers.one.env.TZ` cannot be set: Lambda sets it itself
    warning: worker `two`: the trigger `{ queue = "jobs" }` is not imported: queue `jobs` invokes both `one` and `two`, but each message reaches only one of them
    done: imported the workers `one`, `two` (files: 4 new, 1 edited)
    next: run `cargo bedrock dev` and invoke them
    next: run `cargo bedrock migrate --undo` to undo it
    "#);
    assert_snapshot!(app.read("Cargo.toml"), @r#"
    [package]
    name = "my_app"
    version = "0.1.0"
    edition = "2024"

    [package.metadata.bedrock]

    [package.metadata.bedrock.workers.one]
    runtime = "python3.13"
    env = { MODE = "fast" }
    triggers = [{ queue = "jobs", maximum-concurrency = 4, filters = [{ body = { kind = ["a"] } }] }, { queue = "ordered.fifo", content-based-deduplication = true }]

    [package.metadata.bedrock.workers.two]
    runtime = "python3.13"
    timeout = 9

    [workspace]
    "#);
    let listed = run(&app, &["list"]);
    assert_eq!(listed.code, Some(0), "{}", listed.stderr);
}

#[test]
fn file_of_the_other_project_may_be_named() {
    let app = app().file("../sam/jobs.yaml", TEMPLATE).file("../sam/notes.txt", "");
    fs::remove_file(app.path("../sam/template.yaml")).expect("removed");
    let output = run(&app, &["import", "../sam/jobs.yaml", "--yes"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(output.stderr.contains("warning: jobs.yaml:13: event `Get`"), "{}", output.stderr);
    assert!(app.path("workers/hello/main.py").is_file() && app.path("workers/resizer/main.js").is_file());
    let output = run(&app, &["import", "../sam/notes.txt"]);
    assert_eq!(output.code, Some(2), "{}", output.stderr);
    assert!(output.stderr.contains("it is neither a template of SAM nor a `Cargo.toml`"), "{}", output.stderr);
    let output = run(&app, &["import", "../sam/Cargo.toml"]);
    assert!(output.stderr.contains("failed to find `../sam/Cargo.toml`"), "{}", output.stderr);
}

#[test]
fn typescript_of_sam_becomes_a_typescript_worker() {
    let template = TEMPLATE.replace(
        "      MemorySize: 512\n",
        "    Metadata: { BuildMethod: esbuild, BuildProperties: { EntryPoints: [main.ts] } }\n",
    );
    let handler = "import { Context } from 'aws-lambda';\nexport const handler = async (event: { size: number }, context: Context) => ({ size: event.size });\n";
    let app = app().file("../sam/template.yaml", &template).file("../sam/resizer/main.ts", handler);
    fs::remove_file(app.path("../sam/resizer/main.js")).expect("removed");
    let output = run(&app, &["import", "../sam", "--yes"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let warning = "warning: workers/resizer/handler_main.ts:1: write `import type`";
    assert!(output.stderr.contains(warning), "{}", output.stderr);
    assert_snapshot!(app.tree("workers/resizer"), @r"
    handler_main.ts
    main.ts
    tsconfig.json
    worker.cjs
    worker.d.cts
    ");
    let Some(node) = testbed::tool("node24/package.json").map(|file| file.with_file_name("bin")) else { return };
    app.edit("workers/resizer/handler_main.ts", "import {", "import type {");
    let path = format!("{}:{}", node.display(), std::env::var("PATH").expect("a PATH"));
    let mut command = app.command(&["invoke", "resizer", "--payload", "{\"size\": 4}"]);
    let output: CommandOutput = command.env("PATH", path).output().expect("it starts").into();
    assert_eq!(serde_json::from_str::<Value>(&output.stdout).ok(), Some(json!({ "size": 4 })), "{}", output.stderr);
}

#[test]
fn functions_of_cargo_lambda_become_rust_workers() {
    let main = "use lambda_runtime::{run, service_fn, Error, LambdaEvent};\n\nasync fn handle(event: LambdaEvent<serde_json::Value>) -> Result<serde_json::Value, Error> {\n    Ok(event.payload)\n}\n\n#[tokio::main]\nasync fn main() -> Result<(), Error> {\n    run(service_fn(handle)).await\n}\n";
    let workspace = "[workspace]\nmembers = [\"functions/*\"]\n[workspace.package]\nedition = \"2024\"\n[workspace.dependencies]\nlambda_runtime = \"1\"\nserde = { version = \"1\", features = [\"derive\"] }\n";
    let package = "[package]\nname = \"send-mail\"\nversion = \"0.1.0\"\nedition.workspace = true\n\n[package.metadata.lambda.deploy]\nmemory = 256\n\n[dependencies]\nlambda_runtime.workspace = true\nserde = { workspace = true, features = [\"rc\"] }\ncommon = { path = \"../../common\" }\n";
    let app = TestApp::empty()
        .file("my_app/Cargo.toml", MANIFEST)
        .file("my_app/src/main.rs", "fn main() {}\n")
        .file("old/Cargo.toml", workspace)
        .file("old/functions/send-mail/Cargo.toml", package)
        .file("old/functions/send-mail/src/main.rs", main)
        .file("old/common/Cargo.toml", "[package]\nname = \"common\"\n")
        .file("old/functions/web/Cargo.toml", "[package]\nname = \"web\"\n[dependencies]\nlambda_http = \"1\"\n")
        .enter("my_app");
    let done = run(&app, &["import", "../old", "--yes"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_snapshot!(done.stderr, @r"
    warning: package `web` is not imported: it answers HTTP requests, port it to `src/endpoints`
    warning: dependency `common` of worker `send_mail` stays where it is: move it into the app, and change `path` in `Cargo.toml`
    done: imported the worker `send_mail` (files: 4 new, 1 edited)
    next: run `cargo bedrock dev` and invoke them
    next: run `cargo bedrock migrate --undo` to undo it
    ");
    assert_snapshot!(app.tree("workers"), @r"
    send_mail/Cargo.toml
    send_mail/build.rs
    send_mail/src/lib.rs
    send_mail/src/main.rs
    ");
    let manifest = app.read("workers/send_mail/Cargo.toml");
    for line in [
        "name = \"send_mail\"",
        "edition = \"2024\"",
        "lambda_runtime = \"1\"",
        "serde_json = \"1\"",
        "common = { path = \"../../../old/common\" }",
        "[build-dependencies]",
    ] {
        assert!(manifest.lines().any(|found| found == line), "{line} in {manifest}");
    }
    assert!(manifest.contains("serde = { version = \"1\", features = [\"derive\", \"rc\"] }"), "{manifest}");
    let library = app.read("workers/send_mail/src/lib.rs");
    assert!(library.contains("pub struct SendMail;") && !library.contains("async fn main"), "{library}");
    assert!(app.read("Cargo.toml").contains("send_mail = { path = \"workers/send_mail\" }"));
    assert!(app.read("Cargo.toml").contains("[package.metadata.bedrock.workers.send_mail]\nmemory = 256\n"));
}

#[test]
fn folder_without_functions_is_an_error() {
    let app = app();
    fs::create_dir(app.path("../empty")).expect("a folder");
    let output = run(&app, &["import", "../empty"]);
    assert_eq!(output.code, Some(2), "{}", output.stderr);
    assert!(output.stderr.contains("has nothing to import"), "{}", output.stderr);
    fs::write(app.path("../empty/template.yaml"), "Resources: [\n").expect("written");
    let output = run(&app, &["import", "../empty"]);
    assert!(output.code == Some(1) && output.stderr.contains("error: template.yaml:2: "), "{}", output.stderr);
}
