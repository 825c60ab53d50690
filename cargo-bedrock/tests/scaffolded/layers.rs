//! Layers: all installers produce the same bytes, and none is started if nothing has changed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use insta::assert_snapshot;
use serde_json::Value;

use crate::test_app::{CommandOutput, TestApp};

fn app() -> TestApp {
    let app = TestApp::without_rust();
    for worker in ["counter.py", "reporter.js"] {
        assert_eq!(app.bedrock(&["new", "worker", worker]).code, Some(0));
    }
    app.write("workers/counter/requirements.txt", "tabulate==0.9.0\nPyYAML==6.0.2\n");
    app.write("workers/reporter/package.json", "{ \"dependencies\": { \"ms\": \"2.1.3\" } }");
    app
}

/// Returns the `PATH` of this machine, after `first`, and without folders that contain the program `without`.
fn path(first: Option<&Path>, without: &str) -> String {
    let all = std::env::var_os("PATH").expect("a PATH");
    let dirs = std::env::split_paths(&all).filter(|dir| without.is_empty() || !dir.join(without).exists());
    let dirs = first.into_iter().map(Path::to_owned).chain(dirs);
    std::env::join_paths(dirs).expect("a PATH").into_string().expect("text")
}

fn build(app: &TestApp, path: &str, args: &[&str]) -> CommandOutput {
    let mut command = app.command(&[&["build"], args].concat());
    command.env("PYENV_ROOT", app.path("none")).env("UV_PYTHON_INSTALL_DIR", app.path("none"));
    command.env("PATH", path).output().expect("the build starts").into()
}

/// Adds programs that run `script`. Returns the `PATH`.
fn add_tools(app: &TestApp, names: &[&str], script: &str) -> String {
    let bin = app.path("bin");
    fs::create_dir_all(&bin).expect("a folder");
    for name in names {
        fs::write(bin.join(name), format!("#!/bin/sh\n{script}\n")).expect("a file");
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).expect("executable");
    }
    path(Some(&bin), "")
}

#[test]
fn uv_and_pip_build_identical_layers() {
    let app = app();
    let zip = || fs::read(app.path("target/bedrock/layers/counter.zip")).expect("the layer");
    let Some(uv) = testbed::tool("bin/uv") else { return };
    let layer = ["--worker-layer=counter"];
    let output = build(&app, &path(uv.parent(), ""), &layer);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let uv_zip = zip();
    fs::remove_dir_all(app.path("target/bedrock")).expect("removed");
    let output = build(&app, &path(None, "uv"), &layer);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(zip() == uv_zip, "pip and uv make different layers");
}

#[test]
fn locked_project_is_installed_from_its_lock_file() {
    let app = app();
    let Some(uv) = testbed::tool("bin/uv") else { return };
    let path = path(uv.parent(), "");
    fs::remove_file(app.path("workers/counter/requirements.txt")).expect("removed");
    let project = "[project]\nname = \"counter\"\nversion = \"1\"\nrequires-python = \">=3.9\"\ndependencies = [\"tabulate<0.9\"]\n";
    app.write("workers/counter/pyproject.toml", project);
    let lock = std::process::Command::new(uv).arg("lock").current_dir(app.path("workers/counter")).output();
    assert!(lock.is_ok_and(|output| output.status.success()));
    // The newest version that the list allows is not the locked one.
    let output = build(&app, &path, &["--worker-layer=counter", "--message-format=json"]);
    // Not every machine has the interpreter of the runtime, which makes bytecode.
    let warnings = output.stderr.lines().filter(|line| !line.contains("has no bytecode"));
    assert_eq!((output.code, warnings.collect::<Vec<_>>()), (Some(0), Vec::new()));
    let dir = tempfile::tempdir().expect("a folder");
    testbed::unpack(&app.path("target/bedrock/layers/counter.zip"), dir.path());
    assert!(dir.path().join("python/tabulate-0.8.10.dist-info").is_dir());
}

