//! What holds for every command: pipes, colour, `--quiet`, `-C`, and the ways to call it.

use std::fs::File;
use std::io::pipe;
use std::process::Command;

use insta::assert_snapshot;

use crate::room::{MANIFEST, Room};

#[test]
fn a_closed_pipe_on_the_standard_output_is_no_error() {
    let room = Room::app(MANIFEST).file("workers/a/main.py", "");
    for args in [&["list"][..], &["list", "--json"], &["completions", "bash"], &["man"], &["--help"], &["--version"]] {
        let (reader, writer) = pipe().expect("pipe");
        drop(reader);
        let output = room.command(args).stdout(writer).output().expect("the command starts");
        assert_eq!(room.show(&output), "exit code 0\n", "{args:?}");
    }
}

#[test]
fn a_full_disk_behind_the_standard_output_is_an_error() {
    let Ok(full) = File::options().write(true).open("/dev/full") else {
        return println!("skipped: this system has no /dev/full");
    };
    let room = Room::app(MANIFEST).file("workers/a/main.py", "");
    let output = room.command(&["list"]).stdout(full).output().expect("the command starts");
    assert_snapshot!(room.show(&output), @"
    exit code 2
    -- stderr
    error: failed to write to the standard output
      caused by: no space left on device
    ");
}

#[test]
fn colour_is_used_when_it_is_asked_for_and_not_in_a_pipe() {
    let room = Room::empty();
    let stderr = |args: &[&str]| String::from_utf8(room.output(args).stderr).expect("utf-8");
    for args in [&["--color", "always", "list"][..], &["list", "--color=always"], &["--color=always", "nope"]] {
        assert!(stderr(args).starts_with("\u{1b}[1m\u{1b}[31merror:\u{1b}[0m "), "{args:?}");
    }
    for args in [&["list"][..], &["--color", "never", "list"], &["--color=auto", "nope"]] {
        assert!(stderr(args).starts_with("error: "), "{args:?}");
    }
}

#[test]
fn no_color_holds_unless_colour_is_asked_for_on_the_command_line() {
    let room = Room::empty();
    let stderr = |args: &[&str]| {
        let output = room.command(args).env("NO_COLOR", "1").env("CLICOLOR_FORCE", "1").output().expect("starts");
        String::from_utf8(output.stderr).expect("utf-8")
    };
    assert!(stderr(&["--color=always", "list"]).contains('\u{1b}'));
    assert!(!stderr(&["list", "--color", "never"]).contains('\u{1b}'));
}

#[test]
fn data_is_never_coloured() {
    let room = Room::app(MANIFEST).file("workers/a/main.py", "");
    let output = room.output(&["--color=always", "list"]);
    assert!(!output.stdout.is_empty() && !output.stdout.contains(&0x1b));
}

#[test]
fn quiet_leaves_data_and_errors() {
    let room = Room::empty();
    assert_snapshot!(room.run(&["-q", "new", "app", "my_app"]), @"exit code 0");
    assert_snapshot!(room.run(&["-q", "new", "app", "my_app"]), @"
    exit code 2
    -- stderr
    error: `my_app` exists already
    help: choose another name, or move it away
    ");
    assert_snapshot!(room.run(&["-q", "-C", "my_app", "list"]), @"
    exit code 0
    -- stdout
    worker   language  folder           timeout  memory
    greeter  rust      workers/greeter     30 s  256 MB
    ");
}

#[test]
fn a_command_can_be_called_for_another_folder() {
    let room = Room::app(MANIFEST).file("workers/a/main.py", "").enter("workers/a");
    let listed = room.run(&["list"]);
    assert!(listed.contains("python"), "{listed}");
    assert_eq!(room.run(&["-C", "..", "list"]), listed);
    assert_eq!(room.run(&["list", "--directory", "../.."]), listed);
}

#[test]
fn the_folder_above_is_the_real_one_and_not_that_of_the_text() {
    // `my_app/..` has `my_app` in its text, but lies outside of the app.
    let room = Room::app(MANIFEST);
    assert_snapshot!(room.run(&["-C", "..", "list"]), @"
    exit code 2
    -- stderr
    error: no app in `[ROOM]` or a folder above it
    help: create one with `cargo bedrock new app NAME`
    help: or add `[package.metadata.bedrock]` to the `Cargo.toml` of the app's package
    ");
}

#[test]
fn a_folder_that_is_not_there_or_is_none_is_refused() {
    let room = Room::empty().file("file", "");
    assert_snapshot!(room.run(&["-C", "nowhere", "list"]), @"
    exit code 2
    -- stderr
    error: failed to enter the folder `nowhere`
      caused by: no such file or directory
    ");
    assert_snapshot!(room.run(&["-C", "file", "list"]), @"
    exit code 2
    -- stderr
    error: `file` is no folder
    ");
}

#[test]
fn it_can_be_called_without_cargo() {
    let room = Room::app(MANIFEST).file("workers/a/main.py", "");
    let mut direct = Command::new(env!("CARGO_BIN_EXE_cargo-bedrock"));
    let output = direct.arg("list").current_dir(room.path(".")).output().expect("starts");
    assert_eq!(room.show(&output), room.run(&["list"]));
}

#[test]
fn cargo_finds_it_as_a_subcommand() {
    let room = Room::app(MANIFEST).file("workers/a/main.py", "");
    let bin = std::path::Path::new(env!("CARGO_BIN_EXE_cargo-bedrock")).parent().expect("folder");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([bin.to_owned()].into_iter().chain(std::env::split_paths(&path))).expect("PATH");
    let mut cargo = Command::new(env!("CARGO"));
    let output = cargo.args(["bedrock", "list"]).env("PATH", path).current_dir(room.path(".")).output();
    assert_eq!(room.show(&output.expect("cargo starts")), room.run(&["list"]));
}
