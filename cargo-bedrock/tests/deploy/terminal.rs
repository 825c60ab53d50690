//! On a terminal: a deploy is asked about, and a destroy wants the stage's full name. The terminal is a pseudo-terminal.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::process::{Child, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use crate::cloud::Cloud;
use crate::shop::Shop;

/// The command as somebody at a terminal sees it.
struct Seen {
    child: Child,
    terminal: File,
    shown: String,
}

impl Seen {
    fn start(shop: &Shop, cloud: &Cloud, args: &[&str]) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("pty");
        grantpt(&terminal).expect("grantpt");
        unlockpt(&terminal).expect("unlockpt");
        let name = ptsname(&terminal, Vec::new()).expect("ptsname").into_string().expect("utf-8");
        let open = || OpenOptions::new().read(true).write(true).open(&name).expect("pty");
        let mut command = shop.command(args, &cloud.environment());
        command.stdin(open()).stderr(open()).stdout(Stdio::null()).env("TERM", "xterm").env_remove("CI");
        let child = command.spawn().expect("the command starts");
        Self { child, terminal: File::from(terminal), shown: String::new() }
    }

    /// Types when the question is shown and keys are waited for, and gives the exit code and all that was shown.
    fn answer(mut self, question: &str, keys: &str) -> (Option<i32>, String) {
        let mut bytes = [0; 1024];
        while !self.shown.contains(question) {
            let count = self.terminal.read(&mut bytes).unwrap_or_default();
            assert!(count > 0, "it ended without the question: {}", self.shown);
            self.shown.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        while tcgetattr(&self.terminal).expect("termios").local_modes.contains(LocalModes::ICANON) {
            assert!(self.child.try_wait().expect("a state").is_none(), "it ended: {}", self.shown);
            std::thread::yield_now();
        }
        self.terminal.write_all(keys.as_bytes()).expect("write");
        // Linux ends a pseudo-terminal with an error instead of an end of file.
        while let Ok(count @ 1..) = self.terminal.read(&mut bytes) {
            self.shown.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        (self.child.wait().expect("the command ends").code(), self.shown)
    }
}

#[test]
fn a_deploy_is_asked_about_and_a_destroy_wants_the_name() {
    let Some(cloud) = Cloud::start(false) else { return };
    let shop = Shop::new(&["counter"]);
    let deploy = |keys: &str| {
        let seen = Seen::start(&shop, &cloud, &["deploy", "--stage", "dev"]);
        seen.answer("deploy stage `dev` of app `shop`?", keys)
    };
    for keys in ["n", "\u{3}"] {
        let (code, shown) = deploy(keys);
        assert_eq!((code, cloud.things("")), (Some(130), Vec::new()), "{shown}");
        assert!(shown.contains("interrupted, nothing was changed"), "{shown}");
    }
    let (code, shown) = deploy("y");
    assert_eq!((code, cloud.things("").len()), (Some(0), 3), "{shown}");
    let destroy = |keys: &str| {
        let seen = Seen::start(&shop, &cloud, &["destroy", "--stage", "dev"]);
        seen.answer("delete all of it, with its logs? type `shop-dev`", keys)
    };
    let (code, shown) = destroy("shop\r");
    assert_eq!((code, cloud.things("").len()), (Some(2), 3), "{shown}");
    assert!(shown.contains("that is not `shop-dev`, nothing was changed"), "{shown}");
    let (code, shown) = destroy("shop-dev\r");
    assert_eq!((code, cloud.things("")), (Some(0), Vec::new()), "{shown}");
}
