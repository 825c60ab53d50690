//! Finds the tools that tests start: the pinned tools that `cargo xtask setup` installs, and the interpreters on the
//! PATH. If a tool is missing, the test is skipped; with `CI` set, it fails.

use std::env;
use std::path::PathBuf;

/// Returns the path of a pinned tool in `target/tools`, for example `bin/uv`. Returns `None` if it is not installed.
pub fn tool(path: &str) -> Option<PathBuf> {
    // The current program is a test, in a subfolder of cargo's target folder.
    let test = env::current_exe().expect("a test knows its own path");
    let tool = test.ancestors().map(|folder| folder.join("tools").join(path)).find(|tool| tool.exists());
    tool.or_else(|| skip(&format!("there is no `target/tools/{path}`: run `cargo xtask setup`")))
}

/// Returns the path of the first program with that name on the PATH. Returns `None` if there is none.
pub fn find_on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let program = env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file());
    program.or_else(|| skip(&format!("`{name}` is not on the PATH")))
}

fn skip(reason: &str) -> Option<PathBuf> {
    let is_ci = env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"));
    assert!(!is_ci, "{reason}; with `CI` set no test may be skipped");
    println!("skipped: {reason}");
    None
}
