//! Compiles the Python modules of a layer to bytecode. Lambda's folders are read-only, so without it they are compiled at
//! every cold start. Requires an interpreter of exactly the runtime's version.

use std::path::{Path, PathBuf};
use std::process::Command;

use bedrock_build::Runtime;

use crate::tools::{ToolRunner, find_all_on_path};
use bedrock_diagnostics::Result;

const NO_BYTECODE: &str = "the layer has no bytecode, so each cold start compiles its modules";
/// Prints the version of an interpreter that can compile modules.
const VERSION: &str = "import sys, compileall; print('%d.%d' % sys.version_info[:2])";

/// Returns an interpreter of the runtime's version that runs. One that is on the PATH may be a shim for a version that is not
/// installed.
pub(super) fn interpreter(runtime: Runtime, tools: &ToolRunner) -> Option<PathBuf> {
    let version = runtime.version()?;
    let fits = |python: &PathBuf| {
        let mut command = Command::new(python);
        tools.ask(command.args(["-s", "-c", VERSION])).as_deref() == Some(version)
    };
    let names = [format!("python{version}"), "python3".to_owned(), "python".to_owned()];
    names.iter().flat_map(|name| find_all_on_path(name)).find(fits)
}

/// Returns the warning for a layer without bytecode, because no interpreter has the runtime's version.
pub(super) fn missing_interpreter(runtime: Runtime) -> String {
    let name = format!("python{}", runtime.version().unwrap_or_default());
    let reason = if find_all_on_path(&name).is_empty() {
        format!("`{name}` is not on the PATH")
    } else {
        format!("the `{name}` on the PATH does not run")
    };
    format!("{NO_BYTECODE}: {reason}")
}

/// Returns the warning for a layer without bytecode, although there is an interpreter.
pub(super) fn failed_interpreter(interpreter: &Path) -> String {
    format!("{NO_BYTECODE}: `{}` did not compile them", interpreter.display())
}

/// Compiles the modules in `target`, which is in `staging` and will be in `/opt`. Other files are not changed. Returns whether
/// there is bytecode.
pub(super) fn compile(interpreter: &Path, staging: &Path, target: &Path, tools: &ToolRunner) -> Result<bool> {
    let mut command = Command::new(interpreter);
    command.args(["-s", "-m", "compileall", "-q", "-q", "-f", "-j", "1"]);
    // The files must not depend on times and paths of this machine: the interpreter does not check whether sources have
    // changed, and tracebacks have the paths on Lambda.
    command.args(["--invalidation-mode", "unchecked-hash", "-p", "/opt", "-s"]).arg(staging).arg(target);
    for variable in ["PYTHONPATH", "PYTHONHOME", "PYTHONOPTIMIZE", "PYTHONPYCACHEPREFIX", "PYTHONDONTWRITEBYTECODE"] {
        command.env_remove(variable);
    }
    command.env("PYTHONHASHSEED", "0").current_dir(staging);
    // It fails if a single template only looks like a module. The files that it compiled before are valid.
    let _ = tools.run(&mut command, "failed to compile to bytecode");
    tools.check()?;
    Ok(has_file(target, "pyc"))
}

/// Returns whether there are modules to compile.
pub(super) fn has_modules(folder: &Path) -> bool {
    has_file(folder, "py")
}

fn has_file(folder: &Path, extension: &str) -> bool {
    let entries = ignore::WalkBuilder::new(folder).standard_filters(false).build();
    entries.flatten().any(|entry| entry.path().extension().is_some_and(|found| found == extension))
}
