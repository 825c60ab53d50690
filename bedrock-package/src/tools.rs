//! Child processes of external tools such as cargo, uv and npm: finding them on the `PATH`, running them, and reporting
//! their failures. Each tool leads a process group of its own, and Ctrl-C ends those groups, so that no tool outlives
//! this program.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use bedrock_diagnostics::{Error, ExitKind, Result};

/// Number of lines of a tool's output that an error shows.
const MAX_OUTPUT_LINES: usize = 12;

/// Number of bytes of a command line that an error shows.
const MAX_COMMAND_BYTES: usize = 100;

/// How often [`ToolRunner::finish_unless`] looks at a tool.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Runs tools, and ends them when the user interrupts the program.
#[derive(Debug, Clone, Default)]
pub struct ToolRunner(Arc<Mutex<RunnerState>>);

/// What a tool printed.
struct ToolOutput {
    stdout: String,
    stderr: String,
}

#[derive(Debug, Default)]
struct RunnerState {
    process_groups: Vec<Pid>,
    is_interrupted: bool,
    /// Answers of [`ToolRunner::ask`].
    answers: BTreeMap<String, Option<String>>,
}

impl ToolRunner {
    /// Creates a runner and handles the signals that would end the program: from now on they end its tools instead, and
    /// [`ToolRunner::check`] fails.
    pub fn with_signal_handler() -> Result<Self> {
        let runner = Self::default();
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])
            .map_err(|error| Error::io("failed to listen for Ctrl-C", &error))?;
        let interrupted = runner.clone();
        thread::spawn(move || {
            for _ in &mut signals {
                interrupted.interrupt();
            }
        });
        Ok(runner)
    }

    /// Returns an error if the user has interrupted the program.
    pub fn check(&self) -> Result<()> {
        let is_interrupted = self.0.lock().unwrap_or_else(PoisonError::into_inner).is_interrupted;
        if is_interrupted {
            Err(Error::new(ExitKind::Interrupted, "interrupted; completed work was kept"))
        } else {
            Ok(())
        }
    }

    /// Starts a tool in a process group of its own.
    pub fn start(&self, command: &mut Command) -> Result<Child> {
        self.check()?;
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let child = command.process_group(0).spawn();
        let child = child.map_err(|error| Error::io(format!("failed to start `{}`", command_line(command)), &error))?;
        state.process_groups.push(Pid::from_child(&child));
        Ok(child)
    }

    /// Waits until a tool exits. Returns whether it was successful.
    pub fn finish(&self, child: &mut Child, command: &Command) -> Result<bool> {
        let status = child.wait();
        let status = status.map_err(|error| Error::io(format!("failed to run `{}`", command_line(command)), &error))?;
        let pid = Pid::from_child(child);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).process_groups.retain(|group| *group != pid);
        self.check()?;
        Ok(status.success())
    }

    /// Like [`ToolRunner::finish`], but kills the process group of the tool as soon as `is_over` returns `true`. Returns `None`
    /// if it did.
    pub fn finish_unless(
        &self,
        child: &mut Child,
        command: &Command,
        is_over: &dyn Fn() -> bool,
    ) -> Result<Option<bool>> {
        // The tool is not reaped before it has exited, so its id cannot be that of another process.
        while let Ok(None) = child.try_wait() {
            if is_over() {
                let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
                return self.finish(child, command).map(|_| None);
            }
            thread::sleep(POLL_INTERVAL);
        }
        self.finish(child, command).map(Some)
    }

    /// Runs a tool and returns its standard output. If it fails, the error has `message`, and the part of the tool's
    /// output that names the cause.
    pub fn run(&self, command: &mut Command, message: &str) -> Result<String> {
        self.run_to_end(command, message).map(|printed| printed.stdout)
    }

    /// Like [`ToolRunner::run`], but returns what a successful tool printed on standard error.
    pub fn run_with_warnings(&self, command: &mut Command, message: &str) -> Result<String> {
        self.run_to_end(command, message).map(|printed| printed.stderr)
    }

    fn run_to_end(&self, command: &mut Command, message: &str) -> Result<ToolOutput> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.start(command)?;
        let stderr = child.stderr.take();
        let stderr = thread::spawn(move || read_lossy(stderr));
        let stdout = read_lossy(child.stdout.take());
        let stderr = stderr.join().unwrap_or_default();
        if self.finish(&mut child, command)? {
            return Ok(ToolOutput { stdout, stderr });
        }
        let output = if stderr.trim().is_empty() { stdout } else { stderr };
        Err(Error::app(message).cause(format!("`{}` failed\n{}", command_line(command), cause_lines(&output))))
    }

    /// Runs a tool that prints a fact about itself, such as its version, and returns the first line of it. Each command is run
    /// once. `None` if the tool fails: a program on the `PATH` may be a shim for a version that is not installed.
    pub fn ask(&self, command: &mut Command) -> Option<String> {
        let key = format!("{command:?}");
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).answers.get(&key).cloned();
        known.unwrap_or_else(|| {
            let output = self.run(command, "").ok();
            let answer = output.and_then(|output| output.lines().next().map(str::trim).map(str::to_owned));
            self.0.lock().unwrap_or_else(PoisonError::into_inner).answers.insert(key, answer.clone());
            answer
        })
    }

    fn interrupt(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.is_interrupted = true;
        for group in &state.process_groups {
            let _ = kill_process_group(*group, Signal::TERM);
        }
    }
}

