//! `cargo bedrock new app`.

use std::fs;
use std::process::Command;

use insta::assert_snapshot;

use crate::test_app::TestApp;

/// Adds the folder of a checkout.
fn with_checkout(app: TestApp) -> TestApp {
    app.file("src/bedrock/bedrock-rt/Cargo.toml", "").file("src/bedrock/bedrock-build/Cargo.toml", "")
}

#[test]
fn app_is_created_with_an_endpoint_and_a_worker() {
    let app = TestApp::empty();
    assert_snapshot!(app.run(&["new", "app", "my_app"]), @"
    exit code 0
    -- stderr
    done: created app `my_app` in `my_app` (51 files)
    next: run `cd my_app && cargo run`, then open `/hello/world` at the printed address
    next: run `cargo bedrock new worker NAME.rs` (or `.py`, `.js`, `.ts`) to add a worker
    ");
    assert_snapshot!(app.tree("."), @"
    my_app/.github/workflows/deploy.yml
    my_app/.github/workflows/pull-request.yml
    my_app/.gitignore
    my_app/AGENTS.md
    my_app/Cargo.toml
    my_app/README.md
    my_app/build.rs
    my_app/src/endpoints/hello.rs
    my_app/src/endpoints/mod.rs
    my_app/src/main.rs
    my_app/terraform/.bedrock.json
    my_app/terraform/alarms.tf
    my_app/terraform/backend.tf.example
    my_app/terraform/buckets.tf
    my_app/terraform/events.tf
    my_app/terraform/http_api.tf
    my_app/terraform/lambda-layer/main.tf
    my_app/terraform/lambda-layer/outputs.tf
    my_app/terraform/lambda-layer/variables.tf
    my_app/terraform/lambda-layer/versions.tf
    my_app/terraform/lambda/durable_override.tf.example
    my_app/terraform/lambda/main.tf
    my_app/terraform/lambda/outputs.tf
    my_app/terraform/lambda/role.tf
    my_app/terraform/lambda/url.tf
    my_app/terraform/lambda/variables.tf
    my_app/terraform/lambda/versions.tf
    my_app/terraform/main.tf
    my_app/terraform/manifest/alarms.tf
    my_app/terraform/manifest/environment.tf
    my_app/terraform/manifest/lambda.tf
    my_app/terraform/manifest/main.tf
    my_app/terraform/manifest/outputs.tf
    my_app/terraform/manifest/policies.tf
    my_app/terraform/manifest/refusals.tf
    my_app/terraform/manifest/triggers.tf
    my_app/terraform/manifest/uses.tf
    my_app/terraform/manifest/variables.tf
    my_app/terraform/outputs.tf
    my_app/terraform/ownership.tf
    my_app/terraform/queues.tf
    my_app/terraform/resources.tf
    my_app/terraform/schedules.tf
    my_app/terraform/secrets.tf
    my_app/terraform/streams.tf
    my_app/terraform/variables.tf
    my_app/terraform/versions.tf
    my_app/workers/greeter/Cargo.toml
    my_app/workers/greeter/build.rs
    my_app/workers/greeter/src/lib.rs
    my_app/workers/greeter/src/main.rs
    ");
}

#[test]
fn manifest_explains_settings_and_workers() {
    assert_snapshot!(TestApp::new_app().read("Cargo.toml"), @r#"
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
fn new_app_lists_its_worker() {
    assert_snapshot!(TestApp::new_app().run(&["list"]), @"
    exit code 0
    -- stdout
    worker   language  folder           timeout  memory
    greeter  rust      workers/greeter     30 s  256 MB
    ");
}

#[test]
fn next_command_quotes_the_folder() {
    let app = TestApp::empty().file("my apps/x", "");
    let output = app.bedrock(&["new", "app", "order_desk", "--dir", "my apps"]);
    let next = "next: run `cd 'my apps/order_desk' && cargo run`, then";
    assert!(output.stderr.contains(next), "{}", output.stderr);
}

#[test]
fn app_is_created_in_another_folder() {
    let app = TestApp::empty().file("code/x", "");
    assert_snapshot!(app.run(&["new", "app", "my-app", "--dir", "code"]), @"
    exit code 0
    -- stderr
    done: created app `my-app` in `code/my-app` (51 files)
    next: run `cd code/my-app && cargo run`, then open `/hello/world` at the printed address
    next: run `cargo bedrock new worker NAME.rs` (or `.py`, `.js`, `.ts`) to add a worker
    ");
    assert!(app.path("code/my-app/src/main.rs").is_file());
    assert_snapshot!(app.run(&["-C", "code", "new", "app", "other"]), @"
    exit code 0
    -- stderr
    done: created app `other` in `other` (51 files)
    next: run `cd other && cargo run`, then open `/hello/world` at the printed address
    next: run `cargo bedrock new worker NAME.rs` (or `.py`, `.js`, `.ts`) to add a worker
    ");
}

#[test]
fn cargo_metadata_lists_the_worker_as_a_member() {
    let app = TestApp::new_app();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(app.path("."));
    let output = cargo.output().expect("cargo starts");
    assert!(output.status.success(), "{}", app.show(&output));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let members = metadata["packages"].as_array().expect("packages");
    let mut names: Vec<_> = members.iter().map(|package| package["name"].as_str().expect("name")).collect();
    names.sort_unstable();
    assert_eq!(names, ["greeter", "my_app"]);
}

#[test]
fn created_files_are_formatted() {
    let app = TestApp::new_app();
    for args in [&["new", "worker", "resizer.rs"], &["new", "endpoint", "systems"], &["new", "endpoint", "about"]] {
        assert!(app.output(args).status.success());
    }
    let files = ["build.rs", "src/main.rs", "workers/greeter/build.rs", "workers/greeter/src/main.rs"];
    let more = ["workers/resizer/src/main.rs", "workers/resizer/src/lib.rs", "workers/greeter/src/lib.rs"];
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.args(["--check", "--edition", "2024"]).args(files).args(more).current_dir(app.path("."));
    match rustfmt.output() {
        Ok(output) => assert!(output.status.success(), "{}", app.show(&output)),
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "rustfmt is needed in CI: {error}");
            println!("skipped: {error}");
        }
    }
}

#[test]
fn checkout_path_stays_relative_or_absolute() {
    let app = with_checkout(TestApp::empty());
    let manifest = |name: &str| {
        let text = app.read(&format!("{name}/Cargo.toml")) + &app.read(&format!("{name}/workers/greeter/Cargo.toml"));
        let lines = text.lines().filter(|line| line.starts_with("bedrock")).collect::<Vec<_>>().join("\n");
        lines.replace(&app.path(".").canonicalize().expect("folder").display().to_string(), "[DIR]")
    };
    app.output(&["new", "app", "near", "--bedrock-path", "src/bedrock"]);
    assert_snapshot!(manifest("near"), @r#"
    bedrock = { package = "bedrock-rt", path = "../src/bedrock/bedrock-rt" }
    bedrock-build = { path = "../src/bedrock/bedrock-build" }
    bedrock = { package = "bedrock-rt", path = "../../../src/bedrock/bedrock-rt" }
    bedrock-build = { path = "../../../src/bedrock/bedrock-build" }
    "#);
    app.output(&["-C", "src", "new", "app", "deep", "--bedrock-path", "bedrock/"]);
    assert_snapshot!(manifest("src/deep"), @r#"
    bedrock = { package = "bedrock-rt", path = "../bedrock/bedrock-rt" }
    bedrock-build = { path = "../bedrock/bedrock-build" }
    bedrock = { package = "bedrock-rt", path = "../../../bedrock/bedrock-rt" }
    bedrock-build = { path = "../../../bedrock/bedrock-build" }
    "#);
    let absolute = app.path("src/bedrock").display().to_string();
    app.output(&["new", "app", "far", "--bedrock-path", &absolute]);
    assert_snapshot!(manifest("far"), @r#"
    bedrock = { package = "bedrock-rt", path = "[DIR]/src/bedrock/bedrock-rt" }
    bedrock-build = { path = "[DIR]/src/bedrock/bedrock-build" }
    bedrock = { package = "bedrock-rt", path = "[DIR]/src/bedrock/bedrock-rt" }
    bedrock-build = { path = "[DIR]/src/bedrock/bedrock-build" }
    "#);
}

#[test]
fn relative_checkout_path_is_right_through_a_symlink() {
    let app = with_checkout(TestApp::empty()).file("a/b/x", "");
    std::os::unix::fs::symlink("a/b", app.path("link")).expect("symlink");
    app.output(&["new", "app", "my_app", "--dir", "link", "--bedrock-path", "src/bedrock"]);
    assert!(app.read("link/my_app/Cargo.toml").contains("path = \"../../../src/bedrock/bedrock-rt\""));
}

#[test]
fn folder_that_is_not_a_checkout_is_an_error() {
    let app = TestApp::empty().file("half/bedrock-rt/Cargo.toml", "");
    assert_snapshot!(app.run(&["new", "app", "my_app", "--bedrock-path", "nowhere"]), @"
    exit code 2
    -- stderr
    error: `nowhere` is not a checkout of cargo bedrock
      caused by: it has no `bedrock-rt/Cargo.toml`
    ");
    assert_snapshot!(app.run(&["new", "app", "my_app", "--bedrock-path", "half"]), @"
    exit code 2
    -- stderr
    error: `half` is not a checkout of cargo bedrock
      caused by: it has no `bedrock-build/Cargo.toml`
    ");
    assert_eq!(app.tree("."), "half/bedrock-rt/Cargo.toml");
}

#[test]
fn existing_folder_is_not_changed() {
    let app = TestApp::empty().file("my_app/mine.txt", "");
    assert_snapshot!(app.run(&["new", "app", "my_app"]), @"
    exit code 2
    -- stderr
    error: `my_app` already exists
    help: choose another name, or move it away
    ");
    assert_eq!(app.tree("."), "my_app/mine.txt");
    fs::create_dir(app.path("empty")).expect("folder");
    assert_snapshot!(app.run(&["new", "app", "empty"]), @"
    exit code 2
    -- stderr
    error: `empty` already exists
    help: choose another name, or move it away
    ");
    assert_eq!(app.tree("."), "empty/\nmy_app/mine.txt");
}

#[test]
fn invalid_name_is_reported_with_a_valid_one() {
    let app = TestApp::empty();
    assert_snapshot!(app.run(&["new", "app", "My App"]), @"
    exit code 2
    -- stderr
    error: `My App` is not a valid app name: it contains a capital letter
    help: try `my_app`
    ");
    assert_snapshot!(app.run(&["new", "app", "2nd_app"]), @"
    exit code 2
    -- stderr
    error: `2nd_app` is not a valid app name: it does not start with a letter
    help: try `nd_app`
    ");
    assert_snapshot!(app.run(&["new", "app", "match"]), @"
    exit code 2
    -- stderr
    error: `match` is not a valid app name: it is a keyword of Rust or Python
    help: try `match_app`
    ");
    assert_snapshot!(app.run(&["new", "app", "a/b"]), @"
    exit code 2
    -- stderr
    error: `a/b` is not a valid app name: it contains `/`
    help: try `a_b`
    ");
    assert_snapshot!(app.run(&["new", "app", ""]), @"
    exit code 2
    -- stderr
    error: `` is not a valid app name: it is empty
    help: use lower-case letters, digits and `_`, starting with a letter
    ");
    assert_snapshot!(app.run(&["new", "app", "a_name_that_is_longer_than_lambda_allows"]), @"
    exit code 2
    -- stderr
    error: `a_name_that_is_longer_than_lambda_allows` is not a valid app name: it is too long: 40 characters, the limit is 30
    help: try `a_name_that_is_longer_than_lam`
    ");
    assert_eq!(app.tree("."), "");
}

#[test]
fn name_of_a_default_dependency_is_an_error() {
    let app = TestApp::empty();
    assert_snapshot!(app.run(&["new", "app", "serde-json"]), @"
    exit code 2
    -- stderr
    error: `serde-json` cannot name an app: every new app depends on a package of that name
    help: use another name, such as `serde-json-app`
    ");
    assert_snapshot!(app.run(&["new", "app", "greeter"]), @"
    exit code 2
    -- stderr
    error: `greeter` cannot name an app: every new app depends on a package of that name
    help: use another name, such as `greeter_app`
    ");
    assert_eq!(app.tree("."), "");
}

#[test]
fn parent_that_is_not_a_folder_is_an_error() {
    let app = TestApp::empty().file("file", "");
    assert_snapshot!(app.run(&["new", "app", "my_app", "--dir", "file/below"]), @"
    exit code 2
    -- stderr
    error: failed to create the app in `file/below`
      caused by: not a directory
    ");
    assert_snapshot!(app.run(&["new", "app", "my_app", "--dir", "nowhere/../other"]), @"
    exit code 2
    -- stderr
    error: failed to create the app in `nowhere/../other`
      caused by: it has `..` below a folder that does not exist
    ");
    assert_snapshot!(app.run(&["new", "app", "my_app", "--dir", "file"]), @"
    exit code 2
    -- stderr
    error: failed to create the app in `file`
      caused by: it is not a folder
    ");
    assert_eq!(app.tree("."), "file");
}

#[test]
fn missing_parent_folders_are_created() {
    let app = TestApp::empty();
    let output = app.run(&["new", "app", "my_app", "--dir", "code/apps"]);
    assert!(output.contains("created app `my_app` in `code/apps/my_app`"), "{output}");
    assert!(app.path("code/apps/my_app/Cargo.toml").is_file());
}
