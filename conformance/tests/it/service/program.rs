//! Runs this package's app with its API on a known port: as `cargo run` does, and in the dev server.

use std::io::{BufRead, BufReader};
use std::process::Child;
use std::thread;

use bedrock_dev::{Clock, DevServer};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::dev_server::config;
use crate::driver::{Run, finish};

/// A running app. Dropping it ends the app.
pub(super) struct Program {
    child: Option<(Child, String)>,
    dev_server: Option<(Runtime, DevServer, TempDir)>,
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
        // Further output must be read too.
        thread::spawn(move || lines.for_each(drop));
        Self { child: Some((child, mark)), dev_server: None, url: url.expect("the address of the API") }
    }

    /// Starts the same app in the dev server.
    pub(super) fn start_dev_server() -> Self {
        let scratch = tempfile::tempdir().expect("a folder");
        let runtime = Runtime::new().expect("a runtime");
        let opened = DevServer::start(config(scratch.path(), &Clock::real()));
        let dev_server = runtime.block_on(opened).expect("it opens");
        let url = dev_server.url.clone();
        Self { child: None, dev_server: Some((runtime, dev_server, scratch)), url }
    }

    /// Starts both.
    pub(super) fn both() -> [Self; 2] {
        [Self::start(), Self::start_dev_server()]
    }

    /// Whether Rust workers run in processes of their own, so that their memory and output are known.
    pub(super) fn runs_dev_server(&self) -> bool {
        self.dev_server.is_some()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some((_runtime, dev_server, _scratch)) = self.dev_server.take() {
            dev_server.close();
        }
        let Some((child, mark)) = self.child.take() else { return };
        let process_id = Pid::from_raw(i32::try_from(child.id()).unwrap_or_default());
        let _ = process_id.map(|pid| kill_process(pid, Signal::TERM));
        let run_result = finish(child, &mark);
        if !thread::panicking() {
            assert_eq!(run_result.code, Some(130));
        }
    }
}
