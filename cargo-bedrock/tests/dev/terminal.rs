//! Keys: the action of each, and restoring the terminal.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::json;

use crate::dev_process::{DevProcess, dev_command, lock_example};
use crate::terminal_session::TerminalSession;

const HELP: &str = "r restart · c clear · g graph · o open · q quit · ? help";
const BANNER: &str = "`hello` is running, stop it with Ctrl-C";
const DONE: &str = "stopped; unfinished events are kept";

fn dev_on_free_port() -> Command {
    let mut command = dev_command();
    command.args(["--port", "0"]);
    command
}

/// Starts the example and waits until it reads keys.
fn start(command: &Command) -> TerminalSession {
    let mut session = TerminalSession::start(command, Some(lock_example()));
    session.wait_for(BANNER);
    session.wait_for(HELP);
    session.wait_for_default_mode(false);
    session
}

#[test]
fn every_key_does_what_its_help_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let browser = folder.path().join("browser");
    let opened = folder.path().join("opened");
    fs::write(&browser, format!("#!/bin/sh\necho \"$1\" > {0}.tmp; mv {0}.tmp {0}\n", opened.display()))
        .expect("a script");
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).expect("a script");
    let mut command = dev_on_free_port();
    command.env("BROWSER", &browser);
    let mut session = TerminalSession::start(&command, Some(lock_example()));
    let start_message = session.wait_for(HELP);
    let page = start_message
        .lines()
        .find_map(|line| line.trim().strip_prefix("dashboard"))
        .expect("an address")
        .trim()
        .to_owned();
    session.wait_for_default_mode(false);

    // A key without a meaning has no effect and is not echoed.
    session.press("x");
    session.press("?");
    assert_eq!(session.wait_for(HELP).trim(), HELP);
    session.press("g");
    let graph = session.wait_for("greeter");
    assert!(graph.contains("endpoint"), "{graph}");
    session.press("o");
    session.wait_for(&format!("opened {page} with `{}`", browser.display()));
    while !opened.exists() {
        std::thread::yield_now();
    }
    assert_eq!(fs::read_to_string(&opened).expect("an address").trim(), page);
    session.press("c");
    session.wait_for("\u{1b}[2J");
    session.press("r");
    session.wait_for(BANNER);
    // The address stays the same.
    session.wait_for(&page);
    session.wait_for(HELP);
    session.press("q");
    session.wait_for(DONE);
    assert_eq!(session.wait(), Some(0));
    assert!(session.is_default_mode());
}

#[test]
fn ctrl_c_and_signals_restore_the_terminal() {
    let mut session = start(&dev_on_free_port());
    session.press("\u{3}");
    session.wait_for(DONE);
    assert_eq!((session.wait(), session.is_default_mode()), (Some(0), true));
    let mut session = start(&dev_on_free_port());
    session.signal(Signal::TERM);
    session.wait_for(DONE);
    assert_eq!((session.wait(), session.is_default_mode()), (Some(0), true));
}

/// Returns a shell with job control that runs a script in which `"$@"` is the command.
fn in_shell(script: &str) -> Command {
    let dev = dev_on_free_port();
    let mut shell = Command::new("bash");
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
fn suspending_restores_the_terminal() {
    let mut session = start(&in_shell("\"$@\"; echo at the shell; read -r line; fg; echo over"));
    session.press("\u{1a}");
    session.wait_for("at the shell");
    assert!(session.is_default_mode());
    session.press("q\n");
    session.wait_for_default_mode(false);
    session.press("?");
    session.wait_for(HELP);
    session.press("q");
    session.wait_for(DONE);
    session.wait_for("over");
    assert_eq!((session.wait(), session.is_default_mode()), (Some(0), true));
}

#[test]
fn background_server_reads_no_keys() {
    let mut session =
        TerminalSession::start(&in_shell("\"$@\" & read -r line; echo \"got $line\"; fg"), Some(lock_example()));
    session.wait_for(BANNER);
    session.press("q\n");
    session.wait_for("got q");
    // In the foreground, it reads keys.
    session.wait_for_default_mode(false);
    session.press("q");
    session.wait_for(DONE);
    assert_eq!((session.wait(), session.is_default_mode()), (Some(0), true));
}

#[test]
fn json_output_and_pipes_read_no_keys() {
    let mut command = dev_on_free_port();
    command.args(["--message-format", "json"]);
    let mut session = TerminalSession::start(&command, Some(lock_example()));
    session.wait_for("app-started");
    assert!(session.is_default_mode());
    session.press("\u{3}");
    assert_eq!(session.wait(), Some(0));
    assert!(!session.shown.contains("restart"), "{}", session.shown);
    drop(session);

    let _lock = lock_example();
    let mut command = dev_on_free_port();
    let (read, mut write) = std::io::pipe().expect("a pipe");
    write.write_all(b"q\nq\n").expect("keys");
    command.args(["--message-format", "json"]).stdin(Stdio::from(read.try_clone().expect("a pipe")));
    let mut dev = DevProcess::start_command(command);
    assert_eq!(dev.invoke("greeter", &json!({ "name": "Ada" })).0, 200);
    dev.interrupt();
    assert_eq!(dev.wait().0, Some(0));
    drop(write);
    assert_eq!(std::io::read_to_string(read).expect("text"), "q\nq\n");
}
