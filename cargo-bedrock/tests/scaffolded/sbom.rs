//! `build --sbom`: a bill of materials next to each zip, which is valid CycloneDX, has the packages in the artifact and is
//! the same in every build.

use std::fs;

use serde_json::{Value, json};

use crate::build::build_events;
use crate::test_app::TestApp;

/// The schemas that CycloneDX publishes.
const SCHEMAS: &str = "cyclonedx/cyclonedx/schema/_res";

/// Returns an SBOM, which is checked against the schema if that is installed.
fn sbom(app: &TestApp, file: &str) -> Value {
    let sbom: Value = serde_json::from_str(&app.read(&format!("target/bedrock/{file}"))).expect("JSON");
    assert_eq!((&sbom["bomFormat"], &sbom["specVersion"]), (&json!("CycloneDX"), &json!("1.6")));
    if let Some(dir) = testbed::tool(SCHEMAS) {
        let read = |name: &str| -> Value {
            serde_json::from_str(&fs::read_to_string(dir.join(name)).expect(name)).expect("JSON")
        };
        let mut schema = read("bom-1.6.SNAPSHOT.schema.json");
        replace_files(&mut schema, &read("spdx.SNAPSHOT.schema.json"));
        let schema = jsonschema::draft7::new(&schema).expect("a schema");
        let errors: Vec<_> =
            schema.iter_errors(&sbom).map(|error| format!("{error} at `{}`", error.instance_path())).collect();
        assert!(errors.is_empty(), "{file}: {errors:#?}");
    }
    sbom
}

/// Replaces references to other files: that to the licences by the licences, and that to signatures by a schema which accepts
/// everything, because there are none.
fn replace_files(schema: &mut Value, licenses: &Value) {
    match schema.get("$ref").and_then(Value::as_str) {
        Some(file) if file.starts_with("spdx.") => schema.clone_from(licenses),
        Some(file) if file.starts_with("jsf-") => *schema = json!({}),
        _ => match schema {
            Value::Object(keys) => keys.values_mut().for_each(|value| replace_files(value, licenses)),
            Value::Array(items) => items.iter_mut().for_each(|value| replace_files(value, licenses)),
            _ => {}
        },
    }
}

fn component<'a>(sbom: &'a Value, name: &str) -> &'a Value {
    let mut components = sbom["components"].as_array().expect("components").iter();
    components.find(|component| component["name"] == name).unwrap_or(&Value::Null)
}

fn names(sbom: &Value) -> Vec<&str> {
    let components = sbom["components"].as_array().expect("components");
    components.iter().filter_map(|component| component["name"].as_str()).collect()
}

