//! The AWS services of `dev.services` under `cargo run`: `cargo bedrock services` runs them in a process of its own, which ends
//! with this program. This program then starts again with the variables by which SDKs find them, because a program cannot
//! change its own environment while its threads read it.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, ErrorKind};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::app_info::AppInfo;
use super::single_invocation::WORKER_VARIABLE;

/// The variable by which SDKs find all services. A program that has it starts none.
const ENDPOINT_VARIABLE: &str = "AWS_ENDPOINT_URL";
/// Variables of the user that would choose other credentials than those of the services.
const REMOVED_VARIABLES: [&str; 2] = ["AWS_PROFILE", "AWS_SESSION_TOKEN"];
/// The program that runs the services.
const PROGRAM: &str = "cargo-bedrock";

/// What a test of an app that uses services prints.
pub const NO_SERVICES_IN_TESTS: &str = "note: the services of `dev.services` do not run in `cargo test`\n\
    help: run `cargo bedrock test`, or set `AWS_ENDPOINT_URL` to the URL of an emulator";

/// Returns whether the environment says where the services are.
pub fn is_endpoint_set() -> bool {
    std::env::var_os(ENDPOINT_VARIABLE).is_some()
}

/// Starts the services that an app uses, and then this program again with their variables: it does not return then. Returns
/// if the app uses none, if the environment says where they are, or for the single invocation of `cargo bedrock invoke`. Must
/// be called before anything else is started.
///
/// # Errors
///
/// If the services or this program cannot be started, with what to do about it.
pub fn start_services(app: &AppInfo) -> Result<(), String> {
    if !app.uses_services || is_endpoint_set() || std::env::var_os(WORKER_VARIABLE).is_some() {
        return Ok(());
    }
    let mut child = spawn(&app.root).map_err(|error| not_spawned(&error))?;
    let Some(variables) = child.stdout.take().and_then(|stdout| read_variables(BufReader::new(stdout))) else {
        // It has printed why.
        let _ = child.wait();
        let help = "help: to run without them, set `AWS_ENDPOINT_URL` to the URL of an emulator, or to nothing";
        return Err(format!("the services of `dev.services` have not started\n{help}"));
    };
    Err(format!("failed to start this program again with its services: {}", become_program_with(variables)))
}

/// Starts the services, in a process group of their own: Ctrl-C in the terminal is for this program, which still needs them
/// for its accepted events.
fn spawn(root: &Path) -> io::Result<Child> {
    let own_id = std::process::id().to_string();
    let spawn = |program: PathBuf| {
        let mut command = Command::new(program);
        command.args(["bedrock", "services", "--parent", &own_id]).current_dir(root);
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()
    };
    match spawn(PROGRAM.into()) {
        // Cargo finds it there, too.
        Err(error) if error.kind() == ErrorKind::NotFound => match cargo_folder() {
            Some(folder) => spawn(folder.join("bin").join(PROGRAM)),
            None => Err(error),
        },
        started => started,
    }
}

fn cargo_folder() -> Option<PathBuf> {
    let folder = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    folder.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")))
}

fn not_spawned(error: &io::Error) -> String {
    let message = "failed to start `cargo-bedrock`, which runs the services of `dev.services`";
    let help = if error.kind() == ErrorKind::NotFound {
        "\nhelp: run `cargo install cargo-bedrock`, or set `AWS_ENDPOINT_URL` to the URL of an emulator"
    } else {
        ""
    };
    format!("{message}\n  caused by: {error}{help}")
}

/// Reads lines `NAME=value` until an empty one. `None` if the services have ended before it, or have no URL.
fn read_variables(lines: impl BufRead) -> Option<Vec<(String, String)>> {
    let mut variables = Vec::new();
    for line in lines.lines() {
        let line = line.ok()?;
        if line.is_empty() {
            // Without it, this program would start again without end.
            let has_url =
                variables.iter().any(|(name, value): &(String, String)| name == ENDPOINT_VARIABLE && !value.is_empty());
            return has_url.then_some(variables);
        }
        let (name, value) = line.split_once('=')?;
        variables.push((name.to_owned(), value.to_owned()));
    }
    None
}

/// Becomes this program once more, in the same process. Returns only if that fails.
fn become_program_with(variables: Vec<(String, String)>) -> io::Error {
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return error,
    };
    let mut arguments = std::env::args_os();
    let mut command = Command::new(program);
    command.arg0(arguments.next().unwrap_or_else(|| OsString::from("app"))).args(arguments);
    for name in REMOVED_VARIABLES {
        command.env_remove(name);
    }
    command.envs(variables).exec()
}

#[cfg(test)]
mod tests {
    use super::read_variables;

    #[test]
    fn variables_of_services_are_lines_up_to_an_empty_one() {
        let read = |text: &str| read_variables(text.as_bytes());
        let complete = "AWS_ENDPOINT_URL=http://127.0.0.1:1/_aws\nSHOP_X=a=b\n\nlater";
        let expected = [("AWS_ENDPOINT_URL", "http://127.0.0.1:1/_aws"), ("SHOP_X", "a=b")];
        let expected: Vec<_> = expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(read(complete), Some(expected));
        for incomplete in
            ["", "AWS_ENDPOINT_URL=a\n", "AWS_ENDPOINT_URL=a\nB=b", "\n", "B=b\n\n", "AWS_ENDPOINT_URL=\n\n", "x\n\n"]
        {
            assert_eq!(read(incomplete), None, "{incomplete:?}");
        }
    }
}
