//! Runs pip, uv, npm and other package managers, and what they have in common: locks, digests, messages.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

use crate::host::registry::HostRegistry;
use crate::interpreter::Interpreter;
use crate::reaper::Group;
use crate::worker_info::WorkerInfo;

/// The error message, and how to fix the problem.
pub(crate) type Failure = (String, Option<String>);

/// Number of lines of a failed installer that are printed from the beginning: npm prints the cause first.
const MAX_FIRST_LINES: usize = 8;
/// Number of lines that are printed from the end: pip prints the cause last.
const MAX_LAST_LINES: usize = 6;

/// A worker whose dependencies are installed.
pub(crate) struct Installation<'a> {
    pub(crate) hosts: &'a HostRegistry,
    pub(crate) info: &'a WorkerInfo,
    pub(crate) interpreter: &'a Interpreter,
}

/// Ends an installer and the processes that it started, also when the installation is cancelled.
struct InstallerGuard<'a> {
    hosts: &'a HostRegistry,
    group: Group,
}

impl Drop for InstallerGuard<'_> {
    fn drop(&mut self) {
        self.hosts.kill(self.group);
    }
}

impl Installation<'_> {
    /// Returns the worker's folder.
    pub(super) fn dir(&self) -> PathBuf {
        self.hosts.app.root.join(&self.info.entry.dir)
    }

    /// Runs an installer and prints how long it took. `list` is the file that lists the dependencies.
    pub(super) async fn install(&self, command: Command, list: &str) -> Result<(), Failure> {
        let worker = &self.info.entry.name;
        let output = &self.hosts.output;
        output.print(&format!("installing the dependencies of `{worker}` with {}", tool(&command)));
        let started = std::time::Instant::now();
        self.run(command, list).await?;
        let seconds = started.elapsed().as_secs_f64();
        output.print(&format!("installed the dependencies of `{worker}` in {seconds:.1} s"));
        Ok(())
    }

    /// Runs a tool, in the worker's folder if the command has no other, and returns what it printed on its standard output. The reaper ends it with
    /// this program.
    pub(super) async fn run(&self, mut command: Command, list: &str) -> Result<Vec<u8>, Failure> {
        if command.as_std().get_current_dir().is_none() {
            command.current_dir(self.dir());
        }
        let program = command.as_std().get_program().to_string_lossy().into_owned();
        let failed = |error| (format!("failed to start `{program}`: {error}"), None);
        let mut child = held_back(&command).spawn().map_err(failed)?;
        let group = child.id().unwrap_or_default();
        if !self.hosts.register(group) {
            return Err(("the program is stopping".to_owned(), None));
        }
        let guard = InstallerGuard { hosts: self.hosts, group };
        release(&mut child).await.map_err(failed)?;
        let result = child.wait_with_output().await.map_err(failed)?;
        drop(guard);
        if result.status.success() { Ok(result.stdout) } else { Err(failure(&command, &result, list)) }
    }
}

/// Returns the command with a shell before it, which waits for a line and ends if none comes: this program may be killed
/// before the reaper knows the installer.
fn held_back(command: &Command) -> Command {
    let command = command.as_std();
    let mut held_back = Command::new("/bin/sh");
    held_back.args(["-c", "read -r line && exec \"$@\" < /dev/null", "sh"]).arg(command.get_program());
    held_back.args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => held_back.env(name, value),
            None => held_back.env_remove(name),
        };
    }
    if let Some(dir) = command.get_current_dir() {
        held_back.current_dir(dir);
    }
    held_back.process_group(0).kill_on_drop(true);
    held_back.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    held_back
}

/// Lets a command start that was held back.
async fn release(child: &mut Child) -> io::Result<()> {
    match child.stdin.take() {
        Some(mut stdin) => stdin.write_all(b"\n").await,
        None => Ok(()),
    }
}

