//! Artifacts run on AWS's own runtimes, and match the requested processor.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use testbed::{Function, InvocationResult};

use crate::test_app::TestApp;

/// Returns a function as described by the manifest.
pub(crate) fn function(app: &TestApp, worker: &str) -> Function {
    let text = fs::read_to_string(app.path("target/bedrock/manifest.json")).expect("the manifest");
    let manifest: Value = serde_json::from_str(&text).expect("JSON");
    let entry = &manifest["workers"][worker];
    let text = |key: &str| entry[key].as_str().expect(key).to_owned();
    let zip = |artifact: &Value| Some(app.path("target/bedrock").join(artifact["path"].as_str()?));
    let code = zip(&entry["code"]).expect("the code");
    let mut function = Function::new(&format!("shop-dev-{worker}"), &text("runtime"), &text("handler"), code);
    function.layers = zip(&entry["layer"]).into_iter().collect();
    function.architecture = text("architecture");
    function
}

fn responses(function: &Function, event: Value) -> Option<Vec<InvocationResult>> {
    let run = testbed::ric::run(function, &[event])?;
    assert!(matches!(run.results[..], [InvocationResult::Response(_)]), "{run:?}");
    Some(run.results)
}

/// Returns the files of a zip by path.
fn unzipped(zip: &Path) -> BTreeMap<String, Vec<u8>> {
    let dir = tempfile::tempdir().expect("a folder");
    testbed::unpack(zip, dir.path());
    let mut files = BTreeMap::new();
    let mut pending = vec![dir.path().to_owned()];
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").flatten() {
            if entry.path().is_dir() {
                pending.push(entry.path());
            } else {
                let name = entry.path().strip_prefix(dir.path()).expect("inside").display().to_string();
                files.insert(name, fs::read(entry.path()).expect("a file"));
            }
        }
    }
    files
}

/// Returns the machine numbers in the headers of ELF files: 62 is x86-64, 183 is arm64.
fn machines(files: &BTreeMap<String, Vec<u8>>) -> Vec<u16> {
    let elves = files.values().filter(|bytes| bytes.starts_with(b"\x7fELF"));
    let mut machines: Vec<u16> = elves.map(|bytes| u16::from_le_bytes([bytes[18], bytes[19]])).collect();
    machines.sort_unstable();
    machines.dedup();
    machines
}

fn build(app: &TestApp, args: &[&str]) {
    let output = app.bedrock(&[&["build"], args].concat());
    assert_eq!(output.code, Some(0), "{}", output.stderr);
}

/// Returns the Lambda runtime with the Python version of this machine.
fn python_runtime() -> String {
    let code = "import sys; print('python%d.%d' % sys.version_info[:2])";
    let stdout = std::process::Command::new("python3").args(["-c", code]).output().expect("python3").stdout;
    String::from_utf8_lossy(&stdout).trim().to_owned()
}

#[test]
fn native_python_packages_match_the_architecture() {
    let app = TestApp::without_rust();
    assert_eq!(app.bedrock(&["new", "worker", "sums.py"]).code, Some(0));
    let runtime = python_runtime();
    app.append("Cargo.toml", &format!("\n[package.metadata.bedrock.workers.sums]\nruntime = \"{runtime}\"\n"));
    app.write("workers/sums/requirements.txt", "numpy==2.2.6\npydantic==2.11.10\n");
    app.write(
        "workers/sums/main.py",
        "import numpy\nimport pydantic_core\nfrom bedrock.workers.worker import Worker\n\n\nclass Sums(Worker):\n    \
         def execute(self, event, context):\n        \
         return {\"sum\": int(numpy.array(event).sum()), \"core\": pydantic_core.__version__, \"at\": numpy.__file__}\n",
    );
    build(&app, &["--arm64", "--worker=sums", "--worker-layer=sums"]);
    let layer = app.path("target/bedrock/layers/sums.zip");
    assert_eq!(machines(&unzipped(&layer)), [183]);
    build(&app, &["--x86-64", "--worker=sums", "--worker-layer=sums"]);
    let files = unzipped(&layer);
    assert_eq!(machines(&files), [62]);
    let version = runtime.replace("python", "").replace('.', "");
    let compiled = &files[&format!("python/numpy/__pycache__/__init__.cpython-{version}.pyc")];
    // The flag of bytecode that is used without checking the source, and the path on Lambda.
    assert_eq!(compiled[4..8], [1, 0, 0, 0]);
    assert!(compiled.windows(29).any(|window| window == b"/opt/python/numpy/__init__.py"));
    assert!(files.keys().all(|name| !name.ends_with("RECORD") && !name.starts_with("python/bin/")));
    if let Some(responses) = responses(&function(&app, "sums"), json!([1, 2, 39])) {
        let InvocationResult::Response(response) = &responses[0] else { panic!("{responses:?}") };
        assert_eq!((&response["sum"], &response["core"]), (&json!(42), &json!("2.33.2")));
    }
}

