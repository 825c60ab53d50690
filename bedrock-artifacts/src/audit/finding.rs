//! A problem with the binaries of a package, and its report.

use std::collections::BTreeSet;

use super::binary::{Machine, Version};
use super::package::Package;
use super::target::Target;
use crate::package_path;
use bedrock_build::Architecture;
use bedrock_diagnostics::Report;

/// A problem that keeps binaries from running on Lambda.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The package of the binaries, or `None` for a binary that the user built.
    pub package: Option<Package>,
    /// The kind of the problem.
    pub kind: FindingKind,
    /// The paths of the binaries in the artifact.
    pub paths: BTreeSet<String>,
}

/// The kind of a problem with a binary.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingKind {
    /// It is built for a different processor.
    Architecture {
        /// The architecture of the binary.
        found: String,
    },
    /// It requires a newer glibc.
    Glibc {
        /// The version that it requires.
        found: Version,
    },
    /// It needs libraries that are neither in the image nor in the artifact.
    MissingLibraries {
        /// The names of the libraries.
        names: BTreeSet<String>,
    },
    /// `macOS` or `Windows`.
    System {
        /// The operating system of the binary.
        found: &'static str,
    },
    /// It is linked to musl.
    Musl,
    /// The file cannot be parsed.
    Damaged {
        /// The error of the parser.
        why: String,
    },
}

impl FindingKind {
    pub(super) fn architecture(found: Machine) -> Self {
        Self::Architecture { found: found.to_string() }
    }
}

impl Finding {
    /// Returns the report for the user, with a fix.
    pub fn report(&self, target: &Target) -> Report {
        let first = self.paths.first().map_or("", String::as_str);
        let subject = self.package.as_ref().map_or_else(|| first.to_owned(), ToString::to_string);
        let mut help = vec![self.fix(target)];
        // A function cannot run without `bootstrap`.
        if first != "bootstrap" {
            let allow: Vec<String> =
                self.allowing().iter().map(|path| format!("\"{}\"", globset::escape(path))).collect();
            let allow = allow.join(", ");
            let settings = &target.settings;
            help.push(format!("or, if it is not used on Lambda, add `allow = [{allow}]` to `{settings}`"));
        }
        Report {
            message: format!("`{subject}` in {} does not run on Lambda", target.artifact),
            causes: vec![self.cause(target)],
            help,
        }
    }

    fn cause(&self, target: &Target) -> String {
        let first = self.paths.first().map_or("", String::as_str);
        let (files, are, need) = match self.paths.len() {
            0 | 1 => (format!("`{first}`"), "is", "needs"),
            2 => (format!("`{first}` and 1 more file"), "are", "need"),
            count => (format!("`{first}` and {} more files", count - 1), "are", "need"),
        };
        match &self.kind {
            FindingKind::Architecture { found } => {
                format!("{files} {are} built for {found}, the worker runs on {}", target.architecture.machine())
            }
            FindingKind::Glibc { found } => {
                format!("{files} {need} glibc {found}, the newest allowed is {}", target.base_image.glibc())
            }
            FindingKind::MissingLibraries { names } => {
                let libraries = if names.len() == 1 { "is" } else { "are" };
                format!("{files} {need} {}, which {libraries} neither on Lambda nor in the artifact", listed(names))
            }
            FindingKind::System { found } => format!("{files} {are} built for {found}, the worker runs on Linux"),
            FindingKind::Musl => format!("{files} {are} built for musl (Alpine Linux), the worker runs with glibc"),
            FindingKind::Damaged { why } => format!("{files} cannot be read: {why}"),
        }
    }

    /// Returns the paths for `allow`: the file, or the folders of the package.
    fn allowing(&self) -> BTreeSet<&str> {
        if self.paths.len() == 1 {
            self.paths.iter().map(String::as_str).collect()
        } else {
            self.paths.iter().map(|path| package_path(path)).collect()
        }
    }

    fn fix(&self, target: &Target) -> String {
        let architecture = target.architecture;
        let machine = target.architecture.machine();
        match (&self.package, &self.kind) {
            (package, FindingKind::MissingLibraries { names }) => {
                let them = if names.len() == 1 { "it" } else { "them" };
                let bring =
                    if package.is_some() { format!("use a package that brings {them}, or ") } else { String::new() };
                format!("{bring}put {them} into `lib/` of the artifact or of a layer")
            }
            (Some(package), FindingKind::Damaged { .. }) => format!("install `{package}` again"),
            (Some(Package::Python(package)), _) => format!(
                "require a version of `{package}` that has a wheel for `manylinux_{}_{machine}`",
                underscored(target.base_image.glibc())
            ),
            (Some(Package::Node(_)), FindingKind::Glibc { .. }) => {
                format!("install a version that is built for glibc {} or older", target.base_image.glibc())
            }
            (Some(Package::Node(_)), _) => {
                format!("run `npm install --os=linux --cpu={} --libc=glibc`", architecture.node())
            }
            (None, FindingKind::Glibc { .. }) if self.paths.contains("bootstrap") => {
                "run `cargo bedrock build --compiler zigbuild`".to_owned()
            }
            (None, FindingKind::Glibc { .. }) => {
                format!(
                    "build it with `cargo zigbuild --target {machine}-unknown-linux-gnu.{}`",
                    target.base_image.glibc()
                )
            }
            (None, FindingKind::Damaged { .. }) => "build it again".to_owned(),
            (None, FindingKind::Architecture { .. }) if self.paths.contains("bootstrap") => {
                format!("run `cargo bedrock build {}`", flag(architecture))
            }
            (None, _) => format!("build it for `{machine}-unknown-linux-gnu`"),
        }
    }
}

/// Returns a list for messages: `libX11.so.6`, `libxcb.so.1`, …
fn listed(names: &BTreeSet<String>) -> String {
    const MAX_LISTED: usize = 8;
    let names_listed: Vec<String> = names.iter().take(MAX_LISTED).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(MAX_LISTED) {
        0 => names_listed.join(", "),
        more => format!("{} and {more} more", names_listed.join(", ")),
    }
}

fn flag(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::Arm64 => "--arm64",
        Architecture::X86_64 => "--x86-64",
    }
}

fn underscored(glibc: Version) -> String {
    glibc.to_string().replace('.', "_")
}
