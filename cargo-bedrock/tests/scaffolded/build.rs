//! `build` of a new app: nothing is built twice or incompletely, and the manifest lists the artifacts.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::test_app::{CommandOutput, TestApp};

fn manifest(app: &TestApp) -> Value {
    let text = fs::read_to_string(app.path("target/bedrock/manifest.json")).expect("the manifest");
    serde_json::from_str(&text).expect("JSON")
}

/// Builds an app and returns the JSON events.
pub(crate) fn build_events(app: &TestApp, args: &[&str]) -> Vec<Value> {
    let output = app.bedrock(&[&["build", "--message-format", "json"], args].concat());
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    parse_events(&output)
}

/// Parses the JSON events and validates them against the schema.
fn parse_events(output: &CommandOutput) -> Vec<Value> {
    let text = include_str!("../../../docs/schema/build-events.v1.json");
    let schema = jsonschema::draft202012::new(&serde_json::from_str(text).expect("JSON")).expect("a schema");
    let events: Vec<Value> = output.stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    for event in &events {
        let error = schema.validate(event).err().map(|error| format!("{error} at `{}`", error.instance_path()));
        assert_eq!(error, None, "{event}");
    }
    events
}

/// Returns the ids of the rebuilt artifacts.
fn rebuilt_ids(events: &[Value]) -> Vec<&str> {
    let rebuilt = events.iter().filter(|event| event["status"] == "built" && !event["artifact"].is_null());
    let mut ids: Vec<&str> = rebuilt.filter_map(|event| event["part"].as_str()).collect();
    ids.sort_unstable();
    ids
}

/// Whether the program in a zip contains a text.
fn program_contains(app: &TestApp, zip: &str, text: &str) -> bool {
    let dir = tempfile::tempdir().expect("a folder");
    testbed::unpack(&app.path("target/bedrock").join(zip), dir.path());
    let names: Vec<_> =
        fs::read_dir(dir.path()).expect("the folder").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(names, ["bootstrap"], "{zip}");
    let program = fs::read(dir.path().join("bootstrap")).expect("the program");
    program.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn only_changed_artifacts_are_rebuilt() {
    let app = TestApp::compilable();
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
        "        bedrock::invoke!(\"reporter\", ()).await?;\n        let _ = std::hint::black_box(\"printed only by the greeter\");\n        Ok(GreeterResponse {",
    );
    app.edit(
        "workers/greeter/src/lib.rs",
        "#[cfg(test)]",
        "pub async fn never_called() -> Result<()> {\n    Ok(bedrock::invoke!(\"counter\", ()).await?)\n}\n\n#[cfg(test)]",
    );
    let events = build_events(&app, &[]);
    assert_eq!(
        rebuilt_ids(&events),
        ["endpoint", "layers/counter", "workers/counter", "workers/greeter", "workers/reporter"]
    );
    let first_manifest = manifest(&app);
    assert_eq!(first_manifest["endpoint"]["invokes"], serde_json::json!(["greeter"]));
    assert_eq!(first_manifest["workers"]["counter"]["invokes"], serde_json::json!(["reporter"]));
    // Only calls in reachable code are listed.
    assert_eq!(first_manifest["workers"]["greeter"]["invokes"], serde_json::json!(["reporter"]));
    assert!(program_contains(&app, "workers/greeter.zip", "printed only by the greeter"));
    assert!(!program_contains(&app, "endpoint.zip", "printed only by the greeter"));
    let graph = app.bedrock(&["graph", "--format", "json"]);
    let edges: Value = serde_json::from_str(&graph.stdout).expect("JSON");
    let edges: Vec<_> =
        edges["edges"].as_array().expect("edges").iter().map(|edge| [&edge["from"], &edge["to"]]).collect();
    // On a busy machine, a note says that the compiler takes its time.
    let messages: Vec<_> = graph.stderr.lines().filter(|line| !line.starts_with("note: compiling since ")).collect();
    assert_eq!(
        (serde_json::json!(edges), messages),
        (serde_json::json!([["endpoint", "greeter"], ["counter", "reporter"], ["greeter", "reporter"]]), vec![])
    );
    assert!(first_manifest["workers"]["reporter"]["layer"].is_null());

    let events = build_events(&app, &[]);
    assert_eq!(rebuilt_ids(&events), Vec::<&str>::new());
    assert_eq!(manifest(&app), first_manifest);

    app.edit("workers/reporter/main.js", "async execute", "async  execute");
    fs::remove_file(app.path("target/bedrock/layers/counter.zip")).expect("the layer");
    let events = build_events(&app, &[]);
    assert_eq!(rebuilt_ids(&events), ["layers/counter", "workers/reporter"]);
    let layer = |manifest: &Value| manifest["workers"]["counter"]["layer"]["sha256"].clone();
    assert_eq!(layer(&manifest(&app)), layer(&first_manifest));

    fs::remove_dir_all(app.path("workers/reporter")).expect("the folder");
    let output = app.bedrock(&["build", "--worker", "counter"]);
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    assert!(output.stderr.contains("no worker named `reporter`"), "{}", output.stderr);
}

