//! The package managers of JavaScript: which one has written the lock of a worker, where it is, and what it reads.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bedrock_build::Worker;

use crate::context::Context;
use crate::tools::{ToolRunner, find_all_on_path};
use bedrock_diagnostics::{Error, Result, relative_path};

/// A tool that installs packages and records their versions in a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PackageManager {
    Npm,
    /// Yarn 1.
    YarnClassic,
    /// Yarn 2 and newer.
    Yarn,
    Pnpm,
    Bun,
}

/// A program on the PATH that runs.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) path: PathBuf,
    pub(super) version: String,
}

/// Locks of npm.
pub(super) const NPM_LOCKS: [&str; 2] = ["package-lock.json", "npm-shrinkwrap.json"];
/// Locks of the others. Bun before 1.2 wrote the last one.
const OTHER_LOCKS: [&str; 4] = ["yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb"];
/// What a lock of Yarn 2 and newer has, and one of Yarn 1 does not have.
const YARN_METADATA: &str = "__metadata:";

impl PackageManager {
    /// Returns the tool of the lock that has the dependencies of a worker, or npm if there is no lock. `root` is the workspace of
    /// the worker.
    pub(super) fn of(dir: &Path, root: Option<&Path>, context: &Context<'_>, worker: &Worker) -> Result<Self> {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let dir = real(dir);
        let end = real(root.unwrap_or(&context.app.root));
        for folder in dir.ancestors().take_while(|folder| folder.starts_with(&end)) {
            if NPM_LOCKS.iter().any(|lock| folder.join(lock).is_file()) {
                return Ok(Self::Npm);
            }
            let Some(lock) = OTHER_LOCKS.iter().find(|lock| folder.join(lock).is_file()) else { continue };
            let app = real(&context.app.root);
            let shown = relative_path(&folder.join(lock), &app);
            let failed = || Error::app(format!("failed to read the locked dependencies of worker `{}`", worker.name));
            let manager = Self::of_lock(&folder.join(lock));
            let Some(manager) = manager else {
                return Err(failed().cause(format!("`{shown}` is a lock in Bun's old binary format")).help(format!(
                    "run `bun install --save-text-lockfile` in `{}`, and delete `{shown}`",
                    shown_folder(folder, &app)
                )));
            };
            let name = manager.name();
            return match root {
                None if *folder == dir => Ok(manager),
                // pnpm has its own list of members.
                Some(_) if *folder == end && manager != Self::Pnpm => Ok(manager),
                Some(_) if *folder == dir => Err(failed()
                    .cause(format!(
                        "`{shown}` is a lock of {name} in a member of a workspace, whose lock is in `{}`",
                        shown_folder(&end, &app)
                    ))
                    .help(format!("delete `{shown}`, or take its folder out of the workspace"))),
                _ => Err(failed()
                    .cause(format!(
                        "`{shown}` is a lock of {name}, and a build reads only one that is in the worker's folder"
                    ))
                    .help(format!("run `{}` in `{}`", manager.install_apart(), worker.dir))),
            };
        }
        Ok(Self::Npm)
    }

    /// Returns the tool that has written a lock. `None` if it is Bun's binary format.
    fn of_lock(path: &Path) -> Option<Self> {
        match path.file_name()?.to_str()? {
            "yarn.lock" => {
                let text = fs::read(path).unwrap_or_default();
                let is_new = String::from_utf8_lossy(&text).lines().any(|line| line.starts_with(YARN_METADATA));
                Some(if is_new { Self::Yarn } else { Self::YarnClassic })
            }
            "pnpm-lock.yaml" => Some(Self::Pnpm),
            "bun.lock" => Some(Self::Bun),
            _ => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::YarnClassic => "Yarn 1",
            Self::Yarn => "Yarn",
            Self::Pnpm => "pnpm",
            Self::Bun => "Bun",
        }
    }

