//! The reaper: one tiny shell that ends hosts, when it is told to and when this program ends in whatever way, `kill -9` included.
//!
//! A host sees the end of its socket and exits by itself; one that hangs in a loop does not, and only somebody else can end it.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};

const SCRIPT: &str = include_str!("reaper.sh");

/// A process group: a host and what it started.
pub type Group = u32;

/// Knows the process groups of all hosts. Started with the first one.
#[derive(Debug, Default)]
pub struct Reaper {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    shell: Option<Shell>,
    /// All groups are ended, and those that come yet are ended at once.
    is_finished: bool,
}

#[derive(Debug)]
struct Shell {
    child: Child,
    stdin: ChildStdin,
}

impl Reaper {
    /// Makes sure that `group` is ended when this program is gone.
    pub fn watch(&self, group: Group) {
        self.tell('+', group);
    }

    /// Ends `group` now.
    pub fn end(&self, group: Group) {
        self.tell('-', group);
    }

    fn tell(&self, sign: char, group: Group) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { shell, is_finished } = &mut *state;
        if *is_finished && sign == '-' {
            return;
        }
        // Twice: somebody may have killed the shell.
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

    /// Ends all groups, and lets the shell go. A group that is named later is ended at once.
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
            // A group of its own: Ctrl-C in the terminal must not reach it.
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
    fn a_group_that_is_ended_again_and_again_is_no_burden() {
        let reaper = Reaper::default();
        // No process has this number: Linux stops at 4,194,304.
        (0..64).for_each(|_| reaper.end(999_999_999));
        reaper.watch(999_999_998);
        reaper.finish();
    }

    #[test]
    fn behind_its_end_a_group_is_ended_at_once_and_no_shell_is_left() {
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
