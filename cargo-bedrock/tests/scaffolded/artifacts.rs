//! What is in the artifacts answers under AWS's own runtimes, and is for the processor that was asked for.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use testbed::{Answer, Function};

use crate::app::App;

/// A function as the manifest describes it.
pub(crate) fn function(app: &App, worker: &str) -> Function {
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

fn answers(function: &Function, event: Value) -> Option<Vec<Answer>> {
    let run = testbed::ric::run(function, &[event])?;
    assert!(matches!(run.results[..], [Answer::Response(_)]), "{run:?}");
    Some(run.results)
}

fn unpacked(zip: &Path) -> BTreeMap<String, Vec<u8>> {
    let room = tempfile::tempdir().expect("a folder");
    testbed::unpack(zip, room.path());
    let mut files = BTreeMap::new();
    let mut open = vec![room.path().to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").flatten() {
            if entry.path().is_dir() {
                open.push(entry.path());
            } else {
                let name = entry.path().strip_prefix(room.path()).expect("inside").display().to_string();
                files.insert(name, fs::read(entry.path()).expect("a file"));
            }
        }
    }
    files
}

/// The processor of each ELF file, as its header says it: 62 for x86-64, 183 for arm64.
fn machines(files: &BTreeMap<String, Vec<u8>>) -> Vec<u16> {
    let elves = files.values().filter(|bytes| bytes.starts_with(b"\x7fELF"));
    let mut machines: Vec<u16> = elves.map(|bytes| u16::from_le_bytes([bytes[18], bytes[19]])).collect();
    machines.sort_unstable();
    machines.dedup();
    machines
}

fn build(app: &App, args: &[&str]) {
    let answer = app.bedrock(&[&["build"], args].concat());
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
}

/// The runtime of Lambda whose Python is this machine's.
fn python_runtime() -> String {
    let code = "import sys; print('python%d.%d' % sys.version_info[:2])";
    let printed = std::process::Command::new("python3").args(["-c", code]).output().expect("python3").stdout;
    String::from_utf8_lossy(&printed).trim().to_owned()
}

#[test]
fn native_packages_of_python_are_for_the_processor_and_run_with_bytecode() {
    let app = App::without_rust();
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
    assert_eq!(machines(&unpacked(&layer)), [183]);
    build(&app, &["--x86-64", "--worker=sums", "--worker-layer=sums"]);
    let files = unpacked(&layer);
    assert_eq!(machines(&files), [62]);
    let version = runtime.replace("python", "").replace('.', "");
    let compiled = &files[&format!("python/numpy/__pycache__/__init__.cpython-{version}.pyc")];
    // The flag of bytecode whose source nobody looks at, and the place on Lambda.
    assert_eq!(compiled[4..8], [1, 0, 0, 0]);
    assert!(compiled.windows(29).any(|window| window == b"/opt/python/numpy/__init__.py"));
    assert!(files.keys().all(|name| !name.ends_with("RECORD") && !name.starts_with("python/bin/")));
    if let Some(answers) = answers(&function(&app, "sums"), json!([1, 2, 39])) {
        let Answer::Response(said) = &answers[0] else { panic!("{answers:?}") };
        assert_eq!((&said["sum"], &said["core"]), (&json!(42), &json!("2.33.2")));
    }
}

#[test]
fn native_packages_of_node_are_for_the_processor_and_run() {
    let app = App::without_rust();
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
    let files = unpacked(&layer);
    assert_eq!(machines(&files), [183]);
    build(&app, &["--x86-64", "--worker-layer=pixels", "--worker=pixels"]);
    let files = unpacked(&layer);
    assert_eq!(machines(&files), [62]);
    assert!(files.keys().all(|name| name.starts_with("nodejs/node_modules/") && !name.contains("/.bin/")));
    if let Some(answers) = answers(&function(&app, "pixels"), json!({})) {
        assert_eq!(answers, [Answer::Response(json!(18))]);
    }
}

#[test]
fn a_bundle_is_one_file_with_its_dependencies_and_its_data_beside_it() {
    let app = App::without_rust();
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
        let files = unpacked(&app.path("target/bedrock/workers").join(format!("{worker}.zip")));
        let own: Vec<&str> = files.keys().map(String::as_str).filter(|name| !name.starts_with("bedrock")).collect();
        assert_eq!(own, ["data.txt", main, "package.json"]);
        let function = function(&app, worker);
        assert!(function.layers.is_empty());
        if let Some(answers) = answers(&function, json!({})) {
            assert_eq!(answers, [Answer::Response(json!(172_800_000))], "{worker}");
        }
    }
    let again = app.bedrock(&["build", "--worker=clock", "--explain"]);
    assert!(again.stderr.contains("nothing that it is made of changed"), "{}", again.stderr);
    app.write("workers/clock/package.json", "{ \"dependencies\": { \"ms\": \"2.1.3\" } }");
    insta::assert_snapshot!(app.bedrock(&["build", "--worker=clock"]).stderr, @"
    warning: `workers/clock` has no `package-lock.json`: what its `package.json` comes to may change from build to build
    error: failed to bundle worker `clock`
      caused by: `workers/clock/package.json` has no `esbuild` in its `devDependencies`
    help: run `npm install --save-dev esbuild` in `workers/clock`
    ");
}