    /// The name of the program.
    pub(super) fn program(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::YarnClassic | Self::Yarn => "yarn",
            Self::Pnpm => "pnpm",
            Self::Bun => "bun",
        }
    }

    /// The files that the tool reads in a folder, its lock among them.
    pub(super) fn lists(self) -> &'static [&'static str] {
        match self {
            Self::Npm => &["package.json", "package-lock.json", "npm-shrinkwrap.json", ".npmrc"],
            Self::YarnClassic => &["package.json", "yarn.lock", ".yarnrc", ".npmrc"],
            Self::Yarn => &["package.json", "yarn.lock", ".yarnrc.yml"],
            Self::Pnpm => &["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", ".pnpmfile.cjs", ".npmrc"],
            Self::Bun => &["package.json", "bun.lock", "bunfig.toml", ".npmrc"],
        }
    }

    /// The folders that the tool reads: patches of packages, and Yarn itself.
    pub(super) fn folders(self) -> &'static [&'static str] {
        match self {
            Self::Npm => &[],
            Self::YarnClassic => &[".yarn/releases"],
            Self::Yarn => &[".yarn/patches", ".yarn/plugins", ".yarn/releases"],
            Self::Pnpm | Self::Bun => &["patches"],
        }
    }

    /// The lock.
    pub(super) fn lock(self) -> &'static str {
        match self {
            Self::Npm => NPM_LOCKS[0],
            Self::YarnClassic | Self::Yarn => OTHER_LOCKS[0],
            Self::Pnpm => OTHER_LOCKS[1],
            Self::Bun => OTHER_LOCKS[2],
        }
    }

    /// Returns the program if it is on the PATH and runs. A project may choose the version, so it is asked in `dir`.
    pub(super) fn find(self, tools: &ToolRunner, dir: &Path) -> Option<Program> {
        find_all_on_path(self.program()).into_iter().find_map(|path| {
            let mut command = Command::new(&path);
            // npm is the same everywhere, and asking it takes a third of a second.
            if self != Self::Npm {
                command.current_dir(dir).env("COREPACK_ENABLE_DOWNLOAD_PROMPT", "0");
            }
            let version = tools.ask(command.arg("--version"))?;
            Some(Program { path, version })
        })
    }

    /// Returns an error if the program is missing, or another one than the one of the lock.
    pub(super) fn check(self, program: Option<&Program>, what: &str) -> Result<()> {
        let Some(program) = program else {
            let help = match self {
                Self::Npm => "install Node.js with npm",
                Self::YarnClassic => "`npm install --global yarn`",
                Self::Yarn => "`corepack enable`, or `npm install --global @yarnpkg/cli-dist`",
                Self::Pnpm => "`npm install --global pnpm`",
                Self::Bun => "`npm install --global bun`",
            };
            let missing = format!("`{}` is not on the PATH", self.program());
            return Err(if self == Self::Npm {
                Error::call(what).cause(missing).help(help)
            } else {
                let cause = format!("{missing}, and `{}` is a lock of {}", self.lock(), self.name());
                Error::call(what).cause(cause).help(format!("install it: {help}"))
            });
        };
        let is_classic = program.version.starts_with("0.") || program.version.starts_with("1.");
        let (is_wrong, wanted, help) = match self {
            Self::YarnClassic => (!is_classic, "Yarn 1", "run `yarn install` to bring the lock to the new version"),
            Self::Yarn => {
                (is_classic, "Yarn 2 or newer", "`corepack enable`, or `npm install --global @yarnpkg/cli-dist`")
            }
            _ => return Ok(()),
        };
        if is_wrong {
            let version = &program.version;
            return Err(Error::call(what)
                .cause(format!("`yarn.lock` is a lock of {wanted}, and `yarn` on the PATH is {version}"))
                .help(help));
        }
        Ok(())
    }

    /// The command that makes a lock in the folder of a worker.
    fn install_apart(self) -> &'static str {
        match self {
            Self::Npm => "npm install",
            Self::YarnClassic => "yarn install",
            Self::Yarn => "touch yarn.lock && yarn install",
            Self::Pnpm => "pnpm install --ignore-workspace",
            Self::Bun => "bun install",
        }
    }
}

fn shown_folder(folder: &Path, app: &Path) -> String {
    let shown = relative_path(folder, app);
    if shown.is_empty() { ".".to_owned() } else { shown }
}
