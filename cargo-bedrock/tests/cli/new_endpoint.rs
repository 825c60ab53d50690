//! `cargo bedrock new endpoint`.

use insta::assert_snapshot;

use crate::test_app::{MANIFEST, TestApp};

const MODULE_FILE: &str = "src/endpoints/mod.rs";

#[test]
fn endpoint_is_created_and_added_to_the_router() {
    let app = TestApp::new_app();
    assert_snapshot!(app.run(&["new", "endpoint", "systems"]), @"
    exit code 0
    -- stderr
    done: created endpoint `systems` in `src/endpoints/systems.rs`
    next: run `cargo run`, then open `/systems` at the printed address
    ");
    assert_snapshot!(app.read("src/endpoints/systems.rs"), @r#"
    //! `GET /systems`.

    use axum::routing::get;
    use axum::{Json, Router};
    use serde_json::{Value, json};

    pub fn router() -> Router {
        Router::new().route("/systems", get(get_global))
    }

    /// To call a worker, use `bedrock::invoke!("NAME", json!({}), require_response = true).await`.
    async fn get_global() -> Json<Value> {
        Json(json!({ "endpoint": "systems" }))
    }
    "#);
    assert_snapshot!(app.read(MODULE_FILE), @"
    //! The endpoints of the app, one file for each. `cargo bedrock new endpoint NAME` adds lines below the two markers.

    // cargo bedrock: modules
    mod hello;
    mod systems;

    use axum::Router;

    /// Returns all routes of the app.
    pub fn router() -> Router {
        Router::new()
            // cargo bedrock: routers
            .merge(hello::router())
            .merge(systems::router())
    }
    ");
}

#[test]
fn rest_of_the_module_file_is_unchanged() {
    let module = "\
// mine
mod  odd ;
// cargo bedrock: modules
mod b;
mod d; // note

fn router() -> Router { Router::new()
  // cargo bedrock: routers
  .merge(b::router())
  .merge(d::router()).layer(x)
}
";
    let app = TestApp::with_manifest(MANIFEST).file(MODULE_FILE, module);
    assert_snapshot!(app.run(&["new", "endpoint", "c"]), @r#"
    exit code 0
    -- stderr
    done: created endpoint `c` in `src/endpoints/c.rs`
    warning: add `axum = "0.8"` to `[dependencies]` in `Cargo.toml`: the endpoint uses it
    warning: add `serde_json = "1"` to `[dependencies]` in `Cargo.toml`: the endpoint uses it
    next: run `cargo run`, then open `/c` at the printed address
    "#);
    assert_snapshot!(app.read(MODULE_FILE), @"
    // mine
    mod  odd ;
    // cargo bedrock: modules
    mod b;
    mod c;
    mod d; // note

    fn router() -> Router { Router::new()
      // cargo bedrock: routers
      .merge(b::router())
      .merge(c::router())
      .merge(d::router()).layer(x)
    }
    ");
}

#[test]
fn missing_markers_are_reported_with_the_lines_to_add() {
    let app = TestApp::new_app().file(MODULE_FILE, "mod hello;\n");
    assert_snapshot!(app.run(&["new", "endpoint", "systems"]), @"
    exit code 0
    -- stderr
    done: created endpoint `systems` in `src/endpoints/systems.rs`
    warning: add `mod systems;` to `src/endpoints/mod.rs`: its marker `// cargo bedrock: modules` is missing
    warning: add `.merge(systems::router())` to `src/endpoints/mod.rs`: its marker `// cargo bedrock: routers` is missing
    next: run `cargo run`, then open `/systems` at the printed address
    ");
    assert_eq!(app.read(MODULE_FILE), "mod hello;\n");
    assert!(app.path("src/endpoints/systems.rs").is_file());
}

#[test]
fn existing_endpoint_is_not_changed() {
    let app = TestApp::new_app().file("src/endpoints/existing.rs", "// mine\n");
    let before = app.read(MODULE_FILE);
    assert_snapshot!(app.run(&["new", "endpoint", "hello"]), @"
    exit code 2
    -- stderr
    error: endpoint `hello` already exists, `src/endpoints/mod.rs` has `mod hello;`
    help: choose another name
    ");
    assert_snapshot!(app.run(&["new", "endpoint", "existing"]), @"
    exit code 2
    -- stderr
    error: `src/endpoints/existing.rs` already exists
    help: choose another name, or move it away
    ");
    assert_eq!(app.read(MODULE_FILE), before);
    assert_eq!(app.read("src/endpoints/existing.rs"), "// mine\n");
}

#[test]
fn invalid_endpoint_name_is_an_error() {
    let app = TestApp::new_app();
    assert_snapshot!(app.run(&["new", "endpoint", "star-systems"]), @"
    exit code 2
    -- stderr
    error: `star-systems` is not a valid endpoint name: it contains `-`, which is not valid in names of modules and environment variables
    help: try `star_systems`
    ");
    assert_snapshot!(app.run(&["new", "endpoint", "mod"]), @"
    exit code 2
    -- stderr
    error: `mod` is not a valid endpoint name: it is a keyword of Rust or Python
    help: try `mod_endpoint`
    ");
    assert_snapshot!(app.run(&["new", "endpoint", "axum"]), @"
    exit code 2
    -- stderr
    error: `axum` cannot name an endpoint: `src/endpoints/mod.rs` uses a crate of that name
    help: use another name, such as `axum_endpoint`
    ");
}

#[test]
fn endpoint_may_have_the_name_of_a_worker() {
    let app = TestApp::new_app();
    assert!(app.run(&["new", "endpoint", "greeter"]).starts_with("exit code 0"));
}

#[test]
fn missing_endpoints_module_is_reported_with_help() {
    let app = TestApp::with_manifest(MANIFEST);
    assert_snapshot!(app.run(&["new", "endpoint", "systems"]), @"
    exit code 2
    -- stderr
    error: failed to read `src/endpoints/mod.rs`
      caused by: no such file or directory
    help: write one with `pub fn router() -> axum::Router`, and `mod endpoints;` in `src/main.rs`
    ");
    assert_eq!(app.tree("."), "Cargo.toml");
}

#[test]
fn new_outside_of_an_app_is_a_usage_error() {
    assert_snapshot!(TestApp::empty().run(&["new", "endpoint", "systems"]), @"
    exit code 2
    -- stderr
    error: no app in `[DIR]` or a folder above it
    help: create one with `cargo bedrock new app NAME`
    help: or add `[package.metadata.bedrock]` to the `Cargo.toml` of the app's package
    ");
}
