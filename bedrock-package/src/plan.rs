//! Selects the artifacts of a build from the command line and the app. Reads no files.

use bedrock_build::{App, Architecture, Language, Runtime, Worker};

use super::artifact::{Artifact, Function};
use super::rust::Compiler;
use bedrock_diagnostics::{Error, ExitKind, Result};

/// The options of a build.
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Names of the functions whose code and layer are built: workers, or `endpoint`.
    pub functions: Vec<String>,
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
        let mut arguments = self.functions.clone();
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
        let mut workers = request.workers.iter().map(named).collect::<Result<Vec<_>>>()?;
        let mut layers = request.layers.iter().map(named).collect::<Result<Vec<_>>>()?;
        if let Some(worker) = layers.iter().find(|worker| !may_have_layer(worker)) {
            return Err(no_layer_error(worker));
        }
        let (endpoints, named_workers): (Vec<_>, Vec<_>) =
            request.functions.iter().partition(|name| *name == Function::Endpoint.name());
        for name in named_workers {
            let worker = named(name)?;
            workers.push(worker);
            layers.extend(Some(worker).filter(|worker| may_have_layer(worker)));
        }
        let endpoint = request.endpoint || !endpoints.is_empty();
        let unsupported =
            |worker: &&Worker| worker.settings.durable.is_some() && !worker.runtime.has_durable_functions();
        if let Some(worker) = app.workers.iter().find(unsupported) {
            return Err(durable_error(worker));
        }
        let everything = !endpoint && workers.is_empty() && layers.is_empty();
        let mut artifacts = Vec::new();
        if everything || endpoint {
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

#[cfg(test)]
mod tests {
    use super::{Plan, Request};
    use bedrock_build::App;
    use std::fs;

    fn artifacts(request: &Request) -> Result<Vec<String>, String> {
        let dir = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        };
        write("Cargo.toml", "[package]\nname = \"shop\"\n[package.metadata.bedrock]\n");
        write("workers/fetcher/main.py", "");
        write("workers/resizer/Cargo.toml", "[package]\nname = \"resizer\"\n");
        let app = App::open(dir.path()).expect("an app");
        let plan = Plan::of(&app, request).map_err(|error| format!("{error:?}"))?;
        Ok(plan.artifacts.iter().map(super::Artifact::id).collect())
    }

    fn named(functions: &[&str]) -> Request {
        Request { functions: functions.iter().map(|name| (*name).to_owned()).collect(), ..Request::default() }
    }

    #[test]
    fn everything_is_built_if_nothing_is_named() {
        let all = ["endpoint", "workers/fetcher", "layers/fetcher", "workers/resizer"];
        assert_eq!(artifacts(&Request::default()).expect("a plan"), all);
    }

    #[test]
    fn named_function_is_built_with_its_layer() {
        assert_eq!(artifacts(&named(&["fetcher"])).expect("a plan"), ["workers/fetcher", "layers/fetcher"]);
        assert_eq!(artifacts(&named(&["resizer"])).expect("a plan"), ["workers/resizer"]);
        assert_eq!(artifacts(&named(&["endpoint", "resizer"])).expect("a plan"), ["endpoint", "workers/resizer"]);
    }

    #[test]
    fn unknown_function_is_an_error() {
        let error = artifacts(&named(&["fetchr"])).expect_err("an unknown name");
        assert!(error.contains("fetchr"), "{error}");
    }
}
