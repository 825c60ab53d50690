//! An app with Python workers, together with the artifacts and the manifest that a build would write. Nothing is compiled,
//! and tests change the manifest directly.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

const CARGO_TOML: &str = "\
[package]
name = \"shop\"
version = \"0.1.0\"
edition = \"2024\"

[package.metadata.bedrock]

[workspace]
";

/// Returns its name or, with `call`, the response of another function: by its ARN, or by the ARN in the environment.
pub(crate) const WORKER: &str = r#"
import json, os, boto3

def handler(event, context):
    if "call" not in event:
        return {"name": context.function_name, "version": 1, "mode": os.environ.get("MODE")}
    function = event.get("arn") or os.environ[f"SHOP_WORKER_ARN_{event['call'].upper()}"]
    try:
        answer = boto3.client("lambda").invoke(FunctionName=function, Payload=json.dumps({}))
    except Exception as error:
        return {"refused": type(error).__name__}
    return json.loads(answer["Payload"].read())
"#;

pub(crate) const ENDPOINT: &str = "
def handler(event, context):
    return {'statusCode': 200, 'body': 'asked for ' + event['rawPath']}
";

/// The app after a build.
pub(crate) struct TestApp {
    dir: TempDir,
    manifest: Value,
}

/// The output of a command.
#[derive(Debug)]
pub(crate) struct CommandOutput {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for CommandOutput {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl CommandOutput {
    /// Checks that the command succeeded. Returns what it printed on standard output.
    pub(crate) fn success(self) -> String {
        assert_eq!(self.code, Some(0), "{}{}", self.stdout, self.stderr);
        self.stdout
    }

    pub(crate) fn events(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }
}

impl TestApp {
    /// An app with workers that invoke no other workers, and without endpoint.
    pub(crate) fn new(workers: &[&str]) -> Self {
        let manifest = json!({ "version": 1, "bedrock": "0.1.0", "app": "shop", "profile": "release", "endpoint": null, "workers": {} });
        let mut app = Self { dir: TempDir::new().expect("a folder"), manifest };
        app.write("Cargo.toml", CARGO_TOML);
        for worker in workers {
            app.add(worker);
        }
        app
    }

    pub(crate) fn with_endpoint(mut self, invokes: &[&str]) -> Self {
        let code = self.zip("endpoint.zip", &[("main.py", ENDPOINT)]);
        self.manifest["endpoint"] = manifest_entry("endpoint", &code);
        self.manifest["endpoint"]["url_auth"] = json!("none");
        self.set("/endpoint/invokes", json!(invokes));
        self
    }

    pub(crate) fn add(&mut self, worker: &str) {
        self.write(&format!("workers/{worker}/main.py"), WORKER);
        let code = self.zip(&format!("workers/{worker}.zip"), &[("main.py", WORKER)]);
        self.set(&format!("/workers/{worker}"), manifest_entry(worker, &code));
    }

    pub(crate) fn remove(&mut self, worker: &str) {
        fs::remove_dir_all(self.path(&format!("workers/{worker}"))).expect("the folder");
        self.manifest["workers"].as_object_mut().expect("workers").remove(worker);
        self.save();
    }

    /// Returns the names of the workers.
    pub(crate) fn workers(&self) -> Vec<String> {
        self.manifest["workers"].as_object().expect("workers").keys().cloned().collect()
    }

    /// Sets the value at a JSON pointer of the manifest. The last part of the pointer may be new.
    pub(crate) fn set(&mut self, pointer: &str, value: Value) {
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        self.manifest.pointer_mut(parent).expect(pointer)[key] = value;
        self.save();
    }

    /// Appends a value to the array at a JSON pointer of the manifest, which has `count` values.
    pub(crate) fn add_to(&mut self, pointer: &str, count: usize, value: Value) {
        let array = self.manifest.pointer_mut(pointer).and_then(Value::as_array_mut).expect(pointer);
        assert_eq!(array.len(), count, "{pointer}");
        array.push(value);
        self.save();
    }

    pub(crate) fn with(mut self, pointer: &str, value: Value) -> Self {
        self.set(pointer, value);
        self
    }

    /// Replaces the code of a worker.
    pub(crate) fn code(&mut self, worker: &str, text: &str) {
        let code = self.zip(&format!("workers/{worker}.zip"), &[("main.py", text)]);
        self.set(&format!("/workers/{worker}/code"), code);
    }

    /// Replaces the files of a worker's zip.
    pub(crate) fn package(&mut self, worker: &str, files: &[(&str, &str)]) {
        let code = self.zip(&format!("workers/{worker}.zip"), files);
        self.set(&format!("/workers/{worker}/code"), code);
    }

    /// Sets the layer of a worker to one with this Python module.
    pub(crate) fn layer(&mut self, worker: &str, module: &str, text: &str) {
        let mut layer = self.zip(&format!("layers/{worker}.zip"), &[(&format!("python/{module}.py"), text)]);
        layer["name"] = json!(worker);
        self.set(&format!("/workers/{worker}/layer"), layer);
    }

    /// Writes the file of an artifact, and returns its entry in the manifest.
    pub(crate) fn artifact(&self, path: &str, bytes: &[u8]) -> Value {
        self.write_bytes(&format!("target/bedrock/{path}"), bytes);
        let digest = Sha256::digest(bytes);
        json!({
            "path": path, "sha256": HEXLOWER.encode(&digest), "sha256_base64": BASE64.encode(&digest),
            "content_sha256": HEXLOWER.encode(&digest), "bytes": bytes.len(), "unzipped_bytes": bytes.len()
        })
    }

    fn zip(&self, path: &str, files: &[(&str, &str)]) -> Value {
        let folder = TempDir::new().expect("a folder");
        for (name, text) in files {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            fs::write(file, text).expect("a file");
        }
        let zip = folder.path().with_extension("zip");
        testbed::pack(folder.path(), &zip);
        let bytes = fs::read(&zip).expect("the zip");
        fs::remove_file(zip).expect("the zip");
        self.artifact(path, &bytes)
    }

    fn save(&self) {
        self.write("target/bedrock/manifest.json", &self.manifest.to_string());
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        self.write_bytes(path, text.as_bytes());
    }

    fn write_bytes(&self, path: &str, bytes: &[u8]) {
        let file = self.path(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, bytes).expect(path);
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    /// Returns `cargo bedrock …` in the app's folder.
    pub(crate) fn command(&self, args: &[&str], environment: &[(String, String)]) -> Command {
        command(self.dir.path(), args, environment)
    }
}

/// Returns `cargo bedrock …` without this machine's AWS configuration.
pub(crate) fn command(folder: &Path, args: &[&str], environment: &[(String, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-bedrock"));
    command.arg("bedrock").args(args).current_dir(folder).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().to_lowercase();
        if text.starts_with("aws_") || text.ends_with("_proxy") {
            command.env_remove(name);
        }
    }
    command.env("AWS_CONFIG_FILE", "/nonexistent").env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent");
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    command
}

fn manifest_entry(name: &str, code: &Value) -> Value {
    json!({
        "name": name, "language": "python", "runtime": "python3.13", "handler": "main.handler",
        "architecture": "x86_64", "memory": 256, "timeout": 30, "environment": {}, "secrets": {}, "invokes": [],
        "retries": 2, "event_age": 21600, "on_failure": null, "recursion": "terminate", "concurrency": null,
        "log_retention": 30, "layers": [], "layer": null, "code": code
    })
}
