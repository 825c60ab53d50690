//! `cargo bedrock doctor`, with fake tools on the `PATH` and none of the machine's.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use insta::assert_snapshot;
use serde_json::Value;

use crate::stage::DeployedApp;
use crate::test_app::{MANIFEST, TestApp};

/// Tools that all apps need.
const RUST: [(&str, &str); 2] = [("cargo", "echo cargo 1.97.0"), ("rustc", "echo 'rustc 1.97.0 (abc 2026-06-01)'")];
const JAVASCRIPT: [(&str, &str); 2] = [("node", "echo v22.1.0"), ("npm", "echo 11.0.0")];
const PYTHON: [(&str, &str); 2] =
    [("python3", "[ $1 = --version ] && echo Python 3.13.1"), ("uv", "echo 'uv 0.9.1 (abc)'")];

/// Creates an app for this machine's processor, with a Python and a JavaScript worker that have packages to install.
fn app() -> TestApp {
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    let table = format!("[package.metadata.bedrock]\narchitecture = \"{architecture}\"");
    TestApp::with_manifest(&MANIFEST.replace("[package.metadata.bedrock]", &table))
        .file("workers/fetcher/main.py", "")
        .file("workers/fetcher/requirements.txt", "requests\nlambda-bedrock==0.5.0\n")
        .file("workers/thumbnailer/main.js", "")
        .file("workers/thumbnailer/package.json", r#"{"dependencies": {"axios": "1"}}"#)
        .file("terraform/main.tf", "")
}

/// Puts a tool on the `PATH` that runs `script`.
fn add_tool(app: TestApp, name: &str, script: &str) -> TestApp {
    let path = format!("../tools/{name}");
    let app = app.file(&path, &format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(app.path(&path), fs::Permissions::from_mode(0o755)).expect("a tool");
    app
}

fn add_tools(app: TestApp, tools: &[(&str, &str)]) -> TestApp {
    tools.iter().fold(app, |app, (name, script)| add_tool(app, name, script))
}

/// Creates an app and all tools that it needs.
fn complete() -> TestApp {
    let app = add_tools(app(), &[&RUST[..], &JAVASCRIPT, &PYTHON].concat());
    add_tool(app, "terraform", "echo Terraform v1.11.4")
}

fn command(app: &TestApp, args: &[&str]) -> Command {
    let mut command = app.command(&[&["doctor"], args].concat());
    command.env("PATH", app.path("../tools")).env("HOME", app.path(".."));
    for (variable, _) in std::env::vars_os() {
        let name = variable.to_string_lossy();
        let is_ours = ["AWS_", "BEDROCK_"].iter().any(|begin| name.starts_with(begin));
        if is_ours || ["CARGO", "RUSTC"].contains(&&*name) {
            command.env_remove(&variable);
        }
    }
    command
}

fn doctor(app: &TestApp, args: &[&str]) -> String {
    app.show(&command(app, args).output().expect("the command starts"))
}

/// Returns level and message of the finding about a tool.
fn finding(app: &TestApp, subject: &str) -> (String, String) {
    let output = command(app, &["--message-format", "json", "--timeout", "1"]).output().expect("the command starts");
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let findings = document["findings"].as_array().expect("findings");
    let found = findings.iter().find(|finding| finding["subject"] == subject).expect(subject);
    assert_eq!(document["ok"] == true, output.status.code() == Some(0), "{document}");
    let text = |key: &str| found[key].as_str().expect(key).to_owned();
    (text("level"), text("message"))
}

#[test]
fn complete_machine_has_no_errors() {
    assert_snapshot!(doctor(&complete(), &[]), @"
    exit code 0
    -- stdout
    ok     settings        app `my_app` with 2 workers
    ok     cargo           1.97.0
    ok     rustc           1.97.0
    note   cargo-zigbuild  is not on the PATH; it builds for another processor, and with `--compiler zigbuild` for older systems
                           help: run `pip install cargo-zigbuild`, or `cargo install --locked cargo-zigbuild`
    note   zig             is not on the PATH; it is the linker of `cargo-zigbuild`
                           help: run `pip install ziglang`, or see `https://ziglang.org/download`
    note   cargo-lambda    is not on the PATH; it has other commands for Rust functions on Lambda
                           help: run `pip install cargo-lambda`, or `cargo install --locked cargo-lambda`
    ok     python3         3.13.1
    ok     uv or pip       0.9.1
    ok     node            22.1.0
    ok     npm             11.0.0
    ok     terraform       1.11.4
    ok     limits          stage names may have 45 characters: the limit of `my_app-STAGE-thumbnailer` is 64
    note   credentials     there are no AWS credentials; deploying needs some
                           help: log in with `aws login`, `aws sso login` or `aws configure`, and check with `cargo bedrock doctor --online`
    -- stderr
    done: app `my_app` has everything that it needs
    ");
}

#[test]
fn missing_required_tools_are_errors() {
    assert_snapshot!(doctor(&add_tools(app(), &RUST), &[]), @"
    exit code 1
    -- stdout
    ok     settings        app `my_app` with 2 workers
    ok     cargo           1.97.0
    ok     rustc           1.97.0
    note   cargo-zigbuild  is not on the PATH; it builds for another processor, and with `--compiler zigbuild` for older systems
                           help: run `pip install cargo-zigbuild`, or `cargo install --locked cargo-zigbuild`
    note   zig             is not on the PATH; it is the linker of `cargo-zigbuild`
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
    note   terraform       is not on the PATH; it is the other way to deploy, with the files of `terraform/`; `cargo bedrock deploy` does not need it
                           help: see `https://developer.hashicorp.com/terraform/install`
    ok     limits          stage names may have 45 characters: the limit of `my_app-STAGE-thumbnailer` is 64
    note   credentials     there are no AWS credentials; deploying needs some
                           help: log in with `aws login`, `aws sso login` or `aws configure`, and check with `cargo bedrock doctor --online`
    -- stderr
    error: app `my_app` needs 4 things that are missing
    ");
}

#[test]
fn missing_optional_tools_are_notes() {
    let app = add_tools(TestApp::with_manifest(MANIFEST), &RUST);
    let shown = doctor(&app, &[]);
    assert!(shown.starts_with("exit code 0\n"), "{shown}");
    for tool in ["python3", "uv or pip", "node", "npm", "terraform"] {
        assert!(shown.lines().any(|line| line.starts_with("note ") && line.contains(tool)), "{tool}: {shown}");
    }
}

#[test]
fn terraform_is_an_error_only_if_asked_for() {
    let app = add_tools(app(), &[&RUST[..], &JAVASCRIPT, &PYTHON].concat());
    assert!(doctor(&app, &[]).starts_with("exit code 0\n"));
    let asked = doctor(&app, &["--terraform"]);
    assert!(asked.starts_with("exit code 1\n"), "{asked}");
    assert!(asked.contains("error  terraform       is not on the PATH; `--terraform` requires it\n"), "{asked}");
}

#[test]
fn only_rust_is_required_outside_of_an_app() {
    let app = add_tools(TestApp::empty().enter("somewhere").file("notes.txt", ""), &RUST[..1]);
    assert_snapshot!(doctor(&app, &[]), @"
    exit code 1
    -- stdout
    note   settings     there is no app here, so only Rust is known to be needed
    ok     cargo        1.97.0
    error  rustc        is not on the PATH; every app is in Rust
                        help: run `rustup update stable`, or install Rust from `https://rustup.rs`
    note   python3      is not on the PATH; it runs workers in Python
                        help: install Python from `https://www.python.org/downloads`, or run `uv python install`
    note   uv or pip    is not on the PATH; it installs the requirements of workers in Python
                        help: run `python3 -m ensurepip`, or see `https://docs.astral.sh/uv`
    note   node         is not on the PATH; it runs workers in JavaScript
                        help: install Node.js from `https://nodejs.org`
    note   npm          is not on the PATH; it installs the dependencies of workers in JavaScript
                        help: install Node.js with npm from `https://nodejs.org`
    note   terraform    is not on the PATH; it is the other way to deploy, with the files of `terraform/`; `cargo bedrock deploy` does not need it
                        help: see `https://developer.hashicorp.com/terraform/install`
    note   credentials  there are no AWS credentials; deploying needs some
                        help: log in with `aws login`, `aws sso login` or `aws configure`, and check with `cargo bedrock doctor --online`
    -- stderr
    error: an app needs 1 thing that is missing
    ");
}

#[test]
fn old_tool_is_reported_with_both_versions() {
    let app = add_tool(complete(), "node", "echo v18.18.2");
    let expected = "is version 18.18.2, at least 18.19 is needed; worker `thumbnailer` is in JavaScript";
    assert_eq!(finding(&app, "node"), ("error".to_owned(), expected.to_owned()));
    let app = add_tool(complete(), "rustc", "echo rustc 1.70.0");
    assert!(finding(&app, "rustc").1.starts_with("is version 1.70.0, at least 1."));
}

#[test]
fn hanging_tool_is_killed_with_its_children() {
    let app = add_tool(complete(), "node", "/bin/sleep 600 & echo $! > \"$HOME/child\"; wait");
    let expected = "`node --version` did not exit within 1 s; worker `thumbnailer` is in JavaScript";
    assert_eq!(finding(&app, "node"), ("error".to_owned(), expected.to_owned()));
    let child: i32 = app.read("../child").trim().parse().expect("a number");
    let child = rustix::process::Pid::from_raw(child).expect("a process");
    // The process ends some time after the signal was sent.
    let is_ended = (0..2_000).any(|_| {
        let is_ended = has_ended(child);
        std::thread::sleep(std::time::Duration::from_millis(if is_ended { 0 } else { 5 }));
        is_ended
    });
    assert!(is_ended, "the child is still running");
}

/// Whether a process has ended. Its new parent may not have waited for it yet.
fn has_ended(pid: rustix::process::Pid) -> bool {
    let path = format!("/proc/{}/stat", pid.as_raw_nonzero());
    fs::read_to_string(path).map_or(true, |text| text.contains(") Z "))
}

#[test]
fn tool_with_unrecognized_output_is_an_error() {
    let app = add_tool(complete(), "node", "while :; do echo meow || exit 0; done");
    let (level, message) = finding(&app, "node");
    assert_eq!(level, "error");
    assert!(message.starts_with("`node --version` "), "{message}");
    let app = add_tool(complete(), "node", "echo meow");
    let expected = "`node --version` printed no version: meow; worker `thumbnailer` is in JavaScript";
    assert_eq!(finding(&app, "node"), ("error".to_owned(), expected.to_owned()));
    let app = add_tool(complete(), "node", "printf '\\033[31m\\377'");
    assert!(finding(&app, "node").1.contains("printed no version: [31m"));
}

#[test]
fn failing_tool_is_reported_with_its_last_line() {
    let app = add_tool(complete(), "npm", "echo first; echo 'npm: no such host' >&2; exit 3");
    let expected = "`npm --version` failed: npm: no such host; worker `thumbnailer` has dependencies";
    assert_eq!(finding(&app, "npm"), ("error".to_owned(), expected.to_owned()));
    let app = add_tool(complete(), "npm", "exit 1");
    assert!(finding(&app, "npm").1.starts_with("`npm --version` failed: it printed nothing;"));
    let app = complete();
    fs::write(app.path("../tools/npm"), "#!/no/such/interpreter\n").expect("a tool");
    assert!(finding(&app, "npm").1.starts_with("`npm --version` failed: it cannot be started;"));
}

#[test]
fn pip_is_sufficient_without_uv() {
    let app = add_tools(app(), &[&RUST[..], &JAVASCRIPT].concat());
    let python = "if [ \"$2\" = pip ]; then echo pip 25.0; else echo Python 3.12.0; fi";
    let app = add_tool(add_tool(app, "python3", python), "terraform", "echo Terraform v1.11.4");
    assert_eq!(finding(&app, "uv or pip"), ("ok".to_owned(), "25.0".to_owned()));
    let app = add_tool(app, "python3", "if [ \"$2\" = pip ]; then exit 1; else echo Python 3.12.0; fi");
    let expected = "is not on the PATH; worker `fetcher` has requirements";
    assert_eq!(finding(&app, "uv or pip"), ("error".to_owned(), expected.to_owned()));
}

#[test]
fn cross_compilation_needs_target_and_linker() {
    let other = if cfg!(target_arch = "aarch64") { "x86_64" } else { "arm64" };
    let table = format!("[package.metadata.bedrock]\narchitecture = \"{other}\"");
    let manifest = MANIFEST.replace("[package.metadata.bedrock]", &table);
    let app = add_tools(TestApp::with_manifest(&manifest), &RUST);
    let shown = doctor(&app, &[]);
    for subject in ["rust target", "cargo-zigbuild", "zig "] {
        assert!(shown.lines().any(|line| line.starts_with("error") && line.contains(subject)), "{subject}: {shown}");
    }
    let rustc = "if [ \"$1\" = --print ]; then echo \"$HOME/libs\"; else echo rustc 1.97.0; fi";
    let app = add_tool(app, "rustc", rustc).file("../libs/libstd.rlib", "");
    let app = add_tools(app, &[("cargo-zigbuild", "echo cargo-zigbuild 0.20.0"), ("zig", "echo 0.14.0")]);
    assert_eq!(finding(&app, "rust target"), ("ok".to_owned(), "is installed".to_owned()));
    assert!(doctor(&app, &[]).starts_with("exit code 0\n"));
}

#[test]
fn tools_are_checked_despite_wrong_settings() {
    let app = add_tools(
        TestApp::with_manifest(&MANIFEST.replace("[package.metadata.bedrock]", "[package.metadata.bedrock]\nx = 1")),
        &RUST,
    );
    let shown = doctor(&app, &[]);
    assert!(shown.starts_with("exit code 1\n-- stdout\nerror  settings"), "{shown}");
    assert!(shown.contains("Cargo.toml:7: unknown setting `x`") && shown.contains("\nok     cargo"), "{shown}");
}

#[test]
fn online_asks_aws_for_the_account() {
    let Some(deployed) = DeployedApp::start() else { return };
    let app = complete();
    let doctor_online = |more: &[&str]| {
        let mut command = command(&app, &[&["--online"], more].concat());
        command.envs(deployed.aws.environment());
        app.show(&command.output().expect("the command starts"))
    };
    assert!(doctor_online(&[]).contains("ok     credentials     AWS accepts them: account 123456789012, us-east-1\n"));
    let unreachable = doctor_online(&["--endpoint-url", "http://127.0.0.1:9"]);
    assert!(unreachable.starts_with("exit code 1\n"), "{unreachable}");
    let expected =
        "error  credentials     failed to get the caller identity from AWS in us-east-1: failed to connect: ";
    assert!(unreachable.contains(expected), "{unreachable}");
}

#[test]
fn json_output_is_one_object() {
    let output = command(&add_tools(app(), &RUST), &["--message-format", "json"]).output().expect("starts");
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&document["version"], &document["app"], &document["ok"]), (&1.into(), &"my_app".into(), &false.into()));
    assert_snapshot!(document["findings"][1].to_string(), @r#"{"help":[],"level":"ok","message":"1.97.0","subject":"cargo","version":"1.97.0"}"#);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn emulator_of_the_settings_is_needed() {
    let app = complete();
    app.append("Cargo.toml", "\n[package.metadata.bedrock.dev]\nservices = \"ministack\"\n");
    let missing = doctor(&app, &[]);
    let expected = "error  ministack       is not on the PATH; `dev.services` is `\"ministack\"`\n";
    assert!(missing.contains(expected) && missing.contains("help: run `pip install ministack=="), "{missing}");
    let app = add_tool(app, "ministack", "[ \"$*\" = --help ] && echo 'usage: ministack'");
    let found = doctor(&app, &[]);
    assert!(found.contains("ok     ministack       is installed\n") && found.starts_with("exit code 0"), "{found}");
}

#[test]
fn tools_of_other_locks_are_needed() {
    let app = complete().file("workers/thumbnailer/pnpm-lock.yaml", "");
    let missing = doctor(&app, &[]);
    let expected = "error  pnpm            is not on the PATH; worker `thumbnailer` has its lock, `pnpm-lock.yaml`\n";
    assert!(missing.contains(expected) && missing.contains("help: run `npm install --global pnpm`"), "{missing}");
    let found = doctor(&add_tool(app, "pnpm", "echo 10.34.9"), &[]);
    assert!(found.contains("ok     pnpm            10.34.9\n"), "{found}");
}
