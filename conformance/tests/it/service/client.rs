//! AWS's own clients, unchanged: boto3, the SDK for JavaScript and the AWS CLI. They get the endpoint URL as users set
//! it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use testbed::{find_on_path, tool};

/// An AWS client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Client {
    Boto3,
    JavaScriptSdk,
    Cli,
}

impl Client {
    pub(crate) const ALL: [Self; 3] = [Self::Boto3, Self::JavaScriptSdk, Self::Cli];

    /// Makes calls of the operation `Invoke` with these arguments. `None` if the client is not installed. All clients
    /// return results with the same keys: `status`, `failed`, `version`, `payload`, `log`; or `exception`, `message`.
    pub(crate) fn invoke(self, url: &str, calls: &[Value]) -> Option<Vec<Value>> {
        let named = |operation: &str| -> Vec<Value> {
            calls.iter().map(|arguments| json!({ "operation": operation, "arguments": arguments })).collect()
        };
        match self {
            Self::Boto3 => self.call_operations(url, &json!(named("invoke"))),
            Self::JavaScriptSdk => self.call_operations(url, &json!(named("Invoke"))),
            Self::Cli => {
                let aws = tool("awscli/bin/aws")?;
                Some(calls.iter().map(|arguments| invoke_with_cli(&aws, url, arguments)).collect())
            }
        }
    }

    /// Makes calls of any operation with one of the SDKs.
    pub(crate) fn call_operations(self, url: &str, calls: &Value) -> Option<Vec<Value>> {
        let programs = programs();
        let mut command = if self == Self::Boto3 {
            let mut command = Command::new(tool("ministack/bin/python")?);
            command.arg("-B").arg(programs.join("boto.py"));
            command
        } else {
            let mut command = Command::new(find_on_path("node")?);
            command.arg(programs.join("sdk.mjs")).arg(sdk()?);
            command
        };
        Some(exchange_lines(&mut command, url, calls))
    }
}

/// Makes calls of any of AWS's services with boto3, sequentially.
pub(crate) fn call_any_service(url: &str, calls: &Value) -> Option<Vec<Value>> {
    let mut command = Command::new(tool("ministack/bin/python")?);
    command.arg("-B").arg(programs().join("any.py"));
    Some(exchange_lines(&mut command, url, calls))
}

/// Sends requests that botocore signs. Returns the responses, or `None` if it is not installed.
pub(crate) fn send_signed_requests(requests: &Value) -> Option<Vec<Value>> {
    let mut command = Command::new(tool("ministack/bin/python")?);
    command.arg("-B").arg(programs().join("signed.py"));
    Some(exchange_lines(&mut command, "http://127.0.0.1:9", requests))
}

fn programs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients")
}

/// Writes calls to the standard input of a client and returns the results that it prints, one per line.
fn exchange_lines(command: &mut Command, url: &str, calls: &Value) -> Vec<Value> {
    let mut child = environment(command, url).stdin(Stdio::piped()).spawn().expect("the client starts");
    let mut pipe = child.stdin.take().expect("a pipe");
    pipe.write_all(calls.to_string().as_bytes()).expect("the calls");
    drop(pipe);
    let output = child.wait_with_output().expect("the client ends");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {stderr}");
    let lines = String::from_utf8(output.stdout).expect("text");
    lines.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// Returns the folder in which the SDK for JavaScript is installed.
pub(crate) fn sdk() -> Option<PathBuf> {
    tool("node_sdk/node_modules").and_then(|folder| folder.parent().map(Path::to_owned))
}

/// Returns the folder in which boto3 is installed.
pub(crate) fn site_packages() -> Option<PathBuf> {
    let lib = tool("ministack/lib")?;
    let python = lib.read_dir().expect("a folder").flatten().next().expect("one version");
    Some(python.path().join("site-packages"))
}

/// Sets the environment of a client as a user does, with any credentials and without settings of this machine.
pub(crate) fn environment<'a>(command: &'a mut Command, url: &str) -> &'a mut Command {
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
        command.env_remove(name);
    }
    command
        .env("AWS_ENDPOINT_URL_LAMBDA", url)
        .env("AWS_ENDPOINT_URL_SQS", format!("{url}/_sqs"))
        .env("AWS_ENDPOINT_URL_S3", format!("{url}/_s3"))
        .env("AWS_ENDPOINT_URL_SNS", format!("{url}/_sns"))
        .env("AWS_ENDPOINT_URL_EVENTBRIDGE", format!("{url}/_events"))
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

/// Runs `aws lambda invoke …`, which returns a file, a document and an exit code.
fn invoke_with_cli(aws: &Path, url: &str, arguments: &Value) -> Value {
    let dir = tempfile::tempdir().expect("a folder");
    let payload = dir.path().join("payload");
    let response = dir.path().join("answer");
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
    let output = command.arg(&response).output().expect("the AWS CLI starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        // An error occurred (ResourceNotFoundException) when calling the Invoke operation: …
        let named = stderr.split_once("(").and_then(|(_, rest)| rest.split_once(')'));
        let (exception, rest) = named.unwrap_or_else(|| panic!("{stderr}"));
        let message = rest.split_once("operation: ").map_or(rest, |(_, message)| message).trim();
        return json!({ "exception": exception, "message": message });
    }
    let printed: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let log = printed["LogResult"].as_str().map(base64);
    json!({
        "status": printed["StatusCode"], "failed": printed["FunctionError"], "version": printed["ExecutedVersion"],
        "payload": std::fs::read_to_string(&response).unwrap_or_default(), "log": log,
    })
}

fn base64(text: &str) -> String {
    let decoded = data_encoding::BASE64.decode(text.as_bytes()).expect("base64");
    String::from_utf8(decoded).expect("text")
}
