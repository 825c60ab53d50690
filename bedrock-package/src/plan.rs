//! Selects the artifacts of a build from the command line and the app. Reads no files.

use bedrock_build::{App, Architecture, Language, Runtime, Worker};

use super::artifact::{Artifact, Function};
use super::rust::Compiler;
use bedrock_diagnostics::{Error, ExitKind, Result};

/// The options of a build.
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Names of the workers whose code is built.
    pub workers: Vec<String>,
    /// Names of the workers whose layer is built.
    pub layers: Vec<String>,
    /// Whether the endpoint is built.
    pub endpoint: bool,
    /// Whether programs are optimized.
    pub release: bool,
    /// `Cargo.lock` must not change.
    pub locked: bool,
    /// Overrides the architecture of the settings.
    pub architecture: Option<Architecture>,
    /// Overrides the choice of the program that compiles.
    pub compiler: Option<Compiler>,
    /// Treat cycles in the call graph as errors.
    pub deny_cycles: bool,
    /// What programs are compiled for.
    pub purpose: Purpose,
    /// Write an SBOM of each artifact.
    pub sbom: bool,
    /// Say why each part was built or was not, and what is large.
    pub explain: bool,
}

/// What programs are compiled for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Purpose {
    /// For Lambda, on any machine.
    #[default]
    Lambda,
    /// For this machine, whatever the architecture on Lambda.
    Here {
        /// With debug information.
        debugged: bool,
    },
}

impl Request {
    /// Returns the arguments of `cargo bedrock build` for these options.
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments: Vec<String> = Vec::new();
        arguments.extend(self.workers.iter().map(|name| format!("--worker={name}")));
        arguments.extend(self.layers.iter().map(|name| format!("--worker-layer={name}")));
        let flags = [
            (self.endpoint, "--endpoint"),
            (self.release, "--release"),
            (self.locked, "--locked"),
            (self.sbom, "--sbom"),
            (self.architecture == Some(Architecture::Arm64), "--arm64"),
            (self.architecture == Some(Architecture::X86_64), "--x86-64"),
        ];
        arguments.extend(flags.iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| (*flag).to_owned()));
        arguments.extend(self.compiler.map(|compiler| format!("--compiler={}", compiler.name())));
        arguments
    }
}

/// The artifacts of this build, in the order of the reports.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub artifacts: Vec<Artifact>,
}

impl Plan {
    /// Selects the artifacts of `app`. Without a selection in `request`, all of them.
    pub(crate) fn of(app: &App, request: &Request) -> Result<Self> {
        let named = |name: &String| app.worker(name).map_err(|problem| Error::problems(ExitKind::Call, vec![problem]));
        let workers = request.workers.iter().map(named).collect::<Result<Vec<_>>>()?;
        let layers = request.layers.iter().map(named).collect::<Result<Vec<_>>>()?;
        if let Some(worker) = layers.iter().find(|worker| !may_have_layer(worker)) {
            return Err(no_layer_error(worker));
        }
        let unsupported =
            |worker: &&Worker| worker.settings.durable.is_some() && !worker.runtime.has_durable_functions();
        if let Some(worker) = app.workers.iter().find(unsupported) {
            return Err(durable_error(worker));
        }
        let everything = !request.endpoint && workers.is_empty() && layers.is_empty();
        let mut artifacts = Vec::new();
        if everything || request.endpoint {
            artifacts.push(Artifact::Code(Function::Endpoint));
        }
        for worker in &app.workers {
            if everything || workers.contains(&worker) {
                artifacts.push(Artifact::Code(Function::Worker(worker.name.clone())));
            }
            if everything && may_have_layer(worker) || layers.contains(&worker) {
                artifacts.push(Artifact::Layer(worker.name.clone()));
            }
        }
        Ok(Self { artifacts })
    }
}

/// Lambda would refuse to create the function.
fn durable_error(worker: &Worker) -> Error {
    let Worker { name, runtime, language, .. } = worker;
    let default = Runtime::default_of(*language).id;
    Error::app(format!("worker `{name}` is durable, and Lambda has no durable functions for `{}`", runtime.id))
        .cause("AWS documents them for Python 3.13, Node.js 22 and `provided.al2023`, and newer ones, among the runtimes of workers")
        .help(format!("set `runtime = \"{default}\"` in `[package.metadata.bedrock.workers.{name}]` in `Cargo.toml`"))
        .help("the list is in https://docs.aws.amazon.com/lambda/latest/dg/durable-supported-runtimes.html")
}

/// Returns whether a worker can have a layer. Rust workers link their dependencies.
pub(crate) fn may_have_layer(worker: &Worker) -> bool {
    worker.language != Language::Rust
}

fn no_layer_error(worker: &Worker) -> Error {
    let name = &worker.name;
    Error::call(format!("worker `{name}` has no layer"))
        .cause("a Rust worker links its dependencies into its program")
        .help(format!("build the worker itself with `cargo bedrock build --worker={name}`"))
}
