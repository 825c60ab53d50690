//! `cargo bedrock new worker`.

use std::os::unix::fs::symlink;
use std::process::Command;

use insta::assert_snapshot;

use crate::room::{MANIFEST, Room};

/// As somebody with habits of their own writes it.
const ODD_MANIFEST: &str = "\
# My app.
[package]
metadata.bedrock = { } # settings
name    = 'my_app' # odd spacing
edition = \"2024\"

[build-dependencies] # first
bedrock-build = \"0.1\"

[dependencies]   # then these
zebra = \"1\" # z

# about b
bedrock = { package = \"bedrock-rt\", path = '../bedrock/bedrock-rt', features = [ \"x\" ] }
# the end of the list

[workspace]
members = [
    \".\",   # the app
]
# the end
";

#[test]
fn a_rust_worker_is_a_crate_that_the_app_depends_on() {
    let room = Room::fresh_app();
    assert_snapshot!(room.run(&["new", "worker", "image_resizer.rs"]), @r#"
    exit code 0
    -- stderr
    done: created worker `image_resizer` (rust) in `workers/image_resizer` and added it to `Cargo.toml`
    next: write what it does in `workers/image_resizer/src/lib.rs`, its dependencies go into `workers/image_resizer/Cargo.toml`
    next: try it with `cargo bedrock invoke image_resizer --payload '{"name": "world"}'`
    "#);
    assert_snapshot!(room.tree("workers/image_resizer"), @"
    Cargo.toml
    build.rs
    src/lib.rs
    src/main.rs
    ");
    assert_snapshot!(room.read("workers/image_resizer/Cargo.toml"), @r#"
    [package]
    name = "image_resizer"
    version = "0.1.0"
    edition = "2024"
    publish = false

    [dependencies]
    bedrock = { package = "bedrock-rt", version = "0.1.0" }
    serde = { version = "1", features = ["derive"] }

    [build-dependencies]
    bedrock-build = "0.1.0"

    [dev-dependencies]
    tokio = { version = "1", features = ["macros", "rt"] }
    "#);
}

#[test]
fn a_rust_worker_has_a_struct_with_its_types_and_a_test() {
    let room = Room::fresh_app();
    room.output(&["new", "worker", "image_resizer.rs"]);
    assert_snapshot!(room.read("workers/image_resizer/src/lib.rs"), @r#"
    //! The worker `image_resizer`.

    use bedrock::{Context, Result, Worker};
    use serde::{Deserialize, Serialize};

    /// The event of the worker.
    #[derive(Debug, Serialize, Deserialize)]
    pub struct ImageResizerRequest {
        pub name: String,
    }

    /// The response of the worker.
    #[derive(Debug, Serialize, Deserialize)]
    pub struct ImageResizerResponse {
        pub message: String,
    }

    #[bedrock::worker]
    pub struct ImageResizer;

    impl Worker for ImageResizer {
        type Event = ImageResizerRequest;
        type Response = ImageResizerResponse;

        async fn execute(&self, event: Self::Event, _context: &Context) -> Result<Self::Response> {
            Ok(ImageResizerResponse {
                message: format!("hello {}", event.name),
            })
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[tokio::test]
        async fn response_greets_by_name() {
            let event = ImageResizerRequest {
                name: "world".to_owned(),
            };
            let context = Context::for_test();
            let response = ImageResizer.execute(event, &context).await.unwrap();
            assert_eq!(response.message, "hello world");
        }
    }
    "#);
    assert_snapshot!(room.read("workers/image_resizer/src/main.rs"), @"
    //! The Lambda function of the worker `image_resizer`.

    fn main() -> std::process::ExitCode {
        bedrock::run::<image_resizer::ImageResizer>()
    }
    ");
}

#[test]
fn a_python_worker_is_what_the_specification_shows() {
    let room = Room::app(MANIFEST);
    assert_snapshot!(room.run(&["new", "worker", "system_fetcher.py"]), @r#"
    exit code 0
    -- stderr
    done: created worker `system_fetcher` (python) in `workers/system_fetcher`
    next: write what it does in `workers/system_fetcher/main.py`, its dependencies go into `workers/system_fetcher/requirements.txt`
    next: try it with `cargo bedrock invoke system_fetcher --payload '{"name": "world"}'`
    "#);
    assert_snapshot!(room.tree("."), @"
    Cargo.toml
    workers/system_fetcher/__init__.py
    workers/system_fetcher/main.py
    workers/system_fetcher/requirements.txt
    ");
    assert_snapshot!(room.read("workers/system_fetcher/main.py"), @r#"
    from bedrock.workers.worker import Worker


    class SystemFetcher(Worker):
        def execute(self, event, context):
            return {"message": f"hello {event.get('name', 'world')}"}
    "#);
    assert_eq!(room.read("workers/system_fetcher/__init__.py"), "");
    assert!(room.read("workers/system_fetcher/requirements.txt").lines().all(|line| line.starts_with('#')));
    assert_eq!(room.read("Cargo.toml"), MANIFEST);
}

#[test]
fn a_javascript_worker_is_what_the_specification_shows() {
    let room = Room::app(MANIFEST);
    assert_snapshot!(room.run(&["new", "worker", "thumbnailer.js"]), @r#"
    exit code 0
    -- stderr
    done: created worker `thumbnailer` (javascript) in `workers/thumbnailer`
    next: write what it does in `workers/thumbnailer/main.js`, its dependencies go into `workers/thumbnailer/package.json`
    next: try it with `cargo bedrock invoke thumbnailer --payload '{"name": "world"}'`
    "#);
    assert_snapshot!(room.tree("."), @"
    Cargo.toml
    workers/thumbnailer/main.js
    workers/thumbnailer/package.json
    workers/thumbnailer/worker.js
    ");
    assert_snapshot!(room.read("workers/thumbnailer/main.js"), @"
    // The base class of JavaScript workers, generated by `cargo bedrock new worker`.
    const { Worker } = require('./worker');

    class Thumbnailer extends Worker {
      async execute(event, context) {
        return { message: `hello ${event.name ?? 'world'}` };
      }
    }
    ");
    assert_snapshot!(room.read("workers/thumbnailer/package.json"), @r#"
    {
      "name": "thumbnailer",
      "version": "1.0.0",
      "description": "",
      "main": "main.js",
      "dependencies": {}
    }
    "#);
    assert!(room.read("workers/thumbnailer/worker.js").contains("class Worker"));
    assert_eq!(room.read("Cargo.toml"), MANIFEST);
}

#[test]
fn comments_and_order_of_the_manifest_stay() {
    let room = Room::app(ODD_MANIFEST);
    assert_snapshot!(room.run(&["new", "worker", "resizer.rs"]), @r#"
    exit code 0
    -- stderr
    done: created worker `resizer` (rust) in `workers/resizer` and added it to `Cargo.toml`
    next: write what it does in `workers/resizer/src/lib.rs`, its dependencies go into `workers/resizer/Cargo.toml`
    next: try it with `cargo bedrock invoke resizer --payload '{"name": "world"}'`
    "#);
    assert_snapshot!(room.read("Cargo.toml"), @r#"
    # My app.
    [package]
    metadata.bedrock = { } # settings
    name    = 'my_app' # odd spacing
    edition = "2024"

    [build-dependencies] # first
    bedrock-build = "0.1"

    [dependencies]   # then these
    zebra = "1" # z

    # about b
    bedrock = { package = "bedrock-rt", path = '../bedrock/bedrock-rt', features = [ "x" ] }
    resizer = { path = "workers/resizer" }
    # the end of the list

    [workspace]
    members = [
        ".",   # the app
    ]
    # the end
    "#);
    assert_snapshot!(room.read("workers/resizer/Cargo.toml"), @r#"
    [package]
    name = "resizer"
    version = "0.1.0"
    edition = "2024"
    publish = false

    [dependencies]
    bedrock = { package = "bedrock-rt", path = "../../../bedrock/bedrock-rt" }
    serde = { version = "1", features = ["derive"] }

    [build-dependencies]
    bedrock-build = "0.1"

    [dev-dependencies]
    tokio = { version = "1", features = ["macros", "rt"] }
    "#);
}

#[test]
fn a_manifest_without_dependencies_or_workspace_gets_them() {
    let manifest = MANIFEST.replace("\n[workspace]\n", "");
    let room = Room::app(&manifest);
    assert!(room.run(&["new", "worker", "resizer.rs"]).starts_with("exit code 0"));
    assert_snapshot!(room.read("Cargo.toml"), @r#"
    [package]
    name = "my_app"
    version = "0.1.0"
    edition = "2024"

    [package.metadata.bedrock]

    [dependencies]
    resizer = { path = "workers/resizer" }

    [workspace]
    "#);
}

#[test]
fn a_manifest_with_a_table_for_each_dependency_gets_another_line() {
    let room = Room::app(&format!("{MANIFEST}\n[dependencies.axum]\nversion = \"0.8\"\n"));
    assert!(room.run(&["new", "worker", "resizer.rs"]).starts_with("exit code 0"));
    assert_snapshot!(room.read("Cargo.toml"), @r#"
    [package]
    name = "my_app"
    version = "0.1.0"
    edition = "2024"

    [package.metadata.bedrock]

    [workspace]

    [dependencies]
    resizer = { path = "workers/resizer" }

    [dependencies.axum]
    version = "0.8"
    "#);
}

#[test]
fn an_app_in_a_larger_workspace_does_not_get_one_of_its_own() {
    let manifest = MANIFEST.replace("\n[workspace]\n", "");
    let room =
        Room::empty().file("Cargo.toml", "[workspace]\nmembers = ['my_app']\n").file("my_app/Cargo.toml", &manifest);
    let room = room.file("my_app/src/main.rs", "").enter("my_app");
    assert!(room.run(&["new", "worker", "resizer.rs"]).starts_with("exit code 0"));
    assert!(!room.read("Cargo.toml").contains("[workspace]"));
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(room.path(".."));
    let shown = room.show(&cargo.output().expect("cargo starts"));
    assert!(shown.starts_with("exit code 0") && shown.contains("\"name\":\"resizer\""), "{shown}");
}

#[test]
fn a_worker_can_be_made_from_any_folder_of_the_app() {
    let room = Room::app(MANIFEST).file("src/endpoints/deep/x.rs", "").enter("src/endpoints/deep");
    assert!(room.run(&["new", "worker", "fetch.py"]).starts_with("exit code 0"));
    assert!(room.path("../../../workers/fetch/main.py").is_file());
}

#[test]
fn a_worker_can_be_made_through_a_symlink_to_the_app() {
    let room = Room::app(MANIFEST);
    symlink("my_app", room.path("../link")).expect("symlink");
    let room = room.enter("../link");
    assert!(room.run(&["new", "worker", "resizer.rs"]).starts_with("exit code 0"));
    assert!(room.path("../my_app/workers/resizer/src/lib.rs").is_file());
}

#[test]
fn the_workers_folder_of_the_settings_is_used() {
    let manifest =
        MANIFEST.replace("[package.metadata.bedrock]", "[package.metadata.bedrock]\nworkers-dir = 'app/workers'");
    let bedrock = "\n[dependencies]\nbedrock = { package = \"bedrock-rt\", path = \"vendor/bedrock-rt\" }\n";
    let room = Room::app(&format!("{manifest}{bedrock}"));
    assert_snapshot!(room.run(&["new", "worker", "resizer.rs"]), @r#"
    exit code 0
    -- stderr
    done: created worker `resizer` (rust) in `app/workers/resizer` and added it to `Cargo.toml`
    next: write what it does in `app/workers/resizer/src/lib.rs`, its dependencies go into `app/workers/resizer/Cargo.toml`
    next: try it with `cargo bedrock invoke resizer --payload '{"name": "world"}'`
    "#);
    assert!(room.read("Cargo.toml").ends_with("resizer = { path = \"app/workers/resizer\" }\n"));
    assert!(room.read("app/workers/resizer/Cargo.toml").contains("path = \"../../../vendor/bedrock-rt\""));
}
