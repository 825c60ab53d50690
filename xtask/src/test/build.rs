//! Compiles the workspace once for lints and tests: clippy's driver is the compiler of the workspace's own crates, and
//! writes programs as rustc does. A separate `cargo clippy` would check all dependencies, and then cargo would compile
//! them; on two cores that took two and a half minutes more.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, IsTerminal, Read, Write, stdout};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::command::Output;
use crate::sdk_hint;
use crate::workspace::Workspace;

/// The result of compiling the workspace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct BuildResult {
    /// Whether all programs and tests could be made.
    pub(super) is_compiled: bool,
    /// Number of warnings of the compiler and of clippy.
    pub(super) warnings: u64,
}

/// Compiles all targets, and prints what the compiler and clippy find. Warnings do not keep the tests from running.
pub(super) fn build(workspace: &Workspace, has_timings: bool, output: &mut Output) -> Result<BuildResult> {
    let mut cargo = workspace.cargo();
    // `--all-targets` selects the features that `cargo test` and nextest select: they compile nothing again.
    cargo.args(["build", "--workspace", "--all-targets", "--keep-going"]);
    cargo.arg(if stdout().is_terminal() {
        "--message-format=json-diagnostic-rendered-ansi"
    } else {
        "--message-format=json"
    });
    if has_timings {
        cargo.arg("--timings");
    }
    through_clippy(workspace, &mut cargo);
    let mut warnings = 0;
    let is_compiled = output.run_with(&mut cargo, |pipe, output| warnings = print_messages(pipe, output))?;
    if warnings > 0 {
        writeln!(output, "{warnings} warnings, which count as errors here").context("failed to write a log")?;
    }
    Ok(BuildResult { is_compiled, warnings })
}

/// Has cargo compile the workspace's crates with clippy's driver.
pub(super) fn through_clippy<'a>(workspace: &Workspace, cargo: &'a mut Command) -> &'a mut Command {
    sdk_hint::apply(workspace, cargo);
    // Next to the cargo that runs this program. The one on the PATH may be rustup's, which costs time at each start.
    let driver = env::var_os("CARGO").map(|cargo| PathBuf::from(cargo).with_file_name("clippy-driver"));
    let driver = driver.filter(|driver| driver.is_file()).unwrap_or_else(|| "clippy-driver".into());
    cargo.env("RUSTC_WORKSPACE_WRAPPER", driver).env("CLIPPY_ARGS", "")
}

/// Writes nextest's list of the compiled test programs to `path`. With it nextest runs without a build of its own, and
/// the tests do not inherit clippy's driver: many of them call cargo.
pub(super) fn list_test_programs(workspace: &Workspace, path: &Path, output: &mut Output) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["nextest", "list", "--workspace", "--list-type=binaries-only", "--message-format=json"]);
    // The warnings have been printed; twice means that they are not printed again.
    cargo.args(["--cargo-quiet", "--cargo-quiet"]);
    let mut list = Vec::new();
    let is_success =
        output.run_with(through_clippy(workspace, &mut cargo), |pipe, _| drop(pipe.read_to_end(&mut list)))?;
    if !is_success {
        bail!("`cargo nextest list` failed");
    }
    fs::write(path, list).with_context(|| format!("failed to write {}", path.display()))
}

/// Prints the messages of the compiler among cargo's, and returns the number of warnings.
fn print_messages(pipe: &mut dyn Read, output: &mut dyn Write) -> u64 {
    let mut warnings = 0;
    for line in BufReader::new(pipe).lines().map_while(Result::ok) {
        let Ok(message) = serde_json::from_str::<Value>(&line) else { continue };
        if message["reason"] != "compiler-message" {
            continue;
        }
        let diagnostic = &message["message"];
        // The number of warnings of a crate is also a warning, without a place.
        if diagnostic["level"] == "warning" && diagnostic["spans"].as_array().is_some_and(|spans| !spans.is_empty()) {
            warnings += 1;
        }
        // A closed output must not stop the tests.
        let _ = write!(output, "{}", diagnostic["rendered"].as_str().unwrap_or_default());
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_are_printed_and_counted_without_their_summary() {
        let messages = [
            r#"{"reason":"compiler-artifact","fresh":true}"#,
            r#"{"reason":"compiler-message","message":{"level":"warning","rendered":"one\n","spans":[{"line_start":1}]}}"#,
            r#"{"reason":"compiler-message","message":{"level":"error","rendered":"two\n","spans":[{"line_start":1}]}}"#,
            r#"{"reason":"compiler-message","message":{"level":"warning","rendered":"1 warning emitted\n","spans":[]}}"#,
            r#"{"reason":"build-finished","success":false}"#,
        ];
        let mut printed = Vec::new();
        assert_eq!(print_messages(&mut messages.join("\n").as_bytes(), &mut printed), 1);
        assert_eq!(String::from_utf8_lossy(&printed), "one\ntwo\n1 warning emitted\n");
    }
}