fn read_lossy(stream: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    // If the tool is killed while it prints, keep what has been read.
    let _ = stream.map(|mut stream| stream.read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Returns the lines that name the cause: from the first one that has the mark of an error on, or else the last ones.
fn cause_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let last = lines.len().saturating_sub(MAX_OUTPUT_LINES);
    let start = lines.iter().position(|line| is_cause(line)).unwrap_or(last);
    let end = lines.len().min(start + MAX_OUTPUT_LINES);
    lines[start..end].join("\n")
}

/// Returns whether a line begins the report of an error: of npm, Yarn, pnpm, Bun, pip, uv or esbuild.
fn is_cause(line: &str) -> bool {
    let line = line.trim_start().to_ascii_lowercase();
    ["error", "npm error", "npm err!", "err_pnpm", "×", "✘ [error]", "fatal"].iter().any(|mark| line.starts_with(mark))
        || line.contains(": error:")
        || line.contains(" error: ")
}

/// Returns a command as a user would type it: the program without its folder, and at most [`MAX_COMMAND_BYTES`] of
/// arguments.
pub fn command_line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let mut text = program.to_string_lossy().into_owned();
    for argument in command.get_args() {
        let argument = argument.to_string_lossy();
        if text.len() + argument.len() > MAX_COMMAND_BYTES {
            return text + " …";
        }
        text = format!("{text} {argument}");
    }
    text
}

/// Returns the first executable file with this name on the `PATH`.
pub fn find_on_path(name: &str) -> Option<PathBuf> {
    find_all_on_path(name).into_iter().next()
}

/// Returns all executable files with this name on the `PATH`.
pub fn find_all_on_path(name: &str) -> Vec<PathBuf> {
    let is_executable =
        |path: &PathBuf| fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0);
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|dir| dir.join(name)).filter(is_executable).collect()
}

#[cfg(test)]
mod tests {
    use super::cause_lines;

    #[test]
    fn lines_that_name_the_cause_come_first() {
        let stack = (0..20).map(|line| format!("    at frame {line}\n")).collect::<Vec<_>>().concat();
        for (head, cause) in [
            ("", "✘ [ERROR] Could not resolve \"nowhere\""),
            ("WARNING: Retrying\nWARNING: Retrying\n", "ERROR: No matching distribution found for foo"),
            ("Resolving\n", "  × No solution found when resolving dependencies:"),
            ("npm warn deprecated a\n", "npm error code E404"),
            ("note\n", "error: unexpected argument '--x' found"),
        ] {
            let shown = cause_lines(&format!("{head}{cause}\n{stack}"));
            assert!(shown.starts_with(cause), "{shown}");
            assert_eq!(shown.lines().count(), 12);
        }
        assert!(cause_lines(&stack).ends_with("at frame 19"));
        assert_eq!(cause_lines(""), "");
    }
}
