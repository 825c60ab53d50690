//! Locks of Yarn, pnpm and Bun: where the one of a worker is, and how its tool installs what it has. A build does the same for a
//! layer.

use std::fs;
use std::path::Path;

use bedrock_build::path_dependencies::node_workspace;
use bedrock_build::pnpm_workspace::PnpmWorkspace;
use serde_json::Value;

use super::installer::{Failure, read};

/// The lock of a tool that is not npm.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(super) struct Lock {
    pub(super) file: &'static str,
    /// The name of the tool.
    tool: &'static str,
    pub(super) program: &'static str,
    /// How to get the program.
    pub(super) source: &'static str,
}

const YARN_CLASSIC: Lock =
    Lock { file: "yarn.lock", tool: "Yarn 1", program: "yarn", source: "`npm install --global yarn`" };
const YARN: Lock = Lock {
    file: "yarn.lock",
    tool: "Yarn",
    program: "yarn",
    source: "`corepack enable`, or `npm install --global @yarnpkg/cli-dist`",
};
const PNPM: Lock =
    Lock { file: "pnpm-lock.yaml", tool: "pnpm", program: "pnpm", source: "`npm install --global pnpm`" };
const BUN: Lock = Lock { file: "bun.lock", tool: "Bun", program: "bun", source: "`npm install --global bun`" };
/// Bun before 1.2 wrote this one.
const BINARY_BUN: Lock = Lock { file: "bun.lockb", ..BUN };
/// What only locks of Yarn 2 and newer have.
const YARN_METADATA: &str = "__metadata:";

impl Lock {
    /// Returns the lock in a folder.
    pub(super) fn in_folder(dir: &Path) -> Option<Self> {
        let has = |lock: &Self| dir.join(lock.file).is_file();
        if has(&YARN) {
            let text = fs::read(dir.join(YARN.file)).unwrap_or_default();
            let is_new = String::from_utf8_lossy(&text).lines().any(|line| line.starts_with(YARN_METADATA));
            return Some(if is_new { YARN } else { YARN_CLASSIC });
        }
        [PNPM, BUN, BINARY_BUN].into_iter().find(has)
    }

    /// Returns an error if the nearest lock above a folder is one of another tool than npm, or if pnpm has to write one. `app` is the folder of the app, which
    /// may be in a workspace.
    pub(super) fn check_above(dir: &Path, app: &Path, shown: &str) -> Result<(), Failure> {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let dir = real(dir);
        let app = real(app);
        let relative = |path: &Path| {
            let path = path.strip_prefix(&app).unwrap_or(path).display().to_string();
            if path.is_empty() { ".".to_owned() } else { path }
        };
        let workspace = node_workspace(&dir);
        let is_read = |folder: &&Path| folder.starts_with(&app) || workspace.as_deref() == Some(*folder);
        for folder in dir.ancestors().skip(1).filter(is_read) {
            if folder.join("package-lock.json").is_file() {
                return Ok(());
            }
            let Some(lock) = Self::in_folder(folder) else { continue };
            let path = relative(folder);
            let place = if is_workspace(folder)? { path.as_str() } else { shown };
            let file = relative(&folder.join(lock.file));
            return Err((
                format!("`{file}` is a lock of {}, and npm would install other versions", lock.tool),
                Some(format!("run `{} install` in `{place}`", lock.program)),
            ));
        }
        // npm knows nothing of the other members.
        if let Some(workspace) = PnpmWorkspace::of(&dir) {
            let root = relative(&workspace.root);
            let message = format!("the pnpm workspace in `{root}` has no `{}`", PNPM.file);
            return Err((message, Some(format!("run `pnpm install` in `{root}`"))));
        }
        Ok(())
    }

    /// Returns an error if the tool would install what the host cannot load.
    pub(super) fn check(self, dir: &Path, shown: &str) -> Result<(), Failure> {
        if self == BINARY_BUN {
            let help = format!("run `bun install --save-text-lockfile` in `{shown}`, and delete `{}`", self.file);
            return Err((format!("`{shown}/{}` is a lock in Bun's old binary format", self.file), Some(help)));
        }
        if self == YARN && dir.join(".pnp.cjs").is_file() {
            let help = format!("write `nodeLinker: node-modules` into `{shown}/.yarnrc.yml`, and run `yarn install`");
            return Err((format!("`{shown}` is installed with Plug'n'Play, which Lambda does not have"), Some(help)));
        }
        Ok(())
    }

    /// Returns an error if a program of this version does not read the lock.
    pub(super) fn check_version(self, version: &str) -> Result<(), Failure> {
        let is_classic = version.starts_with("0.") || version.starts_with("1.");
        let help = match self {
            YARN if is_classic => format!("install it: {}", YARN.source),
            YARN_CLASSIC if !is_classic => "run `yarn install` to bring the lock to the new version".to_owned(),
            _ => return Ok(()),
        };
        let wanted = if self == YARN { "Yarn 2 or newer" } else { self.tool };
        Err((format!("`yarn.lock` is a lock of {wanted}, and `yarn` on the PATH is {version}"), Some(help)))
    }

    /// Whether the version of the program matters.
    pub(super) fn has_versions(self) -> bool {
        self.program == YARN.program
    }

