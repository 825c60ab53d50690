//! The tests of a JavaScript worker: vitest if its `package.json` lists it, otherwise the test runner of Node.js.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bedrock_build::Worker;
use bedrock_local::WorkerTools;
use serde_json::Value;

use super::suite::Suite;
use bedrock_diagnostics::{Error, Result};

/// File name extensions of scripts.
const EXTENSIONS: [&str; 6] = ["js", "mjs", "cjs", "ts", "mts", "cts"];

pub(super) fn is_test(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let Some((stem, extension)) = name.rsplit_once('.') else { return false };
    EXTENSIONS.contains(&extension) && matches!(stem.rsplit_once('.'), Some((_, "test" | "spec")))
}

pub(super) fn suite(worker: &Worker, folder: &Path, tools: &WorkerTools, files: &[PathBuf]) -> Result<Suite> {
    let (runner, command) = if lists_vitest(folder) {
        let program = folder.join("node_modules/vitest/vitest.mjs");
        if !program.is_file() {
            return Err(Error::call(format!("failed to test worker `{}`", worker.name))
                .cause(format!("`vitest` is listed in `{}/package.json`, but not installed", worker.dir))
                .help(format!("run `npm install` in `{}`", worker.dir)));
        }
        let mut command = Command::new(&tools.interpreter);
        command.arg(program).arg("run");
        ("vitest", command)
    } else {
        let mut command = Command::new(&tools.interpreter);
        let shares_packages = tools.environment.iter().any(|(name, value)| name == "NODE_PATH" && value.is_some());
        if worker.is_typescript() || shares_packages {
            // Loads the files as the host does, also with a Node.js that cannot remove types.
            command.arg("--import").arg(tools.scripts.join("javascript/register.mjs"));
        }
        command.arg("--test");
        // Which files of a folder Node.js takes differs between its versions.
        command.args(files);
        ("node --test", command)
    };
    let name = worker.name.to_string();
    Ok(Suite { name, runner, folder: folder.to_owned(), command, no_tests_code: None })
}

fn lists_vitest(folder: &Path) -> bool {
    let text = fs::read(folder.join("package.json")).unwrap_or_default();
    let package: Value = serde_json::from_slice(&text).unwrap_or_default();
    ["dependencies", "devDependencies"].iter().any(|list| package[list].get("vitest").is_some())
}
