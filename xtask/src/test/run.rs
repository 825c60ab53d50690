//! Runs the checks one after the other, whatever becomes of each, and reports at the end. The last line is always
//! `N passed, N failed`: the tests, and one failure for each other check that failed.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::dashboard;
use super::plan::{Check, Group};
use super::step;
use super::tally::{self, Tally};
use crate::workspace::Workspace;
use crate::{setup, tidy, tools};

/// How a check ended.
enum Outcome {
    Passed(Tally),
    Failed(Tally),
    /// Why it could not run.
    Skipped(String),
}

/// Whether all checks passed.
pub(crate) fn run(workspace: &Workspace, only: Option<Group>, nextest: &[String]) -> bool {
    let is_ci = env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"));
    let (mut total, mut failed, mut skipped) = (Tally::default(), Vec::new(), Vec::new());
    for check in Check::of(only) {
        println!("\n=== {}", check.title());
        let began = Instant::now();
        let outcome = outcome(workspace, check, nextest, is_ci);
        let seconds = began.elapsed().as_secs_f64();
        match outcome {
            Outcome::Passed(tally) => {
                println!("=== ok in {seconds:.1} s");
                total = total + tally;
            }
            Outcome::Failed(tally) => {
                println!("=== FAILED in {seconds:.1} s");
                total = total + tally;
                failed.push(check.title());
            }
            Outcome::Skipped(reason) => {
                println!("=== skipped: {reason}");
                skipped.push(format!("{}: {reason}", check.title()));
            }
        }
    }
    println!();
    for check in skipped {
        println!("skipped: {check}");
    }
    for check in &failed {
        println!("failed: {check}");
    }
    println!("{} passed, {} failed", total.passed, total.failed);
    failed.is_empty()
}

fn outcome(workspace: &Workspace, check: Check, nextest: &[String], is_ci: bool) -> Outcome {
    if let Some(interpreter) = check.interpreter()
        && tools::on_path(interpreter).is_none()
    {
        let reason = format!("`{interpreter}` is not on the PATH");
        return if is_ci {
            failed(&format!("{reason}, and with CI set nothing may be skipped"))
        } else {
            Outcome::Skipped(reason)
        };
    }
    match perform(workspace, check, nextest) {
        Ok((true, tally)) => Outcome::Passed(tally),
        // The last line must not say `0 failed` of a run that failed.
        Ok((false, tally)) => Outcome::Failed(Tally { failed: tally.failed.max(1), ..tally }),
        Err(error) => failed(&format!("error: {error:#}")),
    }
}

fn failed(message: &str) -> Outcome {
    println!("{message}");
    Outcome::Failed(Tally { passed: 0, failed: 1 })
}

fn perform(workspace: &Workspace, check: Check, nextest: &[String]) -> Result<(bool, Tally)> {
    let cargo = |arguments: &[&str]| {
        let mut command = workspace.cargo();
        command.args(arguments);
        command
    };
    let uncounted = |success: Result<bool>| Ok((success?, Tally::default()));
    match check {
        Check::Format => uncounted(step::run(&mut cargo(&["fmt", "--all", "--check"]))),
        Check::Clippy => {
            uncounted(step::run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])))
        }
        Check::Tidy => uncounted(tidy::run(workspace)),
        Check::Setup => uncounted(setup::run(workspace).map(|()| true)),
        Check::Nextest => rust_tests(workspace, nextest),
        Check::DocTests => {
            counted(with_tools(workspace, &mut cargo(&["test", "--doc", "--workspace"]))?, tally::cargo_test)
        }
        Check::Pytest => counted(&mut pytest(workspace)?, tally::pytest),
        Check::NodeTests => counted(with_tools(workspace, &mut node_tests(workspace)?)?, tally::node),
        Check::Dashboard => dashboard::check(workspace),
        Check::Browser => counted(with_tools(workspace, &mut dashboard::browser(workspace)?)?, tally::node),
        Check::Docs => {
            let mut doc = cargo(&["doc", "--no-deps", "--workspace"]);
            uncounted(step::run(doc.env("RUSTDOCFLAGS", "-Dwarnings")))
        }
    }
}

fn counted(command: &mut Command, read: fn(&str) -> Tally) -> Result<(bool, Tally)> {
    let ran = step::run_and_read(command)?;
    Ok((ran.success, read(&ran.output)))
}

fn rust_tests(workspace: &Workspace, arguments: &[String]) -> Result<(bool, Tally)> {
    let mut cargo = workspace.cargo();
    if tools::on_path("cargo-nextest").is_some() {
        cargo.args(["nextest", "run", "--workspace"]).args(arguments);
        return counted(with_tools(workspace, &mut cargo)?, tally::nextest);
    }
    println!("cargo-nextest is not installed: `cargo test --workspace` runs the same tests, without its time limits");
    if !arguments.is_empty() {
        println!("and without `{}`, which only nextest understands", arguments.join(" "));
    }
    cargo.args(["test", "--workspace", "--no-fail-fast", "--lib", "--bins", "--tests"]);
    counted(with_tools(workspace, &mut cargo)?, tally::cargo_test)
}

fn pytest(workspace: &Workspace) -> Result<Command> {
    let python = workspace.tools().join("venv/bin/python");
    if !python.exists() {
        bail!("there is no pytest in {}: `cargo xtask setup` failed", workspace.shown(&workspace.tools()));
    }
    let mut command = workspace.command(python);
    // No caches in the checkout: the folder is embedded into the product.
    command.args(["-B", "-m", "pytest", "-p", "no:cacheprovider", "bedrock-rt/python/tests"]);
    with_tools(workspace, &mut command)?;
    Ok(command)
}

/// The files are named one by one: what Node makes of a folder differs between its versions.
fn node_tests(workspace: &Workspace) -> Result<Command> {
    let dir = PathBuf::from("bedrock-rt/javascript/test");
    let listing =
        fs::read_dir(workspace.root.join(&dir)).with_context(|| format!("failed to list {}", dir.display()))?;
    let names = listing.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut tests: Vec<String> = names.filter(|name| name.ends_with(".test.mjs")).collect();
    if tests.is_empty() {
        bail!("no `.test.mjs` in {}", dir.display());
    }
    tests.sort();
    let mut command = workspace.command("node");
    command.args(["--test", "--test-reporter=spec"]).args(tests.iter().map(|test| dir.join(test)));
    Ok(command)
}

/// Lets whatever the tests start find the pinned tools first.
fn with_tools<'a>(workspace: &Workspace, command: &'a mut Command) -> Result<&'a mut Command> {
    let path = env::var_os("PATH").unwrap_or_default();
    let dirs = std::iter::once(workspace.tools().join("bin")).chain(env::split_paths(&path));
    Ok(command.env("PATH", env::join_paths(dirs).context("failed to extend the PATH")?))
}