fn tool(command: &Command) -> String {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    Path::new(&program).file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn failure(command: &Command, result: &Output, list: &str) -> Failure {
    let printed = [&result.stderr, &result.stdout].map(|bytes| String::from_utf8_lossy(bytes).trim().to_owned());
    let printed = printed.iter().find(|text| !text.is_empty()).map_or("it printed nothing", String::as_str);
    let mut lines: Vec<&str> = printed.lines().collect();
    // Warnings and stack traces around the cause would hide it.
    if let Some(cause) = lines.iter().position(|line| is_cause(line)).filter(|_| lines.len() > MAX_FIRST_LINES) {
        lines.drain(..cause);
    }
    if lines.len() > MAX_FIRST_LINES + MAX_LAST_LINES {
        lines.splice(MAX_FIRST_LINES..lines.len() - MAX_LAST_LINES, ["…"]);
    }
    let arguments: Vec<_> = command.as_std().get_args().map(|a| a.to_string_lossy()).collect();
    (
        format!("`{} {}` failed\n    {}", tool(command), arguments.join(" "), lines.join("\n    ")),
        Some(format!("check the versions in `{list}` of the worker")),
    )
}

/// Whether a line begins the report of an error: of npm, Yarn, pnpm, Bun, pip or uv.
fn is_cause(line: &str) -> bool {
    let line = line.trim_start().to_ascii_lowercase();
    ["error", "npm error", "npm err!", "err_pnpm", "×"].iter().any(|mark| line.starts_with(mark))
}

/// Waits for other programs that install the dependencies of the same worker.
pub(super) async fn lock(dir: &Path, worker: &str) -> Result<fs::File, Failure> {
    fs::create_dir_all(dir).map_err(|error| failed_to("create", dir, &error))?;
    let path = dir.join(format!("{worker}.lock"));
    let file = fs::File::create(&path).map_err(|error| failed_to("create", &path, &error))?;
    let locked = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await;
    match locked {
        Ok(Ok(file)) => Ok(file),
        Ok(Err(error)) => Err(failed_to("lock", &path, &error)),
        Err(_) => Err(("the program is stopping".to_owned(), None)),
    }
}

/// Returns a name that differs for workers of the same name in apps that share a target folder.
pub(super) fn identity(info: &WorkerInfo, dir: &Path) -> String {
    format!("{}-{}", info.entry.name, digest(&[&dir.display().to_string()]))
}

/// Reads a file. `None` if it does not exist. Only a regular file is opened: another one could block for ever.
pub(super) fn read(path: &Path) -> Result<Option<String>, Failure> {
    match fs::metadata(path).and_then(|metadata| {
        if metadata.is_file() { fs::read_to_string(path) } else { Err(io::Error::other("it is not a file")) }
    }) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed_to("read", path, &error)),
    }
}

pub(super) fn failed_to(what: &str, path: &Path, error: &io::Error) -> Failure {
    (format!("failed to {what} `{}`: {error}", path.display()), None)
}

pub(super) fn digest(parts: &[&str]) -> String {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::{held_back, release};
    use tokio::process::Command;

    fn print_variable() -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "cat; printf '%s ' \"$PLACE\" \"$@\"; pwd", "sh", "a b"]).env("PLACE", "here");
        command.current_dir("/");
        command
    }

    #[tokio::test]
    async fn held_back_command_runs_as_given_after_its_release() {
        let mut child = held_back(&print_variable()).spawn().expect("it starts");
        release(&mut child).await.expect("it waits");
        let output = child.wait_with_output().await.expect("it ends");
        assert!(output.status.success());
        assert_eq!(String::from_utf8_lossy(&output.stdout), "here a b /\n");
    }

    #[tokio::test]
    async fn held_back_command_never_runs_without_its_starter() {
        let mut child = held_back(&print_variable()).spawn().expect("it starts");
        drop(child.stdin.take());
        let output = child.wait_with_output().await.expect("it ends");
        assert!(!output.status.success());
        assert!(output.stdout.is_empty());
    }
}
