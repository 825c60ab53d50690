//! Workers that a debugger looks into: where it finds them, and what their processes are started with. Whoever runs the
//! app says which they are; their timeouts are that one's business, too.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

use crate::local::interpreter::Interpreter;

/// How long the worker that was there before may take to let go of its port.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(20);
/// Between a worker's start and its readiness somebody may look at a breakpoint.
pub(super) const INIT: Duration = Duration::from_secs(24 * 60 * 60);
/// Where debugpy is looked for first, within the folder for what the local runtime writes.
const FOLDER: &str = "debugpy";
/// Where the interpreter itself would find it.
const ASK: &str = "import debugpy, os; print(os.path.dirname(os.path.dirname(os.path.abspath(debugpy.__file__))))";

/// What went wrong, and what to do about it.
type Failure = (String, Option<String>);

/// Waits until nobody listens on a port any more.
pub(super) async fn free(port: u16) -> Result<(), Failure> {
    let wait = async {
        while TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err() {
            tokio::time::sleep(LOOK).await;
        }
    };
    let taken = |_| {
        let help = "disconnect the debugger that is still connected, and call the worker again".to_owned();
        (format!("port {port}, on which the worker waits for its debugger, is taken"), Some(help))
    };
    tokio::time::timeout(PATIENCE, wait).await.map_err(taken)
}

/// The folder that debugpy is in: that of its own, the worker's dependencies, or the interpreter's packages.
pub(super) async fn debugpy(scratch: &Path, site: &Path, interpreter: &Interpreter) -> Result<PathBuf, Failure> {
    let own = scratch.join(FOLDER);
    for folder in [&own, site] {
        if folder.join("debugpy/__init__.py").is_file() {
            return Ok(folder.to_owned());
        }
    }
    let output = Command::new(&interpreter.path).args(["-c", ASK]).kill_on_drop(true).output().await;
    let found = output.ok().filter(|output| output.status.success());
    let found = found.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    found.filter(|folder| folder.is_dir()).ok_or_else(|| {
        let (python, own) = (interpreter.path.display(), own.display());
        let help = format!("run `{python} -m pip install --target {own} debugpy`");
        ("debugpy is not installed, with which a Python worker is debugged".to_owned(), Some(help))
    })
}
