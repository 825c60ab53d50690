//! Runs one worker on this machine, for `cargo bedrock invoke`.
//!
//! If all workers are in Python or JavaScript, they run in this process. If the app has Rust workers, it is compiled
//! and its own program makes the invocation, because Rust workers are linked into that program only. In both cases the
//! local runtime prints the response and the error.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bedrock_build::{App, Language, Worker};
use bedrock_local::{
    AppInfo, EVENT_VARIABLE, RESPONSE_VARIABLE, SingleInvocation, WORKER_VARIABLE, run_single_invocation,
};
use cargo_metadata::{Message, MetadataCommand, TargetKind};

use crate::ui::Printer;
use bedrock_diagnostics::{Error, ExitKind, Result};

/// Invokes `worker` with `payload`, which is JSON. The response or the error has been printed when this returns.
pub(crate) fn run(app: &App, worker: &Worker, payload: String, event: bool, print: Printer) -> Result<()> {
    let needs_program = app.workers.iter().any(|worker| worker.language == Language::Rust);
    let code = if needs_program {
        let program = compile(app, print)?;
        run_in_program(&program, worker, &payload, event)?
    } else {
        let target = target_dir(app)?;
        let info = AppInfo::from_disk(app, target.join("bedrock"))
            .map_err(|problem| Error::problems(ExitKind::App, vec![problem]))?;
        let once =
            SingleInvocation { worker: worker.name.to_string(), event: payload.into_bytes(), fire_and_forget: event };
        run_single_invocation(info, once)
    };
    match code {
        0 => Ok(()),
        code => Err(Error::already_reported(code)),
    }
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

/// Compiles the endpoint and returns the path of its program. Cargo's progress and errors go straight to the terminal.
fn compile(app: &App, print: Printer) -> Result<PathBuf> {
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

/// Makes the invocation in the app's program and returns its exit code. The program's own standard output, where Rust
/// workers print and log, goes to the standard error. The response comes in a file and is all that is printed here.
fn run_in_program(program: &Path, worker: &Worker, payload: &str, event: bool) -> Result<u8> {
    let run_error = |error| Error::io(format!("failed to run `{}`", program.display()), &error);
    let response = tempfile::NamedTempFile::new()
        .map_err(|error| Error::io("failed to create a file for the response".to_owned(), &error))?;
    let mut command = Command::new(program);
    // The other Rust workers of the app run in the same process, with the variables of this one.
    command.envs(&worker.settings.environment);
    command.env(WORKER_VARIABLE, worker.name.as_str()).env(RESPONSE_VARIABLE, response.path());
    command.stdin(Stdio::piped()).stdout(std::io::stderr());
    if event {
        command.env(EVENT_VARIABLE, "1");
    }
    let mut child = command.spawn().map_err(run_error)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that exits before it has read everything prints the reason itself.
        let _ = stdin.write_all(payload.as_bytes());
    }
    let status = child.wait().map_err(run_error)?;
    let Some(code) = status.code() else {
        return Err(Error::app(format!("worker `{}` crashed the app's program", worker.name)).cause(status.to_string()));
    };
    if code == 0 && !event {
        let text = std::fs::read_to_string(response.path())
            .map_err(|error| Error::io(format!("failed to read `{}`", response.path().display()), &error))?;
        Printer::data(&format!("{text}\n"))?;
    }
    Ok(u8::try_from(code).unwrap_or(1))
}
