//! Bytecode of a layer: Lambda's folders are read-only, so what is not compiled here is compiled at every cold start.
//! Only the interpreter of the very version writes what the runtime takes; without it there is none.

use std::path::{Path, PathBuf};
use std::process::Command;

use bedrock_build::Runtime;

use crate::tool::{Tools, on_path};
use bedrock_diagnostics::Result;

/// The interpreter of the runtime's version, by its name alone: it is not started to look.
pub(super) fn interpreter(runtime: Runtime) -> Option<PathBuf> {
    on_path(&format!("python{}", runtime.version()?))
}

/// Compiles the modules in `target`, which lies in `staging` and will lie in `/opt`. What is no Python stays as it is.
pub(super) fn compile(interpreter: &Path, staging: &Path, target: &Path, tools: &Tools) -> Result<()> {
    let mut command = Command::new(interpreter);
    command.args(["-s", "-m", "compileall", "-q", "-q", "-f", "-j", "1"]);
    // Times and places of this machine must not be in the files: sources are not asked whether they changed, and
    // tracebacks name the place on Lambda.
    command.args(["--invalidation-mode", "unchecked-hash", "-p", "/opt", "-s"]).arg(staging).arg(target);
    for variable in ["PYTHONPATH", "PYTHONHOME", "PYTHONOPTIMIZE", "PYTHONPYCACHEPREFIX"] {
        command.env_remove(variable);
    }
    command.env("PYTHONHASHSEED", "0").current_dir(staging);
    // It fails for a single template that only looks like a module, and where the name on the PATH is a shim for
    // a version that is not installed. Whatever it compiled is right.
    let _ = tools.run(&mut command, "failed to compile to bytecode");
    tools.check()
}
