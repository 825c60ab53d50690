//! Installs requirements for the runtime and processor of a function: with uv, or with pip if uv is missing. Only wheels:
//! packages that are built from source run only on this machine.

use std::fs;
use std::path::Path;
use std::process::Command;

use bedrock_build::{Architecture, Runtime};

use super::requirements::Requirements;
use crate::process::{ToolRunner, find_on_path};
use bedrock_diagnostics::{Error, Result};

/// The platform that packages are installed for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Platform {
    pub(super) runtime: Runtime,
    pub(super) architecture: Architecture,
}

/// The folders of an installation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Folders<'p> {
    /// Contains the requirement files that the tool reads.
    pub(super) staging: &'p Path,
    /// The packages are installed into it.
    pub(super) target: &'p Path,
}

/// Installs the requirements with uv or pip. `what` is the message of the error.
pub(super) fn install(
    requirements: &Requirements,
    platform: Platform,
    folders: Folders<'_>,
    tools: &ToolRunner,
    what: &str,
) -> Result<()> {
    let Folders { staging, target } = folders;
    let write = |name: &str, lines: &[String]| {
        let path = staging.join(name);
        let written = fs::write(&path, lines.join("\n") + "\n");
        written.map(|()| path).map_err(|error| Error::io(format!("failed to write `{name}`"), &error))
    };
    let mut command = match find_on_path("uv") {
        Some(uv) => with_uv(&uv, platform),
        None => with_pip(platform, what)?,
    };
    command.arg("--target").arg(target).arg("-r").arg(write("requirements.txt", &requirements.lines)?);
    if !requirements.constraints.is_empty() {
        command.arg("-c").arg(write("constraints.txt", &requirements.constraints)?);
    }
    if requirements.hashed {
        command.arg("--require-hashes");
    }
    tools.run(command.current_dir(staging), what).map(drop)
}

fn with_uv(uv: &Path, platform: Platform) -> Command {
    let (major, minor) = platform.runtime.glibc;
    let mut command = Command::new(uv);
    command.args(["pip", "install", "--quiet", "--only-binary", ":all:", "--link-mode", "copy"]);
    command.args(["--python-version", platform.runtime.version().unwrap_or_default()]);
    // uv knows manylinux2014 (2.17), 2_28 and each from 2_31 on.
    let tag = if (major, minor) >= (2, 31) { format!("manylinux_{major}_{minor}") } else { "manylinux2014".to_owned() };
    command.args(["--python-platform", &format!("{}-{tag}", platform.architecture.machine())]);
    command
}

fn with_pip(platform: Platform, what: &str) -> Result<Command> {
    let Some(python) = find_on_path("python3") else {
        return Err(Error::call(what)
            .cause("neither `uv` nor `python3` is on the PATH")
            .help("install uv, or Python with pip"));
    };
    let version = platform.runtime.version().unwrap_or_default();
    let mut command = Command::new(python);
    command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-compile"]);
    // Settings of the user that contradict an installation into a folder.
    command.envs([("PIP_USER", "0"), ("PIP_REQUIRE_VIRTUALENV", "0"), ("PIP_DRY_RUN", "0")]);
    for name in ["PIP_TARGET", "PIP_PREFIX", "PIP_ROOT"] {
        command.env_remove(name);
    }
    command.args(["--only-binary", ":all:", "--implementation", "cp", "--python-version", version]);
    for abi in [&format!("cp{}", version.replace('.', "")), "abi3", "none"] {
        command.args(["--abi", abi]);
    }
    // pip only accepts the tags that are listed, the newest first.
    let (_, newest) = platform.runtime.glibc;
    let machine = platform.architecture.machine();
    let tags = (17..=newest).rev().map(|minor| format!("manylinux_2_{minor}_{machine}"));
    for tag in tags.chain([format!("manylinux2014_{machine}")]) {
        command.args(["--platform", &tag]);
    }
    Ok(command)
}
