//! On a terminal: the language of a worker is asked for. The terminal is a pseudo-terminal of the system.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use crate::migrate::original;
use crate::room::{MANIFEST, Room};

/// The command as somebody at a terminal sees it.
struct Seen {
    child: Child,
    terminal: File,
    shown: String,
}

impl Seen {
    fn start(room: &Room, args: &[&str], in_ci: bool) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("pty");
        grantpt(&terminal).expect("grantpt");
        unlockpt(&terminal).expect("unlockpt");
        let name = ptsname(&terminal, Vec::new()).expect("ptsname").into_string().expect("utf-8");
        let open = || OpenOptions::new().read(true).write(true).open(&name).expect("pty");
        let mut command = room.command(args);
        command.stdin(open()).stderr(open()).stdout(Stdio::null()).env("TERM", "xterm");
        if in_ci {
            command.env("CI", "true");
        }
        let child = command.spawn().expect("the command starts");
        Self { child, terminal: File::from(terminal), shown: String::new() }
    }

    /// Reads until `text` is shown and the command waits for a key, which it does without echo and line editing.
    fn wait_for_question(&mut self, text: &str) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.shown.contains(text) {
            let mut bytes = [0; 1024];
            let count = self.terminal.read(&mut bytes).unwrap_or_default();
            assert!(count > 0, "it ended without the question: {}", self.shown);
            self.shown.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        while tcgetattr(&self.terminal).expect("termios").local_modes.contains(LocalModes::ICANON) {
            assert!(Instant::now() < deadline, "it does not wait for a key: {}", self.shown);
            std::thread::yield_now();
        }
    }

    fn press(&mut self, keys: &str) {
        self.terminal.write_all(keys.as_bytes()).expect("write");
    }

    /// The exit code and all that was shown.
    fn end(mut self) -> (Option<i32>, String) {
        let mut bytes = [0; 1024];
        // Linux ends a pseudo-terminal with an error instead of an end of file.
        while let Ok(count @ 1..) = self.terminal.read(&mut bytes) {
            self.shown.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        (self.child.wait().expect("the command ends").code(), self.shown)
    }
}

#[test]
fn the_language_is_asked_for_and_the_first_one_is_rust() {
    let room = Room::app(MANIFEST);
    let mut seen = Seen::start(&room, &["new", "worker", "resizer"], false);
    seen.wait_for_question("javascript");
    seen.press("\r");
    let (code, shown) = seen.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("language of worker `resizer`"), "{shown}");
    assert!(room.path("workers/resizer/src/lib.rs").is_file());
}

#[test]
fn ctrl_c_at_the_question_leaves_nothing_and_gives_the_cursor_back() {
    let room = Room::app(MANIFEST);
    let mut seen = Seen::start(&room, &["new", "worker", "resizer"], false);
    seen.wait_for_question("javascript");
    seen.press("\u{3}");
    let (code, shown) = seen.end();
    assert_eq!(code, Some(130), "{shown}");
    assert!(shown.contains("interrupted, nothing was changed"), "{shown}");
    let (hidden, visible) = (shown.rfind("\u{1b}[?25l"), shown.rfind("\u{1b}[?25h"));
    assert!(hidden < visible, "{shown:?}");
    assert_eq!(room.tree("."), "Cargo.toml");
}

#[test]
fn escape_at_the_question_leaves_nothing() {
    let room = Room::app(MANIFEST);
    let mut seen = Seen::start(&room, &["new", "worker", "resizer"], false);
    seen.wait_for_question("javascript");
    seen.press("q");
    assert_eq!(seen.end().0, Some(130));
    assert_eq!(room.tree("."), "Cargo.toml");
}

#[test]
fn a_migration_is_confirmed_with_a_key() {
    let room = original("newer");
    let before = room.tree(".");
    for (key, code) in [("n", 130), ("y", 0)] {
        assert_eq!(room.tree("."), before);
        let mut seen = Seen::start(&room, &["--quiet", "migrate"], false);
        seen.wait_for_question("migrate app `shop`? (files: 36 new)");
        seen.press(key);
        let (found, shown) = seen.end();
        assert_eq!(found, Some(code), "{shown}");
    }
    assert!(room.path("Cargo.toml").is_file());
}

#[test]
fn nobody_is_asked_in_ci() {
    let room = Room::app(MANIFEST);
    let (code, shown) = Seen::start(&room, &["new", "worker", "resizer"], true).end();
    assert_eq!(code, Some(2), "{shown}");
    assert!(shown.contains("worker `resizer` needs a language"), "{shown}");
}

#[test]
fn messages_on_a_terminal_are_coloured_unless_no_color_is_set() {
    let room = Room::app(MANIFEST);
    let (_, shown) = Seen::start(&room, &["invoke", "nobody"], false).end();
    assert!(shown.contains("\u{1b}[31merror:"), "{shown:?}");
}
