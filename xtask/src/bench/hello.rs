//! What the smallest app costs a newcomer: its crates and its first compile.

use std::collections::BTreeSet;
use std::fs;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::tools;
use crate::workspace::Workspace;

/// The crates that are compiled for `hello`, itself included.
pub(super) fn crates(workspace: &Workspace) -> Result<usize> {
    let tree = tools::output(workspace.cargo().args([
        "tree",
        "--offline",
        "-e",
        "normal,build",
        "--prefix",
        "none",
        "-p",
        "hello",
    ]))?;
    Ok(distinct(&tree))
}

/// A crate that was shown before is marked with `(*)`, and is still one crate.
fn distinct(tree: &str) -> usize {
    let crates = tree.lines().map(|line| line.trim_end_matches(" (*)")).filter(|line| !line.is_empty());
    crates.collect::<BTreeSet<_>>().len()
}

/// Seconds of `cargo build -p hello` with an empty target folder and everything downloaded.
pub(super) fn cold_compile(workspace: &Workspace) -> Result<f64> {
    let target = workspace.target.join("bench/cold");
    let remove = || match fs::remove_dir_all(&target) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("failed to remove {}", target.display()))
        }
        _ => Ok(()),
    };
    remove()?;
    let mut build = workspace.cargo();
    build.args(["build", "--offline", "-p", "hello"]).env("CARGO_TARGET_DIR", &target);
    let began = Instant::now();
    tools::output(&mut build)?;
    let seconds = began.elapsed().as_secs_f64();
    remove()?;
    Ok(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_that_comes_twice_is_one() {
        assert_eq!(distinct("hello v0.1.0\nsyn v2.0.1\nserde v1.0.0\nsyn v2.0.1 (*)\n\nsyn v1.0.0\n"), 4);
    }
}
