//! Compares the requirements of the binaries of an artifact with what the Lambda runtime offers.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

use object::read::ReadCache;

use super::base_image::LambdaBaseImage;
use super::binary::{Binary, Elf, Machine, inspect};
use super::finding::{Finding, FindingKind};
use super::package::{Package, Packages};
use super::target::Target;
use crate::parallel_map::{available_threads, parallel_map};
use crate::{AllowList, Entry, Source};
use bedrock_diagnostics::{Error, Result, relative_path};

/// Returns the problems that keep binaries from running on the target, sorted by package. `entries` are the files of a
/// function and of its layers, because they load each other's libraries. `app` is the folder that messages are relative to.
pub fn audit(entries: &[Entry], target: &Target, app: &Path) -> Result<Vec<Finding>> {
    let allowed = AllowList::parse(&target.allow, &target.settings)?;
    let inspected = parallel_map(entries, available_threads(), |_| 0, |entry| inspect_entry(entry, app));
    let mut binaries: Vec<(&str, BinaryFile)> = Vec::new();
    for (entry, file) in entries.iter().zip(inspected) {
        binaries.extend(file?.map(|file| (entry.path.as_str(), file)));
    }
    Ok(find_problems(&binaries, &Packages::of(entries), &allowed, target))
}

/// Returns whether a program needs a newer glibc than a runtime has. False for unreadable files, which packing reports.
pub fn needs_newer_glibc(program: &Path, base_image: LambdaBaseImage) -> bool {
    let Ok(file) = File::open(program) else { return false };
    let needed = match inspect(&ReadCache::new(file)) {
        Ok(Some(Binary::Elf(elf))) => elf.glibc,
        _ => None,
    };
    needed > Some(base_image.glibc())
}

/// A file of the artifact that is a binary.
#[derive(Debug)]
enum BinaryFile {
    Read(Binary),
    Damaged(String),
}

fn inspect_entry(entry: &Entry, app: &Path) -> Result<Option<BinaryFile>> {
    let seen = match &entry.source {
        Source::Bytes(bytes) => inspect(bytes.as_slice()),
        Source::File(path) => {
            let file = File::open(path)
                .map_err(|error| Error::io(format!("failed to read `{}`", relative_path(path, app)), &error))?;
            inspect(&ReadCache::new(file))
        }
    };
    Ok(match seen {
        Ok(binary) => binary.map(BinaryFile::Read),
        Err(error) => Some(BinaryFile::Damaged(lower_first(&error.to_string()))),
    })
}

fn find_problems(
    binaries: &[(&str, BinaryFile)],
    packages: &Packages,
    allowed: &AllowList,
    target: &Target,
) -> Vec<Finding> {
    let provided: BTreeSet<&str> = binaries.iter().flat_map(|(path, file)| names(path, file)).collect();
    let fitting: BTreeSet<Package> = binaries
        .iter()
        .filter(|(_, file)| matches!(file, BinaryFile::Read(Binary::Elf(elf)) if fits(elf, target)))
        .filter_map(|(path, _)| packages.of_file(path))
        .collect();
    let mut findings = Vec::new();
    for (path, file) in binaries.iter().filter(|(path, _)| !allowed.has(path)) {
        let package = packages.of_file(path);
        let is_spare = package.as_ref().is_some_and(|package| fitting.contains(package)) && names_platform(path);
        for kind in problems(path, file, &provided, target) {
            if !(is_spare && kind.is_of_platform()) {
                let paths = BTreeSet::from([(*path).to_owned()]);
                add(&mut findings, Finding { package: package.clone(), kind, paths });
            }
        }
    }
    findings.sort();
    findings
}

/// Adds a finding. Equal findings about several files of a package are merged; files without a package are not.
fn add(findings: &mut Vec<Finding>, new: Finding) {
    let same = findings
        .iter_mut()
        .find(|old| new.package.is_some() && old.package == new.package && old.kind.can_merge_with(&new.kind));
    let Some(old) = same else { return findings.push(new) };
    if let (FindingKind::MissingLibraries { names }, FindingKind::MissingLibraries { names: more }) =
        (&mut old.kind, new.kind)
    {
        names.extend(more);
    }
    old.paths.extend(new.paths);
}

