//! `cargo bedrock new worker`.

use std::os::unix::fs::symlink;
use std::process::Command;

use insta::assert_snapshot;

use crate::test_app::{MANIFEST, TestApp};

/// A manifest with unusual formatting.
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
fn rust_worker_is_a_crate_that_the_app_depends_on() {
    let app = TestApp::new_app();
    assert_snapshot!(app.run(&["new", "worker", "image_resizer.rs"]), @r#"
    exit code 0
    -- stderr
    done: created worker `image_resizer` (rust) in `workers/image_resizer` and added it to `Cargo.toml`
    next: write its code in `workers/image_resizer/src/lib.rs`, and its dependencies in `workers/image_resizer/Cargo.toml`
    next: try it with `cargo bedrock invoke image_resizer --payload '{"name": "world"}'`
    "#);
    assert_snapshot!(app.tree("workers/image_resizer"), @"
    Cargo.toml
    build.rs
    src/lib.rs
    src/main.rs
    ");
    assert_snapshot!(app.read("workers/image_resizer/Cargo.toml"), @r#"
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
fn rust_worker_has_a_struct_with_types_and_a_test() {
    let app = TestApp::new_app();
    app.output(&["new", "worker", "image_resizer.rs"]);
    assert_snapshot!(app.read("workers/image_resizer/src/lib.rs"), @r#"
    //! The worker `image_resizer`.

    use bedrock::{Context, Result, Worker};
    use serde::{Deserialize, Serialize};

    /// The event of the worker.
    #[bedrock::contract]
    #[derive(Debug, Serialize, Deserialize)]
    pub struct ImageResizerRequest {
        pub name: String,
    }

    /// The response of the worker.
    #[bedrock::contract]
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
    assert_snapshot!(app.read("workers/image_resizer/src/main.rs"), @"
    //! The Lambda function of the worker `image_resizer`.

    fn main() -> std::process::ExitCode {
        bedrock::run::<image_resizer::ImageResizer>()
    }
    ");
}

#[test]
fn python_worker_matches_the_specification() {
    let app = TestApp::with_manifest(MANIFEST);
    assert_snapshot!(app.run(&["new", "worker", "system_fetcher.py"]), @r#"
    exit code 0
    -- stderr
    done: created worker `system_fetcher` (python) in `workers/system_fetcher`
    next: write its code in `workers/system_fetcher/main.py`, and its dependencies in `workers/system_fetcher/requirements.txt`
    next: try it with `cargo bedrock invoke system_fetcher --payload '{"name": "world"}'`
    "#);
    assert_snapshot!(app.tree("."), @"
    Cargo.toml
    pyrightconfig.json
    typings/bedrock/__init__.pyi
    typings/bedrock/testing.pyi
    typings/bedrock/workers/__init__.pyi
    typings/bedrock/workers/errors.pyi
    typings/bedrock/workers/invoker.pyi
    typings/bedrock/workers/metrics.pyi
    typings/bedrock/workers/resources.pyi
    typings/bedrock/workers/worker.pyi
    workers/system_fetcher/__init__.py
    workers/system_fetcher/main.py
    workers/system_fetcher/requirements.txt
    workers/system_fetcher/test_main.py
    ");
    assert_snapshot!(app.read("workers/system_fetcher/main.py"), @r#"
    from typing import TypedDict

    from bedrock.workers.worker import Worker


    class Event(TypedDict, total=False):
        name: str


    class Response(TypedDict):
        message: str


    class SystemFetcher(Worker):
        def execute(self, event: Event, context) -> Response:
            return {"message": f"hello {event.get('name', 'world')}"}
    "#);
    assert_eq!(app.read("workers/system_fetcher/__init__.py"), "");
    assert!(app.read("workers/system_fetcher/requirements.txt").lines().all(|line| line.starts_with('#')));
    assert_eq!(app.read("Cargo.toml"), MANIFEST);
}

#[test]
fn typescript_worker_is_an_es_module_with_types() {
    let app = TestApp::with_manifest(MANIFEST);
    assert_snapshot!(app.run(&["new", "worker", "resizer.ts"]), @r#"
    exit code 0
    -- stderr
    done: created worker `resizer` (typescript) in `workers/resizer`
    next: write its code in `workers/resizer/main.ts`, and its dependencies in `workers/resizer/package.json`
    next: try it with `cargo bedrock invoke resizer --payload '{"name": "world"}'`
    "#);
    assert_snapshot!(app.tree("workers"), @"
    resizer/main.test.ts
    resizer/main.ts
    resizer/package.json
    resizer/tsconfig.json
    resizer/worker.cjs
    resizer/worker.d.cts
    ");
    assert_snapshot!(app.read("workers/resizer/main.ts"), @"
    // The base class of workers, generated by `cargo bedrock new worker`.
    import { Worker, type Context } from './worker.cjs';

    export type ResizerRequest = { name?: string };
    export type ResizerResponse = { message: string };

    export class Resizer extends Worker<ResizerRequest, ResizerResponse> {
      override async execute(event: ResizerRequest, _context: Context): Promise<ResizerResponse> {
        return { message: `hello ${event.name ?? 'world'}` };
      }
    }
    ");
}

#[test]
fn types_of_python_workers_are_written_once() {
    let app = TestApp::with_manifest(MANIFEST);
    app.run_ok(&["new", "worker", "one.py"]);
    app.write("pyrightconfig.json", "{}");
    std::fs::remove_file(app.path("typings/bedrock/testing.pyi")).expect("a file");
    app.run_ok(&["new", "worker", "two.py"]);
    assert_eq!(app.read("pyrightconfig.json"), "{}");
    assert!(app.read("typings/bedrock/testing.pyi").contains("def fake_context("));
}

#[test]
fn javascript_worker_matches_the_specification() {
    let app = TestApp::with_manifest(MANIFEST);
    assert_snapshot!(app.run(&["new", "worker", "thumbnailer.js"]), @r#"
    exit code 0
    -- stderr
    done: created worker `thumbnailer` (javascript) in `workers/thumbnailer`
    next: write its code in `workers/thumbnailer/main.js`, and its dependencies in `workers/thumbnailer/package.json`
    next: try it with `cargo bedrock invoke thumbnailer --payload '{"name": "world"}'`
    "#);
    assert_snapshot!(app.tree("."), @"
    Cargo.toml
    workers/thumbnailer/jsconfig.json
    workers/thumbnailer/main.js
    workers/thumbnailer/main.test.js
    workers/thumbnailer/package.json
    workers/thumbnailer/worker.d.ts
    workers/thumbnailer/worker.js
    ");
    assert_snapshot!(app.read("workers/thumbnailer/main.js"), @"
    // The base class of JavaScript workers, generated by `cargo bedrock new worker`.
    const { Worker } = require('./worker');

    class Thumbnailer extends Worker {
      // What the worker takes and returns: `cargo bedrock contracts` writes it for callers.
      static event = { type: 'object', properties: { name: { type: 'string' } } };
      static response = { type: 'object', properties: { message: { type: 'string' } }, required: ['message'] };

      /** @param { { name?: string } } event */
      async execute(event) {
        return { message: `hello ${event.name ?? 'world'}` };
      }
    }

    module.exports = { Thumbnailer };
    ");
    assert_snapshot!(app.read("workers/thumbnailer/package.json"), @r#"
    {
      "name": "thumbnailer",
      "version": "1.0.0",
      "description": "",
      "main": "main.js",
      "dependencies": {}
    }
    "#);
    assert!(app.read("workers/thumbnailer/worker.js").contains("class Worker"));
    assert_eq!(app.read("Cargo.toml"), MANIFEST);
}

#[test]
fn comments_and_order_of_the_manifest_are_kept() {
    let app = TestApp::with_manifest(ODD_MANIFEST);
    assert_snapshot!(app.run(&["new", "worker", "resizer.rs"]), @r#"
    exit code 0
    -- stderr
    done: created worker `resizer` (rust) in `workers/resizer` and added it to `Cargo.toml`
    next: write its code in `workers/resizer/src/lib.rs`, and its dependencies in `workers/resizer/Cargo.toml`
    next: try it with `cargo bedrock invoke resizer --payload '{"name": "world"}'`
    "#);
    assert_snapshot!(app.read("Cargo.toml"), @r#"
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
    assert_snapshot!(app.read("workers/resizer/Cargo.toml"), @r#"
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
fn missing_dependencies_and_workspace_tables_are_added() {
    let manifest = MANIFEST.replace("\n[workspace]\n", "");
    let app = TestApp::with_manifest(&manifest);
    assert!(app.run(&["new", "worker", "resizer.rs"]).starts_with("exit code 0"));
    assert_snapshot!(app.read("Cargo.toml"), @r#"
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
fn dependency_tables_get_a_dependencies_line() {
    let app = TestApp::with_manifest(&format!("{MANIFEST}\n[dependencies.axum]\nversion = \"0.8\"\n"));
    assert!(app.run(&["new", "worker", "resizer.rs"]).starts_with("exit code 0"));
    assert_snapshot!(app.read("Cargo.toml"), @r#"
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
fn app_inside_a_workspace_gets_no_workspace_of_its_own() {
    let manifest = MANIFEST.replace("\n[workspace]\n", "");
    let app =
        TestApp::empty().file("Cargo.toml", "[workspace]\nmembers = ['my_app']\n").file("my_app/Cargo.toml", &manifest);
    let app = app.file("my_app/src/main.rs", "").enter("my_app");
    assert!(app.run(&["new", "worker", "resizer.rs"]).starts_with("exit code 0"));
    assert!(!app.read("Cargo.toml").contains("[workspace]"));
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(app.path(".."));
    let shown = app.show(&cargo.output().expect("cargo starts"));
    assert!(shown.starts_with("exit code 0") && shown.contains("\"name\":\"resizer\""), "{shown}");
}

#[test]
fn worker_is_created_from_any_folder_of_the_app() {
    let app = TestApp::with_manifest(MANIFEST).file("src/endpoints/deep/x.rs", "").enter("src/endpoints/deep");
    assert!(app.run(&["new", "worker", "fetch.py"]).starts_with("exit code 0"));
    assert!(app.path("../../../workers/fetch/main.py").is_file());
}

#[test]
fn worker_is_created_through_a_symlink_to_the_app() {
    let app = TestApp::with_manifest(MANIFEST);
    symlink("my_app", app.path("../link")).expect("symlink");
    let app = app.enter("../link");
    assert!(app.run(&["new", "worker", "resizer.rs"]).starts_with("exit code 0"));
    assert!(app.path("../my_app/workers/resizer/src/lib.rs").is_file());
}

#[test]
fn worker_is_created_in_the_configured_folder() {
    let manifest =
        MANIFEST.replace("[package.metadata.bedrock]", "[package.metadata.bedrock]\nworkers-dir = 'app/workers'");
    let bedrock = "\n[dependencies]\nbedrock = { package = \"bedrock-rt\", path = \"vendor/bedrock-rt\" }\n";
    let app = TestApp::with_manifest(&format!("{manifest}{bedrock}"));
    assert_snapshot!(app.run(&["new", "worker", "resizer.rs"]), @r#"
    exit code 0
    -- stderr
    done: created worker `resizer` (rust) in `app/workers/resizer` and added it to `Cargo.toml`
    next: write its code in `app/workers/resizer/src/lib.rs`, and its dependencies in `app/workers/resizer/Cargo.toml`
    next: try it with `cargo bedrock invoke resizer --payload '{"name": "world"}'`
    "#);
    assert!(app.read("Cargo.toml").ends_with("resizer = { path = \"app/workers/resizer\" }\n"));
    assert!(app.read("app/workers/resizer/Cargo.toml").contains("path = \"../../../vendor/bedrock-rt\""));
}
