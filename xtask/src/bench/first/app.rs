//! Apps that `cargo bedrock new` makes in `target/bench/first`, and the commands that are run in them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::bench::dev::server::{Server, write};
use crate::tools;
use crate::workspace::Workspace;

/// An app with nothing compiled.
#[derive(Debug)]
pub(super) struct App<'a> {
    workspace: &'a Workspace,
    tool: &'a Path,
    pub(super) root: PathBuf,
}

/// Returns the folder of everything that this benchmark makes, which exists.
pub(super) fn folder(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target.join("bench/first");
    fs::create_dir_all(&folder).with_context(|| format!("failed to create {}", folder.display()))?;
    Ok(folder)
}

/// Removes a folder of an earlier run.
pub(super) fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("failed to remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

impl<'a> App<'a> {
    /// Makes an app with the Rust worker of the template and `workers`.
    pub(super) fn new(workspace: &'a Workspace, tool: &'a Path, name: &str, workers: &[&str]) -> Result<Self> {
        let folder = folder(workspace)?;
        let app = Self { workspace, tool, root: folder.join(name) };
        remove(&app.root)?;
        let mut new = workspace.command(tool);
        new.args(["bedrock", "new", "app", name, "--bedrock-path"]).arg(&workspace.root);
        tools::output(new.current_dir(&folder))?;
        for worker in workers {
            tools::output(&mut app.command(&["new", "worker", worker]))?;
        }
        // The same versions as in this workspace. Unused packages are removed now, so that no build has to.
        fs::copy(workspace.root.join("Cargo.lock"), app.root.join("Cargo.lock"))
            .context("failed to copy Cargo.lock")?;
        tools::output(app.cargo(&["fetch", "--quiet"]).env_remove("CARGO_NET_OFFLINE"))?;
        Ok(app)
    }

    /// Returns a command of the subcommand.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.workspace.command(self.tool);
        command.arg("bedrock").args(arguments);
        self.in_app(command)
    }

    /// Returns a command of cargo.
    pub(super) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = self.workspace.cargo();
        command.args(arguments);
        self.in_app(command)
    }

    fn in_app(&self, mut command: Command) -> Command {
        command.current_dir(&self.root);
        plain(&mut command);
        command
    }

    /// Starts `cargo bedrock dev`, with the changes that `prepare` makes to its command, and ends it when it can be called.
    pub(super) fn start_dev(&self, prepare: impl FnOnce(&mut Command)) -> Result<()> {
        let mut command = self.command(&["dev", "--port", "0", "--message-format", "json"]);
        prepare(&mut command);
        let mut server = Server::start(command, self.root.with_extension("log"))?;
        server.says(|line| line.contains("\"event\":\"app-started\"").then_some(()))
    }

    /// Replaces the first `from` in a file of the app.
    pub(super) fn replace(&self, file: &str, from: &str, to: &str) -> Result<()> {
        let path = self.root.join(file);
        let text = fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
        ensure!(text.contains(from), "`{from}` is not in `{}`", path.display());
        write(&path, &text.replacen(from, to, 1))
    }

    /// Writes a file of the app.
    pub(super) fn write(&self, file: &str, text: &str) -> Result<()> {
        write(&self.root.join(file), text)
    }
}

/// Has a command use the target folder of its app, and compile with the features of its app, whatever is set here.
pub(super) fn plain(command: &mut Command) {
    for variable in ["CARGO_TARGET_DIR", "CARGO_BUILD_BUILD_DIR", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] {
        command.env_remove(variable);
    }
    command.env("CARGO_NET_OFFLINE", "true");
}
