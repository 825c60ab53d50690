//! The tests of one worker, or of the whole app's Rust code, and the command that runs them.

use std::path::{Path, PathBuf};
use std::process::Command;

use bedrock_build::{App, Language, Worker};
use bedrock_local::WorkerTools;
use ignore::WalkBuilder;

use super::suite::Suite;
use super::{javascript, python};
use bedrock_diagnostics::Result;

/// Folders without tests of the worker itself.
const EXCLUDED_FOLDERS: [&str; 5] = ["node_modules", "__pycache__", "venv", "target", "site-packages"];

/// Returns the tests of a Rust worker, or of all Rust code of the app.
pub(super) fn rust(app: &App, worker: Option<&Worker>, arguments: &[String]) -> Suite {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(&app.root).arg("test");
    match worker {
        Some(worker) => command.args(["--package", worker.name.as_str()]),
        None => command.arg("--workspace"),
    };
    command.args(arguments);
    let name = worker.map_or_else(|| app.name.to_string(), |worker| worker.name.to_string());
    let folder = worker.map_or_else(|| app.root.clone(), |worker| app.root.join(&worker.dir));
    Suite { name, runner: "cargo test", folder, command, no_tests_code: None }
}

/// Returns the tests of a Python or JavaScript worker. `None` if it has none.
pub(super) fn hosted(app: &App, worker: &Worker, tools: &WorkerTools, arguments: &[String]) -> Result<Option<Suite>> {
    let folder = app.root.join(&worker.dir);
    let is_python = worker.language == Language::Python;
    let files = test_files(&folder, if is_python { python::is_test } else { javascript::is_test });
    if files.is_empty() {
        return Ok(None);
    }
    let mut suite = if is_python {
        python::suite(worker, &folder, tools)?
    } else {
        javascript::suite(worker, &folder, tools, &files)?
    };
    for (name, value) in &tools.environment {
        match value {
            Some(value) => suite.command.env(name, value),
            None => suite.command.env_remove(name),
        };
    }
    suite.command.current_dir(&folder).args(arguments);
    Ok(Some(suite))
}

/// Returns the test files of a worker relative to its folder, sorted.
fn test_files(folder: &Path, is_test: fn(&Path) -> bool) -> Vec<PathBuf> {
    let mut walk = WalkBuilder::new(folder);
    walk.standard_filters(false).hidden(true);
    walk.filter_entry(|entry| !EXCLUDED_FOLDERS.iter().any(|name| entry.file_name() == *name));
    // A folder that cannot be read has no tests that could run.
    let files = walk.build().flatten().filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()));
    let mut files: Vec<PathBuf> = files
        .filter_map(|entry| entry.path().strip_prefix(folder).ok().map(Path::to_owned))
        .filter(|file| is_test(file))
        .collect();
    files.sort();
    files
}
