//! The app of this package, running, with its API on a port that the test knows: as `cargo run` runs it, and as `cargo
//! bedrock dev` does.

use std::io::{BufRead, BufReader};
use std::process::Child;
use std::thread;

use bedrock_dev::{Clock, Workshop};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::driver::{Run, finish};
use crate::workshop::order;

/// Ended with the test.
pub(super) struct Program {
    child: Option<(Child, String)>,
    workshop: Option<(Runtime, Workshop, TempDir)>,
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
        Self { child: Some((child, mark)), workshop: None, url: url.expect("the address of the API") }
    }

    /// The same app in a workshop.
    pub(super) fn in_workshop() -> Self {
        let (scratch, runtime) = (tempfile::tempdir().expect("a folder"), Runtime::new().expect("a runtime"));
        let opened = Workshop::open(order(scratch.path(), &Clock::real()));
        let workshop = runtime.block_on(opened).expect("it opens");
        let url = workshop.url.clone();
        Self { child: None, workshop: Some((runtime, workshop, scratch)), url }
    }

    /// One of each.
    pub(super) fn both() -> [Self; 2] {
        [Self::start(), Self::in_workshop()]
    }

    /// Whether Rust workers are processes of their own, whose memory and prints are known.
    pub(super) fn is_workshop(&self) -> bool {
        self.workshop.is_some()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some((_runtime, workshop, _scratch)) = self.workshop.take() {
            workshop.close();
        }
        let Some((child, mark)) = self.child.take() else { return };
        let asked = Pid::from_raw(i32::try_from(child.id()).unwrap_or_default());
        let _ = asked.map(|pid| kill_process(pid, Signal::TERM));
        let ran = finish(child, &mark);
        if !thread::panicking() {
            assert_eq!(ran.code, Some(130));
        }
    }
}
