//! The tests of a Python worker: pytest, with the worker's folder, the module `bedrock` and the dependencies on the path.

use std::path::Path;
use std::process::{Command, Stdio};

use bedrock_build::{Worker, shell_quoted};
use bedrock_local::WorkerTools;

use super::suite::Suite;
use crate::worker_tools::python_path;
use bedrock_diagnostics::{Error, Result};

/// The exit code of pytest if it has found no tests.
const NO_TESTS: i32 = 5;

pub(super) fn is_test(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    name.strip_suffix(".py").is_some_and(|module| module.starts_with("test_") || module.ends_with("_test"))
}

pub(super) fn suite(worker: &Worker, folder: &Path, tools: &WorkerTools) -> Result<Suite> {
    let path = python_path(tools);
    let python = || {
        let mut command = Command::new(&tools.interpreter);
        // No caches in the worker's folder: they would look like changes of its files.
        command.env("PYTHONPATH", &path).env("PYTHONDONTWRITEBYTECODE", "1");
        command
    };
    let has_pytest = python().args(["-c", "import pytest"]).stdin(Stdio::null()).stderr(Stdio::null()).status();
    if !has_pytest.is_ok_and(|status| status.success()) {
        let interpreter = tools.interpreter.display();
        return Err(Error::call(format!("failed to test worker `{}`", worker.name))
            .cause(format!("`{interpreter}` has no `pytest`"))
            .help(format!("run `{} -m pip install pytest`", shell_quoted(&interpreter.to_string())))
            .help("or set `BEDROCK_PYTHON` to the interpreter of an environment that has it"));
    }
    let mut command = python();
    command.args(["-m", "pytest", "-p", "no:cacheprovider"]);
    Ok(Suite {
        name: worker.name.to_string(),
        runner: "pytest",
        folder: folder.to_owned(),
        command,
        no_tests_code: Some(NO_TESTS),
    })
}
