//! What AWS's SDK for durable functions needs of the Rust compiler.

use std::path::Path;
use std::process::Command;

use bedrock_diagnostics::{Error, Result};

/// The oldest version of Rust for durable workers (`rust-version` of `aws-durable-execution-sdk` 0.1.0).
pub(crate) const MIN_RUST_VERSION: &str = "1.94.1";

/// Returns an error if the compiler that cargo uses in `folder` is too old for the SDK. A compiler that does not say its
/// version is left to cargo.
pub(super) fn check_compiler(folder: &Path) -> Result<()> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").current_dir(folder).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let Some(version) = text.split_whitespace().nth(1) else { return Ok(()) };
    if numbers(version) >= numbers(MIN_RUST_VERSION) || numbers(version).is_none() {
        return Ok(());
    }
    Err(Error::app(format!(
        "durable workers in Rust need Rust {MIN_RUST_VERSION} or newer, and the one here is {version}"
    ))
    .cause("AWS's SDK for durable functions, `aws-durable-execution-sdk`, is not compiled by older versions")
    .help("run `rustup update stable`, or change the version in `rust-toolchain.toml`")
    .help("or write the worker in Python or JavaScript"))
}

/// Returns `1.95.0` or `1.97.0-nightly` as numbers.
fn numbers(version: &str) -> Option<[u32; 3]> {
    let mut parts = version.split('-').next()?.split('.').map(str::parse);
    let mut next = || parts.next()?.ok();
    Some([next()?, next()?, next()?])
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn versions_of_rust_are_compared_as_numbers() {
        assert_eq!(numbers("1.94.1"), Some([1, 94, 1]));
        assert_eq!(numbers("1.97.0-nightly"), Some([1, 97, 0]));
        assert!(numbers("1.100.0") > numbers("1.94.1") && numbers("1.94.0") < numbers("1.94.1"));
        for unknown in ["", "stable", "1.94", "1.x.0"] {
            assert_eq!(numbers(unknown), None, "{unknown}");
        }
    }
}
