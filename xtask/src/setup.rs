//! `cargo xtask setup`: the pinned Python tools of the tests, in `target/tools` and nowhere else.
//! `target/tools/bin` has `uv` alone and no `python3`, so that it can go in front of a PATH without changing which
//! interpreter the tests meet. pytest is started through the Python of `target/tools/venv`.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, anyhow};

use crate::tools;
use crate::workspace::Workspace;

/// Each tool with the version that everybody gets.
const PINS: [(&str, &str); 2] = [("pytest", "8.4.2"), ("uv", "0.13.9")];

/// Installs what is missing or has another version than the pins say.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let dir = workspace.tools();
    if is_done(&dir) {
        println!("{} is up to date: {}", workspace.shown(&dir), pins().join(", "));
        return Ok(());
    }
    fs::create_dir_all(&workspace.target)
        .with_context(|| format!("failed to create {}", workspace.target.display()))?;
    let lock = workspace.target.join("tools.lock");
    let lock = File::create(&lock).with_context(|| format!("failed to create {}", lock.display()))?;
    lock.lock().context("failed to wait for another `cargo xtask setup`")?;
    if is_done(&dir) {
        return Ok(());
    }
    println!("installing {} into {}", pins().join(", "), workspace.shown(&dir));
    install(workspace, &dir)
}

/// Whether the stamp, which is written last, has the pins, and the tools can still be started.
fn is_done(dir: &Path) -> bool {
    let stamp = fs::read_to_string(dir.join("stamp")).unwrap_or_default();
    // A link whose interpreter was uninstalled does not exist.
    stamp == pins().join("\n") && ["bin/uv", "venv/bin/python"].iter().all(|tool| dir.join(tool).exists())
}

fn install(workspace: &Workspace, dir: &Path) -> Result<()> {
    let python = tools::python()?.ok_or_else(|| anyhow!("`python3` is not on the PATH"))?;
    if dir.exists() {
        fs::remove_dir_all(dir).with_context(|| format!("failed to remove {}", dir.display()))?;
    }
    let venv = dir.join("venv");
    tools::output(workspace.command(python).args(["-m", "venv"]).arg(&venv))?;
    let mut pip = Command::new(venv.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]).args(pins());
    tools::output(&mut pip)?;
    let bin = dir.join("bin");
    fs::create_dir_all(&bin).with_context(|| format!("failed to create {}", bin.display()))?;
    symlink("../venv/bin/uv", bin.join("uv")).context("failed to link uv")?;
    let stamp = dir.join("stamp");
    fs::write(&stamp, pins().join("\n")).with_context(|| format!("failed to write {}", stamp.display()))
}

fn pins() -> Vec<String> {
    PINS.iter().map(|(tool, version)| format!("{tool}=={version}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pin_is_one_exact_version() {
        for (tool, version) in PINS {
            assert!(version.split('.').all(|part| part.parse::<u32>().is_ok()), "{tool} {version}");
        }
    }

    #[test]
    fn an_empty_folder_is_not_set_up() {
        assert!(!is_done(Path::new("no/such/folder")));
    }
}