#[test]
fn native_node_packages_match_the_architecture() {
    let app = TestApp::without_rust();
    assert_eq!(app.bedrock(&["new", "worker", "pixels.js"]).code, Some(0));
    app.write("workers/pixels/package.json", "{ \"dependencies\": { \"sharp\": \"0.34.4\" } }");
    app.edit(
        "workers/pixels/main.js",
        "    return { message: `hello ${event.name ?? 'world'}` };",
        "    const create = { width: 2, height: 3, channels: 3, background: 'red' };\n    \
         const { data } = await require('sharp')({ create }).raw().toBuffer({ resolveWithObject: true });\n    \
         return data.length;",
    );
    build(&app, &["--arm64", "--worker=pixels", "--worker-layer=pixels"]);
    let layer = app.path("target/bedrock/layers/pixels.zip");
    let files = unzipped(&layer);
    assert_eq!(machines(&files), [183]);
    build(&app, &["--x86-64", "--worker-layer=pixels", "--worker=pixels"]);
    let files = unzipped(&layer);
    assert_eq!(machines(&files), [62]);
    assert!(files.keys().all(|name| name.starts_with("nodejs/node_modules/") && !name.contains("/.bin/")));
    if let Some(responses) = responses(&function(&app, "pixels"), json!({})) {
        assert_eq!(responses, [InvocationResult::Response(json!(18))]);
    }
}

#[test]
fn typescript_worker_is_bundled_with_a_source_map() {
    let app = TestApp::without_rust();
    for worker in ["resizer", "legacy"] {
        app.run_ok(&["new", "worker", &format!("{worker}.ts")]);
    }
    app.edit(
        "workers/resizer/main.ts",
        "    return {",
        "    if (fails(event.name)) throw new Error('no');\n    return {",
    );
    app.append("workers/resizer/main.ts", "\nimport { fails } from './lib/checks.ts';\n");
    fs::create_dir(app.path("workers/resizer/lib")).expect("a folder");
    let checks = "export function fails(name: string | undefined): boolean {\n  return name === 'Ada';\n}\n";
    app.write("workers/resizer/lib/checks.ts", checks);
    app.write("workers/resizer/data.txt", "kept");
    fs::remove_file(app.path("workers/legacy/main.ts")).expect("the code");
    app.write(
        "workers/legacy/main.cts",
        "import worker = require('./worker.cjs');\n\nclass Legacy extends worker.Worker {\n  override async execute(): \
         Promise<string> {\n    return 'old';\n  }\n}\nmodule.exports = { Legacy };\n",
    );
    build(&app, &["--worker=resizer", "--worker=legacy"]);
    let files = unzipped(&app.path("target/bedrock/workers/resizer.zip"));
    let own: Vec<&str> = files.keys().map(String::as_str).filter(|name| !name.starts_with("bedrock")).collect();
    assert_eq!(own, ["data.txt", "main.mjs", "main.mjs.map", "package.json"]);
    let map: Value = serde_json::from_slice(&files["main.mjs.map"]).expect("a source map");
    assert_eq!((&map["sources"][0], &map["sourcesContent"]), (&json!("worker.cjs"), &Value::Null), "{map}");
    let function = function(&app, "resizer");
    let Some(run) = testbed::ric::run(&function, &[json!({}), json!({ "name": "Ada" })]) else { return };
    let [InvocationResult::Response(response), InvocationResult::Error(error)] = &run.results[..] else {
        panic!("{run:?}");
    };
    assert_eq!(response, &json!({ "message": "hello world" }));
    let trace = error["trace"][1].as_str().expect("a line");
    assert!(trace.contains("/main.ts:9:"), "{error}");
    let legacy = responses(&self::function(&app, "legacy"), json!({}));
    assert_eq!(legacy, Some(vec![InvocationResult::Response(json!("old"))]));
}

