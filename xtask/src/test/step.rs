//! Runs one command so that its output is seen at once and can be read afterwards.

use std::io::{self, Read, Write};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result};

use crate::tools;

/// What a command said, and whether it was content.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) success: bool,
    /// Standard output, then standard error.
    pub(super) output: String,
}

/// Runs a command whose output goes straight to where this program's goes.
pub(super) fn run(command: &mut Command) -> Result<bool> {
    let shown = tools::shown(command);
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("failed to start `{shown}`"))?;
    Ok(status.success())
}

/// Runs a command whose output is also kept.
pub(super) fn run_and_read(command: &mut Command) -> Result<Ran> {
    let shown = tools::shown(command);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("failed to start `{shown}`"))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let stderr = thread::spawn(move || stderr.map(|pipe| pass_on(pipe, io::stderr())).unwrap_or_default());
    let mut bytes = stdout.map(|pipe| pass_on(pipe, io::stdout())).unwrap_or_default();
    let status = child.wait().with_context(|| format!("failed to wait for `{shown}`"))?;
    bytes.extend(stderr.join().unwrap_or_default());
    Ok(Ran { success: status.success(), output: String::from_utf8_lossy(&bytes).into_owned() })
}

/// Copies until the end. A reader who has gone is no reason to stop the tests.
fn pass_on(mut from: impl Read, mut to: impl Write) -> Vec<u8> {
    let (mut all, mut part) = (Vec::new(), [0; 8192]);
    while let Ok(length @ 1..) = from.read(&mut part) {
        let _ = to.write_all(&part[..length]).and_then(|()| to.flush());
        all.extend_from_slice(&part[..length]);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_streams_and_the_status_are_kept() {
        let ran = run_and_read(Command::new("sh").args(["-c", "echo out; echo err >&2; exit 3"])).expect("sh runs");
        assert_eq!((ran.success, ran.output.as_str()), (false, "out\nerr\n"));
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error_that_names_it() {
        let error = run(Command::new("no-such-program").arg("-x")).expect_err("there is none");
        assert_eq!(error.to_string(), "failed to start `no-such-program -x`");
    }
}
