//! `cargo bedrock remove worker`.

use std::fs;

use insta::assert_snapshot;

use crate::test_app::TestApp;

#[test]
fn rust_worker_is_moved_and_its_callers_are_listed() {
    let app = TestApp::new_app();
    app.edit("Cargo.toml", "[package.metadata.bedrock]\n", "[package.metadata.bedrock.workers.greeter]\ntimeout = 7\n");
    let before = app.files();
    assert_snapshot!(app.run(&["remove", "worker", "greeter", "--dry-run"]), @"
    exit code 0
    -- stderr
    warning: src/endpoints/hello.rs:8 names `greeter`
    warning: src/endpoints/hello.rs:16 names `greeter`
    warning: src/endpoints/hello.rs:37 names `greeter`
    note: `workers/greeter` would be moved to `.bedrock/removed/greeter`
    ");
    assert_snapshot!(app.run(&["remove", "worker", "greeter"]), @"
    exit code 2
    -- stderr
    warning: src/endpoints/hello.rs:8 names `greeter`
    warning: src/endpoints/hello.rs:16 names `greeter`
    warning: src/endpoints/hello.rs:37 names `greeter`
    error: cannot ask for confirmation without a terminal: move `workers/greeter` to `.bedrock/removed/greeter`?
    help: use `--yes` to confirm, or `--dry-run` to show the plan
    ");
    assert_eq!(app.files(), before);
    assert_snapshot!(app.run(&["--quiet", "remove", "worker", "greeter", "--yes"]), @"
    exit code 0
    -- stderr
    warning: src/endpoints/hello.rs:8 names `greeter`
    warning: src/endpoints/hello.rs:16 names `greeter`
    warning: src/endpoints/hello.rs:37 names `greeter`
    ");
    assert_snapshot!(app.tree(".bedrock"), @"
    removed/greeter/Cargo.toml
    removed/greeter/build.rs
    removed/greeter/src/lib.rs
    removed/greeter/src/main.rs
    ");
    let manifest = app.read("Cargo.toml");
    assert!(!manifest.contains("greeter =") && !manifest.contains("timeout = 7"), "{manifest}");
    assert!(manifest.contains("[package.metadata.bedrock]"), "{manifest}");
    assert_eq!(app.bedrock(&["list"]).code, Some(0));
}

#[test]
fn removed_workers_of_one_name_are_all_kept() {
    let app = TestApp::new_app();
    for language in ["py", "js"] {
        app.run_ok(&["new", "worker", &format!("mailer.{language}")]);
        app.run_ok(&["remove", "worker", "mailer", "--yes"]);
    }
    assert!(app.path(".bedrock/removed/mailer/main.py").is_file());
    assert!(app.path(".bedrock/removed/mailer-2/main.js").is_file());
    assert_eq!(fs::read_dir(app.path("workers")).expect("a folder").count(), 1);
    app.run_ok(&["new", "worker", "mailer.ts"]);
    assert_snapshot!(app.run(&["remove", "worker", "mailer", "--yes"]), @"
    exit code 0
    -- stderr
    done: moved `workers/mailer` to `.bedrock/removed/mailer-3`
    ");
    assert_snapshot!(app.run(&["remove", "worker", "mailer"]), @"
    exit code 2
    -- stderr
    error: no worker named `mailer` in this app
    help: create it with `cargo bedrock new worker mailer.rs` (or `.py`, `.js`, `.ts`)
    ");
}

#[test]
fn words_that_are_equal_by_chance_are_not_listed() {
    let app = TestApp::new_app();
    for worker in ["json.py", "resizer.ts"] {
        app.run_ok(&["new", "worker", worker]);
    }
    app.append("workers/resizer/main.ts", "\nimport { invoke } from './worker.cjs';\nawait invoke('json', {});\n");
    assert_snapshot!(app.run(&["remove", "worker", "json", "--yes"]), @"
    exit code 0
    -- stderr
    warning: workers/resizer/main.ts:14 names `json`
    done: moved `workers/json` to `.bedrock/removed/json`
    next: change the lines above, which name a worker that does not exist any more
    ");
}