#[test]
fn bundle_contains_dependencies_and_keeps_data_files() {
    let app = TestApp::without_rust();
    let package = |kind: &str| {
        format!(
            "{{ \"type\": \"{kind}\", \"dependencies\": {{ \"ms\": \"2.1.3\" }}, \
             \"devDependencies\": {{ \"esbuild\": \"0.28.2\" }} }}"
        )
    };
    for worker in ["clock", "watch"] {
        assert_eq!(app.bedrock(&["new", "worker", &format!("{worker}.js")]).code, Some(0));
        app.append("Cargo.toml", &format!("\n[package.metadata.bedrock.workers.{worker}]\nbundle = true\n"));
        app.write(&format!("workers/{worker}/data.txt"), "two days");
    }
    app.write("workers/clock/package.json", &package("commonjs"));
    app.write(
        "workers/clock/main.js",
        "const fs = require('node:fs');\nconst { Worker } = require('./worker');\nclass Clock extends Worker {\n  \
         async execute() { return require('ms')(fs.readFileSync(`${__dirname}/data.txt`, 'utf8')); }\n}\n",
    );
    app.write("workers/watch/package.json", &package("module"));
    app.write(
        "workers/watch/main.js",
        "import fs from 'node:fs';\nimport ms from 'ms';\nimport { Worker } from './worker.js';\n\
         const text = await fs.promises.readFile(new URL('data.txt', import.meta.url), 'utf8');\n\
         class Watch extends Worker {\n  async execute() { return ms(text); }\n}\n",
    );
    app.write("workers/clock/data.txt", "2 days");
    app.write("workers/watch/data.txt", "2 days");
    build(&app, &["--worker=clock", "--worker=watch", "--worker-layer=clock"]);
    for (worker, main) in [("clock", "main.cjs"), ("watch", "main.mjs")] {
        let files = unzipped(&app.path("target/bedrock/workers").join(format!("{worker}.zip")));
        let worker_files: Vec<&str> =
            files.keys().map(String::as_str).filter(|name| !name.starts_with("bedrock")).collect();
        assert_eq!(worker_files, ["data.txt", main, "package.json"]);
        let function = function(&app, worker);
        assert!(function.layers.is_empty());
        if let Some(responses) = responses(&function, json!({})) {
            assert_eq!(responses, [InvocationResult::Response(json!(172_800_000))], "{worker}");
        }
    }
    let second = app.bedrock(&["build", "--worker=clock", "--explain"]);
    assert!(second.stderr.contains("none of its inputs changed"), "{}", second.stderr);
    app.write("workers/clock/package.json", "{ \"dependencies\": { \"ms\": \"2.1.3\" } }");
    insta::assert_snapshot!(app.bedrock(&["build", "--worker=clock"]).stderr, @"
    warning: `workers/clock` has no `package-lock.json`: the installed versions may change from build to build
    error: failed to bundle worker `clock`
      caused by: `workers/clock/package.json` has no `esbuild` in its `devDependencies`
    help: run `npm install --save-dev esbuild` in `workers/clock`
    ");
}
