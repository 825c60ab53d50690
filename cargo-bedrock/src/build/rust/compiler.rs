//! Who compiles: cargo where this machine can make the target, a cross compiler as an external tool where it cannot.

use std::path::Path;
use std::process::Command;

use bedrock_build::Architecture;

use crate::error::{Error, Result};
use crate::tool::{Tools, on_path};

/// A way to compile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compiler {
    /// `cargo build`
    Cargo,
    /// `cargo zigbuild`
    Zigbuild,
}

/// The target triple of an architecture.
pub(super) fn target(architecture: Architecture) -> String {
    format!("{}-unknown-linux-gnu", architecture.machine())
}

/// The compiler for `architecture`, checked: its tool and the target are there.
pub(super) fn choose(wanted: Option<Compiler>, architecture: Architecture, tools: &Tools) -> Result<Compiler> {
    let is_native = std::env::consts::OS == "linux" && std::env::consts::ARCH == architecture.machine();
    if !is_native {
        check_target(architecture, tools)?;
    }
    let zigbuild = || on_path("cargo-zigbuild").is_some();
    match wanted {
        Some(Compiler::Zigbuild) if !zigbuild() => Err(missing_zigbuild(architecture)),
        Some(compiler) => Ok(compiler),
        None if is_native => Ok(Compiler::Cargo),
        None if zigbuild() => Ok(Compiler::Zigbuild),
        None => Err(missing_zigbuild(architecture)),
    }
}

fn check_target(architecture: Architecture, tools: &Tools) -> Result<()> {
    let target = target(architecture);
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--print", "target-libdir", "--target", &target]);
    let folder = tools.run(&mut rustc, &format!("failed to look for the target `{target}`"))?;
    if Path::new(folder.trim()).is_dir() {
        return Ok(());
    }
    Err(failed(architecture)
        .cause(format!("target `{target}` is not installed"))
        .help(format!("run `rustup target add {target}`")))
}

fn missing_zigbuild(architecture: Architecture) -> Error {
    failed(architecture)
        .cause("`cargo-zigbuild` is not on the PATH, and cargo alone has no linker for it")
        .help("run `pip install cargo-zigbuild ziglang`")
}

fn failed(architecture: Architecture) -> Error {
    Error::call(format!("failed to build for {}", architecture.machine()))
}
