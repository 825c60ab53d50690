//! Keys: what each does, that the terminal is given back whatever happens, and who does not touch it.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::json;

use crate::running::{Running, command, turn};
use crate::screen::Screen;

const HELP: &str = "r restart · c clear · g graph · o open · q quit · ? this line";
const BANNER: &str = "`hello` runs, stop it with Ctrl-C";
const DONE: &str = "stopped; events that were not finished are kept";

fn dev() -> Command {
    let mut command = command();
    command.args(["--port", "0"]);
    command
}

/// Of the example, with its keys.
fn start(command: &Command) -> Screen {
    let mut screen = Screen::start(command, Some(turn()));
    screen.wait_for(BANNER);
    screen.wait_for(HELP);
    screen.wait_until_plain(false);
    screen
}

#[test]
fn each_key_does_what_the_first_lines_say() {
    let folder = tempfile::tempdir().expect("a folder");
    let (browser, opened) = (folder.path().join("browser"), folder.path().join("opened"));
    fs::write(&browser, format!("#!/bin/sh\necho \"$1\" > {0}.tmp; mv {0}.tmp {0}\n", opened.display()))
        .expect("a script");
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).expect("a script");
    let mut command = dev();
    command.env("BROWSER", &browser);
    let mut screen = Screen::start(&command, Some(turn()));
    let first = screen.wait_for(HELP);
    let page =
        first.lines().find_map(|line| line.trim().strip_prefix("dashboard")).expect("an address").trim().to_owned();
    screen.wait_until_plain(false);

    // What means nothing is not shown either.
    screen.press("x");
    screen.press("?");
    assert_eq!(screen.wait_for(HELP).trim(), HELP);
    screen.press("g");
    let graph = screen.wait_for("greeter");
    assert!(graph.contains("endpoint"), "{graph}");
    screen.press("o");
    screen.wait_for(&format!("opens {page} with `{}`", browser.display()));
    while !opened.exists() {
        std::thread::yield_now();
    }
    assert_eq!(fs::read_to_string(&opened).expect("an address").trim(), page);
    screen.press("c");
    screen.wait_for("\u{1b}[2J");
    screen.press("r");
    screen.wait_for(BANNER);
    // At the same address.
    screen.wait_for(&page);
    screen.wait_for(HELP);
    screen.press("q");
    screen.wait_for(DONE);
    assert_eq!(screen.end(), Some(0));
    assert!(screen.is_plain());
}

#[test]
fn ctrl_c_and_a_signal_give_the_terminal_back() {
    let mut screen = start(&dev());
    screen.press("\u{3}");
    screen.wait_for(DONE);
    assert_eq!((screen.end(), screen.is_plain()), (Some(0), true));
    let mut screen = start(&dev());
    screen.signal(Signal::TERM);
    screen.wait_for(DONE);
    assert_eq!((screen.end(), screen.is_plain()), (Some(0), true));
}

/// A shell with jobs that runs a script in which `"$@"` is the command.
fn in_shell(script: &str) -> Command {
    let (dev, mut shell) = (dev(), Command::new("bash"));
    shell.args(["-mc", script, "bash"]).arg(dev.get_program()).args(dev.get_args());
    shell.current_dir(dev.get_current_dir().expect("a folder"));
    for (variable, value) in dev.get_envs() {
        match value {
            Some(value) => shell.env(variable, value),
            None => shell.env_remove(variable),
        };
    }
    shell
}

#[test]
fn suspended_it_gives_the_terminal_back_and_takes_it_again_in_front() {
    let mut screen = start(&in_shell("\"$@\"; echo at the shell; read -r line; fg; echo over"));
    screen.press("\u{1a}");
    screen.wait_for("at the shell");
    assert!(screen.is_plain());
    screen.press("q\n");
    screen.wait_until_plain(false);
    screen.press("?");
    screen.wait_for(HELP);
    screen.press("q");
    screen.wait_for(DONE);
    screen.wait_for("over");
    assert_eq!((screen.end(), screen.is_plain()), (Some(0), true));
}

#[test]
fn in_the_background_it_runs_on_and_reads_no_keys() {
    let mut screen = Screen::start(&in_shell("\"$@\" & read -r line; echo \"got $line\"; fg"), Some(turn()));
    screen.wait_for(BANNER);
    screen.press("q\n");
    screen.wait_for("got q");
    // In front, it has the keys.
    screen.wait_until_plain(false);
    screen.press("q");
    screen.wait_for(DONE);
    assert_eq!((screen.end(), screen.is_plain()), (Some(0), true));
}

#[test]
fn machines_get_no_keys_and_a_pipe_is_not_read() {
    let mut command = dev();
    command.args(["--message-format", "json"]);
    let mut screen = Screen::start(&command, Some(turn()));
    screen.wait_for("app-started");
    assert!(screen.is_plain());
    screen.press("\u{3}");
    assert_eq!(screen.end(), Some(0));
    assert!(!screen.shown.contains("restart"), "{}", screen.shown);
    drop(screen);

    let _turn = turn();
    let mut command = dev();
    let (read, mut write) = std::io::pipe().expect("a pipe");
    write.write_all(b"q\nq\n").expect("keys");
    command.args(["--message-format", "json"]).stdin(Stdio::from(read.try_clone().expect("a pipe")));
    let mut dev = Running::of(command);
    assert_eq!(dev.invoke("greeter", &json!({ "name": "Ada" })).0, 200);
    dev.interrupt();
    assert_eq!(dev.end().0, Some(0));
    drop(write);
    assert_eq!(std::io::read_to_string(read).expect("text"), "q\nq\n");
}
