//! Compiles the Python modules of a layer to bytecode. Lambda's folders are read-only, so without it they are compiled at
//! every cold start. Requires an interpreter of exactly the runtime's version.

use std::path::{Path, PathBuf};
use std::process::Command;

use bedrock_build::Runtime;

use crate::process::{ToolRunner, find_on_path};
use bedrock_diagnostics::Result;

/// Returns the interpreter of the runtime's version, found by its file name. It is not started.
pub(super) fn interpreter(runtime: Runtime) -> Option<PathBuf> {
    find_on_path(&format!("python{}", runtime.version()?))
}

/// Compiles the modules in `target`, which is in `staging` and will be in `/opt`. Other files are not changed.
pub(super) fn compile(interpreter: &Path, staging: &Path, target: &Path, tools: &ToolRunner) -> Result<()> {
    let mut command = Command::new(interpreter);
    command.args(["-s", "-m", "compileall", "-q", "-q", "-f", "-j", "1"]);
    // The files must not depend on times and paths of this machine: the interpreter does not check whether sources have
    // changed, and tracebacks have the paths on Lambda.
    command.args(["--invalidation-mode", "unchecked-hash", "-p", "/opt", "-s"]).arg(staging).arg(target);
    for variable in ["PYTHONPATH", "PYTHONHOME", "PYTHONOPTIMIZE", "PYTHONPYCACHEPREFIX"] {
        command.env_remove(variable);
    }
    command.env("PYTHONHASHSEED", "0").current_dir(staging);
    // It fails if a single template only looks like a module, or if the interpreter on the PATH is a shim for a version that
    // is not installed. The files that it compiled before are valid.
    let _ = tools.run(&mut command, "failed to compile to bytecode");
    tools.check()
}
