//! The reaper: one tiny shell that ends the hosts when this program ends in whatever way, `kill -9` included.
//!
//! A host sees the end of its socket and exits by itself; one that hangs in a loop does not, and only somebody else can end it.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;

use rustix::process::{Pid, Signal, kill_process_group};

const SCRIPT: &str = include_str!("reaper.sh");

/// Knows the process groups of all hosts. Started with the first one.
#[derive(Debug, Default)]
pub(super) struct Reaper {
    shell: Mutex<Option<(Child, ChildStdin)>>,
}

impl Reaper {
    /// Makes sure that `group` is ended when this program is gone.
    pub(super) fn watch(&self, group: Pid) {
        self.tell('+', group);
    }

    /// Ends `group` now.
    pub(super) fn end(&self, group: Pid) {
        // It may have ended by itself, and then there is nobody to kill.
        let _ = kill_process_group(group, Signal::KILL);
        self.tell('-', group);
    }

    fn tell(&self, sign: char, group: Pid) {
        let Ok(mut shell) = self.shell.lock() else { return };
        if shell.is_none() {
            *shell = start();
        }
        if let Some((_, stdin)) = shell.as_mut() {
            let _ = writeln!(stdin, "{sign}{}", group.as_raw_nonzero());
        }
    }

    /// Lets the reaper finish its work and go.
    pub(super) fn finish(&self) {
        let shell = self.shell.lock().ok().and_then(|mut shell| shell.take());
        if let Some((mut child, stdin)) = shell {
            drop(stdin);
            let _ = child.wait();
        }
    }
}

fn start() -> Option<(Child, ChildStdin)> {
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
    Some((child, stdin))
}
