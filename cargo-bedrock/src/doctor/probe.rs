//! Runs a tool's version command. The tool may be missing, fail, hang, or print a gigabyte of something else: each is a
//! result, and none of them takes longer than the timeout.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::requirements::{Requirement, VersionProbe, VersionSource};
use bedrock_package::tools::{ToolRunner, command_line, find_on_path};

/// Number of bytes of a tool's output that are read.
const MAX_OUTPUT_BYTES: u64 = 64 * 1024;
/// Number of characters of a tool's output that a finding shows.
const MAX_EXCERPT_CHARS: usize = 120;
/// Interval between two checks of whether a tool has exited.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Result of a version command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ProbeResult {
    Version(String),
    /// The tool is installed and has no version of its own.
    Installed,
    Missing,
    /// The command line, and the timeout in seconds.
    TimedOut(String, u64),
    /// The command line, and why it failed.
    Failed(String, String),
    /// The command line, and its output, which contains no version.
    Unrecognized(String, String),
}

/// Runs the probes of a requirement until one succeeds. If none does, returns the first result that says more than that
/// the tool is missing.
pub(super) fn run_probes(requirement: &Requirement, dir: &Path, timeout: Duration, tools: &ToolRunner) -> ProbeResult {
    let mut failure = ProbeResult::Missing;
    for probe in &requirement.probes {
        match run_probe(probe, dir, timeout, tools) {
            success @ (ProbeResult::Version(_) | ProbeResult::Installed) => return success,
            result if failure == ProbeResult::Missing && is_about_tool(probe, requirement, &result) => failure = result,
            _ => {}
        }
    }
    failure
}

/// Whether the result is about the tool itself. `python3 -m ziglang` fails if the module is not installed, which means
/// that zig is missing, not that it failed.
fn is_about_tool(probe: &VersionProbe, requirement: &Requirement, result: &ProbeResult) -> bool {
    let is_alternative = requirement.probes.first() != Some(probe);
    !(is_alternative && matches!(result, ProbeResult::Failed(..)))
}

fn run_probe(probe: &VersionProbe, dir: &Path, timeout: Duration, tools: &ToolRunner) -> ProbeResult {
    let from_variable = probe.variable.and_then(std::env::var_os).filter(|path| !path.is_empty()).map(PathBuf::from);
    let program = from_variable.or_else(|| find_on_path(&probe.program));
    let Some(program) = program else { return ProbeResult::Missing };
    let mut command = Command::new(program);
    command.args(&probe.arguments).current_dir(dir).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let command_text = format!("`{}`", command_line(&command));
    let Ok(mut child) = tools.start(&mut command) else {
        return ProbeResult::Failed(command_text, "it cannot be started".to_owned());
    };
    let stdout = read_in_background(child.stdout.take());
    let stderr = read_in_background(child.stderr.take());
    let has_exited = wait_with_timeout(&mut child, timeout);
    // Also kill processes that the tool has started, because they may keep its output open.
    let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
    let is_success = tools.finish(&mut child, &command).unwrap_or(false);
    if !has_exited {
        return ProbeResult::TimedOut(command_text, timeout.as_secs());
    }
    let stdout = stdout.recv_timeout(timeout).unwrap_or_default();
    let stderr = stderr.recv_timeout(timeout).unwrap_or_default();
    if !is_success {
        let last_line = |text: &String| text.lines().rfind(|line| !line.trim().is_empty()).map(excerpt);
        let reason = [&stderr, &stdout].into_iter().find_map(last_line);
        return ProbeResult::Failed(command_text, reason.unwrap_or_else(|| "it printed nothing".to_owned()));
    }
    match probe.source {
        VersionSource::Folder if Path::new(stdout.trim()).is_dir() => ProbeResult::Installed,
        VersionSource::Folder => ProbeResult::Missing,
        VersionSource::None => ProbeResult::Installed,
        VersionSource::Version => match find_version(&stdout).or_else(|| find_version(&stderr)) {
            Some(version) => ProbeResult::Version(version),
            None => ProbeResult::Unrecognized(command_text, excerpt(stdout.lines().next().unwrap_or_default())),
        },
    }
}

/// Returns whether the process has exited before the timeout.
fn wait_with_timeout(child: &mut Child, timeout: Duration) -> bool {
    let deadline = Instant::now() + timeout;
    loop {
        match child.try_wait() {
            Ok(None) if Instant::now() < deadline => thread::sleep(POLL_INTERVAL),
            Ok(None) => return false,
            // `ToolRunner::finish` reports an error of waiting.
            Ok(Some(_)) | Err(_) => return true,
        }
    }
}

/// Reads at most [`MAX_OUTPUT_BYTES`] of a stream. The stream is closed after that, which ends a tool that keeps
/// printing.
fn read_in_background(stream: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // If the tool is killed while it prints, keep what has been read.
        let _ = stream.map(|stream| stream.take(MAX_OUTPUT_BYTES).read_to_end(&mut bytes));
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

/// Returns the first version like `1.2` or `1.2.3` in the first lines of a text.
fn find_version(text: &str) -> Option<String> {
    let is_separator = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',');
    text.lines().take(3).flat_map(|line| line.split(is_separator)).find_map(parse_version)
}

/// Returns `20.1.0` for `v20.1.0-nightly`.
fn parse_version(word: &str) -> Option<String> {
    let word = word.trim_start_matches('v');
    let end = word.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(word.len());
    let version = word[..end].trim_end_matches('.');
    let is_version = version.contains('.') && version.split('.').all(|part| !part.is_empty() && part.len() < 10);
    is_version.then(|| version.to_owned())
}

/// Returns a line that can be shown in a message.
fn excerpt(line: &str) -> String {
    let plain: String = line.trim().chars().filter(|c| !c.is_control()).take(MAX_EXCERPT_CHARS).collect();
    if plain.is_empty() { "nothing".to_owned() } else { plain }
}

#[cfg(test)]
mod tests {
    use super::find_version;

    #[test]
    fn versions_are_found_in_the_output_of_tools() {
        for (text, expected) in [
            ("cargo 1.96.0 (30a34c682 2026-05-25)\n", Some("1.96.0")),
            ("rustc 1.97.0-nightly (abc 2026-06-01)", Some("1.97.0")),
            ("v20.11.1\n", Some("20.11.1")),
            ("Python 3.13.1", Some("3.13.1")),
            ("Terraform v1.11.4\non linux_amd64", Some("1.11.4")),
            ("pip 25.0.1 from /lib/python3.13/site-packages/pip (python 3.13)", Some("25.0.1")),
            ("0.14.0", Some("0.14.0")),
            ("", None),
            ("hello", None),
            ("version 7", None),
            ("1.99999999999999999999", None),
        ] {
            assert_eq!(find_version(text).as_deref(), expected, "{text}");
        }
    }
}
