//! Confirmation on a pseudo-terminal: a deploy asks yes or no, a destroy asks for the full name of the stage.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::process::{Child, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use crate::emulated_aws::EmulatedAws;
use crate::test_app::TestApp;

/// A command on a terminal.
struct TerminalSession {
    child: Child,
    terminal: File,
    /// Everything that was printed so far.
    output: String,
}

impl TerminalSession {
    fn start(app: &TestApp, aws: &EmulatedAws, args: &[&str]) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("pty");
        grantpt(&terminal).expect("grantpt");
        unlockpt(&terminal).expect("unlockpt");
        let name = ptsname(&terminal, Vec::new()).expect("ptsname").into_string().expect("utf-8");
        let open = || OpenOptions::new().read(true).write(true).open(&name).expect("pty");
        let mut command = app.command(args, &aws.environment());
        command.stdin(open()).stderr(open()).stdout(Stdio::null()).env("TERM", "xterm").env_remove("CI");
        let child = command.spawn().expect("the command starts");
        Self { child, terminal: File::from(terminal), output: String::new() }
    }

    /// Types `keys` when the question is printed and the terminal is in raw mode. Returns exit code and complete output.
    fn answer(mut self, question: &str, keys: &str) -> (Option<i32>, String) {
        let mut bytes = [0; 1024];
        while !self.output.contains(question) {
            let count = self.terminal.read(&mut bytes).unwrap_or_default();
            assert!(count > 0, "the command ended without the question: {}", self.output);
            self.output.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        while tcgetattr(&self.terminal).expect("termios").local_modes.contains(LocalModes::ICANON) {
            assert!(self.child.try_wait().expect("a state").is_none(), "the command ended: {}", self.output);
            std::thread::yield_now();
        }
        self.terminal.write_all(keys.as_bytes()).expect("write");
        // On Linux, reading from a closed pseudo-terminal is an error instead of an end of file.
        while let Ok(count @ 1..) = self.terminal.read(&mut bytes) {
            self.output.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        (self.child.wait().expect("the command ends").code(), self.output)
    }
}

#[test]
fn deploy_and_destroy_ask_for_confirmation() {
    let Some(aws) = EmulatedAws::start(false) else { return };
    let app = TestApp::new(&["counter"]);
    let deploy = |keys: &str| {
        let session = TerminalSession::start(&app, &aws, &["deploy", "--stage", "dev"]);
        session.answer("deploy stage `dev` of app `shop`?", keys)
    };
    for keys in ["n", "\u{3}"] {
        let (code, output) = deploy(keys);
        assert_eq!((code, aws.list_resources("")), (Some(130), Vec::new()), "{output}");
        assert!(output.contains("interrupted, nothing was changed"), "{output}");
    }
    let (code, output) = deploy("y");
    assert_eq!((code, aws.list_resources("").len()), (Some(0), 3), "{output}");
    let destroy = |keys: &str| {
        let session = TerminalSession::start(&app, &aws, &["destroy", "--stage", "dev"]);
        session.answer("delete all of it, with its logs? type `shop-dev`", keys)
    };
    let (code, output) = destroy("shop\r");
    assert_eq!((code, aws.list_resources("").len()), (Some(2), 3), "{output}");
    assert!(output.contains("the answer is not `shop-dev`, nothing was changed"), "{output}");
    let (code, output) = destroy("shop-dev\r");
    assert_eq!((code, aws.list_resources("")), (Some(0), Vec::new()), "{output}");
}
