//! `cargo bedrock invoke`: finding the worker and reading the payload.

use insta::assert_snapshot;

use crate::room::{MANIFEST, Room};

fn app() -> Room {
    Room::app(MANIFEST).file("workers/system_fetcher/main.py", "").file("workers/begun/notes.txt", "")
}

#[test]
fn an_unknown_worker_is_refused_with_the_nearest_one() {
    assert_snapshot!(app().run(&["invoke", "sytem_fetcher"]), @"
    exit code 2
    -- stderr
    error: no worker named `sytem_fetcher` in this app
    help: a worker with a similar name exists: `system_fetcher`
    ");
    assert_snapshot!(app().run(&["invoke", "thumbnailer"]), @"
    exit code 2
    -- stderr
    error: no worker named `thumbnailer` in this app
    help: create it with `cargo bedrock new worker thumbnailer.rs` (or `.py`, `.js`)
    ");
    assert_snapshot!(app().run(&["invoke", "begun"]), @"
    exit code 2
    -- stderr
    error: no worker named `begun` in this app
    help: the folder `workers/begun` has none of `main.py`, `main.js` and `Cargo.toml`
    ");
}

#[test]
fn a_payload_that_is_not_json_says_where_it_came_from_and_where_it_is_wrong() {
    let room = app().file("job.json", "{\n  \"width\": 1,\n  height: 2\n}\n");
    let invoke = |payload| room.run(&["invoke", "system_fetcher", "--payload", payload]);
    assert_snapshot!(invoke("{\"a\":"), @"
    exit code 2
    -- stderr
    error: the payload from `--payload` is not JSON
      caused by: line 1, column 5: it ends while parsing a value
    ");
    assert_snapshot!(invoke("{} {}"), @"
    exit code 2
    -- stderr
    error: the payload from `--payload` is not JSON
      caused by: line 1, column 4: trailing characters
    ");
    assert_snapshot!(invoke("{\n"), @"
    exit code 2
    -- stderr
    error: the payload from `--payload` is not JSON
      caused by: line 2, column 0: it ends while parsing an object
    ");
    assert_snapshot!(invoke(""), @"
    exit code 2
    -- stderr
    error: the payload from `--payload` is not JSON
      caused by: it is empty
    ");
    assert_snapshot!(invoke("@job.json"), @"
    exit code 2
    -- stderr
    error: the payload from `job.json` is not JSON
      caused by: line 3, column 3: key must be a string
    ");
    assert_snapshot!(room.run_with_input(&["invoke", "system_fetcher", "--payload", "-"], b"nope"), @"
    exit code 2
    -- stderr
    error: the payload from the standard input is not JSON
      caused by: line 1, column 2: expected ident
    ");
    assert_snapshot!(room.run_with_input(&["invoke", "system_fetcher", "--payload", "-"], b""), @"
    exit code 2
    -- stderr
    error: the payload from the standard input is not JSON
      caused by: it is empty
    ");
}

#[test]
fn the_name_of_a_file_without_the_sign_is_understood_but_not_guessed() {
    let room = app().file("job.json", "{}");
    assert_snapshot!(room.run(&["invoke", "system_fetcher", "--payload", "job.json"]), @"
    exit code 2
    -- stderr
    error: the payload from `--payload` is not JSON
      caused by: line 1, column 1: expected value
    help: use `--payload @job.json` to read the file
    ");
}

#[test]
fn a_payload_file_that_cannot_be_read_is_named() {
    let room = app();
    std::fs::write(room.path("latin1.json"), b"\"\xe9\"").expect("file");
    assert_snapshot!(room.run(&["invoke", "system_fetcher", "--payload", "@nowhere.json"]), @"
    exit code 2
    -- stderr
    error: failed to read the payload from `nowhere.json`
      caused by: no such file or directory
    ");
    assert_snapshot!(room.run(&["invoke", "system_fetcher", "--payload", "@workers"]), @"
    exit code 2
    -- stderr
    error: failed to read the payload from `workers`
      caused by: is a directory
    ");
    assert_snapshot!(room.run(&["invoke", "system_fetcher", "--payload", "@latin1.json"]), @"
    exit code 2
    -- stderr
    error: failed to read the payload from `latin1.json`
      caused by: stream did not contain valid UTF-8
    ");
}

#[test]
fn outside_of_an_app_there_is_no_worker() {
    assert_snapshot!(Room::empty().run(&["invoke", "system_fetcher"]), @"
    exit code 2
    -- stderr
    error: no app in `[ROOM]` or a folder above it
    help: create one with `cargo bedrock new app NAME`
    help: or add `[package.metadata.bedrock]` to the `Cargo.toml` of the app's package
    ");
}
