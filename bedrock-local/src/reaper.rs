//! The reaper: a small shell script that kills process groups on request, and all of them when this program ends, even
//! by `kill -9`.
//!
//! A host process exits when its socket is closed. If it hangs in a loop it does not, and another process must kill it.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};

const SCRIPT: &str = include_str!("reaper.sh");

/// The id of a process group: a host process and the processes that it started.
pub type Group = u32;

/// Kills the process groups of host processes. The shell is started with the first group.
#[derive(Debug, Default)]
pub struct Reaper {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    shell: Option<Shell>,
    /// All groups were killed. Groups that are added later are killed immediately.
    is_finished: bool,
}

#[derive(Debug)]
struct Shell {
    child: Child,
    stdin: ChildStdin,
}

impl Reaper {
    /// Kills `group` when this program ends.
    pub fn watch(&self, group: Group) {
        self.send('+', group);
    }

    /// Kills `group` now.
    pub fn end(&self, group: Group) {
        self.send('-', group);
    }

    fn send(&self, sign: char, group: Group) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { shell, is_finished } = &mut *state;
        if *is_finished && sign == '-' {
            return;
        }
        // The second try starts a new shell, in case the shell was killed.
        for _ in 0..2 {
            if shell.is_none() {
                *shell = Shell::start();
            }
            if shell.as_mut().is_some_and(|shell| writeln!(shell.stdin, "{sign}{group}").is_ok()) {
                break;
            }
            if let Some(dead) = shell.take() {
                dead.finish();
            }
        }
        if let Some(late) = shell.take_if(|_| *is_finished) {
            late.finish();
        }
    }

    /// Kills all groups and ends the shell. Groups that are added later are killed immediately.
    pub fn finish(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.is_finished = true;
        if let Some(shell) = state.shell.take() {
            shell.finish();
        }
    }
}

impl Shell {
    fn start() -> Option<Self> {
        let mut child = Command::new("/bin/sh")
            .args(["-c", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A separate process group, so that Ctrl-C in the terminal does not reach it.
            .process_group(0)
            .spawn()
            .ok()?;
        let stdin = child.stdin.take()?;
        Some(Self { child, stdin })
    }

    fn finish(self) {
        let Self { mut child, stdin } = self;
        drop(stdin);
        let _ = child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::Reaper;

    #[test]
    fn reaper_ignores_repeated_kills_of_a_missing_group() {
        let reaper = Reaper::default();
        // No process has this id: the maximum on Linux is 4,194,304.
        (0..64).for_each(|_| reaper.end(999_999_999));
        reaper.watch(999_999_998);
        reaper.finish();
    }

    #[test]
    fn finished_reaper_kills_late_groups_and_keeps_no_shell() {
        use std::os::unix::process::{CommandExt, ExitStatusExt};
        let reaper = Reaper::default();
        reaper.finish();
        let mut late = std::process::Command::new("sleep").arg("300").process_group(0).spawn().expect("it starts");
        reaper.watch(late.id());
        reaper.end(late.id());
        assert_eq!(late.wait().expect("an end").signal(), Some(9));
        assert!(reaper.state.lock().expect("a state").shell.is_none());
    }
}
