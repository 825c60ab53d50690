//! A build that has succeeded fails when the workers on disk no longer match the code.

use std::fs;

use crate::test_app::TestApp;

/// Creates and builds an app whose endpoint calls a Python worker.
fn built_app() -> TestApp {
    let app = TestApp::compilable();
    for worker in ["counter.py", "thumbnailer.js"] {
        assert_eq!(app.bedrock(&["new", "worker", worker]).code, Some(0));
    }
    app.write(
        "src/main.rs",
        "mod endpoints;\n\n\
         #[bedrock::main]\n\
         async fn main() -> bedrock::Result<()> {\n    \
             bedrock::invoke!(\"counter\", ()).await?;\n    \
             bedrock::serve(endpoints::router()).await\n\
         }\n",
    );
    assert_builds(&app);
    app
}

fn assert_builds(app: &TestApp) {
    let built = app.cargo(&["build"]);
    assert_eq!(built.code, Some(0), "{}", built.stderr);
}

/// Asserts that the build fails with a message that contains all of `parts`.
fn assert_fails(app: &TestApp, parts: &[&str]) {
    let built = app.cargo(&["build"]);
    assert_eq!(built.code, Some(101), "{}", built.stderr);
    for part in parts {
        assert!(built.stderr.contains(part), "`{part}` in:\n{}", built.stderr);
    }
}

#[test]
fn renamed_or_deleted_worker_breaks_only_its_callers() {
    let app = built_app();
    let counter = app.path("workers/counter");
    let renamed = app.path("workers/conter");
    fs::rename(&counter, &renamed).expect("renamed");
    assert_fails(
        &app,
        &["no worker named `counter` in this app", "a worker with a similar name exists: `conter`", "src/main.rs:5:22"],
    );
    fs::rename(&renamed, &counter).expect("renamed back");
    assert_builds(&app);
    fs::remove_dir_all(&counter).expect("deleted");
    assert_fails(
        &app,
        &["no worker named `counter` in this app", "help: create it with `cargo bedrock new worker counter.rs`"],
    );
    assert_eq!(app.bedrock(&["new", "worker", "counter.js"]).code, Some(0));
    assert_builds(&app);
    // A worker without callers can be deleted.
    fs::remove_dir_all(app.path("workers/thumbnailer")).expect("deleted");
    assert_builds(&app);
}

#[test]
fn test_of_a_durable_worker_names_the_feature_that_it_needs() {
    let app = TestApp::compilable();
    let test = "#[bedrock::test]\nasync fn runs(app: bedrock::test::App) {\n    \
                let execution = app.start_execution(\"order\", &1).await.expect(\"it starts\");\n    \
                assert_eq!(execution.response(), None);\n}\n";
    app.append("src/main.rs", &format!("\n#[cfg(test)]\n{test}"));
    let built = app.cargo(&["test", "--no-run"]);
    assert_eq!(built.code, Some(101), "{}", built.stderr);
    let message = "error[E0277]: tests of durable workers need the cargo feature `durable-test`";
    assert!(built.stderr.contains(message), "{}", built.stderr);
    let note = "add it with `cargo add --dev bedrock-rt --rename bedrock --features durable-test`";
    assert!(built.stderr.contains(note), "{}", built.stderr);
}

#[test]
fn rust_worker_without_dependency_is_an_error() {
    let app = built_app();
    assert_eq!(app.bedrock(&["new", "worker", "resizer.rs"]).code, Some(0));
    assert_builds(&app);
    app.edit("Cargo.toml", "resizer = { path = \"workers/resizer\" }\n", "");
    assert_fails(
        &app,
        &[
            "the Rust worker `resizer` is not a dependency of this crate",
            "add `resizer = { path = \"workers/resizer\" }` to `[dependencies]`",
            "src/main.rs:3:1",
        ],
    );
}

#[test]
fn manually_added_worker_is_found_in_the_next_compile() {
    let app = built_app();
    fs::create_dir(app.path("workers/manual")).expect("a folder");
    app.write("workers/manual/Cargo.toml", "[package]\nname = \"manual\"\n");
    app.append("Cargo.toml", "\n");
    assert_fails(&app, &["the Rust worker `manual` is not a dependency of this crate"]);
}

#[test]
fn invalid_settings_fail_the_build_until_fixed() {
    let app = built_app();
    let settings = "[package.metadata.bedrock.workers.counter]\nmemry = 512\ntimeout = 0\n\n[workspace]";
    app.edit("Cargo.toml", "[workspace]", settings);
    assert_fails(
        &app,
        &[
            "unknown setting `memry` in `[package.metadata.bedrock.workers.counter]`",
            "a setting with a similar name exists: `memory`",
            "`workers.counter.timeout` must be a whole number of seconds from 1 to 1800, found `0`",
        ],
    );
    app.edit("Cargo.toml", "memry = 512\ntimeout = 0", "memory = 512\ntimeout = 1");
    assert_builds(&app);
    fs::create_dir(app.path("workers/bad-name")).expect("a folder");
    app.write("workers/bad-name/main.py", "");
    app.append("Cargo.toml", "\n");
    assert_fails(&app, &["`bad-name` is not a valid worker name: it contains `-`", "try `bad_name`"]);
}

#[test]
fn worker_with_setting_durable_must_be_durable() {
    let app = TestApp::compilable();
    app.append("Cargo.toml", "\n[package.metadata.bedrock.workers.greeter]\ndurable = { timeout = \"1d\" }\n");
    assert_fails(
        &app,
        &[
            "the worker has the setting `durable`: implement `bedrock::durable::DurableWorker`, with the feature \
             `durable` of `bedrock-rt`",
            "workers/greeter/src/lib.rs:",
        ],
    );
    app.edit("Cargo.toml", "durable = { timeout = \"1d\" }", "memory = 512");
    assert_builds(&app);
}
