//! The tests that one command runs.

use std::path::PathBuf;
use std::process::Command;

/// Tests that one command runs.
pub(super) struct Suite {
    /// The name of the worker. The endpoint's tests run together with those of the Rust workers.
    pub(super) name: String,
    /// The name of the runner, for example `pytest`.
    pub(super) runner: &'static str,
    /// The folder whose changed files make the tests run again.
    pub(super) folder: PathBuf,
    pub(super) command: Command,
    /// The exit code by which the runner says that there are no tests.
    pub(super) no_tests_code: Option<i32>,
}