#[test]
fn worker_and_layer_can_be_built_separately() {
    let app = TestApp::without_rust();
    assert_eq!(app.bedrock(&["new", "worker", "counter.py"]).code, Some(0));
    assert_eq!(rebuilt_ids(&build_events(&app, &["--worker=counter"])), ["workers/counter"]);
    assert!(manifest(&app)["endpoint"]["code"].is_null());
    app.write("workers/counter/requirements.txt", "tabulate==0.9.0\n");
    assert_eq!(rebuilt_ids(&build_events(&app, &["--worker-layer=counter"])), ["layers/counter"]);
    // Both artifacts exist now.
    let counter = &manifest(&app)["workers"]["counter"];
    assert!(counter["code"].is_object() && counter["layer"].is_object(), "{counter}");
    let remaining: Vec<_> = fs::read_dir(app.path("target/bedrock")).expect("the folder").flatten().collect();
    assert!(
        remaining.iter().all(|entry| !entry.file_name().to_string_lossy().starts_with(".staging")),
        "{remaining:?}"
    );
}

#[test]
fn build_errors_name_the_worker_and_the_fix() {
    let app = TestApp::without_rust();
    for worker in ["counter.py", "reporter.js"] {
        assert_eq!(app.bedrock(&["new", "worker", worker]).code, Some(0));
    }
    app.write("workers/counter/requirements.txt", "requests=2.28.2\n-e ./lib.whl\n");
    app.write("workers/reporter/package.json", "{ no");
    app.write(
        "workers/reporter/key.txt",
        &format!("-----BEGIN RSA {} KEY-----\n{}\n", "PRIVATE", "MIIEowIBAAKCAQEA".repeat(4)),
    );
    let workers = ["--worker=reporter", "--worker-layer=counter", "--worker-layer=reporter"];
    let output = app.bedrock(&[&["build"], &workers[..]].concat());
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    for message in [
        "workers/counter/requirements.txt:1: `requests=2.28.2` cannot be installed for Lambda",
        "workers/counter/requirements.txt:2: `-e ./lib.whl` cannot be installed for Lambda",
        "`workers/reporter/package.json` is not valid JSON",
        "key.txt",
    ] {
        assert!(output.stderr.contains(message), "{message} in {}", output.stderr);
    }
    assert!(!Path::new(&app.path("target/bedrock/workers/reporter.zip")).exists());
    assert!(!Path::new(&app.path("target/bedrock/manifest.json")).exists());
}

#[test]
fn compile_error_names_the_worker() {
    let app = TestApp::compilable();
    app.edit("workers/greeter/src/lib.rs", "pub struct Greeter;", "pub struct Greeter;\nfn broken() { 1 + }");
    let output = app.bedrock(&["build", "--worker=greeter", "--message-format=json"]);
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    assert!(output.stderr.contains("error: failed to compile worker `greeter`"), "{}", output.stderr);
    assert!(output.stderr.contains("src/lib.rs"), "{}", output.stderr);
    let events = parse_events(&output);
    let names: Vec<_> = events.iter().map(|event| (&event["event"], &event["worker"], &event["level"])).collect();
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
        let output = app.bedrock(&["build", "--arm64", "--endpoint"]);
        assert_eq!(
            (output.code, output.stderr.as_str()),
            (
                Some(2),
                "error: failed to build for aarch64\n  caused by: target `aarch64-unknown-linux-gnu` is not installed\n\
                 help: run `rustup target add aarch64-unknown-linux-gnu`\n"
            )
        );
    }
}

fn has_target(target: &str) -> bool {
    let output = std::process::Command::new("rustc").args(["--print", "target-libdir", "--target", target]).output();
    output.is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir())
}

#[test]
fn builds_are_reproducible() {
    let zip = |app: &TestApp, file: &str| fs::read(app.path("target/bedrock").join(file)).expect(file);
    let first = TestApp::compilable();
    let second = TestApp::compilable();
    for app in [&first, &second] {
        build_events(app, &["--endpoint", "--worker=greeter"]);
    }
    for file in ["endpoint.zip", "workers/greeter.zip"] {
        assert!(zip(&first, file) == zip(&second, file), "{file} differs between two folders");
    }
    for worker in ["counter.py", "reporter.js"] {
        assert_eq!(first.bedrock(&["new", "worker", worker]).code, Some(0));
    }
    first.write("workers/counter/requirements.txt", "tabulate==0.9.0\n");
    let workers = ["--worker=counter", "--worker-layer=counter", "--worker=reporter"];
    let output = first.bedrock(&[&["build", "--verify"], &workers[..]].concat());
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(
        output.stderr.ends_with("done: verified 3 parts: a build elsewhere gave the same bytes\n"),
        "{}",
        output.stderr
    );
    let siblings = fs::read_dir(first.path("..")).expect("the folder").flatten();
    assert_eq!(siblings.map(|entry| entry.file_name()).collect::<Vec<_>>(), ["shop"]);
}