/// Returns the names that other binaries can refer to a binary by.
fn names<'a>(path: &'a str, file: &'a BinaryFile) -> Vec<&'a str> {
    let name = path.rsplit('/').next();
    let soname = match file {
        BinaryFile::Read(Binary::Elf(elf)) => elf.soname.as_deref(),
        _ => None,
    };
    name.into_iter().chain(soname).collect()
}

fn fits(elf: &Elf, target: &Target) -> bool {
    elf.machine == Machine::Known(target.architecture) && !is_musl(elf)
}

fn problems(path: &str, file: &BinaryFile, provided: &BTreeSet<&str>, target: &Target) -> Vec<FindingKind> {
    match file {
        // Test data, and data of tools that read binaries, may be damaged.
        BinaryFile::Damaged(_) if !is_module(path) && path != "bootstrap" => Vec::new(),
        BinaryFile::Damaged(why) => vec![FindingKind::Damaged { why: why.clone() }],
        // Many packages contain launchers (`distlib/t64.exe`) and libraries (`.dll`, `.dylib`) of other systems, which are
        // never loaded on Lambda. Files with the name of a module are.
        BinaryFile::Read(Binary::MacOs | Binary::Windows) if !is_module(path) => Vec::new(),
        BinaryFile::Read(Binary::MacOs) => vec![FindingKind::System { found: "macOS" }],
        BinaryFile::Read(Binary::Windows) => vec![FindingKind::System { found: "Windows" }],
        // The other requirements of a binary for a different processor do not matter.
        BinaryFile::Read(Binary::Elf(elf)) if elf.machine != Machine::Known(target.architecture) => {
            vec![FindingKind::architecture(elf.machine)]
        }
        BinaryFile::Read(Binary::Elf(elf)) if is_musl(elf) => vec![FindingKind::Musl],
        BinaryFile::Read(Binary::Elf(elf)) => needs(elf, provided, target),
    }
}

fn needs(elf: &Elf, provided: &BTreeSet<&str>, target: &Target) -> Vec<FindingKind> {
    let glibc = elf.glibc.filter(|found| *found > target.base_image.glibc()).map(|found| FindingKind::Glibc { found });
    let is_there = |name: &String| target.base_image.has(name) || provided.contains(name.as_str());
    let names: BTreeSet<String> = elf.needed.iter().filter(|name| !is_there(name)).cloned().collect();
    let missing = (!names.is_empty()).then_some(FindingKind::MissingLibraries { names });
    glibc.into_iter().chain(missing).collect()
}

fn is_module(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit('.').next() == Some("node") || name.split('.').skip(1).any(|part| part == "so")
}

/// Returns whether a binary is linked to musl. musl's library is `libc.so`; Alpine has an additional name.
fn is_musl(elf: &Elf) -> bool {
    elf.needed.iter().any(|name| name == "libc.so" || name.starts_with("libc.musl-") || name.starts_with("ld-musl-"))
}

impl FindingKind {
    /// Returns whether the finding means that the binary is for a different platform.
    fn is_of_platform(&self) -> bool {
        matches!(self, Self::Architecture { .. } | Self::System { .. } | Self::Musl)
    }

    /// Returns whether two findings can be reported as one.
    fn can_merge_with(&self, other: &Self) -> bool {
        matches!((self, other), (Self::MissingLibraries { .. }, Self::MissingLibraries { .. })) || self == other
    }
}

const SYSTEMS: [&str; 12] =
    ["alpine", "android", "darwin", "freebsd", "linuxmusl", "mac", "macos", "musl", "osx", "win32", "win64", "windows"];
const PROCESSORS: [&str; 13] =
    ["aarch64", "amd64", "arm", "arm64", "armv6", "armv7", "i686", "ia32", "ppc64", "riscv64", "s390x", "x64", "x86"];

/// Returns whether the path names a platform. A package with a binary for each platform selects one at run time.
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
