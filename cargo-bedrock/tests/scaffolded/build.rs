//! What `build` makes of a scaffolded app: nothing twice, nothing half, and a manifest that says what there is.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::app::{Answer, App};

fn manifest(app: &App) -> Value {
    let text = fs::read_to_string(app.path("target/bedrock/manifest.json")).expect("the manifest");
    serde_json::from_str(&text).expect("JSON")
}

fn built(app: &App, args: &[&str]) -> Vec<Value> {
    let answer = app.bedrock(&[&["build", "--message-format", "json"], args].concat());
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    events(&answer)
}

/// What was told to machines, each line as the schema says.
fn events(answer: &Answer) -> Vec<Value> {
    let text = include_str!("../../../docs/schema/build-events.v1.json");
    let schema = jsonschema::draft202012::new(&serde_json::from_str(text).expect("JSON")).expect("a schema");
    let events: Vec<Value> = answer.stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    for event in &events {
        let fault = schema.validate(event).err().map(|error| format!("{error} at `{}`", error.instance_path()));
        assert_eq!(fault, None, "{event}");
    }
    events
}

/// Ids of the parts whose zips were made.
fn made(events: &[Value]) -> Vec<&str> {
    let made = events.iter().filter(|event| event["status"] == "built" && !event["artifact"].is_null());
    let mut ids: Vec<&str> = made.filter_map(|event| event["part"].as_str()).collect();
    ids.sort_unstable();
    ids
}

