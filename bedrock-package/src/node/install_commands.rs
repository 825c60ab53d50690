//! The commands with which Yarn, pnpm and Bun install what their lock has, for Lambda or for this machine. They run no code of
//! packages, and lay out `node_modules` as npm does: layers have no links.

use std::path::Path;
use std::process::Command;

use bedrock_build::Architecture;

use super::package_manager::{PackageManager, Program};

/// What dependencies are installed for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    /// A layer: those that run on Lambda, for its platform.
    Layer(Architecture),
    /// A bundle: also the bundler, for this machine.
    Bundle,
}

/// Settings of Yarn 2 and newer. Variables of the environment come before those of its files.
const YARN_SETTINGS: [(&str, &str); 8] = [
    ("YARN_NODE_LINKER", "node-modules"),
    ("YARN_NM_MODE", "classic"),
    ("YARN_ENABLE_SCRIPTS", "0"),
    ("YARN_ENABLE_TELEMETRY", "0"),
    ("YARN_ENABLE_PROGRESS_BARS", "0"),
    ("YARN_ENABLE_COLORS", "0"),
    ("YARN_ENABLE_HYPERLINKS", "0"),
    // It cannot be combined with the mode that only resolves.
    ("YARN_ENABLE_IMMUTABLE_INSTALLS", "0"),
];
/// The setting of Yarn that selects packages of a platform.
const YARN_PLATFORM: &str = "supportedArchitectures";
/// The first version of pnpm that has options for the platform.
const PNPM_WITH_PLATFORM: (u32, u32) = (10, 14);

/// The folders of an installation.
#[derive(Debug, Clone, Copy)]
pub(super) struct InstallFolders<'a> {
    pub(super) root: &'a Path,
    pub(super) worker: &'a Path,
    /// The path of the worker in its workspace.
    pub(super) member: Option<&'a str>,
}

/// Returns the command that corrects the lock of Yarn 2 and newer, which has no other way to find out whether it is right
/// before only a part of it is installed.
pub(super) fn resolve(program: &Program, root: &Path) -> Command {
    let mut command = yarn(program);
    command.args(["install", "--mode=update-lockfile"]).current_dir(root);
    command
}

/// Returns the command that installs. npm has a command of its own.
pub(super) fn install(
    manager: PackageManager,
    program: &Program,
    folders: InstallFolders<'_>,
    purpose: Purpose,
) -> Command {
    let mut command = if manager == PackageManager::Yarn { yarn(program) } else { Command::new(&program.path) };
    command.current_dir(folders.root).env("COREPACK_ENABLE_DOWNLOAD_PROMPT", "0");
    let is_layer = matches!(purpose, Purpose::Layer(_));
    match manager {
        PackageManager::Npm => {}
        PackageManager::YarnClassic => {
            command.args(["install", "--frozen-lockfile", "--ignore-scripts", "--non-interactive", "--no-progress"]);
            if is_layer {
                // It has no option for a platform. Packages of others are deleted afterwards.
                command.args(["--production=true", "--ignore-platform", "--ignore-engines"]);
            } else {
                command.arg("--production=false");
            }
        }
        PackageManager::Yarn => {
            command.args(["workspaces", "focus"]).current_dir(folders.worker);
            if is_layer {
                command.arg("--production");
            }
        }
        PackageManager::Pnpm => {
            command.args(["install", "--frozen-lockfile", "--ignore-scripts", "--reporter=append-only"]);
            command.args(["--config.node-linker=hoisted", "--config.package-import-method=copy"]);
            if !folders.root.join("pnpm-workspace.yaml").is_file() {
                command.arg("--ignore-workspace");
            }
            match purpose {
                Purpose::Layer(architecture) if has_platform(&program.version) => {
                    let cpu = format!("--cpu={}", architecture.node());
                    command.args(["--prod", "--os=linux", "--libc=glibc", &cpu]);
                }
                // Packages of all platforms. Those of others are deleted afterwards.
                Purpose::Layer(_) => drop(command.args(["--prod", "--force"])),
                Purpose::Bundle => drop(command.arg("--config.production=false")),
            }
        }
        PackageManager::Bun => {
            command.args(["install", "--frozen-lockfile", "--ignore-scripts", "--no-progress"]);
            command.args(["--linker=hoisted", "--backend=copyfile"]);
            if let Purpose::Layer(architecture) = purpose {
                command.args(["--production", "--os=linux"]).arg(format!("--cpu={}", architecture.node()));
            }
            if let Some(member) = folders.member {
                command.arg(format!("--filter=./{member}"));
            }
        }
    }
    command
}

fn yarn(program: &Program) -> Command {
    let mut command = Command::new(&program.path);
    command.envs(YARN_SETTINGS).env("COREPACK_ENABLE_DOWNLOAD_PROMPT", "0");
    command
}

/// Returns the settings of Yarn 2 and newer with the platform of a layer in place of the one that they have.
pub(super) fn with_platform(settings: &str, architecture: Architecture) -> String {
    let mut is_kept = true;
    let mut text = String::new();
    for line in settings.lines() {
        if line.starts_with(|letter: char| letter.is_alphanumeric() || letter == '"') {
            is_kept = !line.trim_start_matches('"').starts_with(YARN_PLATFORM);
        }
        if is_kept {
            text.push_str(line);
            text.push('\n');
        }
    }
    let cpu = architecture.node();
    format!("{text}{YARN_PLATFORM}: {{ os: [linux], cpu: [{cpu}], libc: [glibc] }}\n")
}

fn has_platform(version: &str) -> bool {
    let mut numbers = version.split('.').map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= PNPM_WITH_PLATFORM
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn shown(manager: PackageManager, version: &str, purpose: Purpose) -> String {
        let program = Program { path: PathBuf::from("tool"), version: version.to_owned() };
        let folders = InstallFolders { root: Path::new("/app"), worker: Path::new("/app/w"), member: Some("w") };
        crate::tools::command_line(&install(manager, &program, folders, purpose))
    }

    #[test]
    fn pnpm_before_10_14_has_no_options_for_the_platform() {
        let layer = Purpose::Layer(Architecture::Arm64);
        let whole = |version| {
            let program = Program { path: PathBuf::from("tool"), version: String::from(version) };
            let folders = InstallFolders { root: Path::new("/no"), worker: Path::new("/no"), member: None };
            let command = install(PackageManager::Pnpm, &program, folders, layer);
            command.get_args().map(|arg| arg.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
        };
        assert!(whole("10.14.0").ends_with("--prod --os=linux --libc=glibc --cpu=arm64"));
        assert!(whole("12.0.0-rc.1").ends_with("--cpu=arm64"));
        assert!(whole("10.13.9").ends_with("--ignore-workspace --prod --force"));
        assert!(whole("9.15.0").ends_with("--force"));
    }

    #[test]
    fn yarn_installs_development_dependencies_only_for_a_bundle() {
        assert_eq!(shown(PackageManager::Yarn, "4.0.0", Purpose::Bundle), "tool workspaces focus");
        let layer = Purpose::Layer(Architecture::X86_64);
        assert_eq!(shown(PackageManager::Yarn, "4.0.0", layer), "tool workspaces focus --production");
    }

    #[test]
    fn platform_of_yarn_takes_the_place_of_the_users() {
        let settings =
            "nodeLinker: pnp\nsupportedArchitectures:\n  os:\n    - darwin\n# note\n\nenableScripts: false\n";
        assert_eq!(
            with_platform(settings, Architecture::Arm64),
            "nodeLinker: pnp\nenableScripts: false\n\
             supportedArchitectures: { os: [linux], cpu: [arm64], libc: [glibc] }\n"
        );
    }
}
