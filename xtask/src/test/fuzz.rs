//! A short run of each fuzz target, in the nightly profile: cargo-fuzz, pinned and installed into cargo's target folder, without
//! a sanitizer, which needs an unstable compiler. The seeds of a target are in `fuzz/seeds`; what it finds stays in the target
//! folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::command::Output;
use crate::workspace::Workspace;

const CARGO_FUZZ: &str = "0.13.2";
/// How long each target runs, in seconds.
const RUN_SECONDS: u32 = 20;
/// A single input must not take longer, in seconds.
const INPUT_SECONDS: u32 = 10;

/// Installs cargo-fuzz if it is missing, compiles the targets and runs each. Returns whether no target failed.
pub(super) fn run(workspace: &Workspace, output: &Output) -> Result<bool> {
    let dir = workspace.target.join("fuzz");
    let tools = dir.join(format!("cargo-fuzz-{CARGO_FUZZ}"));
    let program = tools.join("bin/cargo-fuzz");
    if !program.exists() {
        let mut install = workspace.cargo();
        install.args(["install", "cargo-fuzz", "--quiet", "--locked", "--version", CARGO_FUZZ, "--root"]).arg(&tools);
        if !output.run(install.arg("--target-dir").arg(dir.join("cargo-fuzz")))? {
            return Ok(false);
        }
    }
    let mut is_success = true;
    for target in targets(&workspace.root)? {
        let [corpus, crashes] = ["corpus", "crashes"].map(|name| dir.join(name).join(&target));
        for folder in [&corpus, &crashes] {
            fs::create_dir_all(folder).with_context(|| format!("failed to create {}", folder.display()))?;
        }
        let mut fuzz = workspace.command(&program);
        fuzz.args(["fuzz", "run", "--fuzz-dir", "fuzz", "--sanitizer", "none", "--target-dir"]).arg(&dir).arg(&target);
        // The first folder gets new inputs.
        fuzz.arg(&corpus).arg(workspace.root.join("fuzz/seeds").join(&target)).arg("--");
        fuzz.args([format!("-max_total_time={RUN_SECONDS}"), format!("-timeout={INPUT_SECONDS}")]);
        fuzz.args(["-print_final_stats=1".to_owned(), format!("-artifact_prefix={}/", crashes.display())]);
        is_success &= output.run(&mut fuzz)?;
    }
    Ok(is_success)
}

/// The names of the targets, sorted. Each has a file.
fn targets(root: &Path) -> Result<Vec<String>> {
    let listing = fs::read_dir(root.join("fuzz/targets")).context("failed to list fuzz/targets")?;
    let files = listing.flatten().map(|entry| PathBuf::from(entry.file_name()));
    let mut names: Vec<String> =
        files.filter_map(|file| Some(file.file_stem()?.to_string_lossy().into_owned())).collect();
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fuzz_target_is_a_program_and_has_seeds() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the checkout");
        let manifest = fs::read_to_string(root.join("fuzz/Cargo.toml")).expect("a manifest");
        let names = targets(root).expect("targets");
        assert_eq!(manifest.matches("[[bin]]").count(), names.len());
        for name in names {
            assert!(manifest.contains(&format!("name = \"{name}\"\npath = \"targets/{name}.rs\"")), "{name}");
            assert!(fs::read_dir(root.join("fuzz/seeds").join(&name)).is_ok_and(|seeds| seeds.count() > 0), "{name}");
        }
    }
}
