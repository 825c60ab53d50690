//! Runs the program of this package with a list of steps and parses its output. No process may remain after a run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Environment variable that identifies the descendants of a run.
const MARK_VARIABLE: &str = "CONFORMANCE_RUN";

/// A run of the program before its start.
pub(crate) struct Run {
    command: Command,
    mark: String,
}

/// Result of a run.
pub(crate) struct RunResult {
    /// Results of the calls, in order.
    pub(crate) responses: Vec<Value>,
    pub(crate) stderr: String,
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
}

impl Run {
    pub(crate) fn new(steps: &Value) -> Self {
        let mark = format!("{}-{:?}", std::process::id(), std::thread::current().id());
        let mut command = Command::new(env!("CARGO_BIN_EXE_conformance"));
        command.arg(steps.to_string()).env(MARK_VARIABLE, &mark).env_remove("RUST_BACKTRACE").env_remove("AWS_REGION");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self { command, mark }
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn start(mut self) -> (Child, String) {
        (self.command.spawn().expect("the program starts"), self.mark)
    }

    /// Runs the program to its end and checks that no process remains.
    pub(crate) fn run(self) -> RunResult {
        let (child, mark) = self.start();
        finish(child, &mark)
    }
}

/// Waits for the end of a started run and checks that no process remains.
pub(crate) fn finish(child: Child, mark: &str) -> RunResult {
    use std::os::unix::process::ExitStatusExt;
    let Output { status, stdout, stderr } = child.wait_with_output().expect("the program ends");
    assert_no_descendants(mark);
    let stdout = String::from_utf8_lossy(&stdout).into_owned();
    // Rust workers print to the same stream; results are complete lines with JSON objects.
    let responses =
        stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).filter(Value::is_object).collect();
    let stderr = String::from_utf8_lossy(&stderr).into_owned();
    RunResult { responses, stderr, code: status.code(), signal: status.signal() }
}

/// Panics if a descendant of the run still exists after a while, which is long because the machine may be busy.
fn assert_no_descendants(mark: &str) {
    let started = Instant::now();
    loop {
        let remaining = descendants(mark);
        if remaining.is_empty() {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "still running: {remaining:?}");
        std::thread::yield_now();
    }
}

/// Returns the command lines of all processes with the mark in their environment.
pub(crate) fn descendants(mark: &str) -> Vec<String> {
    let expected = format!("{MARK_VARIABLE}={mark}");
    let processes = fs::read_dir("/proc").expect("/proc").flatten();
    processes
        .filter_map(|entry| {
            let dir = entry.path();
            let environment = fs::read(dir.join("environ")).ok()?;
            let has_mark = environment.split(|byte| *byte == 0).any(|variable| variable == expected.as_bytes());
            let line = fs::read(dir.join("cmdline")).ok()?;
            (has_mark && !line.is_empty()).then(|| String::from_utf8_lossy(&line).replace('\0', " "))
        })
        .collect()
}

/// Runs the steps, which must end with status 0, and returns the results.
pub(crate) fn responses(steps: &Value) -> Vec<Value> {
    let run_result = Run::new(steps).run();
    assert_eq!(run_result.code, Some(0), "{}", run_result.stderr);
    run_result.responses
}

/// Copies this package's app to a temporary folder, for tests that change it.
pub(crate) fn copy_of_app() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    copy(&app_dir().join("workers"), &dir.path().join("workers"));
    dir
}

pub(crate) fn app_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// Python and JavaScript workers, which share most cases.
pub(crate) const HOSTED_WORKERS: [&str; 2] = ["python_case", "node_case"];
/// Workers of all three languages.
pub(crate) const ALL_WORKERS: [&str; 3] = ["rust_case", "python_case", "node_case"];
