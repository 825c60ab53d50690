//! Behaviour of all commands: pipes, colour, `--quiet`, `-C`, and the ways to start the program.

use std::fs::File;
use std::io::pipe;
use std::process::Command;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::test_app::{MANIFEST, TestApp};

#[test]
fn closed_pipe_on_standard_output_is_not_an_error() {
    let app = TestApp::with_manifest(MANIFEST).file("workers/a/main.py", "");
    for args in [&["list"][..], &["list", "--json"], &["completions", "bash"], &["man"], &["--help"], &["--version"]] {
        let (reader, writer) = pipe().expect("pipe");
        drop(reader);
        let output = app.command(args).stdout(writer).output().expect("the command starts");
        assert_eq!(app.show(&output), "exit code 0\n", "{args:?}");
    }
}

#[test]
fn full_disk_is_an_error() {
    let Ok(full) = File::options().write(true).open("/dev/full") else {
        return println!("skipped: this system has no /dev/full");
    };
    let app = TestApp::with_manifest(MANIFEST).file("workers/a/main.py", "");
    let output = app.command(&["list"]).stdout(full).output().expect("the command starts");
    assert_snapshot!(app.show(&output), @"
    exit code 2
    -- stderr
    error: failed to write to standard output
      caused by: no space left on device
    ");
}

#[test]
fn colour_is_used_on_request_and_not_in_a_pipe() {
    let app = TestApp::empty();
    let stderr = |args: &[&str]| String::from_utf8(app.output(args).stderr).expect("utf-8");
    for args in [&["--color", "always", "list"][..], &["list", "--color=always"], &["--color=always", "nope"]] {
        assert!(stderr(args).starts_with("\u{1b}[1m\u{1b}[31merror:\u{1b}[0m "), "{args:?}");
    }
    for args in [&["list"][..], &["--color", "never", "list"], &["--color=auto", "nope"]] {
        assert!(stderr(args).starts_with("error: "), "{args:?}");
    }
}

#[test]
fn color_flag_overrides_no_color() {
    let app = TestApp::empty();
    let stderr = |args: &[&str]| {
        let output = app.command(args).env("NO_COLOR", "1").env("CLICOLOR_FORCE", "1").output().expect("starts");
        String::from_utf8(output.stderr).expect("utf-8")
    };
    assert!(stderr(&["--color=always", "list"]).contains('\u{1b}'));
    assert!(!stderr(&["list", "--color", "never"]).contains('\u{1b}'));
}

#[test]
fn data_is_never_coloured() {
    let app = TestApp::with_manifest(MANIFEST).file("workers/a/main.py", "");
    let output = app.output(&["--color=always", "list"]);
    assert!(!output.stdout.is_empty() && !output.stdout.contains(&0x1b));
}

#[test]
fn quiet_prints_only_data_and_errors() {
    let app = TestApp::empty();
    assert_snapshot!(app.run(&["-q", "new", "app", "my_app"]), @"exit code 0");
    assert_snapshot!(app.run(&["-q", "new", "app", "my_app"]), @"
    exit code 2
    -- stderr
    error: `my_app` already exists
    help: choose another name, or move it away
    ");
    assert_snapshot!(app.run(&["-q", "-C", "my_app", "list"]), @"
    exit code 0
    -- stdout
    worker   language  folder           timeout  memory
    greeter  rust      workers/greeter     30 s  256 MB
    ");
}

#[test]
fn command_runs_in_another_folder() {
    let app = TestApp::with_manifest(MANIFEST).file("workers/a/main.py", "").enter("workers/a");
    let listed = app.run(&["list"]);
    assert!(listed.contains("python"), "{listed}");
    assert_eq!(app.run(&["-C", "..", "list"]), listed);
    assert_eq!(app.run(&["list", "--directory", "../.."]), listed);
}

#[test]
fn parent_folder_is_resolved_on_disk() {
    // The text `my_app/..` contains `my_app`, but the folder is outside of the app.
    let app = TestApp::with_manifest(MANIFEST);
    assert_snapshot!(app.run(&["-C", "..", "list"]), @"
    exit code 2
    -- stderr
    error: no app in `[DIR]` or a folder above it
    help: create one with `cargo bedrock new app NAME`
    help: or add `[package.metadata.bedrock]` to the `Cargo.toml` of the app's package
    ");
}

#[test]
fn invalid_directory_is_an_error() {
    let app = TestApp::empty().file("file", "");
    assert_snapshot!(app.run(&["-C", "nowhere", "list"]), @"
    exit code 2
    -- stderr
    error: failed to enter the folder `nowhere`
      caused by: no such file or directory
    ");
    assert_snapshot!(app.run(&["-C", "file", "list"]), @"
    exit code 2
    -- stderr
    error: `file` is not a folder
    ");
}

#[test]
fn program_runs_without_cargo() {
    let app = TestApp::with_manifest(MANIFEST).file("workers/a/main.py", "");
    let mut program = Command::new(env!("CARGO_BIN_EXE_cargo-bedrock"));
    let output = program.arg("list").current_dir(app.path(".")).output().expect("starts");
    assert_eq!(app.show(&output), app.run(&["list"]));
}

#[test]
fn cargo_runs_it_as_a_subcommand() {
    let app = TestApp::with_manifest(MANIFEST).file("workers/a/main.py", "");
    let bin = std::path::Path::new(env!("CARGO_BIN_EXE_cargo-bedrock")).parent().expect("folder");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([bin.to_owned()].into_iter().chain(std::env::split_paths(&path))).expect("PATH");
    let mut cargo = Command::new(env!("CARGO"));
    let output = cargo.args(["bedrock", "list"]).env("PATH", path).current_dir(app.path(".")).output();
    assert_eq!(app.show(&output.expect("cargo starts")), app.run(&["list"]));
}

#[test]
fn json_events_end_with_the_error_of_an_early_failure() {
    let app = TestApp::with_manifest(MANIFEST).file("workers/a/main.py", "");
    for (args, finished, message) in [
        (&["deploy", "--stage", "dev", "--yes"][..], "finished", "build"),
        (&["deploy", "--stage", "BAD_x"], "finished", "BAD_x"),
        (&["rollback", "--stage", "BAD_x"], "finished", "BAD_x"),
        (&["destroy", "--stage", "BAD_x"], "finished", "BAD_x"),
        (&["build", "--worker", "nope"], "build-finished", "nope"),
    ] {
        let output = app.output(&[args, &["--message-format", "json"]].concat());
        assert_ne!(output.status.code(), Some(0), "{args:?}");
        let text = String::from_utf8(output.stdout).expect("utf-8");
        let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let last_two: Vec<_> = events.iter().rev().take(2).collect();
        let [end, error] = last_two[..] else { panic!("{args:?}: {text}") };
        assert_eq!((&end["event"], &end["success"]), (&json!(finished), &json!(false)), "{text}");
        assert_eq!(error["event"], "error", "{text}");
        assert!(error.to_string().contains(message), "{text}");
    }
}
