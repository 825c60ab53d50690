//! Programs on this machine: finds them, runs them, and resolves the interpreter that a shim starts.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Returns the first executable of that name on the PATH.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let executable =
        |path: &PathBuf| fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0);
    env::split_paths(&env::var_os("PATH")?).map(|dir| dir.join(name)).find(executable)
}

/// Returns the interpreter that `python3` starts, or `None` if there is none on the PATH. The shim of a version manager
/// takes more than 150 ms for each start, so callers start the interpreter itself.
pub(crate) fn python() -> Result<Option<PathBuf>> {
    let Some(program) = on_path("python3") else { return Ok(None) };
    let printed = output(Command::new(program).args(["-c", "import sys; print(sys.executable)"]))?;
    Ok(Some(PathBuf::from(printed.trim())))
}

/// Runs a command and returns its standard output. The error of a failed command has its arguments and its standard error.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let shown = shown(command);
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("failed to start `{shown}`"))?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        bail!("`{shown}` failed ({}): {}", output.status, message.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Returns a command as it would be typed.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let arguments = command.get_args().map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once(program.to_string_lossy().into_owned()).chain(arguments).collect::<Vec<_>>().join(" ")
}
