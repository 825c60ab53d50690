//! Runs commands so that their output goes where the output of their stage goes.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::tools;

/// Where the output of a stage goes.
#[derive(Debug)]
pub(super) enum Output {
    /// To the output of this program, at once.
    Inherited,
    /// Into a file, which is printed when the stage ends.
    Log(File),
}

/// The result of a command whose standard output was read.
#[derive(Debug)]
pub(super) struct CommandResult {
    pub(super) is_success: bool,
    pub(super) stdout: String,
}

impl Output {
    /// Output into a new file at `path`.
    pub(super) fn log(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| format!("failed to create {}", folder.display()))?;
        }
        let file = File::options().read(true).write(true).create(true).truncate(true).open(path);
        file.map(Self::Log).with_context(|| format!("failed to create {}", path.display()))
    }

    /// Runs a command and returns whether it succeeded.
    pub(super) fn run(&self, command: &mut Command) -> Result<bool> {
        let shown = tools::shown(command);
        command.stdin(Stdio::null()).stdout(self.stdout()?).stderr(self.stderr()?);
        let status = command.status().with_context(|| format!("failed to start `{shown}`"))?;
        Ok(status.success())
    }

    /// Runs a command whose standard output is printed and also returned.
    pub(super) fn run_and_read(&mut self, command: &mut Command) -> Result<CommandResult> {
        let mut all = Vec::new();
        let is_success = self.run_with(command, |pipe, output| {
            let mut part = [0; 8192];
            while let Ok(length @ 1..) = pipe.read(&mut part) {
                // A closed output must not stop the tests.
                let _ = output.write_all(&part[..length]).and_then(|()| output.flush());
                all.extend_from_slice(&part[..length]);
            }
        })?;
        Ok(CommandResult { is_success, stdout: String::from_utf8_lossy(&all).into_owned() })
    }

    /// Runs a command, hands its standard output to `read`, which prints of it what it wants to, and returns whether the
    /// command succeeded.
    pub(super) fn run_with(
        &mut self,
        command: &mut Command,
        read: impl FnOnce(&mut dyn Read, &mut Self),
    ) -> Result<bool> {
        let shown = tools::shown(command);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(self.stderr()?);
        let mut child = command.spawn().with_context(|| format!("failed to start `{shown}`"))?;
        if let Some(mut stdout) = child.stdout.take() {
            read(&mut stdout, self);
        }
        let status = child.wait().with_context(|| format!("failed to wait for `{shown}`"))?;
        Ok(status.success())
    }

    fn stdout(&self) -> Result<Stdio> {
        match self {
            Self::Inherited => Ok(Stdio::inherit()),
            Self::Log(file) => Ok(file.try_clone().context("failed to duplicate a log file")?.into()),
        }
    }

    fn stderr(&self) -> Result<Stdio> {
        self.stdout()
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Inherited => io::stdout().write(bytes),
            Self::Log(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Inherited => io::stdout().flush(),
            Self::Log(file) => file.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_has_both_streams_in_their_order() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("logs/one.log");
        let mut output = Output::log(&path).expect("a file");
        writeln!(output, "before").expect("written");
        let result = output.run(Command::new("sh").args(["-c", "echo out; echo err >&2; exit 3"])).expect("sh runs");
        assert!(!result);
        assert_eq!(fs::read_to_string(path).expect("text"), "before\nout\nerr\n");
    }

    #[test]
    fn stdout_is_returned_and_printed() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("one.log");
        let mut output = Output::log(&path).expect("a file");
        let result = output.run_and_read(Command::new("sh").args(["-c", "echo out"])).expect("sh runs");
        assert_eq!((result.is_success, result.stdout.as_str()), (true, "out\n"));
        assert_eq!(fs::read_to_string(path).expect("text"), "out\n");
    }

    #[test]
    fn missing_program_is_an_error_that_names_it() {
        let error = Output::Inherited.run(Command::new("no-such-program").arg("-x")).expect_err("there is none");
        assert_eq!(error.to_string(), "failed to start `no-such-program -x`");
    }
}
