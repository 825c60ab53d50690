//! Programs of the machine: where they are, what they print, and the real interpreter behind a shim.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The first executable of that name on the PATH.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let executable =
        |path: &PathBuf| fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0);
    env::split_paths(&env::var_os("PATH")?).map(|dir| dir.join(name)).find(executable)
}

/// What runs when somebody types `python3`. A version manager's shim costs more than 150 ms a start, so it is asked once.
pub(crate) fn python() -> Result<Option<PathBuf>> {
    let Some(program) = on_path("python3") else { return Ok(None) };
    let printed = output(Command::new(program).args(["-c", "import sys; print(sys.executable)"]))?;
    Ok(Some(PathBuf::from(printed.trim())))
}

/// What a command prints to its standard output; its failure is an error that shows the command and what it said.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let shown = shown(command);
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("failed to start `{shown}`"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{shown}` failed ({}): {}", output.status, said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A command as one would type it.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let arguments = command.get_args().map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once(program.to_string_lossy().into_owned()).chain(arguments).collect::<Vec<_>>().join(" ")
}
