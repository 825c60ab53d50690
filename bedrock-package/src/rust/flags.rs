//! The flags of rustc: the user's, followed by ours. Cargo does not merge flags of the environment with those of other
//! places, so the user's flags are read from its configuration and passed on.

use std::path::Path;
use std::process::Command;

use bedrock_build::Architecture;
use cargo_config2::Config;

use super::compiler;
use bedrock_diagnostics::{Error, Result};

/// What programs say of the place where cargo keeps what it has downloaded.
pub const CARGO_HOME: &str = "/cargo";

/// The value of `CARGO_ENCODED_RUSTFLAGS` for a build in the workspace `root`.
pub(super) fn encoded(root: &Path, target: &str) -> Result<String> {
    let failed =
        |error: cargo_config2::Error| Error::app("failed to read the configuration of cargo").cause(error.to_string());
    let config = Config::load_with_cwd(root).map_err(failed)?;
    let mut flags = config.rustflags(target).map_err(failed)?.map(|flags| flags.flags).unwrap_or_default();
    flags.extend(["--cfg", "bedrock_lambda"].map(str::to_owned));
    // Panic messages hold the paths of dependencies: the same program from every user's home.
    if let Some(home) = cargo_home() {
        flags.push(format!("--remap-path-prefix={}={CARGO_HOME}", home.display()));
    }
    Ok(flags.join("\u{1f}"))
}

/// Makes a command of cargo resolve dependencies for Lambda, in the workspace `root`.
pub(crate) fn select_target(command: &mut Command, root: &Path, architecture: Architecture) -> Result<()> {
    let target = compiler::target(architecture);
    command.env("CARGO_ENCODED_RUSTFLAGS", encoded(root, &target)?).env_remove("RUSTFLAGS");
    command.args(["--target", &target]);
    Ok(())
}

/// Where cargo keeps what it has downloaded.
pub fn cargo_home() -> Option<std::path::PathBuf> {
    let set = std::env::var_os("CARGO_HOME").map(std::path::PathBuf::from);
    set.or_else(|| Some(std::path::PathBuf::from(std::env::var_os("HOME")?).join(".cargo")))
}