/// Whether the program in a zip holds a text.
fn has(app: &App, zip: &str, text: &str) -> bool {
    let room = tempfile::tempdir().expect("a folder");
    testbed::unpack(&app.path("target/bedrock").join(zip), room.path());
    let names: Vec<_> =
        fs::read_dir(room.path()).expect("the folder").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(names, ["bootstrap"], "{zip}");
    let program = fs::read(room.path().join("bootstrap")).expect("the program");
    program.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn an_app_in_three_languages_is_built_once_and_then_only_where_it_changed() {
    let app = App::new();
    for worker in ["counter.py", "reporter.js"] {
        assert_eq!(app.bedrock(&["new", "worker", worker]).code, Some(0));
    }
    app.write("workers/counter/requirements.txt", "tabulate==0.9.0\nlambda-bedrock==0.5.0\n");
    app.edit(
        "workers/counter/main.py",
        "import Worker\n",
        "import Worker\nfrom bedrock.workers.invoker import invoke\n",
    );
    app.edit("workers/counter/main.py", "        return", "        invoke(\"reporter\", {})\n        return");
    app.edit(
        "workers/greeter/src/lib.rs",
        "        Ok(GreeterResponse {",
        "        bedrock::invoke!(\"reporter\", ()).await?;\n        let _ = std::hint::black_box(\"said by the greeter alone\");\n        Ok(GreeterResponse {",
    );
    app.edit(
        "workers/greeter/src/lib.rs",
        "#[cfg(test)]",
        "pub async fn nobody_calls_this() -> Result<()> {\n    Ok(bedrock::invoke!(\"counter\", ()).await?)\n}\n\n#[cfg(test)]",
    );
    let events = built(&app, &[]);
    assert_eq!(made(&events), ["endpoint", "layers/counter", "workers/counter", "workers/greeter", "workers/reporter"]);
    let said = manifest(&app);
    assert_eq!(said["endpoint"]["invokes"], serde_json::json!(["greeter"]));
    assert_eq!(said["workers"]["counter"]["invokes"], serde_json::json!(["reporter"]));
    // What can be reached, and not what only compiles.
    assert_eq!(said["workers"]["greeter"]["invokes"], serde_json::json!(["reporter"]));
    assert!(has(&app, "workers/greeter.zip", "said by the greeter alone"));
    assert!(!has(&app, "endpoint.zip", "said by the greeter alone"));
    let graph = app.bedrock(&["graph", "--format", "json"]);
    let edges: Value = serde_json::from_str(&graph.stdout).expect("JSON");
    let edges: Vec<_> =
        edges["edges"].as_array().expect("edges").iter().map(|edge| [&edge["from"], &edge["to"]]).collect();
    assert_eq!(
        (serde_json::json!(edges), graph.stderr.as_str()),
        (serde_json::json!([["endpoint", "greeter"], ["counter", "reporter"], ["greeter", "reporter"]]), "")
    );
    assert!(said["workers"]["reporter"]["layer"].is_null());

    let events = built(&app, &[]);
    assert_eq!(made(&events), Vec::<&str>::new());
    assert_eq!(manifest(&app), said);

    app.edit("workers/reporter/main.js", "async execute", "async  execute");
    fs::remove_file(app.path("target/bedrock/layers/counter.zip")).expect("the layer");
    let events = built(&app, &[]);
    assert_eq!(made(&events), ["layers/counter", "workers/reporter"]);
    let layer = |manifest: &Value| manifest["workers"]["counter"]["layer"]["sha256"].clone();
    assert_eq!(layer(&manifest(&app)), layer(&said));

    fs::remove_dir_all(app.path("workers/reporter")).expect("the folder");
    let answer = app.bedrock(&["build", "--worker", "counter"]);
    assert_eq!(answer.code, Some(1), "{}", answer.stderr);
    assert!(answer.stderr.contains("no worker named `reporter`"), "{}", answer.stderr);
}

#[test]
fn one_worker_and_one_layer_can_be_built_alone() {
    let app = App::without_rust();
    assert_eq!(app.bedrock(&["new", "worker", "counter.py"]).code, Some(0));
    assert_eq!(made(&built(&app, &["--worker=counter"])), ["workers/counter"]);
    assert!(manifest(&app)["endpoint"]["code"].is_null());
    app.write("workers/counter/requirements.txt", "tabulate==0.9.0\n");
    assert_eq!(made(&built(&app, &["--worker-layer=counter"])), ["layers/counter"]);
    // Both are there now.
    let counter = &manifest(&app)["workers"]["counter"];
    assert!(counter["code"].is_object() && counter["layer"].is_object(), "{counter}");
    let left: Vec<_> = fs::read_dir(app.path("target/bedrock")).expect("the folder").flatten().collect();
    assert!(left.iter().all(|entry| !entry.file_name().to_string_lossy().starts_with(".staging")), "{left:?}");
}

#[test]
fn what_fails_names_its_worker_and_what_to_do() {
    let app = App::without_rust();
    for worker in ["counter.py", "reporter.js"] {
        assert_eq!(app.bedrock(&["new", "worker", worker]).code, Some(0));
    }
    app.write("workers/counter/requirements.txt", "requests=2.28.2\n-e ./lib\n");
    app.write("workers/reporter/package.json", "{ no");
    app.write(
        "workers/reporter/key.txt",
        &format!("-----BEGIN RSA {} KEY-----\n{}\n", "PRIVATE", "MIIEowIBAAKCAQEA".repeat(4)),
    );
    let workers = ["--worker=reporter", "--worker-layer=counter", "--worker-layer=reporter"];
    let answer = app.bedrock(&[&["build"], &workers[..]].concat());
    assert_eq!(answer.code, Some(1), "{}", answer.stderr);
    for said in [
        "workers/counter/requirements.txt:1: `requests=2.28.2` cannot be installed for Lambda",
        "workers/counter/requirements.txt:2: `-e ./lib` cannot be installed for Lambda",
        "`workers/reporter/package.json` is no JSON",
        "key.txt",
    ] {
        assert!(answer.stderr.contains(said), "{said} in {}", answer.stderr);
    }
    assert!(!Path::new(&app.path("target/bedrock/workers/reporter.zip")).exists());
    assert!(!Path::new(&app.path("target/bedrock/manifest.json")).exists());
}

#[test]
fn a_compile_error_names_the_worker_and_a_missing_target_the_command() {
    let app = App::new();
    app.edit("workers/greeter/src/lib.rs", "pub struct Greeter;", "pub struct Greeter;\nfn broken() { 1 + }");
    let answer = app.bedrock(&["build", "--worker=greeter", "--message-format=json"]);
    assert_eq!(answer.code, Some(1), "{}", answer.stderr);
    assert!(answer.stderr.contains("error: failed to compile worker `greeter`"), "{}", answer.stderr);
    assert!(answer.stderr.contains("src/lib.rs"), "{}", answer.stderr);
    let told = events(&answer);
    let names: Vec<_> = told.iter().map(|event| (&event["event"], &event["worker"], &event["level"])).collect();
    let names = serde_json::json!(names);
    assert_eq!(
        names,
        serde_json::json!([
            ["build-started", null, null],
            ["compiler-message", null, "error"],
            ["error", "greeter", null],
            ["build-finished", null, null]
        ])
    );
    if std::env::consts::ARCH == "x86_64" && !has_target("aarch64-unknown-linux-gnu") {
        let answer = app.bedrock(&["build", "--arm64", "--endpoint"]);
        assert_eq!(
            (answer.code, answer.stderr.as_str()),
            (
                Some(2),
                "error: failed to build for aarch64\n  caused by: target `aarch64-unknown-linux-gnu` is not installed\n\
                 help: run `rustup target add aarch64-unknown-linux-gnu`\n"
            )
        );
    }
}

fn has_target(target: &str) -> bool {
    let printed = std::process::Command::new("rustc").args(["--print", "target-libdir", "--target", target]).output();
    printed.is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir())
}

#[test]
fn what_is_built_depends_on_nothing_but_the_app() {
    let zip = |app: &App, file: &str| fs::read(app.path("target/bedrock").join(file)).expect(file);
    let (one, other) = (App::new(), App::new());
    for app in [&one, &other] {
        built(app, &["--endpoint", "--worker=greeter"]);
    }
    for file in ["endpoint.zip", "workers/greeter.zip"] {
        assert!(zip(&one, file) == zip(&other, file), "{file} differs between two folders");
    }
    for worker in ["counter.py", "reporter.js"] {
        assert_eq!(one.bedrock(&["new", "worker", worker]).code, Some(0));
    }
    one.write("workers/counter/requirements.txt", "tabulate==0.9.0\n");
    let workers = ["--worker=counter", "--worker-layer=counter", "--worker=reporter"];
    let answer = one.bedrock(&[&["build", "--verify"], &workers[..]].concat());
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert!(
        answer.stderr.ends_with("done: verified 3 parts: a build elsewhere gave the same bytes\n"),
        "{}",
        answer.stderr
    );
    let beside = fs::read_dir(one.path("..")).expect("the folder").flatten();
    assert_eq!(beside.map(|entry| entry.file_name()).collect::<Vec<_>>(), ["shop"]);
}