#[test]
fn sbom_lists_the_packages_of_layers_and_bundles() {
    let app = TestApp::without_rust();
    for worker in ["counter.py", "reporter.js", "clock.js"] {
        assert_eq!(app.bedrock(&["new", "worker", worker]).code, Some(0));
    }
    app.write("workers/counter/requirements.txt", "tabulate==0.9.0\n./own\n");
    fs::create_dir(app.path("workers/counter/own")).expect("a folder");
    app.write("workers/counter/own/pyproject.toml", "[project]\nname = \"own\"\nversion = \"1.2\"\n");
    app.write("workers/counter/own/own.py", "");
    app.write("workers/reporter/package.json", "{ \"dependencies\": { \"ms\": \"2.1.3\" } }");
    app.append("Cargo.toml", "\n[package.metadata.bedrock.workers.clock]\nbundle = true\n");
    app.write(
        "workers/clock/package.json",
        "{ \"dependencies\": { \"ms\": \"2.1.3\", \"bytes\": \"3.1.2\" }, \"devDependencies\": { \"esbuild\": \"0.28.2\" } }",
    );
    app.edit("workers/clock/main.js", "class Clock", "require('ms');\nclass Clock");
    let parts = [
        "--worker=counter",
        "--worker-layer=counter",
        "--worker-layer=reporter",
        "--worker=clock",
        "--worker=reporter",
    ];
    let plain = app.bedrock(&[&["build"], &parts[..]].concat());
    assert_eq!(plain.code, Some(0), "{}", plain.stderr);
    assert!(!app.path("target/bedrock/layers/counter.cdx.json").exists());

    // The artifacts are up to date, and get their SBOMs nevertheless.
    let events = build_events(&app, &[&["--sbom"], &parts[..]].concat());
    assert!(events.iter().all(|event| event["status"] != "built"), "{events:#?}");
    let written = events.iter().filter(|event| event["event"] == "sbom-written");
    assert_eq!(
        written.map(|event| event["path"].as_str().expect("a path")).collect::<Vec<_>>(),
        [
            "workers/clock.cdx.json",
            "workers/counter.cdx.json",
            "workers/reporter.cdx.json",
            "layers/counter.cdx.json",
            "layers/reporter.cdx.json",
        ]
    );
    let layer = sbom(&app, "layers/counter.cdx.json");
    assert_eq!(names(&layer), ["own", "tabulate"]);
    assert_eq!(component(&layer, "own")["purl"], Value::Null);
    assert_eq!(component(&layer, "tabulate")["purl"], "pkg:pypi/tabulate@0.9.0");
    assert_eq!(component(&layer, "tabulate")["licenses"], json!([{ "license": { "name": "MIT" } }]));
    assert_eq!(names(&sbom(&app, "workers/counter.cdx.json")), ["bedrock-local"]);
    // `bytes` is installed, and esbuild, and neither is in the bundle.
    assert_eq!(names(&sbom(&app, "workers/clock.cdx.json")), ["bedrock-local", "ms"]);
    let layer = sbom(&app, "layers/reporter.cdx.json");
    let ms = component(&layer, "ms");
    assert_eq!((&ms["purl"], &ms["licenses"]), (&json!("pkg:npm/ms@2.1.3"), &json!([{ "expression": "MIT" }])));
    assert_eq!(
        (&ms["hashes"][0]["alg"], ms["hashes"][0]["content"].as_str().map(str::len)),
        (&json!("SHA-512"), Some(128))
    );

    let manifest: Value = serde_json::from_str(&app.read("target/bedrock/manifest.json")).expect("JSON");
    let layer = &manifest["workers"]["counter"]["layer"];
    assert_eq!(layer["sbom"], "layers/counter.cdx.json");
    let first = sbom(&app, "layers/counter.cdx.json");
    assert_eq!(first["metadata"]["component"]["hashes"][0]["content"], layer["sha256"]);
    assert_eq!(first["metadata"]["timestamp"], Value::Null);
    // A new zip makes the old SBOM wrong.
    app.write("workers/counter/requirements.txt", "tabulate==0.9.0\n");
    let output = app.bedrock(&["build", "--worker-layer=counter"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(!app.path("target/bedrock/layers/counter.cdx.json").exists());
    assert!(!app.read("target/bedrock/manifest.json").contains("layers/counter.cdx.json"));
}

#[test]
fn sbom_lists_the_linked_crates() {
    let app = TestApp::compilable();
    // With the version of the others, cargo might take the greeter of another test for this one: both are in one target folder.
    let manifest = app.read("workers/greeter/Cargo.toml").replacen("version = \"0.1.0\"", "version = \"0.1.2\"", 1);
    app.write("workers/greeter/Cargo.toml", &manifest);
    build_events(&app, &["--endpoint", "--worker=greeter", "--sbom"]);
    let text = app.read("target/bedrock/workers/greeter.cdx.json");
    let worker = sbom(&app, "workers/greeter.cdx.json");
    let endpoint = sbom(&app, "endpoint.cdx.json");
    let serde = component(&worker, "serde_json");
    let version = serde["version"].as_str().expect("a version");
    assert_eq!(serde["purl"], format!("pkg:cargo/serde_json@{version}"));
    assert_eq!(serde["licenses"], json!([{ "expression": "MIT OR Apache-2.0" }]));
    assert_eq!(serde["hashes"][0]["alg"], "SHA-256");
    assert_eq!(component(&worker, "greeter")["purl"], Value::Null);
    // A macro, and what only the local runtime links.
    for name in ["serde_derive", "bedrock-macros", "bedrock-local", "shop"] {
        assert!(!names(&worker).contains(&name), "{name}");
    }
    assert!(names(&endpoint).contains(&"shop"));
    let is_root = |entry: &&Value| entry["ref"] == "workers/greeter";
    let root = worker["dependencies"].as_array().expect("dependencies").iter().find(is_root).expect("the root");
    assert_eq!(root["dependsOn"], json!(["greeter@0.1.2"]));
    // The same packages as before: cargo unites the features of those that it compiles at once.
    build_events(&app, &["--endpoint", "--worker=greeter", "--sbom"]);
    assert_eq!(app.read("target/bedrock/workers/greeter.cdx.json"), text);
    assert!(!text.contains(&app.path("").display().to_string()), "a path of this machine");
}
