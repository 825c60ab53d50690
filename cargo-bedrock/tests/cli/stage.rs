//! A deployed app for the tests of commands that look at one: an emulator of AWS, and the calls to make of it.

use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use testbed::Ministack;

use crate::room::{MANIFEST, Room};

/// An app with two workers, and an account that may have a stage of it.
pub(crate) struct Deployed {
    pub(crate) room: Room,
    pub(crate) aws: Ministack,
}

impl Deployed {
    /// None, and a printed reason, where the emulator is not installed.
    pub(crate) fn start() -> Option<Self> {
        let aws = Ministack::start(false)?;
        let room = Room::app(MANIFEST).file("workers/fetcher/main.py", "").file("workers/thumbnailer/main.js", "");
        Some(Self { room, aws })
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.room.command(args);
        command.envs(self.aws.environment());
        command
    }

    /// The whole answer.
    pub(crate) fn run(&self, args: &[&str]) -> String {
        self.room.show(&self.command(args).output().expect("the command starts"))
    }

    /// A log group and a stream in it.
    pub(crate) fn make_log(&self, function: &str) {
        let group = format!("/aws/lambda/{function}");
        self.call("logs", "create_log_group", &json!({ "logGroupName": group }));
        self.call("logs", "create_log_stream", &json!({ "logGroupName": group, "logStreamName": "2026/[1]ab" }));
    }

    /// Writes a line with the time `time`.
    pub(crate) fn log(&self, function: &str, time: i64, message: &str) {
        self.call(
            "logs",
            "put_log_events",
            &json!({
                "logGroupName": format!("/aws/lambda/{function}"), "logStreamName": "2026/[1]ab",
                "logEvents": [{ "timestamp": time, "message": message }]
            }),
        );
    }

    fn call(&self, service: &str, operation: &str, arguments: &Value) {
        self.aws.call(service, operation, arguments).map_err(|refusal| format!("{refusal:?}")).expect(operation);
    }
}

/// Milliseconds since 1970.
pub(crate) fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(now.as_millis()).expect("a number")
}
