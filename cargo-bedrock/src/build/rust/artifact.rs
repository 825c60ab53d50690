//! Compiles, and makes of each program a zip with one file, `bootstrap`. The calls are read from the linked program.

use std::fs;

use object::{Object, ObjectSection};

use super::compile::compile;
use super::programs::Workspace;
use crate::build::context::{Context, Made, Outcome};
use crate::build::inputs::Inputs;
use crate::build::part::{Function, Part};
use crate::error::{Error, Result, shown};
use crate::pack::Entry;

/// What the sections are called that calls leave behind: the worker's name follows.
const EDGE: &str = ".bedrock.invoke.";

/// The code of all Rust functions among `functions`.
pub(crate) fn build(context: &Context<'_>, functions: &[Function]) -> Result<Vec<Outcome>> {
    if functions.is_empty() {
        return Ok(Vec::new());
    }
    let workspace = Workspace::of(context.app)?;
    let programs =
        functions.iter().map(|function| workspace.program(context.app, function)).collect::<Result<Vec<_>>>()?;
    let compiled = compile(context, &workspace, &programs)?;
    let outcomes = compiled.into_iter().map(|(function, path)| {
        let read = |error| Error::io(format!("failed to read `{}`", shown(&path, &context.app.root)), &error);
        let program = fs::read(&path).map_err(read)?;
        let mut inputs = Inputs::default();
        inputs.add_bytes("its program", &program);
        let invokes = edges(&program)
            .map_err(|error| Error::app(format!("failed to read the program of {function}")).cause(error))?;
        context.part(&Part::Code(function), inputs, invokes, || {
            Ok(Made { entries: vec![Entry::file("bootstrap", &path).executable()], room: None })
        })
    });
    outcomes.collect()
}

/// The workers that a linked program calls.
fn edges(program: &[u8]) -> std::result::Result<Vec<String>, String> {
    let file = object::File::parse(program).map_err(|error| error.to_string())?;
    let names = file.sections().filter_map(|section| Some(section.name().ok()?.strip_prefix(EDGE)?.to_owned()));
    let mut names: Vec<String> = names.collect();
    names.sort();
    names.dedup();
    Ok(names)
}
