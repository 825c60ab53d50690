//! A command that runs on a pseudo-terminal in a session of its own: its output, pressed keys, and the terminal's mode.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

/// Timeout of everything that includes compiling.
const TIMEOUT: Duration = Duration::from_secs(300);

/// A running session and its terminal.
pub(crate) struct TerminalSession {
    child: Child,
    terminal: File,
    /// Keeps the terminal open, so that its mode can be read after the command has ended.
    _other_end: File,
    output: Receiver<String>,
    /// Complete output so far.
    pub(crate) shown: String,
    /// Position after the text that was last waited for.
    position: usize,
    lock: Option<File>,
}

impl TerminalSession {
    /// Runs a command in a session with a terminal of its own. `lock` is held as long as it runs.
    pub(crate) fn start(command: &Command, lock: Option<File>) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("pty");
        grantpt(&terminal).expect("grantpt");
        unlockpt(&terminal).expect("unlockpt");
        let name = ptsname(&terminal, Vec::new()).expect("ptsname").into_string().expect("utf-8");
        let open = || OpenOptions::new().read(true).write(true).open(&name).expect("pty");
        let mut session = Command::new("setsid");
        // `--ctty` makes the terminal the controlling terminal, so that Ctrl-C sends a signal.
        session.arg("--ctty").arg(command.get_program()).args(command.get_args());
        if let Some(folder) = command.get_current_dir() {
            session.current_dir(folder);
        }
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => session.env(key, value),
                None => session.env_remove(key),
            };
        }
        session
            .stdin(open())
            .stdout(open())
            .stderr(open())
            .env("TERM", "xterm")
            .env_remove("CI")
            .env_remove("NO_COLOR");
        let other_end = open();
        let child = session.spawn().expect("setsid starts");
        let terminal = File::from(terminal);
        let mut read = terminal.try_clone().expect("a descriptor");
        let (output_sender, output) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = read.read(&mut bytes) {
                let _ = output_sender.send(String::from_utf8_lossy(&bytes[..count]).into_owned());
            }
        });
        Self { child, terminal, _other_end: other_end, output, shown: String::new(), position: 0, lock }
    }

    /// Waits until `text` is shown after the text that was last waited for. Returns the output up to it.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            if let Some(index) = self.shown[self.position..].find(text) {
                let end = self.position + index + text.len();
                let between = self.shown[self.position..end].to_owned();
                self.position = end;
                return between;
            }
            let timeout = deadline.saturating_duration_since(Instant::now());
            let Ok(more) = self.output.recv_timeout(timeout) else { panic!("no `{text}` in {}", self.shown) };
            self.shown.push_str(&more);
        }
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.terminal.write_all(keys.as_bytes()).expect("write");
    }

    /// Whether the terminal is in its default mode: line-buffered and with echo.
    pub(crate) fn is_default_mode(&self) -> bool {
        let modes = tcgetattr(&self.terminal).expect("termios").local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    }

    /// Waits until the terminal is in its default mode, or until it is not.
    pub(crate) fn wait_for_default_mode(&self, is_default_mode: bool) {
        let deadline = Instant::now() + TIMEOUT;
        while self.is_default_mode() != is_default_mode {
            assert!(Instant::now() < deadline, "the mode does not change: {}", self.shown);
            std::thread::yield_now();
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a signal");
    }

    /// Waits for the end. Returns the exit code.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        let code = self.child.wait().expect("an end").code();
        self.lock = None;
        code
    }
}

impl Drop for TerminalSession {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.lock = None;
    }
}
