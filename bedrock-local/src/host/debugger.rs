//! Debugged workers: the port on which a debugger connects, and debugpy for Python. The embedding program chooses the
//! workers and their timeouts.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bedrock_build::shell_quoted;
use tokio::process::Command;

use crate::interpreter::Interpreter;

/// How long the previous process may take to release its port.
const PORT_TIMEOUT: Duration = Duration::from_secs(10);
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// How long a debugged worker may take to load: the user may stop at a breakpoint.
pub(super) const INIT_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);
/// Folder, in the scratch folder of the local runtime, in which debugpy is searched first.
const DEBUGPY_FOLDER: &str = "debugpy";
/// Code that prints where the interpreter itself finds debugpy.
const PROBE: &str = "import debugpy, os; print(os.path.dirname(os.path.dirname(os.path.abspath(debugpy.__file__))))";

/// The error message, and how to fix the problem.
type Failure = (String, Option<String>);

/// Waits until no process listens on a port any more.
pub(super) async fn wait_until_free(port: u16) -> Result<(), Failure> {
    let wait = async {
        while TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err() {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    };
    let in_use = |_| {
        let help = "disconnect the debugger that is still connected, and call the worker again".to_owned();
        (format!("port {port}, on which the worker waits for its debugger, is in use"), Some(help))
    };
    tokio::time::timeout(PORT_TIMEOUT, wait).await.map_err(in_use)
}

/// Returns the folder that contains debugpy: its own folder, the worker's dependencies, or the interpreter's packages.
pub(super) async fn find_debugpy(scratch: &Path, site: &Path, interpreter: &Interpreter) -> Result<PathBuf, Failure> {
    let own = scratch.join(DEBUGPY_FOLDER);
    for folder in [&own, site] {
        if folder.join("debugpy/__init__.py").is_file() {
            return Ok(folder.to_owned());
        }
    }
    let output = Command::new(&interpreter.path).args(["-c", PROBE]).kill_on_drop(true).output().await;
    let found = output.ok().filter(|output| output.status.success());
    let found = found.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    found.filter(|folder| folder.is_dir()).ok_or_else(|| {
        let python = shell_quoted(&interpreter.path.display().to_string());
        let own = shell_quoted(&own.display().to_string());
        let help = format!("run `{python} -m pip install --target {own} debugpy`");
        ("debugpy is not installed, which is needed to debug a Python worker".to_owned(), Some(help))
    })
}
