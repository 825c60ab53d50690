//! The build: compiles the Rust functions and builds the Python and JavaScript artifacts at the same time, collects the
//! errors, and writes the state and the manifest.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;
use std::time::SystemTime;

use bedrock_build::{App, Language};

use super::artifact::{Artifact, Function};
use super::artifact_dir::ArtifactDir;
use super::context::{BuiltArtifact, Context};
use super::contracts::Contracts;
use super::manifest::{Manifest, Sources};
use super::observer::{ArtifactSummary, BuildObserver};
use super::plan::{Plan, Request};
use super::replace_file::replace_file;
use super::runtimes::warn_of_runtimes;
use super::size_limits::largest_packages;
use super::state::BuildState;
use super::{callees, node, prune_stale, python, rust, sbom, size_limits, worker_code};
use crate::tools::ToolRunner;
use bedrock_callgraph::{NodeName, RustEdges, read_program_calls};
use bedrock_diagnostics::{Error, Result};
use bedrock_model::date::rfc3339;

/// Number of artifacts other than Rust functions that are built at the same time. Installers mostly wait for the network.
const INSTALLER_THREADS: usize = 3;

/// Compiles the Rust functions of `app` for Lambda and returns the calls of each.
pub fn compile_and_read_calls(app: &App, release: bool, observer: &dyn BuildObserver) -> Result<RustEdges> {
    let request = Request { release, ..Request::default() };
    let programs = compile_programs(app, &request, observer, &ToolRunner::with_signal_handler()?, &())?;
    read_calls(app, &programs)
}

/// Returns the calls of each of `programs`, read from the binaries.
pub fn read_calls(app: &App, programs: &BTreeMap<Function, PathBuf>) -> Result<RustEdges> {
    let name = |function: &Function| match function {
        Function::Endpoint => NodeName::Endpoint,
        Function::Worker(name) => NodeName::Worker(name.clone()),
    };
    read_program_calls(&programs.iter().map(|(function, path)| (name(function), path.clone())).collect(), &app.root)
}

/// Compiles the Rust functions of `app` that `request` selects. Returns the path of each executable; writes no zip files.
pub fn compile_programs(
    app: &App,
    request: &Request,
    observer: &dyn BuildObserver,
    tools: &ToolRunner,
    compile_observer: &dyn rust::CompileObserver,
) -> Result<BTreeMap<Function, PathBuf>> {
    let plan = Plan::of(app, request)?;
    let folder = ArtifactDir::open(app, observer)?;
    let known = BuildState::default();
    let tools = tools.clone();
    let context = Context { app, request, folder: &folder, known: &known, observer, tools };
    let functions: Vec<Function> =
        plan.artifacts.iter().filter(|artifact| is_rust(app, artifact)).filter_map(function).collect();
    let programs = rust::programs(&context, &functions, compile_observer);
    let programs = programs.map_err(|failed| Error::combine(failed.0.into_iter().map(|(_, error)| error).collect()));
    observer.ended(programs.is_ok());
    programs
}

/// Builds the artifacts that `request` selects, and writes the manifest.
pub fn run(app: &App, request: &Request, observer: &dyn BuildObserver) -> Result<()> {
    let plan = Plan::of(app, request)?;
    let tools = ToolRunner::with_signal_handler()?;
    let folder = ArtifactDir::open(app, observer)?;
    let known = BuildState::load(&folder.path);
    observer.started(app.name.as_str(), &plan.artifacts);
    // `2026-11-30`: the first ten characters of a time.
    warn_of_runtimes(app, observer, rfc3339(SystemTime::now()).get(..10).unwrap_or_default());
    let context = Context { app, request, folder: &folder, known: &known, observer, tools };
    let result = build_all(&context, &plan);
    observer.ended(result.is_ok());
    let built_artifacts = result?;
    let summaries: Vec<ArtifactSummary> =
        built_artifacts.into_iter().map(|built| summarize(app, built, request.explain)).collect();
    observer.summary(&summaries);
    Ok(())
}

fn summarize(app: &App, built: BuiltArtifact, explain: bool) -> ArtifactSummary {
    let has_zip = built.record.zip.is_some();
    let largest_packages = if explain && has_zip { largest_packages(app, &built.artifact) } else { Vec::new() };
    ArtifactSummary {
        artifact: built.artifact,
        zip: built.record.zip,
        is_rebuilt: !built.reasons.is_empty(),
        largest_packages,
    }
}

