//! AWS's own clients, unchanged: boto3, the SDK for JavaScript and the AWS CLI. They are told the address as users tell it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use testbed::{on_path, tool};

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Client {
    Boto,
    Sdk,
    Cli,
}

impl Client {
    pub(crate) const ALL: [Self; 3] = [Self::Boto, Self::Sdk, Self::Cli];

    /// Makes calls of the operation `Invoke` with these arguments; None where the client is not installed. What comes of
    /// each has the same keys for all clients: `status`, `failed`, `version`, `payload`, `log`; or `exception`, `message`.
    pub(crate) fn invoke(self, url: &str, calls: &[Value]) -> Option<Vec<Value>> {
        let named = |operation: &str| -> Vec<Value> {
            calls.iter().map(|arguments| json!({ "operation": operation, "arguments": arguments })).collect()
        };
        match self {
            Self::Boto => self.ask(url, &json!(named("invoke"))),
            Self::Sdk => self.ask(url, &json!(named("Invoke"))),
            Self::Cli => {
                let aws = tool("awscli/bin/aws")?;
                Some(calls.iter().map(|arguments| invoke_by_hand(&aws, url, arguments)).collect())
            }
        }
    }

    /// Makes calls of any operation with one of the SDKs.
    pub(crate) fn ask(self, url: &str, calls: &Value) -> Option<Vec<Value>> {
        let programs = programs();
        let mut command = if self == Self::Boto {
            let mut command = Command::new(tool("ministack/bin/python")?);
            command.arg("-B").arg(programs.join("boto.py"));
            command
        } else {
            let mut command = Command::new(on_path("node")?);
            command.arg(programs.join("sdk.mjs")).arg(sdk()?);
            command
        };
        Some(talk(&mut command, url, calls))
    }
}

/// Makes calls of any of AWS's services with boto3, one after the other.
pub(crate) fn of_any_service(url: &str, calls: &Value) -> Option<Vec<Value>> {
    let mut command = Command::new(tool("ministack/bin/python")?);
    command.arg("-B").arg(programs().join("any.py"));
    Some(talk(&mut command, url, calls))
}

fn programs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients")
}

/// Gives a client its calls, and takes the lines that it answers.
fn talk(command: &mut Command, url: &str, calls: &Value) -> Vec<Value> {
    let mut child = environment(command, url).stdin(Stdio::piped()).spawn().expect("the client starts");
    let mut pipe = child.stdin.take().expect("a pipe");
    pipe.write_all(calls.to_string().as_bytes()).expect("the calls");
    drop(pipe);
    let output = child.wait_with_output().expect("the client ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    let lines = String::from_utf8(output.stdout).expect("text");
    lines.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// Where the SDK for JavaScript is installed.
pub(crate) fn sdk() -> Option<PathBuf> {
    tool("node_sdk/node_modules").and_then(|folder| folder.parent().map(Path::to_owned))
}

/// Where boto3 is installed.
pub(crate) fn site_packages() -> Option<PathBuf> {
    let lib = tool("ministack/lib")?;
    let python = lib.read_dir().expect("a folder").flatten().next().expect("one version");
    Some(python.path().join("site-packages"))
}

/// What a user sets; any credentials, and nothing that this machine's settings add.
pub(crate) fn environment<'a>(command: &'a mut Command, url: &str) -> &'a mut Command {
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
        command.env_remove(name);
    }
    command
        .env("AWS_ENDPOINT_URL_LAMBDA", url)
        .env("AWS_ENDPOINT_URL_SQS", format!("{url}/_sqs"))
        .env("AWS_ENDPOINT_URL_S3", format!("{url}/_s3"))
        .env("AWS_REGION", "us-east-1")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "any")
        .env("AWS_SECRET_ACCESS_KEY", "any")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/nonexistent/config")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
}

/// `aws lambda invoke …`, whose answer is a file, a document and an exit code.
fn invoke_by_hand(aws: &Path, url: &str, arguments: &Value) -> Value {
    let dir = tempfile::tempdir().expect("a folder");
    let (payload, answer) = (dir.path().join("payload"), dir.path().join("answer"));
    let mut command = Command::new(aws);
    environment(&mut command, url).args(["--output", "json", "lambda", "invoke"]);
    for (key, option) in [
        ("FunctionName", "--function-name"),
        ("InvocationType", "--invocation-type"),
        ("LogType", "--log-type"),
        ("Qualifier", "--qualifier"),
        ("ClientContext", "--client-context"),
    ] {
        if let Some(value) = arguments[key].as_str() {
            command.args([option, value]);
        }
    }
    if let Some(text) = arguments["Payload"].as_str() {
        std::fs::write(&payload, text).expect("the payload");
        command.arg("--payload").arg(format!("file://{}", payload.display()));
    }
    let output = command.arg(&answer).output().expect("the AWS CLI starts");
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        // An error occurred (ResourceNotFoundException) when calling the Invoke operation: …
        let named = said.split_once("(").and_then(|(_, rest)| rest.split_once(')'));
        let (exception, rest) = named.unwrap_or_else(|| panic!("{said}"));
        let message = rest.split_once("operation: ").map_or(rest, |(_, message)| message).trim();
        return json!({ "exception": exception, "message": message });
    }
    let printed: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let log = printed["LogResult"].as_str().map(base64);
    json!({
        "status": printed["StatusCode"], "failed": printed["FunctionError"], "version": printed["ExecutedVersion"],
        "payload": std::fs::read_to_string(&answer).unwrap_or_default(), "log": log,
    })
}

fn base64(text: &str) -> String {
    let decoded = data_encoding::BASE64.decode(text.as_bytes()).expect("base64");
    String::from_utf8(decoded).expect("text")
}