    /// Returns the arguments of the commands that install, one after the other. They never change the lock.
    pub(super) fn commands(self, dir: &Path, with_dev: bool) -> Vec<Vec<&'static str>> {
        match self {
            YARN_CLASSIC => {
                let mode = if with_dev { "--production=false" } else { "--production=true" };
                vec![vec!["install", "--frozen-lockfile", "--non-interactive", "--no-progress", mode]]
            }
            YARN => {
                let mut focus = vec!["workspaces", "focus"];
                if !with_dev {
                    focus.push("--production");
                }
                // The second command does not look at whether the lock is right.
                vec![vec!["install", "--immutable", "--mode=skip-build"], focus]
            }
            PNPM => {
                let mut install = vec!["install", "--frozen-lockfile", "--config.node-linker=hoisted"];
                install.push(if with_dev { "--config.production=false" } else { "--prod" });
                install.push("--reporter=append-only");
                if !dir.join("pnpm-workspace.yaml").is_file() {
                    install.push("--ignore-workspace");
                }
                vec![install]
            }
            _ => {
                let mut install = vec!["install", "--frozen-lockfile", "--linker=hoisted", "--no-progress"];
                if !with_dev {
                    install.push("--production");
                }
                vec![install]
            }
        }
    }
}

/// The variables with which the tools lay out `node_modules` as in a layer, and ask nothing.
pub(super) const VARIABLES: [(&str, &str); 4] = [
    ("YARN_NODE_LINKER", "node-modules"),
    ("YARN_ENABLE_TELEMETRY", "0"),
    ("YARN_ENABLE_PROGRESS_BARS", "0"),
    ("COREPACK_ENABLE_DOWNLOAD_PROMPT", "0"),
];

/// Whether a folder is the root of a workspace.
fn is_workspace(dir: &Path) -> Result<bool, Failure> {
    let package = read(&dir.join("package.json"))?.and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let has_members = package.is_some_and(|package| package.get("workspaces").is_some());
    Ok(has_members || dir.join("pnpm-workspace.yaml").is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_of_yarn_name_their_version() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
        assert_eq!(Lock::in_folder(folder.path()), None);
        write("bun.lockb", "");
        let (problem, _) = BINARY_BUN.check(folder.path(), "w").expect_err("an error");
        assert_eq!(problem, "`w/bun.lockb` is a lock in Bun's old binary format");
        write("yarn.lock", "# yarn lockfile v1\n");
        assert_eq!(Lock::in_folder(folder.path()), Some(YARN_CLASSIC));
        write("yarn.lock", "# note\n\n__metadata:\n  version: 8\n");
        assert_eq!(Lock::in_folder(folder.path()), Some(YARN));
        assert!(YARN.check(folder.path(), "w").is_ok());
        write(".pnp.cjs", "");
        let (problem, _) = YARN.check(folder.path(), "w").expect_err("an error");
        assert_eq!(problem, "`w` is installed with Plug'n'Play, which Lambda does not have");
        let problem = |lock: Lock, version: &str| lock.check_version(version).map_err(|(problem, _)| problem);
        assert_eq!(problem(YARN, "4.1.0"), Ok(()));
        assert_eq!(problem(PNPM, "1.0.0"), Ok(()));
        assert_eq!(
            problem(YARN, "1.22.22"),
            Err("`yarn.lock` is a lock of Yarn 2 or newer, and `yarn` on the PATH is 1.22.22".to_owned())
        );
        assert_eq!(
            problem(YARN_CLASSIC, "4.1.0"),
            Err("`yarn.lock` is a lock of Yarn 1, and `yarn` on the PATH is 4.1.0".to_owned())
        );
    }

    #[test]
    fn locks_above_the_worker_are_not_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let app = folder.path();
        let dir = app.join("workers/w");
        fs::create_dir_all(&dir).expect("a folder");
        let check = || Lock::check_above(&dir, app, "workers/w");
        assert_eq!(check(), Ok(()));
        fs::write(app.join("pnpm-lock.yaml"), "").expect("written");
        let problem = "`pnpm-lock.yaml` is a lock of pnpm, and npm would install other versions";
        let failure = |place: &str| Err((problem.to_owned(), Some(format!("run `pnpm install` in `{place}`"))));
        assert_eq!(check(), failure("workers/w"));
        fs::write(app.join("pnpm-workspace.yaml"), "").expect("written");
        assert_eq!(check(), failure("."));
        // A workspace around the app.
        fs::remove_file(app.join("pnpm-lock.yaml")).expect("removed");
        fs::write(app.join("pnpm-workspace.yaml"), "packages: [workers/*]\n").expect("written");
        fs::write(app.join("yarn.lock"), "").expect("written");
        let real = app.canonicalize().expect("a folder");
        let root = real.display();
        let above = format!("`{root}/yarn.lock` is a lock of Yarn 1, and npm would install other versions");
        let above = Err((above, Some(format!("run `yarn install` in `{root}`"))));
        assert_eq!(Lock::check_above(&dir, &app.join("workers"), "w"), above);
        // Not installed yet.
        fs::remove_file(app.join("yarn.lock")).expect("removed");
        let message = "the pnpm workspace in `.` has no `pnpm-lock.yaml`".to_owned();
        assert_eq!(check(), Err((message, Some("run `pnpm install` in `.`".to_owned()))));
        fs::write(app.join("pnpm-workspace.yaml"), "packages: [packages/*]\n").expect("written");
        assert_eq!(Lock::check_above(&dir, &app.join("workers"), "w"), Ok(()));
        fs::write(app.join("workers/package-lock.json"), "").expect("written");
        assert_eq!(check(), Ok(()));
    }
}
