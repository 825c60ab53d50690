//! Compiles the Python modules of a layer to bytecode. Lambda's folders are read-only, so without it they are compiled at
//! every cold start. Requires an interpreter of exactly the runtime's version.

use std::cmp::Reverse;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bedrock_build::Runtime;

use crate::tools::{ToolRunner, find_all_on_path};
use bedrock_diagnostics::Result;

const NO_BYTECODE: &str = "the layer has no bytecode, so each cold start compiles its modules";
/// Prints the version of an interpreter that can compile modules: of the language, and its own. Bytecode of another implementation,
/// or of one that is not released, is not that of Lambda.
const VERSION: &str = "import sys, compileall; v = sys.version_info; \
                       ok = sys.implementation.name == 'cpython' and v.releaselevel == 'final'; \
                       print('%d.%d %d.%d.%d' % (v[:2] + v[:3]) if ok else '')";

/// An interpreter that compiles modules.
#[derive(Debug)]
pub(super) struct BytecodeCompiler {
    pub(super) path: PathBuf,
    /// Its version, `3.13.5`.
    pub(super) version: String,
}

/// Returns an interpreter of the runtime's version that runs: on the PATH, or one that pyenv or uv has installed. One that is on
/// the PATH may be a shim for a version that is not installed. Installs nothing.
pub(super) fn interpreter(runtime: Runtime, tools: &ToolRunner) -> Option<BytecodeCompiler> {
    let wanted = runtime.version()?;
    let names = [format!("python{wanted}"), "python3".to_owned(), "python".to_owned()];
    let on_path = names.iter().flat_map(|name| find_all_on_path(name));
    let managed = managed_folders().into_iter().flat_map(|folder| managed_interpreters(&folder, wanted));
    on_path.chain(managed).find_map(|path| {
        let mut command = Command::new(&path);
        let answer = tools.ask(command.args(["-s", "-c", VERSION]))?;
        let (language, version) = answer.split_once(' ')?;
        (language == wanted).then(|| BytecodeCompiler { path, version: version.to_owned() })
    })
}

/// Returns the folders in which pyenv and uv have a folder for each version.
fn managed_folders() -> Vec<PathBuf> {
    let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = variable("HOME").unwrap_or_default();
    let pyenv = variable("PYENV_ROOT").unwrap_or_else(|| home.join(".pyenv"));
    let data = || variable("XDG_DATA_HOME").unwrap_or_else(|| home.join(".local/share"));
    let uv = variable("UV_PYTHON_INSTALL_DIR").unwrap_or_else(|| data().join("uv/python"));
    vec![pyenv.join("versions"), uv]
}

/// Returns the interpreters of a version below a folder, the newest first. pyenv's folders are called `3.13.5`, those of uv
/// `cpython-3.13.5-linux-x86_64-gnu`.
fn managed_interpreters(folder: &Path, version: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let full = name.strip_prefix("cpython-").unwrap_or(&name).split('-').next().unwrap_or_default();
        let patch = full.strip_prefix(version).and_then(|rest| rest.strip_prefix('.')?.parse::<u32>().ok());
        let program = entry.path().join("bin").join(format!("python{version}"));
        if let Some(patch) = patch.filter(|_| program.is_file()) {
            found.push((Reverse(patch), program));
        }
    }
    found.sort();
    found.into_iter().map(|(_, program)| program).collect()
}

/// Returns the warning for a layer without bytecode, because no interpreter has the runtime's version.
pub(super) fn missing_interpreter(runtime: Runtime) -> String {
    let version = runtime.version().unwrap_or_default();
    let name = format!("python{version}");
    let reason = if find_all_on_path(&name).is_empty() {
        format!("`{name}` is not on the PATH")
    } else {
        format!("the `{name}` on the PATH does not run")
    };
    format!("{NO_BYTECODE}: {reason}, and neither pyenv nor uv has one; `uv python install {version}` installs it")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn managed_interpreters_are_found_newest_first() {
        let folder = tempfile::tempdir().expect("a folder");
        for dir in ["3.13.2", "3.13.10", "3.12.1", "3.13-dev", "cpython-3.13.4-linux-x86_64-gnu", "pypy3.13.1"] {
            let bin = folder.path().join(dir).join("bin");
            fs::create_dir_all(&bin).expect("a folder");
            fs::write(bin.join("python3.13"), "").expect("written");
        }
        fs::create_dir_all(folder.path().join("3.13.11/bin")).expect("a folder");
        let found = managed_interpreters(folder.path(), "3.13");
        let dirs = ["3.13.10", "cpython-3.13.4-linux-x86_64-gnu", "3.13.2"];
        assert_eq!(found, dirs.map(|dir| folder.path().join(dir).join("bin/python3.13")));
        assert!(managed_interpreters(&folder.path().join("missing"), "3.13").is_empty());
    }
}
