//! Where the apps of all tests are compiled.

use std::env;
use std::process::Command;

/// Variables that cargo or a user has set for the tests and that would change how an app is compiled.
const REMOVED: [&str; 4] = ["RUSTFLAGS", "CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "RUST_BACKTRACE"];

/// Has a command compile an app in the target folder of all tests, `target/fixtures`: what their apps depend on is compiled
/// once. The app must have the lock file of this workspace.
///
/// # Panics
///
/// If this program is not below cargo's target folder.
pub fn share_build(command: &mut Command) -> &mut Command {
    let program = env::current_exe().expect("a test knows its own path");
    let target = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists());
    command.env("CARGO_TARGET_DIR", target.expect("a test is below cargo's target folder").join("fixtures"));
    for variable in REMOVED {
        command.env_remove(variable);
    }
    command
}