/// Builds the artifacts of `plan`: the Rust functions on one thread, all others on [`INSTALLER_THREADS`] threads.
fn build_all(context: &Context<'_>, plan: &Plan) -> Result<Vec<BuiltArtifact>> {
    let (compiled, others): (Vec<&Artifact>, Vec<&Artifact>) =
        plan.artifacts.iter().partition(|artifact| is_rust(context.app, artifact));
    let functions: Vec<Function> = compiled.into_iter().filter_map(function).collect();
    let results = Mutex::new(Vec::new());
    let add_result = |artifact: Option<Artifact>, result: Result<BuiltArtifact>| {
        if let Err(error) = &result {
            context.observer.failed(artifact.as_ref(), error);
        }
        results.lock().unwrap_or_else(PoisonError::into_inner).push((artifact, result));
    };
    let queue = Mutex::new(others.into_iter());
    thread::scope(|scope| {
        scope.spawn(|| {
            for (artifact, result) in rust::build(context, &functions) {
                add_result(artifact, result);
            }
        });
        for _ in 0..INSTALLER_THREADS {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some(artifact) = next else { break };
                    add_result(Some(artifact.clone()), build_one(context, artifact));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    // Report errors in the same order every time, whichever artifact finished first.
    results.sort_by(|(one, _), (other, _)| one.cmp(other));
    finish(context, &functions, results.into_iter().map(|(_, result)| result))
}

fn is_rust(app: &App, artifact: &Artifact) -> bool {
    match artifact {
        Artifact::Code(Function::Endpoint) => true,
        Artifact::Code(Function::Worker(name)) => {
            app.workers.iter().any(|worker| worker.name == *name && worker.language == Language::Rust)
        }
        Artifact::Layer(_) => false,
    }
}

fn function(artifact: &Artifact) -> Option<Function> {
    match artifact {
        Artifact::Code(function) => Some(function.clone()),
        Artifact::Layer(_) => None,
    }
}

fn build_one(context: &Context<'_>, artifact: &Artifact) -> Result<BuiltArtifact> {
    let name = artifact.worker().map(ToString::to_string).unwrap_or_default();
    let worker = context.app.worker(&name).map_err(|p| Error::problems(bedrock_diagnostics::ExitKind::App, vec![p]))?;
    match (artifact, worker.language) {
        (Artifact::Code(_), _) => worker_code::build(context, worker),
        (Artifact::Layer(_), Language::Python) => python::build(context, worker),
        (Artifact::Layer(_), _) => node::build(context, worker),
    }
}

/// Writes the SBOMs, if they are wanted, and saves the state even if some artifacts failed, so that the next build does not repeat the others. Then checks Lambda's
/// limits and writes the manifest.
fn finish(
    context: &Context<'_>,
    programs: &[Function],
    results: impl Iterator<Item = Result<BuiltArtifact>>,
) -> Result<Vec<BuiltArtifact>> {
    let mut built_artifacts = Vec::new();
    let mut errors = Vec::new();
    for result in results {
        match result {
            Ok(built) => built_artifacts.push(built),
            Err(error) => errors.push(error),
        }
    }
    built_artifacts.sort_by(|one, other| one.artifact.cmp(&other.artifact));
    if context.request.sbom
        && errors.is_empty()
        && let Err(error) = sbom::write(context, programs, &mut built_artifacts)
    {
        errors.push(error);
    }
    let mut state = context.known.clone();
    for built in &built_artifacts {
        state.artifacts.insert(built.artifact.id(), built.record.clone());
    }
    prune_stale::prune_stale(context, &mut state);
    if let Err(error) = state.save(&context.folder.path) {
        errors.push(error);
    }
    if errors.is_empty() {
        errors.extend(size_limits::check_limits(context.app, &state));
    }
    if !errors.is_empty() {
        return Err(Error::combine(errors));
    }
    let callees = callees::read_callees(context, &state)?;
    let contracts = Contracts::read(context.app)?;
    contracts.note_built(&mut state, &mut built_artifacts, &callees);
    state.save(&context.folder.path)?;
    let manifest = Manifest::of(&Sources { context, state: &state, callees: &callees, contracts: &contracts });
    let text = manifest
        .and_then(|manifest| serde_json::to_string_pretty(&manifest))
        .map_err(|error| Error::call("failed to write the manifest").cause(error.to_string()))?;
    replace_file(&context.folder.path.join("manifest.json"), &(text + "\n"))?;
    Ok(built_artifacts)
}
