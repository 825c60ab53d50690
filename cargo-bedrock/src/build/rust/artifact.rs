//! Compiles, and makes of each program a zip with one file, `bootstrap`. The calls are read from the linked program.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::compile::{Failures, Listener, compile};
use super::compiler::{self, Compiler};
use super::programs::Workspace;
use bedrock_artifacts::audit::{Base, needs_newer_glibc};
use crate::build::context::{Context, Made, Outcome};
use crate::build::inputs::Inputs;
use crate::build::part::{Function, Part};
use crate::build::plan::Purpose;
use bedrock_callgraph::edges_of;
use bedrock_artifacts::Entry;
use bedrock_diagnostics::{Error, Result, relative_path};

/// The input that says with which of cargo's profiles a program was compiled.
pub(crate) const PROFILE: &str = "profile";

/// The code of all Rust functions among `functions`, each with what came of it.
pub(crate) fn build(context: &Context<'_>, functions: &[Function]) -> Vec<(Option<Part>, Result<Outcome>)> {
    match programs(context, functions, &()) {
        Ok(programs) => {
            let made = programs.into_iter().map(|(function, path)| {
                let outcome = packed(context, &function, &path);
                (Some(Part::Code(function)), outcome)
            });
            made.collect()
        }
        Err(Failures(failed)) => {
            failed.into_iter().map(|(function, error)| (function.map(Part::Code), Err(error))).collect()
        }
    }
}

fn packed(context: &Context<'_>, function: &Function, path: &Path) -> Result<Outcome> {
    let read = |error| Error::io(format!("failed to read `{}`", relative_path(path, &context.app.root)), &error);
    let program = fs::read(path).map_err(read)?;
    let mut inputs = Inputs::default();
    inputs.add_bytes("its program", &program);
    inputs.add(PROFILE, if context.request.release { "release" } else { "dev" });
    let invokes = edges_of(&program).map_err(|error| {
        Error::app(format!("failed to read the program of {function}")).cause(error.to_string().to_lowercase())
    })?;
    context.part(&Part::Code(function.clone()), inputs, invokes.into_iter().collect(), || {
        Ok(Made { entries: vec![Entry::file("bootstrap", path).executable()], room: None })
    })
}

/// The program of each of `functions`, compiled for what the request says.
pub(crate) fn programs(
    context: &Context<'_>,
    functions: &[Function],
    listener: &dyn Listener,
) -> std::result::Result<BTreeMap<Function, PathBuf>, Failures> {
    if functions.is_empty() {
        return Ok(BTreeMap::new());
    }
    let workspace = Workspace::of(context.app)?;
    let programs =
        functions.iter().map(|function| workspace.program(context.app, function)).collect::<Result<Vec<_>>>()?;
    let programs_of = |by| compile(context, &workspace, &programs, by, listener);
    if context.request.purpose != Purpose::Lambda {
        return programs_of(Compiler::Cargo);
    }
    let compiler = compiler::choose(context.request.compiler, context.architecture, &context.tools)?;
    let first = programs_of(compiler)?;
    let is_too_new = |(function, path): (&Function, &PathBuf)| {
        needs_newer_glibc(path, Base::of_runtime(context.runtime(function).id))
    };
    let may_change = context.request.compiler.is_none() && compiler == Compiler::Cargo;
    match compiler::cross() {
        // Nobody asked for this compiler; where there is no other, the audit says what to do.
        Some(other) if may_change && first.iter().any(is_too_new) => {
            context.progress.status("the C library of this machine is too new, compiling for the one on Lambda");
            programs_of(other)
        }
        _ => Ok(first),
    }
}
