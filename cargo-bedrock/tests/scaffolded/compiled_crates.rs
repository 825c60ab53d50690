//! What a change makes `cargo bedrock build` compile again. These tests run alone: in the target folder of all tests, programs
//! of other apps have the same names.

use crate::rustc_log::RustcLog;
use crate::test_app::TestApp;

/// Builds the app, and returns the names of the crates that were compiled.
fn compiled(app: &TestApp) -> Vec<String> {
    let log = RustcLog::new(app);
    let output = log.watch(&mut app.command(&["build"])).output().expect("it starts");
    assert!(output.status.success(), "{}", app.show(&output));
    log.compiled()
}

#[test]
fn settings_and_hosted_code_start_no_compiler() {
    let app = TestApp::compilable();
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
    assert_eq!(compiled(&app), [""; 0]);
}

#[test]
fn new_worker_compiles_only_the_crates_of_the_app() {
    let app = TestApp::compilable();
    compiled(&app);
    app.run_ok(&["new", "worker", "counter.py"]);
    assert_eq!(compiled(&app), ["greeter", "shop"]);
}
