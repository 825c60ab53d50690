//! The smallest app: its number of crates, and the time of its first compile.

use std::collections::BTreeSet;
use std::fs;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::tools;
use crate::workspace::Workspace;

/// Returns the number of crates that are compiled for `hello`, including itself.
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

/// Counts the crates of a tree. A crate that was listed before is marked with `(*)`.
pub(in crate::bench) fn distinct(tree: &str) -> usize {
    let crates = tree.lines().map(|line| line.trim_end_matches(" (*)")).filter(|line| !line.is_empty());
    crates.collect::<BTreeSet<_>>().len()
}

/// Seconds of a first compile.
#[derive(Debug, Clone, Copy)]
pub(super) struct Compile {
    /// Seconds for `hello`.
    pub(super) hello: f64,
    /// Seconds for a crate that has only lambda_runtime, lambda_http and axum.
    pub(super) floor: f64,
}

/// A separate crate: in this workspace it would get the features that other crates select.
pub(in crate::bench) const FLOOR: &str = r#"[package]
name = "floor"
version = "0.1.0"
edition = "2024"

[dependencies]
axum = "0.8"
lambda_http = "1.3"
lambda_runtime = "1.5"
serde_json = "1"
tokio = { version = "1", features = ["macros", "rt-multi-thread"] }

[workspace]
"#;
pub(in crate::bench) const FLOOR_MAIN: &str = r#"#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    lambda_http::run(axum::Router::new().route("/", axum::routing::post(|body: String| async move { body }))).await
}
"#;

/// Compiles both, one after the other.
pub(super) fn compile(workspace: &Workspace) -> Result<Compile> {
    let folder = workspace.target.join("bench/floor");
    fs::create_dir_all(folder.join("src")).with_context(|| format!("failed to create {}", folder.display()))?;
    for (name, text) in [("Cargo.toml", FLOOR), ("src/main.rs", FLOOR_MAIN)] {
        fs::write(folder.join(name), text).with_context(|| format!("failed to write {name}"))?;
    }
    // The same versions as in this workspace.
    fs::copy(workspace.root.join("Cargo.lock"), folder.join("Cargo.lock")).context("failed to copy Cargo.lock")?;
    let manifest = folder.join("Cargo.toml").display().to_string();
    tools::output(workspace.cargo().args(["fetch", "--manifest-path", &manifest]))?;
    let floor = cold(workspace, &["--manifest-path", &manifest])?;
    Ok(Compile { hello: cold(workspace, &["-p", "hello"])?, floor })
}

/// Returns the seconds of `cargo build` with an empty target folder and all packages downloaded.
fn cold(workspace: &Workspace, what: &[&str]) -> Result<f64> {
    let target = workspace.target.join("bench/cold");
    let remove = || match fs::remove_dir_all(&target) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("failed to remove {}", target.display()))
        }
        _ => Ok(()),
    };
    remove()?;
    let mut build = workspace.cargo();
    build.args(["build", "--offline"]).args(what).env("CARGO_TARGET_DIR", &target);
    let began = Instant::now();
    tools::output(&mut build)?;
    let seconds = began.elapsed().as_secs_f64();
    remove()?;
    Ok(seconds)
}

#[cfg(test)]
mod tests {
    use super::{crates, distinct};
    use crate::bench::local::limits::CRATES;
    use crate::workspace::Workspace;

    #[test]
    fn hello_has_few_crates_without_lambdas_clients() {
        let found = crates(&Workspace::find().expect("the workspace")).expect("a tree");
        assert!(found <= CRATES, "{found} crates");
    }

    #[test]
    fn repeated_crate_is_counted_once() {
        assert_eq!(distinct("hello v0.1.0\nsyn v2.0.1\nserde v1.0.0\nsyn v2.0.1 (*)\n\nsyn v1.0.0\n"), 4);
    }
}
