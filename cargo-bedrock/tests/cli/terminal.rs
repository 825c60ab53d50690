//! Prompts and colours on a terminal, which is a pseudo-terminal of the system.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use crate::migrate::python_app;
use crate::test_app::{MANIFEST, TestApp};

/// A command that runs on a pseudo-terminal.
struct TerminalSession {
    child: Child,
    terminal: File,
    /// Output so far.
    shown: String,
}

impl TerminalSession {
    fn start(app: &TestApp, args: &[&str], is_ci: bool) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("pty");
        grantpt(&terminal).expect("grantpt");
        unlockpt(&terminal).expect("unlockpt");
        let name = ptsname(&terminal, Vec::new()).expect("ptsname").into_string().expect("utf-8");
        let open = || OpenOptions::new().read(true).write(true).open(&name).expect("pty");
        let mut command = app.command(args);
        command.stdin(open()).stderr(open()).stdout(Stdio::null()).env("TERM", "xterm");
        if is_ci {
            command.env("CI", "true");
        }
        let child = command.spawn().expect("the command starts");
        Self { child, terminal: File::from(terminal), shown: String::new() }
    }

    /// Reads until `text` is shown and the command waits for a key, which it does without echo and line buffering.
    fn wait_for_prompt(&mut self, text: &str) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.shown.contains(text) {
            let mut bytes = [0; 1024];
            let count = self.terminal.read(&mut bytes).unwrap_or_default();
            assert!(count > 0, "the command ended without the prompt: {}", self.shown);
            self.shown.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        while tcgetattr(&self.terminal).expect("termios").local_modes.contains(LocalModes::ICANON) {
            assert!(Instant::now() < deadline, "the command does not wait for a key: {}", self.shown);
            std::thread::yield_now();
        }
    }

    fn press(&mut self, keys: &str) {
        self.terminal.write_all(keys.as_bytes()).expect("write");
    }

    /// Waits for the end. Returns the exit code and the complete output.
    fn finish(mut self) -> (Option<i32>, String) {
        let mut bytes = [0; 1024];
        // On Linux, a closed pseudo-terminal returns an error instead of the end of the file.
        while let Ok(count @ 1..) = self.terminal.read(&mut bytes) {
            self.shown.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        (self.child.wait().expect("the command ends").code(), self.shown)
    }
}

#[test]
fn language_prompt_defaults_to_rust() {
    let app = TestApp::with_manifest(MANIFEST);
    let mut session = TerminalSession::start(&app, &["new", "worker", "resizer"], false);
    session.wait_for_prompt("typescript");
    session.press("\r");
    let (code, shown) = session.finish();
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("language of worker `resizer`"), "{shown}");
    assert!(app.path("workers/resizer/src/lib.rs").is_file());
}

#[test]
fn ctrl_c_at_the_prompt_restores_the_cursor() {
    let app = TestApp::with_manifest(MANIFEST);
    let mut session = TerminalSession::start(&app, &["new", "worker", "resizer"], false);
    session.wait_for_prompt("typescript");
    session.press("\u{3}");
    let (code, shown) = session.finish();
    assert_eq!(code, Some(130), "{shown}");
    assert!(shown.contains("interrupted, nothing was changed"), "{shown}");
    let hidden = shown.rfind("\u{1b}[?25l");
    let visible = shown.rfind("\u{1b}[?25h");
    assert!(hidden < visible, "{shown:?}");
    assert_eq!(app.tree("."), "Cargo.toml");
}

#[test]
fn escape_at_the_prompt_creates_nothing() {
    let app = TestApp::with_manifest(MANIFEST);
    let mut session = TerminalSession::start(&app, &["new", "worker", "resizer"], false);
    session.wait_for_prompt("typescript");
    session.press("q");
    assert_eq!(session.finish().0, Some(130));
    assert_eq!(app.tree("."), "Cargo.toml");
}

#[test]
fn migration_is_confirmed_with_a_key() {
    let app = python_app("newer");
    let before = app.tree(".");
    for (key, code) in [("n", 130), ("y", 0)] {
        assert_eq!(app.tree("."), before);
        let mut session = TerminalSession::start(&app, &["--quiet", "migrate"], false);
        session.wait_for_prompt("migrate app `shop`? (files: 46 new)");
        session.press(key);
        let (actual, shown) = session.finish();
        assert_eq!(actual, Some(code), "{shown}");
    }
    assert!(app.path("Cargo.toml").is_file());
}

#[test]
fn ci_has_no_prompts() {
    let app = TestApp::with_manifest(MANIFEST);
    let (code, shown) = TerminalSession::start(&app, &["new", "worker", "resizer"], true).finish();
    assert_eq!(code, Some(2), "{shown}");
    assert!(shown.contains("worker `resizer` needs a language"), "{shown}");
}

#[test]
fn messages_on_a_terminal_are_coloured() {
    let app = TestApp::with_manifest(MANIFEST);
    let (_, shown) = TerminalSession::start(&app, &["invoke", "unknown"], false).finish();
    assert!(shown.contains("\u{1b}[31merror:"), "{shown:?}");
}
