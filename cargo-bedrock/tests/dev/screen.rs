//! A pseudo-terminal that a command of its own session runs in: what it shows, what is pressed, and in which mode it is.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

/// How long to wait for what has to come, the compiler included.
const PATIENCE: Duration = Duration::from_secs(300);

/// The terminal of one session.
pub(crate) struct Screen {
    child: Child,
    terminal: File,
    /// Kept open, so that the terminal can be looked at when the command has ended.
    _other_end: File,
    news: Receiver<String>,
    /// All of it so far.
    pub(crate) shown: String,
    /// What was waited for ends here.
    seen: usize,
    turn: Option<File>,
}

impl Screen {
    /// Runs a command in a session with a terminal of its own. `turn` is kept as long as it runs.
    pub(crate) fn start(command: &Command, turn: Option<File>) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("pty");
        grantpt(&terminal).expect("grantpt");
        unlockpt(&terminal).expect("unlockpt");
        let name = ptsname(&terminal, Vec::new()).expect("ptsname").into_string().expect("utf-8");
        let open = || OpenOptions::new().read(true).write(true).open(&name).expect("pty");
        let mut session = Command::new("setsid");
        // As the terminal of the session, so that Ctrl-C is a signal.
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
        let (other_end, child) = (open(), session.spawn().expect("setsid starts"));
        let terminal = File::from(terminal);
        let mut read = terminal.try_clone().expect("a descriptor");
        let (say, news) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = read.read(&mut bytes) {
                let _ = say.send(String::from_utf8_lossy(&bytes[..count]).into_owned());
            }
        });
        Self { child, terminal, _other_end: other_end, news, shown: String::new(), seen: 0, turn }
    }

    /// Waits until this is shown behind what was waited for before; gives what came in between.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.shown[self.seen..].find(text) {
                let end = self.seen + at + text.len();
                let between = self.shown[self.seen..end].to_owned();
                self.seen = end;
                return between;
            }
            let left = until.saturating_duration_since(Instant::now());
            let Ok(more) = self.news.recv_timeout(left) else { panic!("no `{text}` in {}", self.shown) };
            self.shown.push_str(&more);
        }
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.terminal.write_all(keys.as_bytes()).expect("write");
    }

    /// Whether keys come line by line, and are shown: how a terminal is when nobody has changed it.
    pub(crate) fn is_plain(&self) -> bool {
        let modes = tcgetattr(&self.terminal).expect("termios").local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    }

    /// Waits until the terminal is in that mode.
    pub(crate) fn wait_until_plain(&self, is_plain: bool) {
        let until = Instant::now() + PATIENCE;
        while self.is_plain() != is_plain {
            assert!(Instant::now() < until, "the mode stays as it is: {}", self.shown);
            std::thread::yield_now();
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a signal");
    }

    /// The exit code.
    pub(crate) fn end(&mut self) -> Option<i32> {
        let code = self.child.wait().expect("an end").code();
        self.turn = None;
        code
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.turn = None;
    }
}
