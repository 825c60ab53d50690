//! `cargo bedrock new worker`, where it is refused: nothing may be left behind.

use std::os::unix::fs::symlink;

use insta::assert_snapshot;

use crate::room::{MANIFEST, Room};

#[test]
fn a_worker_that_exists_is_left_alone_whatever_its_language() {
    let room = Room::app(MANIFEST).file("workers/fetch/main.py", "# mine\n").file("workers/begun/notes.txt", "");
    assert_snapshot!(room.run(&["new", "worker", "fetch.py"]), @"
    exit code 2
    -- stderr
    error: worker `fetch` exists already, in `workers/fetch` (python)
    help: choose another name, or move the folder away
    ");
    assert_snapshot!(room.run(&["new", "worker", "fetch.rs"]), @"
    exit code 2
    -- stderr
    error: worker `fetch` exists already, in `workers/fetch` (python)
    help: choose another name, or move the folder away
    ");
    assert_snapshot!(room.run(&["new", "worker", "begun.rs"]), @"
    exit code 2
    -- stderr
    error: `workers/begun` exists already
    help: choose another name, or move it away
    ");
    assert_eq!(room.tree("workers"), "begun/notes.txt\nfetch/main.py");
    assert_eq!(room.read("Cargo.toml"), MANIFEST);
}

#[test]
fn a_bad_name_says_what_is_wrong_and_proposes_a_good_one() {
    let room = Room::app(MANIFEST);
    assert_snapshot!(room.run(&["new", "worker", "image-resizer.rs"]), @"
    exit code 2
    -- stderr
    error: `image-resizer` is not a valid worker name: it contains `-`, which is not valid in names of modules and environment variables
    help: try `image_resizer`
    ");
    assert_snapshot!(room.run(&["new", "worker", "SystemFetcher.py"]), @"
    exit code 2
    -- stderr
    error: `SystemFetcher` is not a valid worker name: it contains a capital letter
    help: try `system_fetcher`
    ");
    assert_snapshot!(room.run(&["new", "worker", "../up.js"]), @"
    exit code 2
    -- stderr
    error: `../up` is not a valid worker name: it contains `.`
    help: try `up`
    ");
    assert_snapshot!(room.run(&["new", "worker", "time.py"]), @"
    exit code 2
    -- stderr
    error: `time` is not a valid worker name: it is a built-in Python module
    help: try `time_worker`
    ");
    assert_snapshot!(room.run(&["new", "worker", ".py"]), @"
    exit code 2
    -- stderr
    error: `` is not a valid worker name: it is empty
    help: use lower-case letters, digits and `_`, starting with a letter
    ");
    assert_eq!(room.tree("."), "Cargo.toml");
}

#[test]
fn an_unknown_language_comes_with_the_known_ones() {
    let room = Room::app(MANIFEST);
    assert_snapshot!(room.run(&["new", "worker", "resizer.ts"]), @"
    exit code 2
    -- stderr
    error: no language of workers has the suffix `.ts`
    help: write it as `resizer.rs`, `resizer.py` or `resizer.js`
    ");
    assert_snapshot!(room.run(&["new", "worker", "resizer.mjs"]), @"
    exit code 2
    -- stderr
    error: no language of workers has the suffix `.mjs`
    help: write it as `resizer.rs`, `resizer.py` or `resizer.js`
    ");
    assert_snapshot!(room.run(&["new", "worker", "resizer."]), @"
    exit code 2
    -- stderr
    error: no language of workers has the suffix `.`
    help: write it as `resizer.rs`, `resizer.py` or `resizer.js`
    ");
}

#[test]
fn without_a_language_and_without_a_terminal_the_choices_are_listed() {
    assert_snapshot!(Room::app(MANIFEST).run(&["new", "worker", "resizer"]), @"
    exit code 2
    -- stderr
    error: worker `resizer` needs a language
    help: write it as `resizer.rs`, `resizer.py` or `resizer.js`
    ");
}

#[test]
fn a_name_that_cargo_would_confuse_with_another_package_is_refused() {
    let room = Room::app(&format!("{MANIFEST}\n[dependencies]\naxum = \"0.8\"\nmy-lib = \"1\"\n"));
    assert_snapshot!(room.run(&["new", "worker", "my_app.py"]), @"
    exit code 2
    -- stderr
    error: `my_app` cannot name a worker: it is the name of the app's package
    help: `my_app_worker` would do
    ");
    assert_snapshot!(room.run(&["new", "worker", "axum.js"]), @"
    exit code 2
    -- stderr
    error: `axum` cannot name a worker: the app depends on a package of that name
    help: `axum_worker` would do
    ");
    assert_snapshot!(room.run(&["new", "worker", "my_lib.rs"]), @"
    exit code 2
    -- stderr
    error: `my_lib` cannot name a worker: the app depends on a package of that name
    help: `my_lib_worker` would do
    ");
    assert_snapshot!(room.run(&["new", "worker", "serde.rs"]), @"
    exit code 2
    -- stderr
    error: `serde` cannot name a worker: every Rust worker depends on a package of that name
    help: `serde_worker` would do
    ");
    assert!(room.run(&["new", "worker", "serde.py"]).starts_with("exit code 0"));
}

#[test]
fn a_dependency_left_over_from_a_deleted_worker_is_used_again_or_pointed_out() {
    let manifest = format!("{MANIFEST}\n[dependencies]\nresizer = {{ path = \"workers/resizer\" }}\n");
    let room = Room::app(&manifest);
    assert_snapshot!(room.run(&["new", "worker", "resizer.py"]), @"
    exit code 2
    -- stderr
    error: `resizer` cannot name a worker: the app depends on a Rust worker of that name
    help: `resizer_worker` would do
    help: or remove the line with `workers/resizer` from `Cargo.toml`
    ");
    assert_snapshot!(room.run(&["new", "worker", "resizer.rs"]), @r#"
    exit code 0
    -- stderr
    done: created worker `resizer` (rust) in `workers/resizer`
    next: write what it does in `workers/resizer/src/lib.rs`, its dependencies go into `workers/resizer/Cargo.toml`
    next: try it with `cargo bedrock invoke resizer --payload '{"name": "world"}'`
    "#);
    assert_eq!(room.read("Cargo.toml"), manifest);
}

#[test]
fn a_name_too_long_for_lambda_together_with_the_apps_is_warned_of() {
    let room = Room::app(&MANIFEST.replace("my_app", "an_app_with_quite_a_long_name"));
    assert_snapshot!(room.run(&["-q", "new", "worker", "a_worker_with_a_name_that_is_quite_long.py"]), @"
    exit code 0
    -- stderr
    warning: in a stage like `dev`, the function name `an_app_with_quite_a_long_name-dev-a_worker_with_a_name_that_is_quite_long` is too long: 73 characters, the limit is 64
    ");
}

#[test]
fn what_cannot_be_made_leaves_nothing_behind() {
    let room = Room::app(MANIFEST);
    symlink("nowhere", room.path("workers")).expect("symlink");
    assert_snapshot!(room.run(&["new", "worker", "resizer.rs"]), @"
    exit code 2
    -- stderr
    error: failed to create `workers/resizer`
      caused by: no such file or directory
    ");
    assert_eq!(room.tree("."), "Cargo.toml\nworkers");
    assert_eq!(room.read("Cargo.toml"), MANIFEST);
}

#[test]
fn a_file_in_place_of_the_workers_folder_is_an_error_of_the_app() {
    let room = Room::app(MANIFEST).file("workers", "");
    assert_snapshot!(room.run(&["new", "worker", "resizer.rs"]), @"
    exit code 1
    -- stderr
    error: failed to read the folder `workers`: Not a directory (os error 20)
    ");
}

#[test]
fn dependencies_that_are_no_table_are_an_error_of_the_app() {
    let room = Room::app(&format!("dependencies = 1\n{MANIFEST}"));
    assert_snapshot!(room.run(&["new", "worker", "resizer.rs"]), @"
    exit code 1
    -- stderr
    error: `dependencies` in `Cargo.toml` is no table
    ");
    assert_eq!(room.tree("."), "Cargo.toml");
}

#[test]
fn outside_of_an_app_there_is_nothing_to_add_to() {
    assert_snapshot!(Room::empty().run(&["new", "worker", "resizer.rs"]), @"
    exit code 2
    -- stderr
    error: no app in `[ROOM]` or a folder above it
    help: create one with `cargo bedrock new app NAME`
    help: or add `[package.metadata.bedrock]` to the `Cargo.toml` of the app's package
    ");
}