#[test]
fn up_to_date_layers_start_no_tools() {
    let app = app();
    let layers = ["--worker-layer=counter", "--worker-layer=reporter", "--explain"];
    assert_eq!(build(&app, &path(None, ""), &layers).code, Some(0));
    // Programs that only print their version, as the real ones do: another version would build another layer.
    let real = path(None, "");
    let bin = app.path("bin");
    fs::create_dir_all(&bin).expect("a folder");
    for name in ["uv", "npm", "python3"] {
        let Some(program) = testbed::find_on_path(name) else { continue };
        let script = format!(
            "#!/bin/sh\ncase \"$*\" in --version|*-c*) PATH='{real}' exec '{}' \"$@\";; esac\necho started >> \"$LOG\"; exit 1\n",
            program.display()
        );
        fs::write(bin.join(name), script).expect("a file");
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).expect("executable");
    }
    let path = path(Some(&bin), "");
    let mut command = app.command(&[&["build", "--message-format=json"], &layers[..]].concat());
    command.env("PYENV_ROOT", app.path("none")).env("UV_PYTHON_INSTALL_DIR", app.path("none"));
    let output: CommandOutput = command.env("PATH", path).env("LOG", app.path("log")).output().expect("a build").into();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let events = output.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect(line));
    let statuses: Vec<Value> = events.map(|event| event["status"].clone()).filter(Value::is_string).collect();
    assert_eq!(statuses, ["fresh", "fresh"]);
    assert!(!app.path("log").exists());
}

#[test]
fn missing_tools_are_reported_with_install_commands() {
    let app = app();
    let bin = app.path("only");
    fs::create_dir_all(&bin).expect("a folder");
    for tool in ["cargo", "rustc"] {
        let found = testbed::find_on_path(tool).expect(tool);
        std::os::unix::fs::symlink(found, bin.join(tool)).expect("a link");
    }
    let path = bin.to_str().expect("text");
    let output = build(&app, path, &["--worker-layer=counter", "--worker-layer=reporter"]);
    let lines: Vec<&str> = output.stderr.lines().filter(|line| !line.starts_with("warning: ")).collect();
    assert_eq!(output.code, Some(2));
    assert_snapshot!(lines.join("\n"), @"
    error: failed to install the dependencies of worker `counter` for x86_64
      caused by: neither `uv` nor a `python3` with pip is on the PATH
    help: install uv, or Python with pip
    error: failed to install the dependencies of worker `reporter` for x86_64
      caused by: `npm` is not on the PATH
    help: install Node.js with npm
    ");
    for (compiler, tool) in [("zigbuild", "cargo-zigbuild"), ("cargo-lambda", "cargo-lambda")] {
        let output = build(&app, path, &["--endpoint", "--compiler", compiler]);
        assert!(output.stderr.contains(&format!("caused by: `{tool}` is not on the PATH")), "{}", output.stderr);
        assert!(output.stderr.contains("help: run `pip install cargo-"), "{}", output.stderr);
    }
}

#[test]
fn verify_finds_a_layer_that_is_not_reproducible() {
    let app = app();
    // An installer that installs a different file each time: its process id.
    let script = "[ \"$1\" = --version ] && echo uv 1 && exit\nwhile [ $# -gt 0 ]; do [ \"$1\" = --target ] && target=$2; shift; done\n\
                  mkdir -p \"$target/stamp\" && echo $$ > \"$target/stamp/id.py\" && echo > \"$target/stamp/same.py\"";
    let path = add_tools(&app, &["uv"], script);
    let output = build(&app, &path, &["--verify", "--worker-layer=counter"]);
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    let error = output.stderr.lines().skip_while(|line| !line.starts_with("error: ")).collect::<Vec<_>>().join("\n");
    assert_snapshot!(error, @"
    error: a build elsewhere gave another zip of the layer of worker `counter`
      caused by: different are `python/stamp/id.py`
    ");
}
