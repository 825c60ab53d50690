//! The tools that an app needs and those that are useful, their version commands, and how to install them.

use bedrock_build::settings::DevServices;
use bedrock_build::{App, Architecture, Language, Worker};

use super::facts::AppFacts;
use crate::dev::services;
use crate::scaffold::durable_rust;

/// The oldest compiler that can compile this project's crates.
const MIN_RUST_VERSION: &str = env!("CARGO_PKG_RUST_VERSION");

/// Locks of JavaScript workers that npm does not read, and the programs that do.
const OTHER_LOCKS: [(&str, &str); 3] = [("yarn.lock", "yarn"), ("pnpm-lock.yaml", "pnpm"), ("bun.lock", "bun")];

/// A required or useful tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Requirement {
    /// Name in the report.
    pub(super) name: &'static str,
    /// Alternative commands, the preferred one first. One successful command is enough.
    pub(super) probes: Vec<VersionProbe>,
    /// The oldest suitable version.
    pub(super) min_version: &'static str,
    /// Why the app needs it, or `None` if it does not.
    pub(super) reason: Option<String>,
    /// What it does for an app that does not need it, as the end of a sentence.
    pub(super) purpose: &'static str,
    pub(super) install_help: String,
}

/// A command that shows whether a tool is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct VersionProbe {
    pub(super) program: String,
    /// Environment variable that may name another program.
    pub(super) variable: Option<&'static str>,
    pub(super) arguments: Vec<String>,
    pub(super) source: VersionSource,
}

/// How to read the output of a [`VersionProbe`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum VersionSource {
    /// It contains a version number.
    Version,
    /// It is the path of a folder that exists if the tool is installed.
    Folder,
    /// The tool does not print its version.
    None,
}

/// Returns the requirements in the order of the report. `needs_terraform`: the app is deployed with Terraform.
pub(super) fn requirements_of(facts: &AppFacts, needs_terraform: bool) -> Vec<Requirement> {
    let mut requirements = rust(facts);
    requirements.extend(cross_compilation(facts));
    requirements.extend(python(facts));
    requirements.extend(javascript(facts));
    requirements.extend(facts.app.as_ref().and_then(ministack));
    requirements.push(Requirement {
        name: "terraform",
        probes: vec![probe("terraform", &["version"])],
        min_version: "1.6",
        // `cargo bedrock deploy` does not use it, also if the app has `terraform/`.
        reason: needs_terraform.then(|| "`--terraform` requires it".to_owned()),
        purpose: "is the other way to deploy, with the files of `terraform/`; `cargo bedrock deploy` does not need it",
        install_help: "see `https://developer.hashicorp.com/terraform/install`".to_owned(),
    });
    requirements
}

fn rust(facts: &AppFacts) -> Vec<Requirement> {
    let workers = facts.app.iter().flat_map(|app| &app.workers);
    let mut rust_workers = workers.filter(|worker| worker.language == Language::Rust);
    let durable = rust_workers.find(|worker| worker.settings.durable.is_some());
    let reason = durable.map_or_else(
        || "every app is in Rust".to_owned(),
        |worker| format!("worker `{}` uses AWS's SDK for durable functions", worker.name),
    );
    let requirement = |name, variable| Requirement {
        name,
        probes: vec![VersionProbe { variable: Some(variable), ..probe(name, &["--version"]) }],
        min_version: if durable.is_some() { durable_rust::MIN_RUST_VERSION } else { MIN_RUST_VERSION },
        reason: Some(reason.clone()),
        purpose: "",
        install_help: "run `rustup update stable`, or install Rust from `https://rustup.rs`".to_owned(),
    };
    vec![requirement("cargo", "CARGO"), requirement("rustc", "RUSTC")]
}

