//! An execution environment: one process of a function. Starts it, kills it and collects its output. The events that it
//! processes are handled by `runtime_api`.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::thread::{self, JoinHandle};

use rustix::process::{Pid, Signal, kill_process_group};

/// A process of a function. It leads a process group, so that its child processes can be killed too.
pub(crate) struct ExecutionEnvironment {
    process_group: Pid,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
}

impl ExecutionEnvironment {
    /// Starts the command. `on_exit` receives its exit code, or `None` if a signal killed it.
    pub(crate) fn start(command: &mut Command, on_exit: impl FnOnce(Option<i32>) + Send + 'static) -> Self {
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the function starts");
        let stdout = child.stdout.take().expect("a pipe");
        let stderr = child.stderr.take().expect("a pipe");
        let environment = Self {
            process_group: Pid::from_child(&child),
            stdout: thread::spawn(|| read_text(stdout)),
            stderr: thread::spawn(|| read_text(stderr)),
        };
        thread::spawn(move || on_exit(child.wait().expect("the exit status").code()));
        environment
    }

    pub(crate) fn kill(&self) {
        // The process may have exited already.
        let _ = kill_process_group(self.process_group, Signal::KILL);
    }

    /// Kills the process and returns its standard output and its standard error.
    pub(crate) fn into_output(self) -> (String, String) {
        self.kill();
        (self.stdout.join().expect("the output"), self.stderr.join().expect("the output"))
    }
}

fn read_text(mut pipe: impl Read) -> String {
    let mut bytes = Vec::new();
    let _ = pipe.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}
