//! How each test runner is called, and where it writes its results.

use std::env;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::build;
use super::command::Output;
use super::options::TestOptions;
use super::report::Report;
use crate::tools;
use crate::workspace::Workspace;

/// Runs the compiled Rust tests with nextest, or compiles and runs them with cargo where nextest is not installed.
pub(super) fn nextest(workspace: &Workspace, options: &TestOptions, output: &mut Output) -> Result<(bool, Report)> {
    let profile = options.profile.nextest();
    if tools::on_path("cargo-nextest").is_none() {
        return cargo_test(workspace, profile, &options.nextest, output);
    }
    let programs = workspace.logs().join("test-programs.json");
    build::list_test_programs(workspace, &programs, output)?;
    // Where nextest keeps its files does not depend on cargo's target folder.
    let junit = workspace.root.join("target/nextest").join(profile).join("junit.xml");
    remove(&junit)?;
    let mut cargo = workspace.cargo();
    cargo.args(["nextest", "run", "--profile", profile, "--binaries-metadata"]).arg(programs).args(&options.nextest);
    let is_success = output.run(with_tools(workspace, &mut cargo)?)?;
    // No test matched a filter, or nextest itself failed: it has said so.
    let report = if junit.exists() { Report::read_junit(&junit)? } else { Report::default() };
    Ok((is_success, report))
}

fn cargo_test(workspace: &Workspace, profile: &str, nextest: &[String], output: &mut Output) -> Result<(bool, Report)> {
    let missing = "cargo-nextest is not installed: `cargo test --workspace` runs the same tests, without time limits";
    writeln!(output, "{missing}").context("failed to write a log")?;
    if !nextest.is_empty() {
        let arguments = nextest.join(" ");
        writeln!(output, "`{arguments}` is ignored, only nextest has it").context("failed to write a log")?;
    }
    let mut cargo = workspace.cargo();
    cargo.args(["test", "--workspace", "--no-fail-fast", "--lib", "--bins", "--tests"]);
    cargo.env("NEXTEST_PROFILE", profile);
    let result = output.run_and_read(with_tools(workspace, &mut cargo)?)?;
    Ok((result.is_success, Report::parse_libtest(&result.stdout)))
}

/// Runs the examples in the documentation of the workspace's crates.
pub(super) fn doc_tests(workspace: &Workspace, output: &mut Output) -> Result<(bool, Report)> {
    let mut cargo = workspace.cargo();
    cargo.args(["test", "--doc", "--workspace"]);
    // Otherwise the workspace would be compiled once more, without clippy.
    build::through_clippy(workspace, &mut cargo);
    let result = output.run_and_read(with_tools(workspace, &mut cargo)?)?;
    Ok((result.is_success, Report::parse_libtest(&result.stdout)))
}

/// Checks licences, sources and bans of all crates, also of the fuzz targets. Without network: vulnerabilities are checked by
/// the workflow `audit`.
pub(super) fn deny(workspace: &Workspace, output: &Output) -> Result<bool> {
    let program = workspace.tools().join("deny/bin/cargo-deny");
    if !program.exists() {
        bail!("there is no cargo-deny in {}: `cargo xtask setup` failed", workspace.shown(&workspace.tools()));
    }
    let mut is_success = true;
    for manifest in ["Cargo.toml", "fuzz/Cargo.toml"] {
        let mut deny = workspace.command(&program);
        deny.args(["--locked", "--manifest-path", manifest, "--config", "deny.toml", "check"]);
        deny.args(["--hide-inclusion-graph", "bans", "licenses", "sources"]);
        is_success &= output.run(&mut deny)?;
    }
    Ok(is_success)
}

/// Runs the tests of the Python host.
pub(super) fn pytest(workspace: &Workspace, output: &Output) -> Result<(bool, Report)> {
    let python = workspace.tools().join("venv/bin/python");
    if !python.exists() {
        bail!("there is no pytest in {}: `cargo xtask setup` failed", workspace.shown(&workspace.tools()));
    }
    let junit = workspace.logs().join("pytest.xml");
    remove(&junit)?;
    let mut command = workspace.command(python);
    // No caches in the checkout: the folder is embedded into the product.
    command.args(["-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "bedrock-local/python/tests"]);
    command.arg(format!("--junitxml={}", junit.display()));
    let is_success = output.run(with_tools(workspace, &mut command)?)?;
    Ok((is_success, Report::read_junit(&junit)?))
}

/// Runs files of tests with Node.js.
pub(super) fn node(command: &mut Command, junit: &Path, files: &[PathBuf], output: &Output) -> Result<(bool, Report)> {
    remove(junit)?;
    command.args(["--test", "--test-reporter=spec", "--test-reporter-destination=stdout"]);
    command.arg("--test-reporter=junit").arg(format!("--test-reporter-destination={}", junit.display()));
    let is_success = output.run(command.args(files))?;
    Ok((is_success, Report::read_junit(junit)?))
}

/// The `.test.mjs` files of a folder. They are named one by one: which files of a folder Node.js takes differs between its
/// versions.
pub(super) fn node_test_files(root: &Path, folder: &str) -> Result<Vec<PathBuf>> {
    let listing = fs::read_dir(root.join(folder)).with_context(|| format!("failed to list {folder}"))?;
    let names = listing.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut files: Vec<PathBuf> =
        names.filter(|name| name.ends_with(".test.mjs")).map(|name| Path::new(folder).join(name)).collect();
    if files.is_empty() {
        bail!("no `.test.mjs` in {folder}");
    }
    files.sort();
    Ok(files)
}

/// Puts the pinned tools first on the PATH of what a command starts.
pub(super) fn with_tools<'a>(workspace: &Workspace, command: &'a mut Command) -> Result<&'a mut Command> {
    let path = env::var_os("PATH").unwrap_or_default();
    let dirs = std::iter::once(workspace.tools().join("bin")).chain(env::split_paths(&path));
    Ok(command.env("PATH", env::join_paths(dirs).context("failed to extend the PATH")?))
}

/// Removes the results of an earlier run.
fn remove(file: &Path) -> Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("failed to remove {}", file.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_test_files_are_sorted_and_other_files_left_out() {
        let dir = tempfile::tempdir().expect("a folder");
        fs::create_dir(dir.path().join("tests")).expect("a folder");
        for name in ["b.test.mjs", "a.test.mjs", "room.mjs"] {
            fs::write(dir.path().join("tests").join(name), "").expect("a file");
        }
        let files = node_test_files(dir.path(), "tests").expect("files");
        assert_eq!(files, [Path::new("tests/a.test.mjs"), Path::new("tests/b.test.mjs")]);
        fs::create_dir(dir.path().join("empty")).expect("a folder");
        assert!(node_test_files(dir.path(), "empty").is_err());
    }
}
