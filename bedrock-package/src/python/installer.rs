//! Installs requirements for the runtime and processor of a function: with uv, or with pip if uv is missing. Only wheels:
//! packages that are built from source run only on this machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bedrock_build::{Architecture, Runtime};
use serde_json::json;

use super::requirements::Requirements;
use crate::tools::{ToolRunner, find_all_on_path};
use bedrock_diagnostics::{Error, Result};

/// Makes pip judge environment markers for Lambda.
const PIP_FOR_LAMBDA: &str = include_str!("pip_for_lambda.py");
/// Prints the version of pip, and of the interpreter, whose wheels pip prefers.
const PIP_VERSION: &str = "import pip, sys; print(pip.__version__, 'of Python %d.%d' % sys.version_info[:2])";
/// The first time that a zip file can have, 1980-01-01.
const EARLIEST_TIME: &str = "315532800";
/// Settings of uv that contradict an installation of wheels into a folder.
const REMOVED_UV_SETTINGS: [&str; 4] = ["UV_NO_BINARY", "UV_NO_BINARY_PACKAGE", "UV_PYTHON_PLATFORM", "UV_TARGET"];

/// The platform that packages are installed for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Platform {
    pub(super) runtime: Runtime,
    pub(super) architecture: Architecture,
}

/// The folders of an installation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Folders<'p> {
    /// The worker's folder, whose settings of uv apply.
    pub(super) worker: &'p Path,
    /// Contains the requirement files that the tool reads.
    pub(super) staging: &'p Path,
    /// The packages are installed into it.
    pub(super) target: &'p Path,
}

/// A tool that installs requirements, which runs.
#[derive(Debug)]
pub(super) struct Installer {
    kind: InstallerKind,
    program: PathBuf,
    version: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InstallerKind {
    Uv,
    /// With the interpreter that has it.
    Pip,
}

impl Installer {
    /// Returns uv, or pip if uv is missing or does not run.
    pub(super) fn find(runtime: Runtime, tools: &ToolRunner) -> Option<Self> {
        let pip = |program: PathBuf| {
            let version = tools.ask(Command::new(&program).args(["-c", PIP_VERSION]))?;
            Some(Self { kind: InstallerKind::Pip, version: format!("pip {version}"), program })
        };
        // The pip of the runtime's version is preferred: it knows the same wheels and markers.
        let names = [format!("python{}", runtime.version().unwrap_or_default()), "python3".to_owned()];
        Self::find_uv(tools).or_else(|| names.iter().flat_map(|name| find_all_on_path(name)).find_map(pip))
    }

    /// Returns uv if it is on the PATH and runs.
    pub(super) fn find_uv(tools: &ToolRunner) -> Option<Self> {
        find_all_on_path("uv").into_iter().find_map(|program| {
            let version = tools.ask(Command::new(&program).arg("--version"))?;
            // `uv 0.9.1 (…)`: the build date does not matter.
            let version = version.split(" (").next().unwrap_or_default().to_owned();
            Some(Self { kind: InstallerKind::Uv, program, version })
        })
    }

    /// Returns name and version, which decide what is installed.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// Returns a command of the tool, without arguments.
    pub(super) fn command(&self) -> Command {
        Command::new(&self.program)
    }

    /// Builds a wheel of the package in a folder, which its build backend may write to. `what` is the message of the error.
    pub(super) fn build_wheel(&self, source: &Path, target: &Path, tools: &ToolRunner, what: &str) -> Result<()> {
        let mut command = Command::new(&self.program);
        match self.kind {
            // Sources are paths that the copy does not have. They do not matter for a wheel.
            InstallerKind::Uv => {
                command.args(["build", "--quiet", "--wheel", "--no-sources", "--out-dir"]).arg(target).arg(source);
            }
            InstallerKind::Pip => {
                command.args([
                    "-m",
                    "pip",
                    "wheel",
                    "--quiet",
                    "--disable-pip-version-check",
                    "--no-input",
                    "--no-deps",
                ]);
                command.arg("--wheel-dir").arg(target).arg(source);
            }
        }
        for name in REMOVED_UV_SETTINGS {
            command.env_remove(name);
        }
        tools.run(command.env("SOURCE_DATE_EPOCH", EARLIEST_TIME).current_dir(source), what).map(drop)
    }

