//! Holds what the binaries of an artifact need against what they will find.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

use object::read::ReadCache;

use super::base::Base;
use super::binary::{Binary, Elf, Machine, inspect};
use super::finding::{Finding, What};
use super::package::{Package, Packages};
use crate::{Allowed, Entry, Source, threads};
use bedrock_build::Architecture;
use bedrock_diagnostics::{Error, Result, relative_path};

/// Where the artifact will run.
#[derive(Debug, Clone)]
pub struct Target {
    /// In messages: ``the layer of worker `resizer` ``.
    pub artifact: String,
    pub architecture: Architecture,
    pub base: Base,
    /// Globs of paths in the artifact that are not looked at.
    pub allow: Vec<String>,
    /// Where `allow` is set, for help lines: `[package.metadata.bedrock.workers.resizer]`.
    pub settings: String,
}

/// What keeps the binaries among the entries from running on the target, sorted by package. The entries are those of a
/// function and of its layers together: they load each other's libraries. `app` is for messages.
pub fn audit(entries: &[Entry], target: &Target, app: &Path) -> Result<Vec<Finding>> {
    let allowed = Allowed::parse(&target.allow, &target.settings)?;
    let looked = threads::map(entries, threads::all(), |_| 0, |entry| look(entry, app));
    let mut binaries: Vec<(&str, Look)> = Vec::new();
    for (entry, look) in entries.iter().zip(looked) {
        binaries.extend(look?.map(|look| (entry.path.as_str(), look)));
    }
    Ok(judge(&binaries, &Packages::of(entries), &allowed, target))
}

/// Whether a program needs a newer C library than a runtime has. What cannot be read needs none; packing it will say why.
pub fn needs_newer_glibc(program: &Path, base: Base) -> bool {
    let Ok(file) = File::open(program) else { return false };
    let needed = match inspect(&ReadCache::new(file)) {
        Ok(Some(Binary::Elf(elf))) => elf.glibc,
        _ => None,
    };
    needed > Some(base.glibc())
}

/// What was seen in a file that is a binary.
#[derive(Debug)]
enum Look {
    Read(Binary),
    Damaged(String),
}

fn look(entry: &Entry, app: &Path) -> Result<Option<Look>> {
    let seen = match &entry.source {
        Source::Bytes(bytes) => inspect(bytes.as_slice()),
        Source::File(path) => {
            let file = File::open(path)
                .map_err(|error| Error::io(format!("failed to read `{}`", relative_path(path, app)), &error))?;
            inspect(&ReadCache::new(file))
        }
    };
    Ok(match seen {
        Ok(binary) => binary.map(Look::Read),
        Err(error) => Some(Look::Damaged(lower_first(&error.to_string()))),
    })
}

fn judge(binaries: &[(&str, Look)], packages: &Packages, allowed: &Allowed, target: &Target) -> Vec<Finding> {
    let provided: BTreeSet<&str> = binaries.iter().flat_map(|(path, look)| names(path, look)).collect();
    let fitting: BTreeSet<Package> = binaries
        .iter()
        .filter(|(_, look)| matches!(look, Look::Read(Binary::Elf(elf)) if fits(elf, target)))
        .filter_map(|(path, _)| packages.of_file(path))
        .collect();
    let mut findings = Vec::new();
    for (path, look) in binaries.iter().filter(|(path, _)| !allowed.has(path)) {
        let package = packages.of_file(path);
        let is_spare = package.as_ref().is_some_and(|package| fitting.contains(package)) && names_platform(path);
        for what in problems(path, look, &provided, target) {
            if !(is_spare && what.is_of_platform()) {
                let paths = BTreeSet::from([(*path).to_owned()]);
                add(&mut findings, Finding { package: package.clone(), what, paths });
            }
        }
    }
    findings.sort();
    findings
}

/// The same said of several files of a package is one finding. What belongs to no package is told file by file.
fn add(findings: &mut Vec<Finding>, new: Finding) {
    let same = findings
        .iter_mut()
        .find(|old| new.package.is_some() && old.package == new.package && old.what.is_like(&new.what));
    let Some(old) = same else { return findings.push(new) };
    if let (What::MissingLibraries { names }, What::MissingLibraries { names: more }) = (&mut old.what, new.what) {
        names.extend(more);
    }
    old.paths.extend(new.paths);
}

