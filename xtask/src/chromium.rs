//! Chromium for the tests of the dashboard: the one of the machine, or Debian's, unpacked into the tools with what it needs
//! and the machine lacks. Nothing is installed. Where neither is possible those tests are skipped, and say so.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::tools;

/// Names of Chromium, as `dashboard/browser/environment.mjs` looks for them.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const TOOLS: [&str; 3] = ["apt-get", "apt-cache", "dpkg-deb"];

/// Starts what was unpacked, with its own libraries.
const RUN: &str = "#!/bin/sh
here=$(cd \"$(dirname \"$0\")\" && pwd)/tree
libraries=$(find \"$here/usr/lib\" \"$here/lib\" -maxdepth 2 -type d \\( -name '*-linux-gnu' -o -name pulseaudio \\) 2>/dev/null | tr '\\n' ':')
[ -e /etc/fonts/fonts.conf ] || export FONTCONFIG_PATH=\"$here/etc/fonts\"
LD_LIBRARY_PATH=\"$libraries$here/usr/lib/chromium:$LD_LIBRARY_PATH\" exec \"$here/usr/lib/chromium/chromium\" \"$@\"
";

/// Whether nothing needs to be done, which is also so where nothing can be done.
pub(crate) fn is_there(dir: &Path) -> bool {
    is_on_path() || dir.join("run").exists() || !is_debian()
}

/// Gets it, if the machine has none.
pub(crate) fn get(dir: &Path) -> Result<()> {
    if is_on_path() {
        return Ok(());
    }
    if !is_debian() {
        println!("no Chromium on the PATH, and no `apt-get` to get one with: the tests in the browser are left out");
        return Ok(());
    }
    let apt = Apt::within(dir)?;
    tools::output(apt.command("apt-get").args(["-q", "update"]))?;
    let wanted = "depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances chromium";
    let depends = tools::output(apt.command("apt-cache").args(wanted.split(' ')))?;
    let installed = tools::output(Command::new("dpkg-query").args(["-W", "-f", "${Package} ${db:Status-Status}\\n"]))?;
    unpack(dir, &apt, &missing(&depends, &installed))?;
    apt.forget()
}

/// Debian's package tools with lists of their own: those of the machine may be old or missing, and belong to root.
struct Apt(PathBuf);

impl Apt {
    fn within(dir: &Path) -> Result<Self> {
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

    fn forget(self) -> Result<()> {
        fs::remove_dir_all(&self.0).with_context(|| format!("failed to remove {}", self.0.display()))
    }
}

/// Packages that Chromium needs, itself included, and the machine has not.
fn missing(depends: &str, installed: &str) -> BTreeSet<String> {
    let there: BTreeSet<_> = installed.lines().filter_map(|line| line.strip_suffix(" installed")).collect();
    // Names of packages begin a line; `<…>` is virtual, and what provides it is named, too.
    let names = depends.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_alphanumeric()));
    names.filter(|name| !there.contains(name)).map(str::to_owned).collect()
}

fn unpack(dir: &Path, apt: &Apt, packages: &BTreeSet<String>) -> Result<()> {
    let (tree, archives) = (dir.join("tree"), dir.join("archives"));
    for folder in [&tree, &archives] {
        fs::create_dir_all(folder).with_context(|| format!("failed to create {}", folder.display()))?;
    }
    tools::output(apt.command("apt-get").current_dir(&archives).args(["download", "-q"]).args(packages))?;
    for entry in fs::read_dir(&archives).with_context(|| format!("failed to list {}", archives.display()))?.flatten() {
        tools::output(Command::new("dpkg-deb").arg("-x").arg(entry.path()).arg(&tree))?;
    }
    fs::remove_dir_all(&archives).with_context(|| format!("failed to remove {}", archives.display()))?;
    let run = dir.join("run");
    fs::write(&run, RUN).with_context(|| format!("failed to write {}", run.display()))?;
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(&run, executable).with_context(|| format!("failed to make {} a program", run.display()))?;
    let version =
        tools::output(Command::new(&run).arg("--version")).context("Chromium was unpacked and does not start")?;
    println!("{}", version.trim());
    Ok(())
}

fn is_on_path() -> bool {
    NAMES.iter().any(|name| tools::on_path(name).is_some())
}

fn is_debian() -> bool {
    TOOLS.iter().all(|name| tools::on_path(name).is_some())
}

#[cfg(test)]
mod tests {
    use super::missing;

    #[test]
    fn what_the_machine_has_is_not_got_again() {
        let depends =
            "chromium\n  Depends: libc6\n  Depends: <libjpeg>\n    libjpeg62\nlibc6\n<libjpeg>\nlibjpeg62\nlibgone1\n";
        let installed = "libc6 installed\nlibgone1 config-files\nbash installed\n";
        assert_eq!(missing(depends, installed).into_iter().collect::<Vec<_>>(), ["chromium", "libgone1", "libjpeg62"]);
    }
}
