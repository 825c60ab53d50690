//! Where the checkout and cargo's target folder are, and how cargo is called from inside `cargo run`.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};

/// The checkout that the chores are done in.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// Absolute, without symlinks.
    pub(crate) root: PathBuf,
    /// Cargo's target folder.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// The checkout that the current folder lies in. Looked for, not compiled in: a moved checkout keeps its `target`.
    pub(crate) fn find() -> Result<Self> {
        let here =
            env::current_dir().and_then(|dir| dir.canonicalize()).context("failed to find the current folder")?;
        let root = here.ancestors().find(|dir| dir.join("xtask/Cargo.toml").is_file());
        let root = root.ok_or_else(|| anyhow!("`{}` is not inside the checkout", here.display()))?;
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| here.join(dir));
        Ok(Self { root: root.to_owned(), target })
    }

    /// A command that runs in the root.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        // `cargo run` tells xtask about the package xtask; to whoever is started from here that would be a lie.
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        command
    }

    /// The cargo that runs this program.
    pub(crate) fn cargo(&self) -> Command {
        self.command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }

    /// Where the tools of the tests lie, see [`crate::setup`].
    pub(crate) fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }

    /// Where what the benchmarks compare with is installed.
    pub(crate) fn bench_tools(&self) -> PathBuf {
        self.target.join("bench-tools")
    }

    /// `path` as it is shown: relative to the root.
    pub(crate) fn shown<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }
}
