//! Compiles the program of an app, in which all Rust workers are linked.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use bedrock_build::App;
use cargo_metadata::{Message, MetadataCommand, TargetKind};

use crate::ui::Printer;
use bedrock_diagnostics::{Error, Result};

/// Compiles the endpoint and returns the path of its program. Cargo's progress and errors go straight to the terminal.
pub(super) fn compile(app: &App, print: Printer) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(&cargo);
    command.args(["build", "--bins", "--message-format=json-render-diagnostics"]).current_dir(&app.root);
    if print.quiet {
        command.arg("--quiet");
    }
    let command_text = format!("`cargo build --bins` in `{}`", app.root.display());
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Error::io(format!("failed to start {command_text}"), &error))?;
    if !output.status.success() {
        let cause = format!("{command_text} failed");
        return Err(Error::app(format!("failed to compile the app `{}`", app.name)).cause(cause));
    }
    let manifest = app.root.join("Cargo.toml");
    let mut programs: Vec<(String, PathBuf)> = Message::parse_stream(&output.stdout[..])
        .filter_map(|message| match message {
            Ok(Message::CompilerArtifact(artifact)) => Some(artifact),
            _ => None,
        })
        .filter(|artifact| artifact.manifest_path.as_std_path() == manifest)
        .filter(|artifact| artifact.target.kind.contains(&TargetKind::Bin))
        .filter_map(|artifact| Some((artifact.target.name, artifact.executable?.into_std_path_buf())))
        .collect();
    // If there are several binaries, the endpoint is the one named like the package.
    programs.sort_by_key(|(name, _)| name.as_str() != app.name.as_str());
    programs.into_iter().next().map(|(_, path)| path).ok_or_else(|| {
        Error::app(format!("the app `{}` has no binary", app.name)).help("its endpoint is `src/main.rs`")
    })
}

/// Returns cargo's target folder, which the user's configuration may have moved.
pub(crate) fn target_dir(app: &App) -> Result<PathBuf> {
    let metadata = MetadataCommand::new().current_dir(&app.root).no_deps().exec();
    let metadata = metadata
        .map_err(|error| Error::app("failed to read the app with `cargo metadata`").cause(error_message(&error)))?;
    Ok(metadata.target_directory.into_std_path_buf())
}

fn error_message(error: &cargo_metadata::Error) -> String {
    match error {
        cargo_metadata::Error::CargoMetadata { stderr } => stderr.trim().to_owned(),
        other => other.to_string(),
    }
}
