//! Runs the package's program with a list of steps and reads what it prints; at the end nothing of it may be left.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The variable by which the descendants of a run are recognised.
const MARK: &str = "CONFORMANCE_RUN";

/// One run of the program.
pub(crate) struct Run {
    command: Command,
    mark: String,
}

/// How a run went.
pub(crate) struct Ran {
    /// What each call came to, in order.
    pub(crate) answers: Vec<Value>,
    pub(crate) stderr: String,
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
}

impl Run {
    pub(crate) fn new(steps: &Value) -> Self {
        let mark = format!("{}-{:?}", std::process::id(), std::thread::current().id());
        let mut command = Command::new(env!("CARGO_BIN_EXE_conformance"));
        command.arg(steps.to_string()).env(MARK, &mark).env_remove("RUST_BACKTRACE").env_remove("AWS_REGION");
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

    /// Runs to the end and checks that no process is left behind.
    pub(crate) fn run(self) -> Ran {
        let (child, mark) = self.start();
        finish(child, &mark)
    }
}

/// Waits for the end of a started run and checks that no process is left behind.
pub(crate) fn finish(child: Child, mark: &str) -> Ran {
    use std::os::unix::process::ExitStatusExt;
    let Output { status, stdout, stderr } = child.wait_with_output().expect("the program ends");
    nothing_left(mark);
    let stdout = String::from_utf8_lossy(&stdout).into_owned();
    // What Rust workers print goes to the same stream; answers are whole lines of JSON objects.
    let answers = stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).filter(Value::is_object).collect();
    let stderr = String::from_utf8_lossy(&stderr).into_owned();
    Ran { answers, stderr, code: status.code(), signal: status.signal() }
}

/// Fails if a descendant of the run is still there after two seconds.
fn nothing_left(mark: &str) {
    let began = Instant::now();
    loop {
        let left = descendants(mark);
        if left.is_empty() {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(2), "still running: {left:?}");
        std::thread::yield_now();
    }
}

/// The command lines of all processes with the mark in their environment.
pub(crate) fn descendants(mark: &str) -> Vec<String> {
    let wanted = format!("{MARK}={mark}");
    let processes = fs::read_dir("/proc").expect("/proc").flatten();
    processes
        .filter_map(|entry| {
            let dir = entry.path();
            let environment = fs::read(dir.join("environ")).ok()?;
            let marked = environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes());
            let line = fs::read(dir.join("cmdline")).ok()?;
            (marked && !line.is_empty()).then(|| String::from_utf8_lossy(&line).replace('\0', " "))
        })
        .collect()
}

/// Runs steps to the end, which must be a good one, and gives the answers.
pub(crate) fn answers(steps: &Value) -> Vec<Value> {
    let ran = Run::new(steps).run();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    ran.answers
}

/// A copy of this package's app in a folder of its own, for tests that change it.
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

/// Python and JavaScript, which share most cases.
pub(crate) const HOSTED: [&str; 2] = ["python_case", "node_case"];
/// All three languages.
pub(crate) const ALL: [&str; 3] = ["rust_case", "python_case", "node_case"];
