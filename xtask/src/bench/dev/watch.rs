//! cargo-lambda's local Lambda, and the workspace that it serves: one function that does the same as the called worker, with
//! only `lambda_runtime`.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::server::{Server, free_port, write};
use crate::bench::cargo_lambda;
use crate::workspace::Workspace;

const MANIFEST: &str = r#"[package]
name = "echo"
version = "0.1.0"
edition = "2024"

[dependencies]
lambda_runtime = { version = "1.5", default-features = false }
serde_json = "1"
tokio = { version = "1", features = ["macros", "rt"] }

[profile.release]
codegen-units = 1
lto = "fat"
strip = "symbols"

[profile.dev]
strip = "debuginfo"

[workspace]
"#;
const MAIN: &str = r#"use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

const VERSION: &str = "version-0";

async fn echo(event: LambdaEvent<Value>) -> Result<Value, Error> {
    Ok(json!({ "version": VERSION, "event": event.payload }))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(echo)).await
}
"#;

/// The workspace in `target/bench/dev/watch`.
#[derive(Debug)]
pub(super) struct Watch<'a> {
    workspace: &'a Workspace,
    folder: PathBuf,
    path: OsString,
}

impl<'a> Watch<'a> {
    /// Installs cargo-lambda and writes the workspace.
    pub(super) fn new(workspace: &'a Workspace) -> Result<Self> {
        let path = cargo_lambda::install(workspace)?;
        let folder = workspace.target.join("bench/dev/watch");
        // Without this list, changes in its own target folder would make it compile forever.
        for (name, text) in [("Cargo.toml", MANIFEST), ("src/main.rs", MAIN), (".gitignore", "/target\n")] {
            write(&folder.join(name), text)?;
        }
        // The same versions as in this workspace.
        fs::copy(workspace.root.join("Cargo.lock"), folder.join("Cargo.lock")).context("failed to copy Cargo.lock")?;
        Ok(Self { workspace, folder, path })
    }

    /// Returns the path of the source of the function.
    pub(super) fn file(&self) -> PathBuf {
        self.folder.join("src/main.rs")
    }

    /// Starts it and returns the URL of the function, which is compiled at its first call.
    pub(super) fn start(&self, more: &[&str]) -> Result<(Server, String)> {
        let port = free_port()?;
        let mut command = self.workspace.command("cargo");
        command.current_dir(&self.folder).env("PATH", &self.path).env_remove("CARGO_TARGET_DIR");
        command.args(["lambda", "watch", "--invoke-address", "127.0.0.1", "--invoke-port", &port.to_string()]);
        command.args(more);
        let mut server = Server::start(command, self.workspace.target.join("bench/dev/watch.log"))?;
        server.listens(port)?;
        Ok((server, format!("http://127.0.0.1:{port}/2015-03-31/functions/echo/invocations")))
    }
}
