//! Builds programs of this workspace like `cargo bedrock build`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds a package like `cargo bedrock build` and returns the path of its binary.
pub(crate) fn binary(package: &str) -> PathBuf {
    binary_with(package, &[], package)
}

/// Like [`binary`], with more arguments for cargo.
pub(crate) fn binary_with(package: &str, arguments: &[&str], binary: &str) -> PathBuf {
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let flags = format!("{} --cfg bedrock_lambda", std::env::var("RUSTFLAGS").unwrap_or_default());
    let mut build = Command::new(env!("CARGO"));
    build
        .args(["build", "--quiet", "--target", &target, "--package", package])
        .args(arguments)
        .env("RUSTFLAGS", flags.trim());
    assert!(build.status().expect("cargo").success(), "{package} is built");
    let debug = Path::new(env!("CARGO_BIN_EXE_conformance")).parent().expect("the folder of binaries");
    debug.with_file_name(target).join("debug").join(binary)
}
