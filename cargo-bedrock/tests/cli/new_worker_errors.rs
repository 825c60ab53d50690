//! Errors of `cargo bedrock new worker`. None of them may leave files behind.

use std::os::unix::fs::symlink;

use insta::assert_snapshot;

use crate::test_app::{MANIFEST, TestApp};

#[test]
fn existing_worker_is_not_changed() {
    let app = TestApp::with_manifest(MANIFEST)
        .file("workers/fetch/main.py", "# mine\n")
        .file("workers/existing/notes.txt", "");
    assert_snapshot!(app.run(&["new", "worker", "fetch.py"]), @"
    exit code 2
    -- stderr
    error: worker `fetch` already exists in `workers/fetch` (python)
    help: choose another name, or move the folder away
    ");
    assert_snapshot!(app.run(&["new", "worker", "fetch.rs"]), @"
    exit code 2
    -- stderr
    error: worker `fetch` already exists in `workers/fetch` (python)
    help: choose another name, or move the folder away
    ");
    assert_snapshot!(app.run(&["new", "worker", "existing.rs"]), @"
    exit code 2
    -- stderr
    error: `workers/existing` already exists
    help: choose another name, or move it away
    ");
    assert_eq!(app.tree("workers"), "existing/notes.txt\nfetch/main.py");
    assert_eq!(app.read("Cargo.toml"), MANIFEST);
}

#[test]
fn invalid_name_is_reported_with_a_valid_one() {
    let app = TestApp::with_manifest(MANIFEST);
    assert_snapshot!(app.run(&["new", "worker", "image-resizer.rs"]), @"
    exit code 2
    -- stderr
    error: `image-resizer` is not a valid worker name: it contains `-`, which is not valid in names of modules and environment variables
    help: try `image_resizer`
    ");
    assert_snapshot!(app.run(&["new", "worker", "SystemFetcher.py"]), @"
    exit code 2
    -- stderr
    error: `SystemFetcher` is not a valid worker name: it contains a capital letter
    help: try `system_fetcher`
    ");
    assert_snapshot!(app.run(&["new", "worker", "../up.js"]), @"
    exit code 2
    -- stderr
    error: `../up` is not a valid worker name: it contains `.`
    help: try `up`
    ");
    assert_snapshot!(app.run(&["new", "worker", "time.py"]), @"
    exit code 2
    -- stderr
    error: `time` is not a valid worker name: it is a built-in Python module
    help: try `time_worker`
    ");
    assert_snapshot!(app.run(&["new", "worker", ".py"]), @"
    exit code 2
    -- stderr
    error: `` is not a valid worker name: it is empty
    help: use lower-case letters, digits and `_`, starting with a letter
    ");
    assert_eq!(app.tree("."), "Cargo.toml");
}

#[test]
fn unknown_language_is_reported_with_the_known_ones() {
    let app = TestApp::with_manifest(MANIFEST);
    assert_snapshot!(app.run(&["new", "worker", "resizer.go"]), @"
    exit code 2
    -- stderr
    error: no worker language has the suffix `.go`
    help: add a suffix: `resizer.rs`, `resizer.py`, `resizer.js` or `resizer.ts`
    ");
    assert_snapshot!(app.run(&["new", "worker", "resizer.mjs"]), @"
    exit code 2
    -- stderr
    error: no worker language has the suffix `.mjs`
    help: add a suffix: `resizer.rs`, `resizer.py`, `resizer.js` or `resizer.ts`
    ");
    assert_snapshot!(app.run(&["new", "worker", "resizer."]), @"
    exit code 2
    -- stderr
    error: no worker language has the suffix `.`
    help: add a suffix: `resizer.rs`, `resizer.py`, `resizer.js` or `resizer.ts`
    ");
}

#[test]
fn missing_language_lists_the_choices() {
    assert_snapshot!(TestApp::with_manifest(MANIFEST).run(&["new", "worker", "resizer"]), @"
    exit code 2
    -- stderr
    error: worker `resizer` needs a language
    help: add a suffix: `resizer.rs`, `resizer.py`, `resizer.js` or `resizer.ts`
    ");
}

#[test]
fn name_of_another_package_is_an_error() {
    let app = TestApp::with_manifest(&format!("{MANIFEST}\n[dependencies]\naxum = \"0.8\"\nmy-lib = \"1\"\n"));
    assert_snapshot!(app.run(&["new", "worker", "my_app.py"]), @"
    exit code 2
    -- stderr
    error: `my_app` cannot name a worker: it is the name of the app's package
    help: use another name, such as `my_app_worker`
    ");
    assert_snapshot!(app.run(&["new", "worker", "axum.js"]), @"
    exit code 2
    -- stderr
    error: `axum` cannot name a worker: the app depends on a package of that name
    help: use another name, such as `axum_worker`
    ");
    assert_snapshot!(app.run(&["new", "worker", "my_lib.rs"]), @"
    exit code 2
    -- stderr
    error: `my_lib` cannot name a worker: the app depends on a package of that name
    help: use another name, such as `my_lib_worker`
    ");
    assert_snapshot!(app.run(&["new", "worker", "serde.rs"]), @"
    exit code 2
    -- stderr
    error: `serde` cannot name a worker: every Rust worker depends on a package of that name
    help: use another name, such as `serde_worker`
    ");
    assert!(app.run(&["new", "worker", "serde.py"]).starts_with("exit code 0"));
}

#[test]
fn stale_dependency_is_reused_or_reported() {
    let manifest = format!("{MANIFEST}\n[dependencies]\nresizer = {{ path = \"workers/resizer\" }}\n");
    let app = TestApp::with_manifest(&manifest);
    assert_snapshot!(app.run(&["new", "worker", "resizer.py"]), @"
    exit code 2
    -- stderr
    error: `resizer` cannot name a worker: the app depends on a Rust worker of that name
    help: use another name, such as `resizer_worker`
    help: or remove the line with `workers/resizer` from `Cargo.toml`
    ");
    assert_snapshot!(app.run(&["new", "worker", "resizer.rs"]), @r#"
    exit code 0
    -- stderr
    done: created worker `resizer` (rust) in `workers/resizer`
    next: write its code in `workers/resizer/src/lib.rs`, and its dependencies in `workers/resizer/Cargo.toml`
    next: try it with `cargo bedrock invoke resizer --payload '{"name": "world"}'`
    "#);
    assert_eq!(app.read("Cargo.toml"), manifest);
}

#[test]
fn too_long_function_name_is_a_warning() {
    let app = TestApp::with_manifest(&MANIFEST.replace("my_app", "an_app_with_quite_a_long_name"));
    assert_snapshot!(app.run(&["-q", "new", "worker", "a_worker_with_a_name_that_is_quite_long.py"]), @"
    exit code 0
    -- stderr
    warning: in a stage like `dev`, the function name `an_app_with_quite_a_long_name-dev-a_worker_with_a_name_that_is_quite_long` is too long: 73 characters, the limit is 64
    ");
}

#[test]
fn failed_creation_leaves_no_files() {
    let app = TestApp::with_manifest(MANIFEST);
    symlink("nowhere", app.path("workers")).expect("symlink");
    assert_snapshot!(app.run(&["new", "worker", "resizer.rs"]), @"
    exit code 2
    -- stderr
    error: failed to create `workers/resizer`
      caused by: no such file or directory
    ");
    assert_eq!(app.tree("."), "Cargo.toml\nworkers");
    assert_eq!(app.read("Cargo.toml"), MANIFEST);
}

#[test]
fn file_in_place_of_the_workers_folder_is_an_app_error() {
    let app = TestApp::with_manifest(MANIFEST).file("workers", "");
    assert_snapshot!(app.run(&["new", "worker", "resizer.rs"]), @"
    exit code 1
    -- stderr
    error: failed to read the folder `workers`: Not a directory (os error 20)
    ");
}

#[test]
fn dependencies_that_are_not_a_table_are_an_app_error() {
    let app = TestApp::with_manifest(&format!("dependencies = 1\n{MANIFEST}"));
    assert_snapshot!(app.run(&["new", "worker", "resizer.rs"]), @"
    exit code 1
    -- stderr
    error: `dependencies` in `Cargo.toml` is not a table
    ");
    assert_eq!(app.tree("."), "Cargo.toml");
}

#[test]
fn new_outside_of_an_app_is_a_usage_error() {
    assert_snapshot!(TestApp::empty().run(&["new", "worker", "resizer.rs"]), @"
    exit code 2
    -- stderr
    error: no app in `[DIR]` or a folder above it
    help: create one with `cargo bedrock new app NAME`
    help: or add `[package.metadata.bedrock]` to the `Cargo.toml` of the app's package
    ");
}
