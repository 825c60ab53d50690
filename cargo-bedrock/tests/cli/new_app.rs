//! `cargo bedrock new app`.

use std::fs;
use std::process::Command;

use insta::assert_snapshot;

use crate::room::Room;

fn checkout(room: Room) -> Room {
    room.file("src/bedrock/bedrock-rt/Cargo.toml", "").file("src/bedrock/bedrock-build/Cargo.toml", "")
}

#[test]
fn an_app_is_made_with_an_endpoint_and_a_worker() {
    let room = Room::empty();
    assert_snapshot!(room.run(&["new", "app", "my_app"]), @"
    exit code 0
    -- stderr
    done: created app `my_app` in `my_app` (40 files)
    next: `cd my_app && cargo run`, then open `/hello/world` at the address it prints
    next: `cargo bedrock new worker NAME.rs` (or `.py`, `.js`) adds a worker
    ");
    assert_snapshot!(room.tree("."), @"
    my_app/.github/workflows/deploy.yml
    my_app/.gitignore
    my_app/Cargo.toml
    my_app/README.md
    my_app/build.rs
    my_app/src/endpoints/hello.rs
    my_app/src/endpoints/mod.rs
    my_app/src/main.rs
    my_app/terraform/.bedrock.json
    my_app/terraform/backend.tf.example
    my_app/terraform/buckets.tf
    my_app/terraform/lambda-layer/main.tf
    my_app/terraform/lambda-layer/outputs.tf
    my_app/terraform/lambda-layer/variables.tf
    my_app/terraform/lambda-layer/versions.tf
    my_app/terraform/lambda/main.tf
    my_app/terraform/lambda/outputs.tf
    my_app/terraform/lambda/role.tf
    my_app/terraform/lambda/url.tf
    my_app/terraform/lambda/variables.tf
    my_app/terraform/lambda/versions.tf
    my_app/terraform/main.tf
    my_app/terraform/manifest/environment.tf
    my_app/terraform/manifest/main.tf
    my_app/terraform/manifest/outputs.tf
    my_app/terraform/manifest/policies.tf
    my_app/terraform/manifest/refusals.tf
    my_app/terraform/manifest/triggers.tf
    my_app/terraform/manifest/variables.tf
    my_app/terraform/outputs.tf
    my_app/terraform/ownership.tf
    my_app/terraform/queues.tf
    my_app/terraform/schedules.tf
    my_app/terraform/secrets.tf
    my_app/terraform/variables.tf
    my_app/terraform/versions.tf
    my_app/workers/greeter/Cargo.toml
    my_app/workers/greeter/build.rs
    my_app/workers/greeter/src/lib.rs
    my_app/workers/greeter/src/main.rs
    ");
}

#[test]
fn its_manifest_says_where_settings_and_workers_go() {
    assert_snapshot!(Room::fresh_app().read("Cargo.toml"), @r#"
    [package]
    name = "my_app"
    version = "0.1.0"
    edition = "2024"
    publish = false

    # Settings of the app. All have defaults; `cargo bedrock list` shows the effective values. For example:
    #   [package.metadata.bedrock.workers.greeter]
    #   memory = 512 # megabytes
    #   timeout = 60 # seconds
    [package.metadata.bedrock]

    # No list of members is needed: Rust workers are members because the app depends on them.
    [workspace]

    [dependencies]
    axum = { version = "0.8", default-features = false, features = ["http1", "json", "tokio"] }
    bedrock = { package = "bedrock-rt", version = "0.1.0" }
    serde_json = "1"

    # Rust workers: `cargo bedrock new worker NAME.rs` adds a line
    greeter = { path = "workers/greeter" }

    [build-dependencies]
    bedrock-build = "0.1.0"
    "#);
}

#[test]
fn a_fresh_app_has_its_worker() {
    assert_snapshot!(Room::fresh_app().run(&["list"]), @"
    exit code 0
    -- stdout
    worker   language  folder           timeout  memory
    greeter  rust      workers/greeter     30 s  256 MB
    ");
}

#[test]
fn an_app_is_made_in_another_folder() {
    let room = Room::empty().file("code/x", "");
    assert_snapshot!(room.run(&["new", "app", "my-app", "--dir", "code"]), @"
    exit code 0
    -- stderr
    done: created app `my-app` in `code/my-app` (40 files)
    next: `cd code/my-app && cargo run`, then open `/hello/world` at the address it prints
    next: `cargo bedrock new worker NAME.rs` (or `.py`, `.js`) adds a worker
    ");
    assert!(room.path("code/my-app/src/main.rs").is_file());
    assert_snapshot!(room.run(&["-C", "code", "new", "app", "other"]), @"
    exit code 0
    -- stderr
    done: created app `other` in `other` (40 files)
    next: `cd other && cargo run`, then open `/hello/world` at the address it prints
    next: `cargo bedrock new worker NAME.rs` (or `.py`, `.js`) adds a worker
    ");
}

#[test]
fn cargo_takes_the_app_for_a_workspace_with_the_worker_in_it() {
    let room = Room::fresh_app();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(room.path("."));
    let output = cargo.output().expect("cargo starts");
    assert!(output.status.success(), "{}", room.show(&output));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let members = metadata["packages"].as_array().expect("packages");
    let mut names: Vec<_> = members.iter().map(|package| package["name"].as_str().expect("name")).collect();
    names.sort_unstable();
    assert_eq!(names, ["greeter", "my_app"]);
}

#[test]
fn what_is_made_is_formatted() {
    let room = Room::fresh_app();
    for args in [&["new", "worker", "resizer.rs"], &["new", "endpoint", "systems"], &["new", "endpoint", "about"]] {
        assert!(room.output(args).status.success());
    }
    let files = ["build.rs", "src/main.rs", "workers/greeter/build.rs", "workers/greeter/src/main.rs"];
    let more = ["workers/resizer/src/main.rs", "workers/resizer/src/lib.rs", "workers/greeter/src/lib.rs"];
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.args(["--check", "--edition", "2024"]).args(files).args(more).current_dir(room.path("."));
    match rustfmt.output() {
        Ok(output) => assert!(output.status.success(), "{}", room.show(&output)),
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "rustfmt is needed in CI: {error}");
            println!("skipped: {error}");
        }
    }
}

#[test]
fn dependencies_on_a_checkout_are_written_as_the_path_was_given() {
    let room = checkout(Room::empty());
    let manifest = |app: &str| {
        let text = room.read(&format!("{app}/Cargo.toml")) + &room.read(&format!("{app}/workers/greeter/Cargo.toml"));
        let lines = text.lines().filter(|line| line.starts_with("bedrock")).collect::<Vec<_>>().join("\n");
        lines.replace(&room.path(".").canonicalize().expect("room").display().to_string(), "[ROOM]")
    };
    room.output(&["new", "app", "near", "--bedrock-path", "src/bedrock"]);
    assert_snapshot!(manifest("near"), @r#"
    bedrock = { package = "bedrock-rt", path = "../src/bedrock/bedrock-rt" }
    bedrock-build = { path = "../src/bedrock/bedrock-build" }
    bedrock = { package = "bedrock-rt", path = "../../../src/bedrock/bedrock-rt" }
    bedrock-build = { path = "../../../src/bedrock/bedrock-build" }
    "#);
    room.output(&["-C", "src", "new", "app", "deep", "--bedrock-path", "bedrock/"]);
    assert_snapshot!(manifest("src/deep"), @r#"
    bedrock = { package = "bedrock-rt", path = "../bedrock/bedrock-rt" }
    bedrock-build = { path = "../bedrock/bedrock-build" }
    bedrock = { package = "bedrock-rt", path = "../../../bedrock/bedrock-rt" }
    bedrock-build = { path = "../../../bedrock/bedrock-build" }
    "#);
    let absolute = room.path("src/bedrock").display().to_string();
    room.output(&["new", "app", "far", "--bedrock-path", &absolute]);
    assert_snapshot!(manifest("far"), @r#"
    bedrock = { package = "bedrock-rt", path = "[ROOM]/src/bedrock/bedrock-rt" }
    bedrock-build = { path = "[ROOM]/src/bedrock/bedrock-build" }
    bedrock = { package = "bedrock-rt", path = "[ROOM]/src/bedrock/bedrock-rt" }
    bedrock-build = { path = "[ROOM]/src/bedrock/bedrock-build" }
    "#);
}

#[test]
fn a_relative_checkout_is_right_when_the_app_is_made_through_a_symlink() {
    let room = checkout(Room::empty()).file("a/b/x", "");
    std::os::unix::fs::symlink("a/b", room.path("link")).expect("symlink");
    room.output(&["new", "app", "my_app", "--dir", "link", "--bedrock-path", "src/bedrock"]);
    assert!(room.read("link/my_app/Cargo.toml").contains("path = \"../../../src/bedrock/bedrock-rt\""));
}

#[test]
fn a_folder_that_is_no_checkout_is_refused() {
    let room = Room::empty().file("half/bedrock-rt/Cargo.toml", "");
    assert_snapshot!(room.run(&["new", "app", "my_app", "--bedrock-path", "nowhere"]), @"
    exit code 2
    -- stderr
    error: `nowhere` is no checkout of cargo bedrock
      caused by: it has no `bedrock-rt/Cargo.toml`
    ");
    assert_snapshot!(room.run(&["new", "app", "my_app", "--bedrock-path", "half"]), @"
    exit code 2
    -- stderr
    error: `half` is no checkout of cargo bedrock
      caused by: it has no `bedrock-build/Cargo.toml`
    ");
    assert_eq!(room.tree("."), "half/bedrock-rt/Cargo.toml");
}

#[test]
fn a_folder_that_exists_is_left_alone() {
    let room = Room::empty().file("my_app/mine.txt", "");
    assert_snapshot!(room.run(&["new", "app", "my_app"]), @"
    exit code 2
    -- stderr
    error: `my_app` exists already
    help: choose another name, or move it away
    ");
    assert_eq!(room.tree("."), "my_app/mine.txt");
    fs::create_dir(room.path("empty")).expect("folder");
    assert_snapshot!(room.run(&["new", "app", "empty"]), @"
    exit code 2
    -- stderr
    error: `empty` exists already
    help: choose another name, or move it away
    ");
    assert_eq!(room.tree("."), "empty/\nmy_app/mine.txt");
}

#[test]
fn a_bad_name_says_what_is_wrong_and_proposes_a_good_one() {
    let room = Room::empty();
    assert_snapshot!(room.run(&["new", "app", "My App"]), @"
    exit code 2
    -- stderr
    error: `My App` is not a valid app name: it contains a capital letter
    help: try `my_app`
    ");
    assert_snapshot!(room.run(&["new", "app", "2nd_app"]), @"
    exit code 2
    -- stderr
    error: `2nd_app` is not a valid app name: it does not start with a letter
    help: try `nd_app`
    ");
    assert_snapshot!(room.run(&["new", "app", "match"]), @"
    exit code 2
    -- stderr
    error: `match` is not a valid app name: it is a keyword of Rust or Python
    help: try `match_app`
    ");
    assert_snapshot!(room.run(&["new", "app", "a/b"]), @"
    exit code 2
    -- stderr
    error: `a/b` is not a valid app name: it contains `/`
    help: try `a_b`
    ");
    assert_snapshot!(room.run(&["new", "app", ""]), @"
    exit code 2
    -- stderr
    error: `` is not a valid app name: it is empty
    help: use lower-case letters, digits and `_`, starting with a letter
    ");
    assert_snapshot!(room.run(&["new", "app", "a_name_that_is_longer_than_lambda_allows"]), @"
    exit code 2
    -- stderr
    error: `a_name_that_is_longer_than_lambda_allows` is not a valid app name: it is too long: 40 characters, the limit is 30
    help: try `a_name_that_is_longer_than_lam`
    ");
    assert_eq!(room.tree("."), "");
}

#[test]
fn the_name_of_a_package_that_every_app_has_is_refused() {
    let room = Room::empty();
    assert_snapshot!(room.run(&["new", "app", "serde-json"]), @"
    exit code 2
    -- stderr
    error: `serde-json` cannot name an app: every new app depends on a package of that name
    help: `serde-json-app` would do
    ");
    assert_snapshot!(room.run(&["new", "app", "greeter"]), @"
    exit code 2
    -- stderr
    error: `greeter` cannot name an app: every new app depends on a package of that name
    help: `greeter_app` would do
    ");
    assert_eq!(room.tree("."), "");
}

#[test]
fn a_parent_that_is_missing_or_no_folder_is_an_error() {
    let room = Room::empty().file("file", "");
    assert_snapshot!(room.run(&["new", "app", "my_app", "--dir", "nowhere"]), @"
    exit code 2
    -- stderr
    error: failed to make the app in `nowhere`
      caused by: no such file or directory
    ");
    assert_snapshot!(room.run(&["new", "app", "my_app", "--dir", "file"]), @"
    exit code 2
    -- stderr
    error: failed to make the app in `file`
      caused by: it is no folder
    ");
    assert_eq!(room.tree("."), "file");
}
