//! Compiles, and makes of each program a zip with one file, `bootstrap`. The calls are read from the linked program.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::compile::compile;
use super::programs::Workspace;
use crate::build::context::{Context, Made, Outcome};
use crate::build::inputs::Inputs;
use crate::build::part::{Function, Part};
use crate::error::{Error, Result, shown};
use crate::graph::edges_of;
use crate::pack::Entry;

/// The input that says with which of cargo's profiles a program was compiled.
pub(crate) const PROFILE: &str = "profile";

/// The code of all Rust functions among `functions`.
pub(crate) fn build(context: &Context<'_>, functions: &[Function]) -> Result<Vec<Outcome>> {
    let outcomes = programs(context, functions)?.into_iter().map(|(function, path)| {
        let read = |error| Error::io(format!("failed to read `{}`", shown(&path, &context.app.root)), &error);
        let program = fs::read(&path).map_err(read)?;
        let mut inputs = Inputs::default();
        inputs.add_bytes("its program", &program);
        inputs.add(PROFILE, if context.request.release { "release" } else { "dev" });
        let invokes = edges_of(&program).map_err(|error| {
            Error::app(format!("failed to read the program of {function}")).cause(error.to_string().to_lowercase())
        })?;
        context.part(&Part::Code(function), inputs, invokes.into_iter().collect(), || {
            Ok(Made { entries: vec![Entry::file("bootstrap", &path).executable()], room: None })
        })
    });
    outcomes.collect()
}

/// The program of each of `functions`, compiled for Lambda.
pub(crate) fn programs(context: &Context<'_>, functions: &[Function]) -> Result<BTreeMap<Function, PathBuf>> {
    if functions.is_empty() {
        return Ok(BTreeMap::new());
    }
    let workspace = Workspace::of(context.app)?;
    let programs =
        functions.iter().map(|function| workspace.program(context.app, function)).collect::<Result<Vec<_>>>()?;
    compile(context, &workspace, &programs)
}
