//! Builds programs of this workspace like `cargo bedrock build`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Returns the path of a program that `cargo xtask fixtures` compiles. nextest has run it before this test; with `cargo test`
/// the first test of a process runs it.
pub(crate) fn binary(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| std::env::var_os("FIXTURES_DIR").map_or_else(build, PathBuf::from)).join(name)
}

fn build() -> PathBuf {
    let status = Command::new(env!("CARGO")).args(["xtask", "fixtures"]).status().expect("cargo");
    assert!(status.success(), "the fixtures are built");
    let target = Path::new(env!("CARGO_BIN_EXE_conformance")).ancestors().nth(2).expect("cargo's target folder");
    target.join(format!("fixtures/programs/{}-unknown-linux-gnu/debug", std::env::consts::ARCH))
}
