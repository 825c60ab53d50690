//! Installs the packages for pip and npm into empty environments, and uses the installed program once. The same with a
//! package of the same shape whose program is a short script, and with cargo-lambda.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, anyhow};

use super::app::{folder, remove};
use super::wait::{Allowed, Reference, Wait, seconds};
use crate::bench::cargo_lambda;
use crate::bench::samples::median;
use crate::tools;
use crate::workspace::Workspace;

const PART: &str = "install";
/// Limit in seconds.
const MOST: f64 = 5.0;
const VERSION: &str = "0.0.0";
const PIP: [&str; 6] = ["-m", "pip", "install", "--quiet", "--no-index", "--disable-pip-version-check"];
const NPM: [&str; 7] = ["install", "--silent", "--no-audit", "--no-fund", "--offline", "--no-save", "--omit=optional"];

/// Measures all ways to install, everybody in turns.
pub(super) fn measure(workspace: &Workspace, tool: &Path, passes: u8) -> Result<Vec<Wait>> {
    let python = tools::python()?.ok_or_else(|| anyhow!("`python3` is not on the PATH"))?;
    let dir = folder(workspace)?.join("install");
    remove(&dir)?;
    fs::create_dir_all(&dir).with_context(|| format!("failed to create {}", dir.display()))?;
    let program = dir.join("program");
    fs::copy(tool, &program).with_context(|| format!("failed to copy {}", tool.display()))?;
    // The profile `dist` has no debug information; without the tool another program only stays larger.
    let _ = Command::new("strip").arg(&program).status();
    let script = dir.join("script");
    fs::write(&script, "#!/bin/sh\necho cargo-bedrock\n").context("failed to write a script")?;
    let install = Install { workspace, python, dir };
    let wheels = [install.wheel(&program, "ours")?, install.wheel(&script, "floor")?];
    let lambda = cargo_lambda::wheels(workspace)?;
    let packages = [install.packages(&program, "ours")?, install.packages(&script, "floor")?];
    let uv = workspace.tools().join("bin/uv");
    let mut times: [Vec<f64>; 7] = Default::default();
    for number in 1..=passes {
        eprintln!("installing, {number} of {passes}");
        let [ours, floor] = &wheels;
        times[0].push(install.pip(&[ours.as_path()], &["cargo-bedrock", "--version"])?);
        times[1].push(install.pip(&[floor.as_path()], &["cargo-bedrock", "--version"])?);
        times[2].push(install.pip(&lambda, &["cargo-lambda", "lambda", "--version"])?);
        times[3].push(install.uvx(&uv, ours)?);
        times[4].push(install.uvx(&uv, floor)?);
        times[5].push(install.npm(&packages[0])?);
        times[6].push(install.npm(&packages[1])?);
    }
    let [pip, pip_floor, pip_peer, uvx, uvx_floor, npm, npm_floor] = times.map(|all| median(all).unwrap_or_default());
    let row = |what: &str, ours, floor| Wait {
        what: format!("{what} from a local file, and `--version`"),
        ours,
        allowed: Allowed::Most(MOST),
        peer: None,
        floor: Some(Reference::new("a package with a script of two lines", floor)),
        show: seconds,
        part: PART,
    };
    let pip = row("`pip install`", pip, pip_floor);
    Ok(vec![
        Wait { peer: Some(Reference::new("cargo-lambda and its linker", pip_peer)), ..pip },
        row("`uvx`", uvx, uvx_floor),
        row("`npm install`", npm, npm_floor),
    ])
}

struct Install<'a> {
    workspace: &'a Workspace,
    python: PathBuf,
    dir: PathBuf,
}

impl Install<'_> {
    /// Makes a wheel and returns its path.
    fn wheel(&self, program: &Path, name: &str) -> Result<PathBuf> {
        let platform = "import sysconfig; print(sysconfig.get_platform().replace('-', '_').replace('.', '_'))";
        let platform = tools::output(Command::new(&self.python).args(["-c", platform]))?;
        let mut command = self.packaging("wheel.py");
        command.arg("--binary").arg(program).args(["--platform", platform.trim(), "--out"]);
        Ok(PathBuf::from(tools::output(command.arg(self.dir.join(name)))?.trim()))
    }

    /// Makes the two packages for npm and returns their paths.
    fn packages(&self, program: &Path, name: &str) -> Result<[PathBuf; 2]> {
        let platform = tools::output(Command::new("node").args(["-p", "`${process.platform}-${process.arch}`"]))?;
        let platform = platform.trim();
        let out = self.dir.join(name).join("npm");
        let binary = format!("{platform}={}", program.display());
        tools::output(self.packaging("npm.py").args(["--binary", &binary, "--out"]).arg(&out))?;
        let pack = |folder: &str| {
            let folder = out.join(folder);
            let file = tools::output(Command::new("npm").args(["pack", "--silent"]).current_dir(&folder))?;
            Ok::<_, anyhow::Error>(folder.join(file.trim()))
        };
        Ok([pack("cargo-bedrock")?, pack(platform)?])
    }

    fn packaging(&self, script: &str) -> Command {
        let mut command = self.workspace.command(&self.python);
        command.arg("-B").arg(self.workspace.root.join("packaging").join(script)).args(["--version", VERSION]);
        command
    }

    /// Returns the seconds of `pip install` into an empty environment and the first use of the program.
    fn pip(&self, wheels: &[impl AsRef<OsStr>], use_it: &[&str]) -> Result<f64> {
        let venv = self.dir.join("venv");
        tools::output(Command::new(&self.python).args(["-m", "venv", "--clear"]).arg(&venv))?;
        let mut pip = Command::new(venv.join("bin/python"));
        pip.args(PIP).args(wheels);
        let mut program = Command::new("env");
        program.arg(format!("PATH={}", venv.join("bin").display())).args(use_it);
        timed([&mut pip, &mut program])
    }

    /// Returns the seconds of `uvx` with an empty cache.
    fn uvx(&self, uv: &Path, wheel: &Path) -> Result<f64> {
        let cache = self.dir.join("uv");
        remove(&cache)?;
        let mut uvx = Command::new(uv);
        uvx.args(["tool", "run", "--offline", "--no-index", "--python"]).arg(&self.python).arg("--from").arg(wheel);
        uvx.args(["cargo-bedrock", "--version"]).env("UV_CACHE_DIR", &cache);
        timed([&mut uvx])
    }

    /// Returns the seconds of `npm install` into an empty folder, and the first use of the program.
    fn npm(&self, packages: &[PathBuf; 2]) -> Result<f64> {
        let folder = self.dir.join("node");
        remove(&folder)?;
        fs::create_dir_all(&folder).with_context(|| format!("failed to create {}", folder.display()))?;
        fs::write(folder.join("package.json"), "{}").context("failed to write package.json")?;
        let mut npm = Command::new("npm");
        npm.args(NPM).args(packages).current_dir(&folder);
        timed([&mut npm, Command::new(folder.join("node_modules/.bin/cargo-bedrock")).arg("--version")])
    }
}

/// Returns the seconds of commands, one after the other.
fn timed<const N: usize>(commands: [&mut Command; N]) -> Result<f64> {
    let began = Instant::now();
    for command in commands {
        tools::output(command)?;
    }
    Ok(began.elapsed().as_secs_f64())
}
