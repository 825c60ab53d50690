//! The tools that build the app: the command of each, the files that it leaves, and the path of the zip of a worker.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use super::app::App;
use crate::tools;
use crate::workspace::Workspace;

/// A way to build all functions of the app, in release mode.
#[derive(Debug)]
pub(super) struct Builder<'a> {
    pub(super) kind: Kind,
    pub(super) workspace: &'a Workspace,
    pub(super) app: &'a App,
    /// The program of the subcommand.
    pub(super) tool: &'a Path,
    /// A PATH with cargo-lambda on it.
    pub(super) path: &'a OsString,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bedrock,
    Cargo,
    CargoLambda,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Bedrock, Self::Cargo, Self::CargoLambda];

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Bedrock => "`cargo bedrock build --release`",
            Self::Cargo => "`cargo build --release`, no zip",
            Self::CargoLambda => "`cargo lambda build --release --output-format zip`",
        }
    }
}

impl Builder<'_> {
    /// Returns the seconds of one build.
    pub(super) fn build(&self) -> Result<f64> {
        let mut command = self.command();
        let began = Instant::now();
        tools::output(&mut command)?;
        Ok(began.elapsed().as_secs_f64())
    }

    /// Removes the results of earlier builds.
    pub(super) fn clear(&self) -> Result<()> {
        let target = self.target();
        match fs::remove_dir_all(&target) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("failed to remove {}", target.display()))
            }
            _ => Ok(()),
        }
    }

    /// Returns the path of the zip of a worker; plain cargo makes none.
    pub(super) fn zip(&self, worker: &str) -> Option<PathBuf> {
        match self.kind {
            Kind::Bedrock => Some(self.target().join(format!("bedrock/workers/{worker}.zip"))),
            Kind::Cargo => None,
            Kind::CargoLambda => Some(self.target().join(format!("lambda/{worker}/bootstrap.zip"))),
        }
    }

    fn target(&self) -> PathBuf {
        match self.kind {
            Kind::Bedrock => self.app.root.join("target"),
            Kind::Cargo => self.app.root.with_file_name("target_cargo"),
            Kind::CargoLambda => self.app.root.with_file_name("target_lambda"),
        }
    }

    fn command(&self) -> Command {
        let mut command = match self.kind {
            Kind::Bedrock => {
                let mut command = self.workspace.command(self.tool);
                command.args(["bedrock", "build", "--release"]);
                return in_app(command, self.app);
            }
            Kind::Cargo => {
                let mut command = self.workspace.cargo();
                command.args(["build", "--release", "--workspace"]);
                command
            }
            Kind::CargoLambda => {
                let mut command = self.workspace.cargo();
                command.args(["lambda", "build", "--release", "--workspace", "--output-format", "zip"]);
                command
            }
        };
        // The same code for all tools: without the cfg it would be the programs for the local machine.
        command.env("CARGO_TARGET_DIR", self.target()).env("RUSTFLAGS", "--cfg bedrock_lambda").env("PATH", self.path);
        in_app(command, self.app)
    }
}

fn in_app(mut command: Command, app: &App) -> Command {
    command.current_dir(&app.root);
    command
}