/// What other binaries can need a binary by.
fn names<'a>(path: &'a str, look: &'a Look) -> Vec<&'a str> {
    let name = path.rsplit('/').next();
    let soname = match look {
        Look::Read(Binary::Elf(elf)) => elf.soname.as_deref(),
        _ => None,
    };
    name.into_iter().chain(soname).collect()
}

fn fits(elf: &Elf, target: &Target) -> bool {
    elf.machine == Machine::Known(target.architecture) && !is_musl(elf)
}

fn problems(path: &str, look: &Look, provided: &BTreeSet<&str>, target: &Target) -> Vec<What> {
    match look {
        // Data of tests and of tools that read binaries may be anything.
        Look::Damaged(_) if !is_module(path) && path != "bootstrap" => Vec::new(),
        Look::Damaged(why) => vec![What::Damaged { why: why.clone() }],
        // Launchers (`distlib/t64.exe`) and libraries (`.dll`, `.dylib`) for other systems lie in many packages, and
        // nobody loads them. What is named like a module is loaded.
        Look::Read(Binary::MacOs | Binary::Windows) if !is_module(path) => Vec::new(),
        Look::Read(Binary::MacOs) => vec![What::System { found: "macOS" }],
        Look::Read(Binary::Windows) => vec![What::System { found: "Windows" }],
        // What is for another processor needs what that processor's system has.
        Look::Read(Binary::Elf(elf)) if elf.machine != Machine::Known(target.architecture) => {
            vec![What::architecture(elf.machine)]
        }
        Look::Read(Binary::Elf(elf)) if is_musl(elf) => vec![What::Musl],
        Look::Read(Binary::Elf(elf)) => needs(elf, provided, target),
    }
}

fn needs(elf: &Elf, provided: &BTreeSet<&str>, target: &Target) -> Vec<What> {
    let glibc = elf.glibc.filter(|found| *found > target.base.glibc()).map(|found| What::Glibc { found });
    let is_there = |name: &String| target.base.has(name) || provided.contains(name.as_str());
    let names: BTreeSet<String> = elf.needed.iter().filter(|name| !is_there(name)).cloned().collect();
    let missing = (!names.is_empty()).then_some(What::MissingLibraries { names });
    glibc.into_iter().chain(missing).collect()
}

fn is_module(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit('.').next() == Some("node") || name.split('.').skip(1).any(|part| part == "so")
}

/// musl calls its library `libc.so`; Alpine adds a name of its own.
fn is_musl(elf: &Elf) -> bool {
    elf.needed.iter().any(|name| name == "libc.so" || name.starts_with("libc.musl-") || name.starts_with("ld-musl-"))
}

impl What {
    /// Whether it is said of a binary for another platform, and not of one for this.
    fn is_of_platform(&self) -> bool {
        matches!(self, Self::Architecture { .. } | Self::System { .. } | Self::Musl)
    }

    /// Whether one sentence can say both.
    fn is_like(&self, other: &Self) -> bool {
        matches!((self, other), (Self::MissingLibraries { .. }, Self::MissingLibraries { .. })) || self == other
    }
}

const SYSTEMS: [&str; 12] =
    ["alpine", "android", "darwin", "freebsd", "linuxmusl", "mac", "macos", "musl", "osx", "win32", "win64", "windows"];
const PROCESSORS: [&str; 13] =
    ["aarch64", "amd64", "arm", "arm64", "armv6", "armv7", "i686", "ia32", "ppc64", "riscv64", "s390x", "x64", "x86"];

/// Whether the path says what platform the file is for: a package that has one for each picks its own when it runs.
fn names_platform(path: &str) -> bool {
    let inside = path.rsplit_once("node_modules/").map_or(path, |(_, inside)| inside);
    let mut words = inside.split(|letter: char| !letter.is_ascii_alphanumeric()).map(str::to_ascii_lowercase);
    words.any(|word| SYSTEMS.contains(&word.as_str()) || PROCESSORS.contains(&word.as_str()))
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests;