/// Returns the tools that compile for another processor or operating system than this machine's.
fn cross_compilation(facts: &AppFacts) -> Vec<Requirement> {
    let Some(app) = &facts.app else { return Vec::new() };
    let of_app = app.settings.architecture;
    let rust_workers = app.workers.iter().filter(|worker| worker.language == Language::Rust);
    let settings = rust_workers.map(|worker| &worker.settings).chain([&app.settings.endpoint]);
    let mut architectures = settings.map(|settings| settings.architecture(of_app));
    let is_other = |architecture: &Architecture| facts.machine != ("linux", architecture.machine());
    let machine = architectures.find(is_other).unwrap_or(of_app).machine();
    let target = format!("{machine}-unknown-linux-gnu");
    let is_native = facts.machine == ("linux", machine);
    let (os, processor) = facts.machine;
    let reason = (!is_native).then(|| format!("the app is built for {machine} here on {os} {processor}"));
    let libdir_probe = VersionProbe {
        variable: Some("RUSTC"),
        source: VersionSource::Folder,
        ..probe("rustc", &["--print", "target-libdir", "--target", &target])
    };
    let rust_target = Requirement {
        name: "rust target",
        probes: vec![libdir_probe],
        min_version: "0",
        reason: reason.clone(),
        purpose: "",
        install_help: format!("run `rustup target add {target}`"),
    };
    let zigbuild = Requirement {
        name: "cargo-zigbuild",
        probes: vec![probe("cargo-zigbuild", &["--version"])],
        min_version: "0.19",
        reason: reason.clone(),
        purpose: "builds for another processor, and with `--compiler zigbuild` for older systems",
        install_help: "run `pip install cargo-zigbuild`, or `cargo install --locked cargo-zigbuild`".to_owned(),
    };
    let zig = Requirement {
        name: "zig",
        probes: vec![probe("zig", &["version"]), probe("python3", &["-m", "ziglang", "version"])],
        min_version: "0.11",
        reason: reason.clone(),
        purpose: "is the linker of `cargo-zigbuild`",
        install_help: "run `pip install ziglang`, or see `https://ziglang.org/download`".to_owned(),
    };
    let cargo_lambda = Requirement {
        name: "cargo-lambda",
        probes: vec![probe("cargo-lambda", &["lambda", "--version"])],
        min_version: "1.0",
        reason: None,
        purpose: "has other commands for Rust functions on Lambda",
        install_help: "run `pip install cargo-lambda`, or `cargo install --locked cargo-lambda`".to_owned(),
    };
    // The compiler always includes the target of this machine.
    let rust_target = (!is_native).then_some(rust_target);
    rust_target.into_iter().chain([zigbuild, zig, cargo_lambda]).collect()
}

/// Returns the emulator that `cargo bedrock dev` starts for the app, if the settings say so.
fn ministack(app: &App) -> Option<Requirement> {
    if app.settings.dev.services != Some(DevServices::Ministack) {
        return None;
    }
    let of = |program: &str| VersionProbe { source: VersionSource::None, ..probe(program, &["--help"]) };
    let installed = services::installed(app).display().to_string();
    Some(Requirement {
        name: "ministack",
        probes: vec![of("ministack"), of(&installed)],
        min_version: "0",
        reason: Some("`dev.services` is `\"ministack\"`".to_owned()),
        purpose: "",
        install_help: services::install_help(),
    })
}

fn python(facts: &AppFacts) -> Vec<Requirement> {
    let worker = facts.worker(Language::Python);
    let interpreter = Requirement {
        name: "python3",
        probes: vec![VersionProbe { variable: Some("BEDROCK_PYTHON"), ..probe("python3", &["--version"]) }],
        min_version: "3.9",
        reason: worker.map(|worker| format!("worker `{worker}` is in Python")),
        purpose: "runs workers in Python",
        install_help: "install Python from `https://www.python.org/downloads`, or run `uv python install`".to_owned(),
    };
    let installer = Requirement {
        name: "uv or pip",
        probes: vec![probe("uv", &["--version"]), probe("python3", &["-m", "pip", "--version"])],
        min_version: "0",
        reason: facts.requirements.as_ref().map(|worker| format!("worker `{worker}` has requirements")),
        purpose: "installs the requirements of workers in Python",
        install_help: "run `python3 -m ensurepip`, or see `https://docs.astral.sh/uv`".to_owned(),
    };
    vec![interpreter, installer]
}

fn javascript(facts: &AppFacts) -> Vec<Requirement> {
    let worker = facts.worker(Language::JavaScript);
    let interpreter = Requirement {
        name: "node",
        probes: vec![VersionProbe { variable: Some("BEDROCK_NODE"), ..probe("node", &["--version"]) }],
        min_version: "18.19",
        reason: worker.map(|worker| format!("worker `{worker}` is in JavaScript")),
        purpose: "runs workers in JavaScript",
        install_help: "install Node.js from `https://nodejs.org`".to_owned(),
    };
    let installer = Requirement {
        name: "npm",
        probes: vec![probe("npm", &["--version"])],
        min_version: "8",
        reason: facts.dependencies.as_ref().map(|worker| format!("worker `{worker}` has dependencies")),
        purpose: "installs the dependencies of workers in JavaScript",
        install_help: "install Node.js with npm from `https://nodejs.org`".to_owned(),
    };
    let other = |(lock, name): &(&str, &'static str)| {
        let uses_lock = |worker: &&Worker| {
            let has = |list: &str| facts.root.join(&worker.dir).join(list).is_file();
            worker.language == Language::JavaScript && has(lock) && !has("package-lock.json")
        };
        let worker = facts.app.iter().flat_map(|app| &app.workers).find(uses_lock)?;
        Some(Requirement {
            name,
            probes: vec![probe(name, &["--version"])],
            min_version: "0",
            reason: Some(format!("worker `{}` has its lock, `{lock}`", worker.name)),
            purpose: "",
            install_help: format!("run `npm install --global {name}`"),
        })
    };
    [interpreter, installer].into_iter().chain(OTHER_LOCKS.iter().filter_map(other)).collect()
}

fn probe(program: &str, arguments: &[&str]) -> VersionProbe {
    let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    VersionProbe { program: program.to_owned(), variable: None, arguments, source: VersionSource::Version }
}
