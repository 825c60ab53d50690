//! The checks of the dashboard: its own tests, a comparison of the committed files with what the sources give, and tests in
//! a browser.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::command::Output;
use super::report::Report;
use super::suites;
use crate::workspace::Workspace;

/// Where the built files are that the product embeds.
const BUILT: &str = "bedrock-dev/dashboard";

/// Types, tests, and a build whose files must be those that are committed.
pub(super) fn check(workspace: &Workspace, output: &mut Output) -> Result<(bool, Report)> {
    let dir = workspace.root.join("dashboard");
    let command = |program: &str, arguments: &[&str]| {
        let mut command = workspace.command(program);
        command.current_dir(&dir).args(arguments);
        command
    };
    let steps = [
        command("npm", &["ci", "--silent", "--no-audit", "--no-fund"]),
        command("npm", &["run", "-s", "check"]),
        command("node", &["build.mjs", "--tests"]),
    ];
    for mut step in steps {
        if !output.run(&mut step)? {
            return Ok((false, Report::default()));
        }
    }
    let tests = fs::read_dir(dir.join(".tests")).context("failed to list dashboard/.tests")?.flatten();
    let mut tests: Vec<PathBuf> = tests.map(|entry| Path::new(".tests").join(entry.file_name())).collect();
    tests.sort();
    let junit = workspace.logs().join("dashboard.xml");
    let (is_success, report) = suites::node(&mut command("node", &[]), &junit, &tests, output)?;
    let out = workspace.target.join("dashboard");
    if out.exists() {
        fs::remove_dir_all(&out).with_context(|| format!("failed to remove {}", out.display()))?;
    }
    let is_built = output.run(command("npm", &["run", "-s", "build"]).env("DASHBOARD_OUT", &out))?;
    let others = if is_built { different(&files(&workspace.root.join(BUILT))?, &files(&out)?) } else { Vec::new() };
    for name in &others {
        writeln!(output, "{BUILT}/{name} is not what `npm run build` in `dashboard` gives")
            .context("failed to write a log")?;
    }
    Ok((is_success && is_built && others.is_empty(), report))
}

/// The tests in Chromium. They start the cargo-bedrock in cargo's target folder; `is_built` says that this run has
/// compiled it.
pub(super) fn browser(workspace: &Workspace, is_built: bool, output: &Output) -> Result<(bool, Report)> {
    if !is_built && !output.run(workspace.cargo().args(["build", "-p", "cargo-bedrock"]))? {
        bail!("cargo-bedrock does not compile");
    }
    let files = suites::node_test_files(&workspace.root, "dashboard/browser")?;
    let mut node = workspace.command("node");
    node.env("CARGO_TARGET_DIR", &workspace.target);
    let junit = workspace.logs().join("browser.xml");
    suites::node(suites::with_tools(workspace, &mut node)?, &junit, &files, output)
}

/// Names of files that are only in one of two folders, or not the same in both.
fn different(committed: &BTreeMap<String, Vec<u8>>, built: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let mut names: Vec<_> = committed.keys().chain(built.keys()).collect();
    names.sort();
    names.dedup();
    names.into_iter().filter(|name| committed.get(*name) != built.get(*name)).cloned().collect()
}

fn files(dir: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let listing = fs::read_dir(dir).with_context(|| format!("failed to list {}", dir.display()))?;
    let read = |path: PathBuf| fs::read(&path).with_context(|| format!("failed to read {}", path.display()));
    listing.flatten().map(|entry| Ok((entry.file_name().to_string_lossy().into_owned(), read(entry.path())?))).collect()
}

#[cfg(test)]
mod tests {
    use super::different;
    use std::collections::BTreeMap;

    #[test]
    fn files_that_differ_or_are_missing_are_named() {
        let folder = |files: &[(&str, &str)]| -> BTreeMap<String, Vec<u8>> {
            files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
        };
        let committed = folder(&[("app.js", "one"), ("gone.js", ""), ("same.css", "x")]);
        let built = folder(&[("app.js", "two"), ("new.js", ""), ("same.css", "x")]);
        assert_eq!(different(&committed, &built), ["app.js", "gone.js", "new.js"]);
    }
}