    /// Installs the requirements. `what` is the message of the error.
    pub(super) fn install(
        &self,
        requirements: &Requirements,
        platform: Platform,
        folders: Folders<'_>,
        tools: &ToolRunner,
        what: &str,
    ) -> Result<()> {
        let Folders { worker, staging, target } = folders;
        let write = |name: &str, text: &str| {
            let path = staging.join(name);
            let written = fs::write(&path, text);
            written.map(|()| path).map_err(|error| Error::io(format!("failed to write `{name}`"), &error))
        };
        let mut command = match self.kind {
            InstallerKind::Uv => with_uv(&self.program, platform, requirements),
            InstallerKind::Pip => with_pip(&self.program, platform, &write("pip_for_lambda.py", PIP_FOR_LAMBDA)?),
        };
        let lines = |lines: &[String]| lines.join("\n") + "\n";
        command.arg("--target").arg(target).arg("-r").arg(write("requirements.txt", &lines(&requirements.lines))?);
        if !requirements.constraints.is_empty() {
            command.arg("-c").arg(write("constraints.txt", &lines(&requirements.constraints))?);
        }
        if requirements.hashed {
            command.arg("--require-hashes");
        }
        tools.run(command.current_dir(worker), what).map(drop)
    }
}

fn with_uv(uv: &Path, platform: Platform, requirements: &Requirements) -> Command {
    let mut command = Command::new(uv);
    command.args(["pip", "install", "--quiet", "--only-binary", ":all:", "--link-mode", "copy"]);
    command.args(["--python-version", platform.runtime.version().unwrap_or_default()]);
    command.args(["--python-platform", &uv_platform(platform)]);
    for index in &requirements.indexes {
        command.arg("--index").arg(index);
    }
    if !requirements.indexes.is_empty() {
        // Each package is pinned, with its digest: whichever index has the file, it is the same.
        command.args(["--index-strategy", "unsafe-best-match"]);
    }
    for name in REMOVED_UV_SETTINGS {
        command.env_remove(name);
    }
    command
}

/// Returns uv's name of the platform. uv knows manylinux2014 (2.17), 2_28 and each from 2_31 on.
pub(super) fn uv_platform(platform: Platform) -> String {
    let (major, minor) = platform.runtime.glibc;
    let tag = if (major, minor) >= (2, 31) { format!("manylinux_{major}_{minor}") } else { "manylinux2014".to_owned() };
    format!("{}-{tag}", platform.architecture.machine())
}

fn with_pip(python: &Path, platform: Platform, script: &Path) -> Command {
    let version = platform.runtime.version().unwrap_or_default();
    let mut command = Command::new(python);
    command.arg(script).arg(markers(platform));
    command.args(["install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-compile"]);
    // Settings of the user that contradict an installation into a folder.
    command.envs([("PIP_USER", "0"), ("PIP_REQUIRE_VIRTUALENV", "0"), ("PIP_DRY_RUN", "0")]);
    for name in ["PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PLATFORM", "PIP_ABI", "PIP_NO_BINARY"] {
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
    command
}

/// Returns the environment markers of Lambda, as uv sets them for a version and a platform.
fn markers(platform: Platform) -> String {
    let version = platform.runtime.version().unwrap_or_default();
    json!({
        "implementation_name": "cpython",
        "implementation_version": format!("{version}.0"),
        "os_name": "posix",
        "platform_machine": platform.architecture.machine(),
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": format!("{version}.0"),
        "python_version": version,
        "sys_platform": "linux",
    })
    .to_string()
}
