//! An emulator of AWS that runs functions and enforces IAM, started for one test and ended with it.

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
    /// None where it is not installed.
    pub(crate) fn start() -> Option<Self> {
        let python = tool("ministack/bin/python")?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/terraform/emulator.py");
        let mut command = Command::new(python);
        let mut child =
            command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Python starts");
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().expect("a pipe")));
        let mut emulator = Self { child, input, output, endpoint: String::new() };
        emulator.endpoint = serde_json::from_value(emulator.read()).expect("an address");
        Some(emulator)
    }

    /// With these variables, a program speaks to it instead of to AWS.
    pub(crate) fn environment(&self) -> [(&'static str, &str); 5] {
        [
            ("AWS_ENDPOINT_URL", &self.endpoint),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]
    }

    /// An operation by boto3's names; it must succeed.
    pub(crate) fn call(&mut self, service: &str, operation: &str, arguments: &Value) -> Value {
        self.ask(&json!(["call", [service, operation, arguments]]))
    }

    /// Status and body of what a function's URL answers.
    pub(crate) fn get(&mut self, url: &str) -> Value {
        self.ask(&json!(["get", [url]]))
    }

    /// Writes a zip with one file, and gives its digest as manifests have it.
    pub(crate) fn pack(&mut self, path: &Path, name: &str, text: &str) -> Value {
        self.ask(&json!(["pack", [path, name, text]]))
    }

    /// What a function answers.
    pub(crate) fn invoke(&mut self, function: &str, event: &Value) -> Value {
        let arguments = json!({ "FunctionName": function, "Payload": event.to_string() });
        let answer = self.call("lambda", "invoke", &arguments);
        serde_json::from_str(answer["Payload"].as_str().expect("a payload")).expect("JSON")
    }

    fn ask(&mut self, question: &Value) -> Value {
        let mut input = self.input.as_ref().expect("it runs");
        writeln!(input, "{question}").expect("a question");
        let answer = self.read();
        assert!(answer.get("error").is_none(), "{question}: {answer}");
        answer["ok"].clone()
    }

    fn read(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("a line");
        serde_json::from_str(&line).expect("JSON")
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // The end of its input ends it.
        self.input = None;
        let _ = self.child.wait();
    }
}
