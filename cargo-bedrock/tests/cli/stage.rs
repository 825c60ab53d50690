//! An app and an emulated AWS account, for tests of commands that read a deployed app.

use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use testbed::Ministack;

use crate::test_app::{MANIFEST, TestApp};

/// An app with two workers, and an emulated account.
pub(crate) struct DeployedApp {
    pub(crate) test_app: TestApp,
    pub(crate) aws: Ministack,
}

impl DeployedApp {
    /// Starts the emulator. Returns `None`, and prints the reason, if it is not installed.
    pub(crate) fn start() -> Option<Self> {
        let aws = Ministack::start(false)?;
        let test_app = TestApp::with_manifest(MANIFEST)
            .file("workers/fetcher/main.py", "")
            .file("workers/thumbnailer/main.js", "");
        Some(Self { test_app, aws })
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.test_app.command(args);
        command.envs(self.aws.environment());
        command
    }

    /// Returns exit code and complete output.
    pub(crate) fn run(&self, args: &[&str]) -> String {
        self.test_app.show(&self.command(args).output().expect("the command starts"))
    }

    /// Creates the log group of a function, and a stream in it.
    pub(crate) fn create_log_group(&self, function: &str) {
        let group = format!("/aws/lambda/{function}");
        self.call("logs", "create_log_group", &json!({ "logGroupName": group }));
        self.call("logs", "create_log_stream", &json!({ "logGroupName": group, "logStreamName": "2026/[1]ab" }));
    }

    /// Logs a message at `timestamp`, in milliseconds since 1970.
    pub(crate) fn log(&self, function: &str, timestamp: i64, message: &str) {
        self.call(
            "logs",
            "put_log_events",
            &json!({
                "logGroupName": format!("/aws/lambda/{function}"), "logStreamName": "2026/[1]ab",
                "logEvents": [{ "timestamp": timestamp, "message": message }]
            }),
        );
    }

    fn call(&self, service: &str, operation: &str, arguments: &Value) {
        self.aws.call(service, operation, arguments).map_err(|refusal| format!("{refusal:?}")).expect(operation);
    }
}

/// Returns the current time in milliseconds since 1970.
pub(crate) fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(now.as_millis()).expect("a number")
}
