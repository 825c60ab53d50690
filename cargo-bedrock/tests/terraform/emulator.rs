//! An emulator of AWS that runs functions and enforces IAM. Each test starts its own.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::tools::tool;

/// A running emulator.
pub(crate) struct Emulator {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// `http://127.0.0.1:PORT`
    endpoint: String,
}

impl Emulator {
    /// Returns `None` if the emulator is not installed.
    pub(crate) fn start() -> Option<Self> {
        let python = tool("ministack/bin/python")?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/terraform/emulator.py");
        let mut command = Command::new(python);
        let mut child =
            command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Python starts");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut emulator = Self { child, input, output, endpoint: String::new() };
        emulator.endpoint = serde_json::from_value(emulator.read()).expect("an address");
        Some(emulator)
    }

    /// Returns environment variables that make a program use the emulator instead of AWS.
    pub(crate) fn environment(&self) -> [(&'static str, &str); 5] {
        [
            ("AWS_ENDPOINT_URL", &self.endpoint),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]
    }

    /// Calls an operation by its names in boto3. It must succeed.
    pub(crate) fn call(&mut self, service: &str, operation: &str, arguments: &Value) -> Value {
        self.request(&json!(["call", [service, operation, arguments]]))
    }

    /// Requests a function URL. Returns status and body.
    pub(crate) fn get(&mut self, url: &str) -> Value {
        self.request(&json!(["get", [url]]))
    }

    /// Writes a zip with one file. Returns its digest in the format of the manifest.
    pub(crate) fn pack(&mut self, path: &Path, name: &str, text: &str) -> Value {
        self.request(&json!(["pack", [path, name, text]]))
    }

    /// Invokes a function. Returns its response.
    pub(crate) fn invoke(&mut self, function: &str, event: &Value) -> Value {
        let arguments = json!({ "FunctionName": function, "Payload": event.to_string() });
        let response = self.call("lambda", "invoke", &arguments);
        serde_json::from_str(response["Payload"].as_str().expect("a payload")).expect("JSON")
    }

    fn request(&mut self, request: &Value) -> Value {
        let mut input = self.input.as_ref().expect("it runs");
        writeln!(input, "{request}").expect("a request");
        let response = self.read();
        assert!(response.get("error").is_none(), "{request}: {response}");
        response["ok"].clone()
    }

    fn read(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("a line");
        serde_json::from_str(&line).expect("JSON")
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // The emulator exits when its input is closed.
        self.input = None;
        let _ = self.child.wait();
    }
}
