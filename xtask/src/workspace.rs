//! Where the checkout and cargo's target folder are, and how cargo is called from inside `cargo run`.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};

/// The checkout that the tasks work in.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// Absolute, without symlinks.
    pub(crate) root: PathBuf,
    /// Cargo's target folder.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// Finds the checkout that contains the current folder. Its path is not compiled in: a checkout that was moved keeps its
    /// `target`.
    pub(crate) fn find() -> Result<Self> {
        let current =
            env::current_dir().and_then(|dir| dir.canonicalize()).context("failed to find the current folder")?;
        let root = current.ancestors().find(|dir| dir.join("xtask/Cargo.toml").is_file());
        let root = root.ok_or_else(|| anyhow!("`{}` is not inside the checkout", current.display()))?;
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| current.join(dir));
        Ok(Self { root: root.to_owned(), target })
    }

    /// A command that runs in the root.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        // `cargo run` describes the package xtask in variables, which are wrong for the programs that xtask starts.
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        // A clone that is tested once never compiles a crate for the second time: what cargo would keep for that costs
        // time, and more disk than everything else.
        if is_ci() && env::var_os("CARGO_INCREMENTAL").is_none() {
            command.env("CARGO_INCREMENTAL", "0");
        }
        command
    }

    /// The cargo that runs this program.
    pub(crate) fn cargo(&self) -> Command {
        self.command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }

    /// The folder of the tools of the tests, see [`crate::setup`].
    pub(crate) fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }

    /// The folder of the programs that the benchmarks compare with.
    pub(crate) fn bench_tools(&self) -> PathBuf {
        self.target.join("bench-tools")
    }

    /// The folder of the logs and results of the tests.
    pub(crate) fn logs(&self) -> PathBuf {
        self.target.join("xtask")
    }

    /// Returns `path` for a message: relative to the root.
    pub(crate) fn shown<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }
}

/// Returns whether CI runs this program, by the variable `CI`.
pub(crate) fn is_ci() -> bool {
    env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}
