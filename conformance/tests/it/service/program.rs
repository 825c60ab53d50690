//! The app of this package, running, with its API on a port that the test knows.

use std::io::{BufRead, BufReader};
use std::process::Child;
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::driver::{Run, finish};

/// Ended with the test.
pub(super) struct Program {
    child: Option<Child>,
    mark: String,
    /// `http://127.0.0.1:PORT`
    pub(super) url: String,
}

impl Program {
    pub(super) fn start() -> Self {
        let steps = json!([{ "worker": "wait", "event": 3_600_000 }]);
        let (mut child, mark) = Run::new(&steps).env("BEDROCK_LAMBDA_PORT", "0").start();
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
        let url = lines.find_map(|line| {
            let (_, rest) = line.split_once("Lambda's API on ")?;
            rest.split(',').next().map(str::to_owned)
        });
        // What it says further on must go somewhere.
        thread::spawn(move || lines.for_each(drop));
        Self { child: Some(child), mark, url: url.expect("the address of the API") }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let Some(child) = self.child.take() else { return };
        let asked = Pid::from_raw(i32::try_from(child.id()).unwrap_or_default());
        let _ = asked.map(|pid| kill_process(pid, Signal::TERM));
        let ran = finish(child, &self.mark);
        if !thread::panicking() {
            assert_eq!(ran.code, Some(130));
        }
    }
}
