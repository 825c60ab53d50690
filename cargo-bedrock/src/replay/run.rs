//! Runs the code of a Python or JavaScript worker against one recorded execution, in a process of its own: the programs
//! are `bedrock_host/replay.py` and `replay.mjs`.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bedrock_build::{Language, Worker};
use bedrock_diagnostics::{Error, Result};
use bedrock_durable::{REPLAY_ARN, RecordedExecution, ReplayReport, first_divergence, unnamed_operations};
use bedrock_local::WorkerTools;
use bedrock_package::tools::ToolRunner;
use serde::Deserialize;
use serde_json::json;

use super::sources::RecordedHistory;
use crate::worker_tools::python_path;

/// How far in the future everything is for which the execution waits: a timer of Node.js has at most 24 days.
pub(super) const LATER_MS: u64 = 3_600_000;
/// Why a replay was ended whose result is not needed.
pub(super) const STALE: &str = "the code has changed in the meantime";
/// Characters of the output of a failed program that are shown.
const SHOWN_OUTPUT_CHARS: usize = 2_000;
/// Runs the code of one worker.
pub(crate) struct ReplayProgram<'a> {
    pub(crate) worker: &'a Worker,
    pub(crate) tools: &'a WorkerTools,
    pub(crate) runner: &'a ToolRunner,
    /// The worker's folder.
    pub(crate) folder: PathBuf,
    /// How long the program may run for one execution.
    pub(crate) limit: Duration,
}

/// The result of a replay.
#[derive(Debug)]
pub(crate) struct ReplayResult {
    /// Where the code and the history part. `None` if the code fits.
    pub(crate) divergence: Option<String>,
    /// Operations without names that may trade places without a trace.
    pub(crate) unnamed: usize,
}

impl ReplayResult {
    pub(super) fn of(recorded: &RecordedExecution, report: &ReplayReport) -> Self {
        let divergence = first_divergence(recorded, report).map(|divergence| divergence.to_string());
        Self { divergence, unnamed: unnamed_operations(recorded) }
    }
}

/// What a program writes.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum ProgramReport {
    Unsupported { unsupported: String },
    Replayed(ReplayReport),
}

impl ReplayProgram<'_> {
    /// Replays one execution. Returns an error if its history cannot be replayed, if the program fails or does not end in
    /// time, or if the replay has become stale.
    pub(crate) fn replay(&self, history: &RecordedHistory, is_stale: &dyn Fn() -> bool) -> Result<ReplayResult> {
        let failed = || history.replay_error(self.worker);
        let recorded = history.recorded(self.worker)?;
        let temp_dir = tempfile::tempdir().map_err(|error| Error::io("failed to create a temporary folder", &error))?;
        let request_path = temp_dir.path().join("request.json");
        let report_path = temp_dir.path().join("report.json");
        let now = now_ms();
        let request = json!({
            "class": self.worker.name.class_name(),
            "folder": self.folder,
            "arn": REPLAY_ARN,
            "operations": recorded.to_operations(now, now + LATER_MS),
        });
        fs::write(&request_path, request.to_string())
            .map_err(|error| Error::io("failed to write the request of a replay", &error))?;
        let output_path = temp_dir.path().join("output");
        let output = File::create(&output_path).map_err(|error| Error::io("failed to create a file", &error))?;
        let mut command = self.command();
        command.arg(&request_path).arg(&report_path).stdin(Stdio::null());
        // What the code prints is of no interest unless it fails.
        command.stderr(output.try_clone().map_or_else(|_| Stdio::null(), Stdio::from)).stdout(output);
        let mut child = self.runner.start(&mut command)?;
        let end = Instant::now() + self.limit;
        let is_over = || is_stale() || Instant::now() >= end;
        if self.runner.finish_unless(&mut child, &command, &is_over)?.is_none() {
            return Err(failed().cause(if is_stale() {
                STALE.to_owned()
            } else {
                format!("the code did not end within its timeout of {} s", self.worker.settings.timeout)
            }));
        }
        let report = fs::read(&report_path).ok().and_then(|text| serde_json::from_slice(&text).ok());
        match report {
            Some(ProgramReport::Replayed(report)) => Ok(ReplayResult::of(&recorded, &report)),
            Some(ProgramReport::Unsupported { unsupported }) => Err(failed().cause(unsupported)),
            None => {
                let lines = tail(&output_path);
                Err(lines.lines().fold(failed().cause("the code ended the process"), Error::cause))
            }
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.tools.interpreter);
        for (name, value) in &self.tools.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.current_dir(&self.folder);
        if self.worker.language == Language::Python {
            // No caches in the worker's folder: they would look like changes of its files.
            command.env("PYTHONPATH", python_path(self.tools)).env("PYTHONDONTWRITEBYTECODE", "1");
            command.args(["-m", "bedrock_host.replay"]);
        } else {
            command.arg(self.tools.scripts.join("javascript/replay.mjs"));
        }
        command
    }
}

pub(super) fn now_ms() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or_default()
}

/// Returns the end of the output of a program.
fn tail(path: &Path) -> String {
    let mut bytes = Vec::new();
    let _ = File::open(path).and_then(|mut file| file.read_to_end(&mut bytes));
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let start = text.char_indices().rev().nth(SHOWN_OUTPUT_CHARS).map_or(0, |(index, _)| index);
    text.get(start..).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use bedrock_build::App;

    use super::*;

    /// Replays with a program that does not end. Returns the causes of the error.
    fn replay_of_hanging_code(limit: Duration, is_stale: &dyn Fn() -> bool) -> Vec<String> {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path();
        for (path, text) in [
            ("Cargo.toml", "[package]\nname = \"shop\"\n[package.metadata.bedrock]\n"),
            ("workers/flow/main.js", ""),
            // The interpreter is a shell.
            ("javascript/replay.mjs", "sleep 3600"),
        ] {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        let app = App::open(root).expect("an app");
        let tools = WorkerTools {
            interpreter: "/bin/sh".into(),
            version: String::new(),
            import_path: Vec::new(),
            scripts: root.to_owned(),
            environment: Vec::new(),
        };
        let runner = ToolRunner::default();
        let folder = root.to_owned();
        let program = ReplayProgram { worker: &app.workers[0], tools: &tools, runner: &runner, folder, limit };
        let started =
            json!({ "EventType": "ExecutionStarted", "EventId": 1, "Id": "x", "ExecutionStartedDetails": {} });
        let error = program.replay(&RecordedHistory::of("flow", "arn", vec![started]), is_stale);
        error.expect_err("an error").reports[0].causes.clone()
    }

    #[test]
    fn code_that_does_not_end_is_killed() {
        let causes = replay_of_hanging_code(Duration::from_millis(50), &|| false);
        assert_eq!(causes, ["the code did not end within its timeout of 30 s"]);
        // The result of an older version of the code is not needed.
        let causes = replay_of_hanging_code(Duration::from_secs(3600), &|| true);
        assert_eq!(causes, ["the code has changed in the meantime"]);
    }
}
