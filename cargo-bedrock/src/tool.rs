//! External tools: found on the PATH, run to their end, and told about when they fail. All of them end with us: each
//! leads a process group, and Ctrl-C ends those groups.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use bedrock_diagnostics::{Error, ExitKind, Result};

/// Lines of a tool's output that an error shows.
const SHOWN: usize = 12;

/// Characters of its command that an error shows.
const SHOWN_WIDTH: usize = 100;

/// Runs tools, and ends them when the user asks to stop.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tools(Arc<Mutex<Running>>);

#[derive(Debug, Default)]
struct Running {
    groups: Vec<Pid>,
    stopped: bool,
}

impl Tools {
    /// From now on, signals that would end the program end its tools instead, and [`Tools::check`] fails.
    pub(crate) fn watch() -> Result<Self> {
        let tools = Self::default();
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])
            .map_err(|error| Error::io("failed to listen for Ctrl-C", &error))?;
        let watched = tools.clone();
        thread::spawn(move || {
            for _ in &mut signals {
                watched.stop();
            }
        });
        Ok(tools)
    }

    /// An error if the user asked to stop.
    pub(crate) fn check(&self) -> Result<()> {
        let stopped = self.0.lock().unwrap_or_else(PoisonError::into_inner).stopped;
        if stopped { Err(Error::new(ExitKind::Interrupted, "interrupted, what was finished is kept")) } else { Ok(()) }
    }

    /// Starts a tool in a process group of its own.
    pub(crate) fn start(&self, command: &mut Command) -> Result<Child> {
        self.check()?;
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let child = command.process_group(0).spawn();
        let child = child.map_err(|error| Error::io(format!("failed to start `{}`", shown(command)), &error))?;
        running.groups.push(Pid::from_child(&child));
        Ok(child)
    }

    /// Waits for a tool's end; whether it was a good one.
    pub(crate) fn finish(&self, child: &mut Child, command: &Command) -> Result<bool> {
        let status = child.wait().map_err(|error| Error::io(format!("failed to run `{}`", shown(command)), &error))?;
        let pid = Pid::from_child(child);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).groups.retain(|group| *group != pid);
        self.check()?;
        Ok(status.success())
    }

    /// What a tool prints to its standard output. What it says when it fails is in the error, which has `what` on top.
    pub(crate) fn run(&self, command: &mut Command, what: &str) -> Result<String> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.start(command)?;
        let stderr = child.stderr.take();
        let said = thread::spawn(move || read(stderr));
        let printed = read(child.stdout.take());
        let said = said.join().unwrap_or_default();
        if self.finish(&mut child, command)? {
            return Ok(printed);
        }
        let said = if said.trim().is_empty() { printed } else { said };
        Err(Error::app(what).cause(format!("`{}` failed\n{}", shown(command), end_of(&said))))
    }

    fn stop(&self) {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.stopped = true;
        for group in &running.groups {
            let _ = kill_process_group(*group, Signal::TERM);
        }
    }
}

fn read(stream: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    // A tool that is ended while it prints has said what it could.
    let _ = stream.map(|mut stream| stream.read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

fn end_of(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(SHOWN)..].join("\n")
}

/// A command as one would type it: the program by its name alone, and not more arguments than fit into a line.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let mut text = program.to_string_lossy().into_owned();
    for argument in command.get_args() {
        let argument = argument.to_string_lossy();
        if text.len() + argument.len() > SHOWN_WIDTH {
            return text + " …";
        }
        text = format!("{text} {argument}");
    }
    text
}

/// The first executable of that name on the PATH.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let executable =
        |path: &PathBuf| fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0);
    std::env::split_paths(&std::env::var_os("PATH")?).map(|dir| dir.join(name)).find(executable)
}
