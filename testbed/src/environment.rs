//! One process of a function: started, ended, and what it printed. What it works on is the Runtime API's business.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::thread::{self, JoinHandle};

use rustix::process::{Pid, Signal, kill_process_group};

/// A process of the function; Lambda calls it an environment. Leads a process group, so that nothing of it is left.
pub(crate) struct Environment {
    group: Pid,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
}

impl Environment {
    /// Starts the command; `ended` gets its status in the end, none if a signal ended it.
    pub(crate) fn start(command: &mut Command, ended: impl FnOnce(Option<i32>) + Send + 'static) -> Self {
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the function starts");
        let (stdout, stderr) = (child.stdout.take().expect("a pipe"), child.stderr.take().expect("a pipe"));
        let environment = Self {
            group: Pid::from_child(&child),
            stdout: thread::spawn(|| text(stdout)),
            stderr: thread::spawn(|| text(stderr)),
        };
        thread::spawn(move || ended(child.wait().expect("the end").code()));
        environment
    }

    /// Ends it at once.
    pub(crate) fn end(&self) {
        // It may be gone already.
        let _ = kill_process_group(self.group, Signal::KILL);
    }

    /// Its standard output and its standard error, when it has ended.
    pub(crate) fn printed(self) -> (String, String) {
        self.end();
        (self.stdout.join().expect("what it printed"), self.stderr.join().expect("what it printed"))
    }
}

fn text(mut pipe: impl Read) -> String {
    let mut bytes = Vec::new();
    let _ = pipe.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}
