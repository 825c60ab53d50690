//! What a change makes the compiler do again.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::test_app::TestApp;

/// Builds the app, and returns the names of the crates that were compiled.
fn compiled(app: &TestApp) -> Vec<String> {
    let log = app.path("../rustc.log");
    let wrapper = app.path("../rustc-wrapper");
    fs::write(&log, "").expect("a log");
    fs::write(&wrapper, format!("#!/bin/sh\nprintf '%s\\n' \"$*\" >> '{}'\nexec \"$@\"\n", log.display()))
        .expect("a script");
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).expect("executable");
    let output = app.command(&["build"]).env("RUSTC_WRAPPER", &wrapper).output().expect("it starts");
    assert!(output.status.success(), "{}", app.show(&output));
    let calls = fs::read_to_string(log).expect("a log");
    let names = calls.lines().filter_map(|call| call.split("--crate-name ").nth(1)?.split(' ').next());
    // Cargo asks the compiler about the target with this name.
    names.filter(|name| *name != "___").map(str::to_owned).collect()
}

#[test]
fn settings_and_hosted_code_start_no_compiler() {
    let app = TestApp::compilable().with_own_target();
    app.run_ok(&["new", "worker", "counter.py"]);
    app.run_ok(&["new", "worker", "reporter.js"]);
    assert!(compiled(&app).contains(&"shop".to_owned()));
    app.edit(
        "Cargo.toml",
        "[package.metadata.bedrock]",
        "[package.metadata.bedrock]\nendpoint.memory = 512\nworkers.greeter.timeout = 9\nworkers.greeter.env.MODE = \"x\"",
    );
    app.append("workers/counter/main.py", "\n# a comment\n");
    app.append("workers/reporter/main.js", "\n// a comment\n");
    app.write("README.md", "An app.\n");
    app.write("workers/counter/notes.txt", "notes\n");
    assert_eq!(compiled(&app), Vec::<String>::new());
}

#[test]
fn new_worker_compiles_its_callers_again() {
    let app = TestApp::compilable().with_own_target();
    compiled(&app);
    app.run_ok(&["new", "worker", "counter.py"]);
    let again = compiled(&app);
    assert!(again.contains(&"shop".to_owned()) && !again.contains(&"serde".to_owned()), "{again:?}");
}
