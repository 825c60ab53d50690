//! Who makes a layer, and that it does not matter: the same bytes from each tool, and no tool where nothing changed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use insta::assert_snapshot;
use serde_json::Value;

use crate::app::{Answer, App};

fn app() -> App {
    let app = App::without_rust();
    for worker in ["counter.py", "reporter.js"] {
        assert_eq!(app.bedrock(&["new", "worker", worker]).code, Some(0));
    }
    app.write("workers/counter/requirements.txt", "tabulate==0.9.0\nPyYAML==6.0.2\n");
    app.write("workers/reporter/package.json", "{ \"dependencies\": { \"ms\": \"2.1.3\" } }");
    app
}

/// The PATH of this machine, behind `first` and without folders that have a `without`.
fn path(first: Option<&Path>, without: &str) -> String {
    let all = std::env::var_os("PATH").expect("a PATH");
    let dirs = std::env::split_paths(&all).filter(|dir| without.is_empty() || !dir.join(without).exists());
    let dirs = first.into_iter().map(Path::to_owned).chain(dirs);
    std::env::join_paths(dirs).expect("a PATH").into_string().expect("text")
}

fn build(app: &App, path: &str, args: &[&str]) -> Answer {
    app.command(&[&["build"], args].concat()).env("PATH", path).output().expect("the build starts").into()
}

/// Programs of these names that do what `script` says.
fn tools(app: &App, names: &[&str], script: &str) -> String {
    let bin = app.path("bin");
    fs::create_dir_all(&bin).expect("a folder");
    for name in names {
        fs::write(bin.join(name), format!("#!/bin/sh\n{script}\n")).expect("a file");
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).expect("executable");
    }
    path(Some(&bin), "")
}

#[test]
fn a_layer_is_the_same_whether_uv_or_pip_made_it() {
    let app = app();
    let zip = || fs::read(app.path("target/bedrock/layers/counter.zip")).expect("the layer");
    let Some(uv) = testbed::tool("bin/uv") else { return };
    let layer = ["--worker-layer=counter"];
    let answer = build(&app, &path(uv.parent(), ""), &layer);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let by_uv = zip();
    fs::remove_dir_all(app.path("target/bedrock")).expect("removed");
    let answer = build(&app, &path(None, "uv"), &layer);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert!(zip() == by_uv, "pip and uv make different layers");
}

#[test]
fn a_project_with_a_lock_is_installed_as_it_is_locked() {
    let app = app();
    let Some(uv) = testbed::tool("bin/uv") else { return };
    let path = path(uv.parent(), "");
    fs::remove_file(app.path("workers/counter/requirements.txt")).expect("removed");
    let project = "[project]\nname = \"counter\"\nversion = \"1\"\nrequires-python = \">=3.9\"\ndependencies = [\"tabulate<0.9\"]\n";
    app.write("workers/counter/pyproject.toml", project);
    let lock = std::process::Command::new(uv).arg("lock").current_dir(app.path("workers/counter")).output();
    assert!(lock.is_ok_and(|output| output.status.success()));
    // What the list allows by now is not what was locked.
    let answer = build(&app, &path, &["--worker-layer=counter", "--message-format=json"]);
    assert_eq!((answer.code, answer.stderr.as_str()), (Some(0), ""));
    let room = tempfile::tempdir().expect("a folder");
    testbed::unpack(&app.path("target/bedrock/layers/counter.zip"), room.path());
    assert!(room.path().join("python/tabulate-0.8.10.dist-info").is_dir());
}

#[test]
fn where_nothing_changed_no_tool_is_started() {
    let app = app();
    let layers = ["--worker-layer=counter", "--worker-layer=reporter", "--explain"];
    assert_eq!(build(&app, &path(None, ""), &layers).code, Some(0));
    let path = tools(&app, &["uv", "npm", "node", "python3", "pip"], "echo started >> \"$LOG\"; exit 1");
    let mut command = app.command(&[&["build", "--message-format=json"], &layers[..]].concat());
    let answer: Answer = command.env("PATH", path).env("LOG", app.path("log")).output().expect("a build").into();
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let events = answer.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect(line));
    let statuses: Vec<Value> = events.map(|event| event["status"].clone()).filter(Value::is_string).collect();
    assert_eq!(statuses, ["fresh", "fresh"]);
    assert!(!app.path("log").exists());
}

#[test]
fn tools_that_are_missing_are_named_with_the_command_that_installs_them() {
    let app = app();
    let only = app.path("only");
    fs::create_dir_all(&only).expect("a folder");
    for tool in ["cargo", "rustc"] {
        let found = testbed::on_path(tool).expect(tool);
        std::os::unix::fs::symlink(found, only.join(tool)).expect("a link");
    }
    let path = only.to_str().expect("text");
    let answer = build(&app, path, &["--worker-layer=counter", "--worker-layer=reporter"]);
    let said: Vec<&str> = answer.stderr.lines().filter(|line| !line.starts_with("warning: ")).collect();
    assert_eq!(answer.code, Some(2));
    assert_snapshot!(said.join("\n"), @"
    error: failed to install the dependencies of worker `counter` for x86_64
      caused by: neither `uv` nor `python3` is on the PATH
    help: install uv, or Python with pip
    error: failed to install the dependencies of worker `reporter` for x86_64
      caused by: `npm` is not on the PATH
    help: install Node.js with npm
    ");
    for (compiler, tool) in [("zigbuild", "cargo-zigbuild"), ("cargo-lambda", "cargo-lambda")] {
        let answer = build(&app, path, &["--endpoint", "--compiler", compiler]);
        assert!(answer.stderr.contains(&format!("caused by: `{tool}` is not on the PATH")), "{}", answer.stderr);
        assert!(answer.stderr.contains("help: run `pip install cargo-"), "{}", answer.stderr);
    }
}

#[test]
fn a_layer_that_comes_out_differently_is_found_by_a_second_build() {
    let app = app();
    // An installer that installs its own process id.
    let script = "while [ $# -gt 0 ]; do [ \"$1\" = --target ] && target=$2; shift; done\n\
                  mkdir -p \"$target/stamp\" && echo $$ > \"$target/stamp/id.py\" && echo > \"$target/stamp/same.py\"";
    let path = tools(&app, &["uv"], script);
    let answer = build(&app, &path, &["--verify", "--worker-layer=counter"]);
    assert_eq!(answer.code, Some(1), "{}", answer.stderr);
    let said = answer.stderr.lines().skip_while(|line| !line.starts_with("error: ")).collect::<Vec<_>>().join("\n");
    assert_snapshot!(said, @"
    error: a build elsewhere gave another zip of the layer of worker `counter`
      caused by: different are `python/stamp/id.py`
    ");
}
