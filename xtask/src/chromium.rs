//! Chromium for the tests of the dashboard: the one on the PATH, or the one of Debian, unpacked into the tools together with
//! its dependencies that the machine lacks. Nothing is installed. Where neither is possible those tests are skipped and
//! print the reason.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::tools;

/// Names of Chromium, as `dashboard/browser/environment.mjs` looks for them.
const PROGRAM_NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const DEBIAN_TOOLS: [&str; 3] = ["apt-get", "apt-cache", "dpkg-deb"];

/// A script that starts the unpacked Chromium with its own libraries.
const START_SCRIPT: &str = "#!/bin/sh
here=$(cd \"$(dirname \"$0\")\" && pwd)/tree
libraries=$(find \"$here/usr/lib\" \"$here/lib\" -maxdepth 2 -type d \\( -name '*-linux-gnu' -o -name pulseaudio \\) 2>/dev/null | tr '\\n' ':')
[ -e /etc/fonts/fonts.conf ] || export FONTCONFIG_PATH=\"$here/etc/fonts\"
LD_LIBRARY_PATH=\"$libraries$here/usr/lib/chromium:$LD_LIBRARY_PATH\" exec \"$here/usr/lib/chromium/chromium\" \"$@\"
";

/// Returns whether there is nothing to install, which is also the case where it cannot be installed.
pub(crate) fn is_up_to_date(dir: &Path) -> bool {
    is_on_path() || dir.join("run").exists() || !is_debian()
}

/// Unpacks Chromium into `dir` if the machine has none.
pub(crate) fn install(dir: &Path, output: &mut dyn Write) -> Result<()> {
    if is_on_path() {
        return Ok(());
    }
    if !is_debian() {
        writeln!(output, "neither Chromium nor `apt-get` is on the PATH: the tests in the browser are skipped")?;
        return Ok(());
    }
    let apt = Apt::new(dir)?;
    tools::output(apt.command("apt-get").args(["-q", "update"]))?;
    let query = "depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances chromium";
    let depends = tools::output(apt.command("apt-cache").args(query.split(' ')))?;
    let installed = tools::output(Command::new("dpkg-query").args(["-W", "-f", "${Package} ${db:Status-Status}\\n"]))?;
    unpack(dir, &apt, &missing(&depends, &installed), output)?;
    apt.remove()
}

/// Debian's package tools with separate package lists: those of the machine may be old or missing, and belong to root.
struct Apt(PathBuf);

impl Apt {
    fn new(dir: &Path) -> Result<Self> {
        let folder = dir.join("apt");
        for part in ["lists/partial", "cache/archives/partial"] {
            let part = folder.join(part);
            fs::create_dir_all(&part).with_context(|| format!("failed to create {}", part.display()))?;
        }
        Ok(Self(folder))
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        for (option, part) in [("Dir::State::lists", "lists"), ("Dir::Cache", "cache")] {
            command.arg("-o").arg(format!("{option}={}", self.0.join(part).display()));
        }
        command
    }

    fn remove(self) -> Result<()> {
        fs::remove_dir_all(&self.0).with_context(|| format!("failed to remove {}", self.0.display()))
    }
}

/// Returns the packages, Chromium among them, that Chromium needs and the machine does not have.
fn missing(depends: &str, installed: &str) -> BTreeSet<String> {
    let installed: BTreeSet<_> = installed.lines().filter_map(|line| line.strip_suffix(" installed")).collect();
    // Names of packages start a line. `<…>` is a virtual package; the packages that provide it are also listed.
    let names = depends.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_alphanumeric()));
    names.filter(|name| !installed.contains(name)).map(str::to_owned).collect()
}

fn unpack(dir: &Path, apt: &Apt, packages: &BTreeSet<String>, output: &mut dyn Write) -> Result<()> {
    let tree = dir.join("tree");
    let archives = dir.join("archives");
    for folder in [&tree, &archives] {
        fs::create_dir_all(folder).with_context(|| format!("failed to create {}", folder.display()))?;
    }
    tools::output(apt.command("apt-get").current_dir(&archives).args(["download", "-q"]).args(packages))?;
    for entry in fs::read_dir(&archives).with_context(|| format!("failed to list {}", archives.display()))?.flatten() {
        tools::output(Command::new("dpkg-deb").arg("-x").arg(entry.path()).arg(&tree))?;
    }
    fs::remove_dir_all(&archives).with_context(|| format!("failed to remove {}", archives.display()))?;
    let run = dir.join("run");
    fs::write(&run, START_SCRIPT).with_context(|| format!("failed to write {}", run.display()))?;
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(&run, executable).with_context(|| format!("failed to make {} executable", run.display()))?;
    let version =
        tools::output(Command::new(&run).arg("--version")).context("Chromium was unpacked but does not start")?;
    writeln!(output, "{}", version.trim())?;
    Ok(())
}

fn is_on_path() -> bool {
    PROGRAM_NAMES.iter().any(|name| tools::on_path(name).is_some())
}

fn is_debian() -> bool {
    DEBIAN_TOOLS.iter().all(|name| tools::on_path(name).is_some())
}

#[cfg(test)]
mod tests {
    use super::missing;

    #[test]
    fn installed_packages_are_not_downloaded() {
        let depends =
            "chromium\n  Depends: libc6\n  Depends: <libjpeg>\n    libjpeg62\nlibc6\n<libjpeg>\nlibjpeg62\nlibgone1\n";
        let installed = "libc6 installed\nlibgone1 config-files\nbash installed\n";
        assert_eq!(missing(depends, installed).into_iter().collect::<Vec<_>>(), ["chromium", "libgone1", "libjpeg62"]);
    }
}
