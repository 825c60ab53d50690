//! A build that was green does not stay green when the workers on the disk are no longer those it was made for.

use std::fs;

use crate::app::App;

/// An endpoint that calls a Python worker by name, built.
fn green() -> App {
    let app = App::new();
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
    builds(&app);
    app
}

fn builds(app: &App) {
    let built = app.cargo(&["build"]);
    assert_eq!(built.code, Some(0), "{}", built.stderr);
}

/// Fails to build, with a message that has all of `parts`.
fn refuses(app: &App, parts: &[&str]) {
    let built = app.cargo(&["build"]);
    assert_eq!(built.code, Some(101), "{}", built.stderr);
    for part in parts {
        assert!(built.stderr.contains(part), "`{part}` in:\n{}", built.stderr);
    }
}

#[test]
fn a_renamed_or_deleted_folder_breaks_the_callers_and_nothing_else() {
    let app = green();
    let (counter, tally) = (app.path("workers/counter"), app.path("workers/conter"));
    fs::rename(&counter, &tally).expect("renamed");
    refuses(
        &app,
        &["no worker named `counter` in this app", "a worker with a similar name exists: `conter`", "src/main.rs:5:22"],
    );
    fs::rename(&tally, &counter).expect("renamed back");
    builds(&app);
    fs::remove_dir_all(&counter).expect("deleted");
    refuses(
        &app,
        &["no worker named `counter` in this app", "help: create it with `cargo bedrock new worker counter.rs`"],
    );
    assert_eq!(app.bedrock(&["new", "worker", "counter.js"]).code, Some(0));
    builds(&app);
    // A worker that nobody calls may go.
    fs::remove_dir_all(app.path("workers/thumbnailer")).expect("deleted");
    builds(&app);
}

#[test]
fn a_rust_worker_that_is_no_dependency_is_refused_with_the_line_to_add() {
    let app = green();
    assert_eq!(app.bedrock(&["new", "worker", "resizer.rs"]).code, Some(0));
    builds(&app);
    app.edit("Cargo.toml", "resizer = { path = \"workers/resizer\" }\n", "");
    refuses(
        &app,
        &[
            "the Rust worker `resizer` is not a dependency of this crate",
            "add `resizer = { path = \"workers/resizer\" }` to `[dependencies]`",
            "src/main.rs:3:1",
        ],
    );
}

#[test]
fn a_folder_that_was_added_by_hand_is_seen() {
    let app = green();
    fs::create_dir(app.path("workers/by_hand")).expect("a folder");
    app.write("workers/by_hand/Cargo.toml", "[package]\nname = \"by_hand\"\n");
    refuses(&app, &["the Rust worker `by_hand` is not a dependency of this crate"]);
}

#[test]
fn what_is_wrong_with_the_app_is_an_error_of_the_build_and_is_seen_again_when_mended() {
    let app = green();
    let settings = "[package.metadata.bedrock.workers.counter]\nmemry = 512\ntimeout = 0\n\n[workspace]";
    app.edit("Cargo.toml", "[workspace]", settings);
    refuses(
        &app,
        &[
            "unknown setting `memry` in `[package.metadata.bedrock.workers.counter]`",
            "a setting with a similar name exists: `memory`",
            "`workers.counter.timeout` must be a whole number of seconds from 1 to 900, found `0`",
        ],
    );
    app.edit("Cargo.toml", "memry = 512\ntimeout = 0", "memory = 512\ntimeout = 1");
    builds(&app);
    fs::create_dir(app.path("workers/bad-name")).expect("a folder");
    app.write("workers/bad-name/main.py", "");
    refuses(&app, &["`bad-name` is not a valid worker name: it contains `-`", "try `bad_name`"]);
}
