//! `cargo bedrock new endpoint`.

use insta::assert_snapshot;

use crate::room::{MANIFEST, Room};

const MODULE: &str = "src/endpoints/mod.rs";

#[test]
fn an_endpoint_is_made_and_added_to_the_router() {
    let room = Room::fresh_app();
    assert_snapshot!(room.run(&["new", "endpoint", "systems"]), @"
    exit code 0
    -- stderr
    done: created endpoint `systems` in `src/endpoints/systems.rs`
    next: `cargo run`, then open `/systems` at the address it prints
    ");
    assert_snapshot!(room.read("src/endpoints/systems.rs"), @r#"
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
    assert_snapshot!(room.read(MODULE), @"
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
fn the_rest_of_the_file_stays_as_it_is() {
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
    let room = Room::app(MANIFEST).file(MODULE, module);
    assert_snapshot!(room.run(&["new", "endpoint", "c"]), @r#"
    exit code 0
    -- stderr
    done: created endpoint `c` in `src/endpoints/c.rs`
    warning: add `axum = "0.8"` to `[dependencies]` in `Cargo.toml`: the endpoint uses it
    warning: add `serde_json = "1"` to `[dependencies]` in `Cargo.toml`: the endpoint uses it
    next: `cargo run`, then open `/c` at the address it prints
    "#);
    assert_snapshot!(room.read(MODULE), @"
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
fn without_the_marks_it_says_what_to_add_by_hand() {
    let room = Room::fresh_app().file(MODULE, "mod hello;\n");
    assert_snapshot!(room.run(&["new", "endpoint", "systems"]), @"
    exit code 0
    -- stderr
    done: created endpoint `systems` in `src/endpoints/systems.rs`
    warning: add `mod systems;` to `src/endpoints/mod.rs` by hand: its mark `// cargo bedrock: modules` is gone
    warning: add `.merge(systems::router())` to `src/endpoints/mod.rs` by hand: its mark `// cargo bedrock: routers` is gone
    next: `cargo run`, then open `/systems` at the address it prints
    ");
    assert_eq!(room.read(MODULE), "mod hello;\n");
    assert!(room.path("src/endpoints/systems.rs").is_file());
}

#[test]
fn an_endpoint_that_exists_is_left_alone() {
    let room = Room::fresh_app().file("src/endpoints/begun.rs", "// mine\n");
    let before = room.read(MODULE);
    assert_snapshot!(room.run(&["new", "endpoint", "hello"]), @"
    exit code 2
    -- stderr
    error: endpoint `hello` exists already, `src/endpoints/mod.rs` has `mod hello;`
    help: choose another name
    ");
    assert_snapshot!(room.run(&["new", "endpoint", "begun"]), @"
    exit code 2
    -- stderr
    error: `src/endpoints/begun.rs` exists already
    help: choose another name, or move it away
    ");
    assert_eq!(room.read(MODULE), before);
    assert_eq!(room.read("src/endpoints/begun.rs"), "// mine\n");
}

#[test]
fn a_bad_name_is_refused() {
    let room = Room::fresh_app();
    assert_snapshot!(room.run(&["new", "endpoint", "star-systems"]), @"
    exit code 2
    -- stderr
    error: `star-systems` is not a valid endpoint name: it contains `-`, which is not valid in names of modules and environment variables
    help: try `star_systems`
    ");
    assert_snapshot!(room.run(&["new", "endpoint", "mod"]), @"
    exit code 2
    -- stderr
    error: `mod` is not a valid endpoint name: it is a keyword of Rust or Python
    help: try `mod_endpoint`
    ");
    assert_snapshot!(room.run(&["new", "endpoint", "axum"]), @"
    exit code 2
    -- stderr
    error: `axum` cannot name an endpoint: `src/endpoints/mod.rs` uses a crate of that name
    help: `axum_endpoint` would do
    ");
}

#[test]
fn an_endpoint_may_be_called_like_a_worker() {
    let room = Room::fresh_app();
    assert!(room.run(&["new", "endpoint", "greeter"]).starts_with("exit code 0"));
}

#[test]
fn an_app_that_keeps_its_endpoints_elsewhere_is_told_how_to_begin() {
    let room = Room::app(MANIFEST);
    assert_snapshot!(room.run(&["new", "endpoint", "systems"]), @"
    exit code 2
    -- stderr
    error: failed to read `src/endpoints/mod.rs`
      caused by: no such file or directory
    help: write one with `pub fn router() -> axum::Router`, and `mod endpoints;` in `src/main.rs`
    ");
    assert_eq!(room.tree("."), "Cargo.toml");
}

#[test]
fn outside_of_an_app_there_is_nothing_to_add_to() {
    assert_snapshot!(Room::empty().run(&["new", "endpoint", "systems"]), @"
    exit code 2
    -- stderr
    error: no app in `[ROOM]` or a folder above it
    help: create one with `cargo bedrock new app NAME`
    help: or add `[package.metadata.bedrock]` to the `Cargo.toml` of the app's package
    ");
}
