//! The checks of the dashboard: its own tests, whether what is committed is what its sources give, and how it behaves in a
//! browser.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::step;
use super::tally::{self, Tally};
use crate::workspace::Workspace;

/// Where the built files are that the product has in it.
const BUILT: &str = "bedrock-dev/dashboard";

/// Types, tests, and a build whose files must be those that are committed.
pub(super) fn check(workspace: &Workspace) -> Result<(bool, Tally)> {
    let npm = |arguments: &[&str]| {
        let mut npm = workspace.command("npm");
        npm.current_dir(workspace.root.join("dashboard")).args(arguments);
        npm
    };
    if !step::run(&mut npm(&["ci", "--silent", "--no-audit", "--no-fund"]))?
        || !step::run(&mut npm(&["run", "-s", "check"]))?
    {
        return Ok((false, Tally::default()));
    }
    let tests = step::run_and_read(&mut npm(&["test", "--silent"]))?;
    let out = workspace.target.join("dashboard");
    if out.exists() {
        fs::remove_dir_all(&out).with_context(|| format!("failed to remove {}", out.display()))?;
    }
    let built = step::run(npm(&["run", "-s", "build"]).env("DASHBOARD_OUT", &out))?;
    let others = if built { different(&files(&workspace.root.join(BUILT))?, &files(&out)?) } else { Vec::new() };
    for name in &others {
        println!("{BUILT}/{name} is not what `npm run build` in `dashboard` gives");
    }
    Ok((tests.success && built && others.is_empty(), tally::node(&tests.output)))
}

/// The tests in Chromium, of the program as it is now.
pub(super) fn browser(workspace: &Workspace) -> Result<Command> {
    if !step::run(workspace.cargo().args(["build", "-p", "cargo-bedrock"]))? {
        bail!("cargo-bedrock does not compile");
    }
    let dir = PathBuf::from("dashboard/browser");
    let listing =
        fs::read_dir(workspace.root.join(&dir)).with_context(|| format!("failed to list {}", dir.display()))?;
    let names = listing.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut tests: Vec<String> = names.filter(|name| name.ends_with(".test.mjs")).collect();
    if tests.is_empty() {
        bail!("no `.test.mjs` in {}", dir.display());
    }
    tests.sort();
    let mut node = workspace.command("node");
    node.args(["--test", "--test-reporter=spec"]).args(tests.iter().map(|test| dir.join(test)));
    node.env("CARGO_TARGET_DIR", &workspace.target);
    Ok(node)
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
