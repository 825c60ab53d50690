//! The tools that tests start: the pinned ones of `cargo xtask setup`, and the interpreters of the machine.
//! A missing one means that the test is skipped; with `CI` set, that it fails.

use std::env;
use std::path::PathBuf;

/// A pinned tool by its path below `target/tools`, for example `bin/uv`; None where there is none.
pub fn tool(path: &str) -> Option<PathBuf> {
    // The program that asks is a test, somewhere below cargo's target folder.
    let program = env::current_exe().expect("a test knows its own path");
    let found = program.ancestors().map(|folder| folder.join("tools").join(path)).find(|tool| tool.exists());
    found.or_else(|| missing(&format!("there is no `target/tools/{path}`: run `cargo xtask setup`")))
}

/// The first program of that name on the PATH; None where there is none.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file());
    found.or_else(|| missing(&format!("`{name}` is not on the PATH")))
}

fn missing(reason: &str) -> Option<PathBuf> {
    let is_ci = env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"));
    assert!(!is_ci, "{reason}, and with CI set nothing may be skipped");
    println!("skipped: {reason}");
    None
}
