//! `cargo bedrock doctor`, with tools of our own on the PATH and none of the machine's.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use insta::assert_snapshot;
use serde_json::Value;

use crate::room::{MANIFEST, Room};
use crate::stage::Deployed;

/// What all apps need, as it should be.
const RUST: [(&str, &str); 2] = [("cargo", "echo cargo 1.97.0"), ("rustc", "echo 'rustc 1.97.0 (abc 2026-06-01)'")];
const JAVASCRIPT: [(&str, &str); 2] = [("node", "echo v22.1.0"), ("npm", "echo 11.0.0")];
const PYTHON: [(&str, &str); 2] =
    [("python3", "[ $1 = --version ] && echo Python 3.13.1"), ("uv", "echo 'uv 0.9.1 (abc)'")];

/// An app with a worker of each language that is not Rust, both with something to install, for this machine's processor.
fn app() -> Room {
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    let table = format!("[package.metadata.bedrock]\narchitecture = \"{architecture}\"");
    Room::app(&MANIFEST.replace("[package.metadata.bedrock]", &table))
        .file("workers/fetcher/main.py", "")
        .file("workers/fetcher/requirements.txt", "requests\nlambda-bedrock==0.5.0\n")
        .file("workers/thumbnailer/main.js", "")
        .file("workers/thumbnailer/package.json", r#"{"dependencies": {"axios": "1"}}"#)
        .file("terraform/main.tf", "")
}

/// Puts tools on the PATH; each is the text of a script.
fn tool(room: Room, name: &str, script: &str) -> Room {
    let path = format!("../tools/{name}");
    let room = room.file(&path, &format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(room.path(&path), fs::Permissions::from_mode(0o755)).expect("a tool");
    room
}

fn tools(room: Room, tools: &[(&str, &str)]) -> Room {
    tools.iter().fold(room, |room, (name, script)| tool(room, name, script))
}

fn whole() -> Room {
    let room = tools(app(), &[&RUST[..], &JAVASCRIPT, &PYTHON].concat());
    tool(room, "terraform", "echo Terraform v1.11.4")
}

fn command(room: &Room, args: &[&str]) -> Command {
    let mut command = room.command(&[&["doctor"], args].concat());
    command.env("PATH", room.path("../tools")).env("HOME", room.path(".."));
    for (variable, _) in std::env::vars_os() {
        let name = variable.to_string_lossy();
        let is_ours = ["AWS_", "BEDROCK_"].iter().any(|begin| name.starts_with(begin));
        if is_ours || ["CARGO", "RUSTC"].contains(&&*name) {
            command.env_remove(&variable);
        }
    }
    command
}

fn doctor(room: &Room, args: &[&str]) -> String {
    room.show(&command(room, args).output().expect("the command starts"))
}

/// The finding about a tool: level and message.
fn finding(room: &Room, subject: &str) -> (String, String) {
    let output = command(room, &["--message-format", "json", "--timeout", "1"]).output().expect("the command starts");
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let findings = document["findings"].as_array().expect("findings");
    let of_subject = findings.iter().find(|finding| finding["subject"] == subject).expect(subject);
    assert_eq!(document["ok"] == true, output.status.code() == Some(0), "{document}");
    let text = |key: &str| of_subject[key].as_str().expect(key).to_owned();
    (text("level"), text("message"))
}

#[test]
fn an_app_that_has_all_that_it_needs() {
    assert_snapshot!(doctor(&whole(), &[]), @"
    exit code 0
    -- stdout
    ok     settings        app `my_app` with 2 workers
    ok     cargo           1.97.0
    ok     rustc           1.97.0
    note   cargo-zigbuild  is not on the PATH; it builds for another processor, and with `--compiler zigbuild` for older systems
                           help: run `pip install cargo-zigbuild`, or `cargo install --locked cargo-zigbuild`
    note   zig             is not on the PATH; it is what `cargo-zigbuild` links with
                           help: run `pip install ziglang`, or see `https://ziglang.org/download`
    note   cargo-lambda    is not on the PATH; it has other commands for Rust functions on Lambda
                           help: run `pip install cargo-lambda`, or `cargo install --locked cargo-lambda`
    ok     python3         3.13.1
    ok     uv or pip       0.9.1
    ok     node            22.1.0
    ok     npm             11.0.0
    ok     terraform       1.11.4
    ok     limits          names of stages may have 45 characters: the limit of `my_app-STAGE-thumbnailer` is 64
    note   credentials     there are no AWS credentials; deploying needs some
                           help: log in with `aws configure` or `aws sso login`; `cargo bedrock doctor --online` asks AWS
    -- stderr
    done: app `my_app` has all that it needs
    ");
}

#[test]
fn what_is_missing_is_an_error_where_the_app_needs_it() {
    assert_snapshot!(doctor(&tools(app(), &RUST), &[]), @"
    exit code 1
    -- stdout
    ok     settings        app `my_app` with 2 workers
    ok     cargo           1.97.0
    ok     rustc           1.97.0
    note   cargo-zigbuild  is not on the PATH; it builds for another processor, and with `--compiler zigbuild` for older systems
                           help: run `pip install cargo-zigbuild`, or `cargo install --locked cargo-zigbuild`
    note   zig             is not on the PATH; it is what `cargo-zigbuild` links with
                           help: run `pip install ziglang`, or see `https://ziglang.org/download`
    note   cargo-lambda    is not on the PATH; it has other commands for Rust functions on Lambda
                           help: run `pip install cargo-lambda`, or `cargo install --locked cargo-lambda`
    error  python3         is not on the PATH; worker `fetcher` is in Python
                           help: install Python from `https://www.python.org/downloads`, or run `uv python install`
    error  uv or pip       is not on the PATH; worker `fetcher` has requirements
                           help: run `python3 -m ensurepip`, or see `https://docs.astral.sh/uv`
    error  node            is not on the PATH; worker `thumbnailer` is in JavaScript
                           help: install Node.js from `https://nodejs.org`
    error  npm             is not on the PATH; worker `thumbnailer` has dependencies
                           help: install Node.js with npm from `https://nodejs.org`
    error  terraform       is not on the PATH; the app has `terraform/`
                           help: see `https://developer.hashicorp.com/terraform/install`
    ok     limits          names of stages may have 45 characters: the limit of `my_app-STAGE-thumbnailer` is 64
    note   credentials     there are no AWS credentials; deploying needs some
                           help: log in with `aws configure` or `aws sso login`; `cargo bedrock doctor --online` asks AWS
    -- stderr
    error: app `my_app` lacks 5 things that it needs
    ");
}

#[test]
fn what_the_app_does_not_need_is_a_note() {
    let room = tools(Room::app(MANIFEST), &RUST);
    let shown = doctor(&room, &[]);
    assert!(shown.starts_with("exit code 0\n"), "{shown}");
    for tool in ["python3", "uv or pip", "node", "npm", "terraform"] {
        assert!(shown.lines().any(|line| line.starts_with("note ") && line.contains(tool)), "{tool}: {shown}");
    }
}

#[test]
fn outside_of_an_app_rust_is_needed_and_nothing_else() {
    let room = tools(Room::empty().enter("somewhere").file("notes.txt", ""), &RUST[..1]);
    assert_snapshot!(doctor(&room, &[]), @"
    exit code 1
    -- stdout
    note   settings     there is no app here, so nothing is known to be needed but Rust
    ok     cargo        1.97.0
    error  rustc        is not on the PATH; every app is in Rust
                        help: run `rustup update stable`, or install Rust from `https://rustup.rs`
    note   python3      is not on the PATH; it runs workers in Python
                        help: install Python from `https://www.python.org/downloads`, or run `uv python install`
    note   uv or pip    is not on the PATH; it installs what workers in Python require
                        help: run `python3 -m ensurepip`, or see `https://docs.astral.sh/uv`
    note   node         is not on the PATH; it runs workers in JavaScript
                        help: install Node.js from `https://nodejs.org`
    note   npm          is not on the PATH; it installs the dependencies of workers in JavaScript
                        help: install Node.js with npm from `https://nodejs.org`
    note   terraform    is not on the PATH; it deploys an app that has `terraform/`
                        help: see `https://developer.hashicorp.com/terraform/install`
    note   credentials  there are no AWS credentials; deploying needs some
                        help: log in with `aws configure` or `aws sso login`; `cargo bedrock doctor --online` asks AWS
    -- stderr
    error: an app lacks 1 thing that it needs
    ");
}

#[test]
fn a_tool_that_is_too_old_is_told_with_both_versions() {
    let room = tool(whole(), "node", "echo v18.18.2");
    let expected = "is version 18.18.2, at least 18.19 is needed; worker `thumbnailer` is in JavaScript";
    assert_eq!(finding(&room, "node"), ("error".to_owned(), expected.to_owned()));
    let room = tool(whole(), "rustc", "echo rustc 1.70.0");
    assert!(finding(&room, "rustc").1.starts_with("is version 1.70.0, at least 1."));
}

#[test]
fn a_tool_that_hangs_is_given_up_with_what_it_started() {
    let room = tool(whole(), "node", "/bin/sleep 600 & echo $! > \"$HOME/child\"; wait");
    let expected = "`node --version` did not end within 1 s; worker `thumbnailer` is in JavaScript";
    assert_eq!(finding(&room, "node"), ("error".to_owned(), expected.to_owned()));
    let child: i32 = room.read("../child").trim().parse().expect("a number");
    let child = rustix::process::Pid::from_raw(child).expect("a process");
    // A signal takes its time to arrive.
    let is_gone = (0..2_000).any(|_| {
        let gone = is_gone(child);
        std::thread::sleep(std::time::Duration::from_millis(if gone { 0 } else { 5 }));
        gone
    });
    assert!(is_gone, "the sleep goes on");
}

/// Killed, though perhaps not yet buried by whoever inherited it.
fn is_gone(pid: rustix::process::Pid) -> bool {
    let path = format!("/proc/{}/stat", pid.as_raw_nonzero());
    fs::read_to_string(path).map_or(true, |text| text.contains(") Z "))
}

#[test]
fn a_tool_that_prints_nonsense_without_end_is_told_so() {
    let room = tool(whole(), "node", "while :; do echo meow || exit 0; done");
    let (level, message) = finding(&room, "node");
    assert_eq!(level, "error");
    assert!(message.starts_with("`node --version` "), "{message}");
    let room = tool(whole(), "node", "echo meow");
    let expected = "`node --version` printed no version: meow; worker `thumbnailer` is in JavaScript";
    assert_eq!(finding(&room, "node"), ("error".to_owned(), expected.to_owned()));
    let room = tool(whole(), "node", "printf '\\033[31m\\377'");
    assert!(finding(&room, "node").1.contains("printed no version: [31m"));
}

#[test]
fn a_tool_that_fails_is_told_with_its_last_words() {
    let room = tool(whole(), "npm", "echo first; echo 'npm: no such host' >&2; exit 3");
    let expected = "`npm --version` failed: npm: no such host; worker `thumbnailer` has dependencies";
    assert_eq!(finding(&room, "npm"), ("error".to_owned(), expected.to_owned()));
    let room = tool(whole(), "npm", "exit 1");
    assert!(finding(&room, "npm").1.starts_with("`npm --version` failed: it said nothing;"));
    let room = whole();
    fs::write(room.path("../tools/npm"), "#!/no/such/interpreter\n").expect("a tool");
    assert!(finding(&room, "npm").1.starts_with("`npm --version` failed: it cannot be started;"));
}

#[test]
fn pip_will_do_where_there_is_no_uv() {
    let room = tools(app(), &[&RUST[..], &JAVASCRIPT].concat());
    let python = "if [ \"$2\" = pip ]; then echo pip 25.0; else echo Python 3.12.0; fi";
    let room = tool(tool(room, "python3", python), "terraform", "echo Terraform v1.11.4");
    assert_eq!(finding(&room, "uv or pip"), ("ok".to_owned(), "25.0".to_owned()));
    let room = tool(room, "python3", "if [ \"$2\" = pip ]; then exit 1; else echo Python 3.12.0; fi");
    let expected = "is not on the PATH; worker `fetcher` has requirements";
    assert_eq!(finding(&room, "uv or pip"), ("error".to_owned(), expected.to_owned()));
}

#[test]
fn another_processor_needs_its_target_and_a_linker() {
    let other = if cfg!(target_arch = "aarch64") { "x86_64" } else { "arm64" };
    let table = format!("[package.metadata.bedrock]\narchitecture = \"{other}\"");
    let manifest = MANIFEST.replace("[package.metadata.bedrock]", &table);
    let room = tools(Room::app(&manifest), &RUST);
    let shown = doctor(&room, &[]);
    for subject in ["rust target", "cargo-zigbuild", "zig "] {
        assert!(shown.lines().any(|line| line.starts_with("error") && line.contains(subject)), "{subject}: {shown}");
    }
    let rustc = "if [ \"$1\" = --print ]; then echo \"$HOME/libs\"; else echo rustc 1.97.0; fi";
    let room = tool(room, "rustc", rustc).file("../libs/libstd.rlib", "");
    let room = tools(room, &[("cargo-zigbuild", "echo cargo-zigbuild 0.20.0"), ("zig", "echo 0.14.0")]);
    assert_eq!(finding(&room, "rust target"), ("ok".to_owned(), "is there".to_owned()));
    assert!(doctor(&room, &[]).starts_with("exit code 0\n"));
}

#[test]
fn settings_that_are_wrong_are_found_and_the_tools_are_looked_at_all_the_same() {
    let room =
        tools(Room::app(&MANIFEST.replace("[package.metadata.bedrock]", "[package.metadata.bedrock]\nx = 1")), &RUST);
    let shown = doctor(&room, &[]);
    assert!(shown.starts_with("exit code 1\n-- stdout\nerror  settings"), "{shown}");
    assert!(shown.contains("Cargo.toml:7: unknown setting `x`") && shown.contains("\nok     cargo"), "{shown}");
}

#[test]
fn aws_is_asked_whose_the_credentials_are_when_that_is_wanted() {
    let Some(app) = Deployed::start() else { return };
    let room = whole();
    let asked = |more: &[&str]| {
        let mut command = command(&room, &[&["--online"], more].concat());
        command.envs(app.aws.environment());
        room.show(&command.output().expect("the command starts"))
    };
    assert!(asked(&[]).contains("ok     credentials     AWS knows them: account 123456789012, us-east-1\n"));
    let unheard = asked(&["--endpoint-url", "http://127.0.0.1:9"]);
    assert!(unheard.starts_with("exit code 1\n"), "{unheard}");
    let expected =
        "error  credentials     failed to get the caller identity from AWS in us-east-1: failed to connect: ";
    assert!(unheard.contains(expected), "{unheard}");
}

#[test]
fn the_findings_are_one_json_object() {
    let output = command(&tools(app(), &RUST), &["--message-format", "json"]).output().expect("starts");
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&document["version"], &document["app"], &document["ok"]), (&1.into(), &"my_app".into(), &false.into()));
    assert_snapshot!(document["findings"][1].to_string(), @r#"{"help":[],"level":"ok","message":"1.97.0","subject":"cargo","version":"1.97.0"}"#);
    assert_eq!(output.status.code(), Some(1));
}
