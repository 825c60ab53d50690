//! The build: compiles the Rust functions while the Python and JavaScript parts are made, gathers what failed, and
//! writes the state and the manifest of what did not.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;

use bedrock_build::{App, Language};

use super::context::{Context, Outcome};
use super::folder::{Folder, replace};
use super::manifest::Manifest;
use super::part::{Function, Part};
use super::plan::{Plan, Request};
use super::state::State;
use super::{calls, code, forget, node, python, report, rust};
use bedrock_callgraph::{NodeName, RustEdges, of_programs};
use crate::process::ToolRunner;
use crate::ui::{BuildReporter, Printer};
use bedrock_diagnostics::{Error, Result};

/// Installers wait for the network more than they compute.
const THREADS: usize = 3;

/// The calls of each Rust function of `app`, which are compiled as for Lambda.
pub(crate) fn compiled_calls(app: &App, release: bool, progress: &BuildReporter, print: Printer) -> Result<RustEdges> {
    let request = Request { release, ..Request::default() };
    let programs = compiled(app, &request, (progress, print), &ToolRunner::with_signal_handler()?, &())?;
    of_compiled(app, &programs)
}

/// The calls of each of `programs`, by what is in them.
pub(crate) fn of_compiled(app: &App, programs: &BTreeMap<Function, PathBuf>) -> Result<RustEdges> {
    let name = |function: &Function| match function {
        Function::Endpoint => NodeName::Endpoint,
        Function::Worker(name) => NodeName::Worker(name.clone()),
    };
    of_programs(&programs.iter().map(|(function, path)| (name(function), path.clone())).collect(), &app.root)
}

/// The program of each Rust function of `app` that `request` asks for. Makes no zips.
pub(crate) fn compiled(
    app: &App,
    request: &Request,
    (progress, print): (&BuildReporter, Printer),
    tools: &ToolRunner,
    listener: &dyn rust::Listener,
) -> Result<BTreeMap<Function, PathBuf>> {
    let plan = Plan::of(app, request)?;
    let folder = Folder::open(app, print)?;
    let (known, tools) = (State::default(), tools.clone());
    let architecture = plan.architecture;
    let context = Context { app, request, architecture, folder: &folder, known: &known, progress, tools };
    let functions: Vec<Function> = plan.parts.iter().filter(|part| is_rust(app, part)).filter_map(function).collect();
    let programs = rust::programs(&context, &functions, listener);
    let programs = programs.map_err(|failed| Error::combine(failed.0.into_iter().map(|(_, error)| error).collect()));
    progress.ended(programs.is_ok());
    programs
}

/// Builds what `request` asks for.
pub(crate) fn run(app: &App, request: &Request, progress: &BuildReporter, print: Printer) -> Result<()> {
    let plan = Plan::of(app, request)?;
    let tools = ToolRunner::with_signal_handler()?;
    let folder = Folder::open(app, print)?;
    let known = State::load(&folder.path);
    progress.started(app.name.as_str(), &plan.parts);
    let context =
        Context { app, request, architecture: plan.architecture, folder: &folder, known: &known, progress, tools };
    let result = all(&context, &plan);
    progress.ended(result.is_ok());
    let outcomes = result?;
    if !print.quiet {
        report::tell(app, &outcomes, progress, print, request.explain);
    }
    Ok(())
}

fn all(context: &Context<'_>, plan: &Plan) -> Result<Vec<Outcome>> {
    let (compiled, others): (Vec<&Part>, Vec<&Part>) = plan.parts.iter().partition(|part| is_rust(context.app, part));
    let functions: Vec<Function> = compiled.into_iter().filter_map(function).collect();
    let results = Mutex::new(Vec::new());
    let note = |part: Option<Part>, result: Result<Outcome>| {
        if let Err(error) = &result {
            context.progress.failed(part.as_ref(), error);
        }
        results.lock().unwrap_or_else(PoisonError::into_inner).push((part, result));
    };
    let queue = Mutex::new(others.into_iter());
    thread::scope(|scope| {
        scope.spawn(|| rust::build(context, &functions).into_iter().for_each(|(part, result)| note(part, result)));
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some(part) = next else { break };
                    note(Some(part.clone()), one(context, part));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    // Told in the same order each time, whoever was ready first.
    results.sort_by(|(one, _), (other, _)| one.cmp(other));
    finish(context, plan, results.into_iter().map(|(_, result)| result))
}

fn is_rust(app: &App, part: &Part) -> bool {
    match part {
        Part::Code(Function::Endpoint) => true,
        Part::Code(Function::Worker(name)) => {
            app.workers.iter().any(|worker| worker.name == *name && worker.language == Language::Rust)
        }
        Part::Layer(_) => false,
    }
}

fn function(part: &Part) -> Option<Function> {
    match part {
        Part::Code(function) => Some(function.clone()),
        Part::Layer(_) => None,
    }
}

fn one(context: &Context<'_>, part: &Part) -> Result<Outcome> {
    let name = part.worker().map(ToString::to_string).unwrap_or_default();
    let worker = context.app.worker(&name).map_err(|p| Error::problems(bedrock_diagnostics::ExitKind::App, vec![p]))?;
    match (part, worker.language) {
        (Part::Code(_), _) => code::build(context, worker),
        (Part::Layer(_), Language::Python) => python::build(context, worker),
        (Part::Layer(_), _) => node::build(context, worker),
    }
}

/// Remembers what was made, whatever else failed: the next build goes on from there.
fn finish(context: &Context<'_>, plan: &Plan, results: impl Iterator<Item = Result<Outcome>>) -> Result<Vec<Outcome>> {
    let (mut outcomes, mut errors) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(outcome) => outcomes.push(outcome),
            Err(error) => errors.push(error),
        }
    }
    outcomes.sort_by(|one, other| one.part.cmp(&other.part));
    let mut state = context.known.clone();
    for outcome in &outcomes {
        state.parts.insert(outcome.part.id(), outcome.record.clone());
    }
    forget::forget(context, &mut state);
    if let Err(error) = state.save(&context.folder.path) {
        errors.push(error);
    }
    if errors.is_empty() {
        errors.extend(report::over_limits(context.app, &state));
    }
    if !errors.is_empty() {
        return Err(Error::combine(errors));
    }
    let callees = calls::callees(context, &state)?;
    let manifest = Manifest::of(context.app, (&state, &callees), plan.architecture);
    let text = serde_json::to_string_pretty(&manifest)
        .map_err(|error| Error::call("failed to write the manifest").cause(error.to_string()))?;
    replace(&context.folder.path.join("manifest.json"), &(text + "\n"))?;
    Ok(outcomes)
}
