//! Compiles the programs and packs each into a zip with one file, `bootstrap`. The calls are read from the linked program.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bedrock_build::Architecture;

use super::compile::{CompileObserver, Failures, compile};
use super::compiler::{self, Compiler};
use super::programs::{Program, Workspace};
use crate::artifact::{Artifact, Function};
use crate::context::{ArtifactContents, BuiltArtifact, Context};
use crate::inputs::Inputs;
use crate::plan::Purpose;
use bedrock_artifacts::Entry;
use bedrock_artifacts::audit::{LambdaBaseImage, needs_newer_glibc};
use bedrock_callgraph::calls_in_binary;
use bedrock_diagnostics::{Error, Result, relative_path};

/// The input that says with which of cargo's profiles a program was compiled.
pub(crate) const PROFILE: &str = "profile";

/// The code of all Rust functions among `functions`, each with what came of it.
pub(crate) fn build(context: &Context<'_>, functions: &[Function]) -> Vec<(Option<Artifact>, Result<BuiltArtifact>)> {
    match programs(context, functions, &()) {
        Ok(programs) => {
            let made = programs.into_iter().map(|(function, path)| {
                let outcome = packed(context, &function, &path);
                (Some(Artifact::Code(function)), outcome)
            });
            made.collect()
        }
        Err(Failures(failed)) => {
            failed.into_iter().map(|(function, error)| (function.map(Artifact::Code), Err(error))).collect()
        }
    }
}

fn packed(context: &Context<'_>, function: &Function, path: &Path) -> Result<BuiltArtifact> {
    let read = |error| Error::io(format!("failed to read `{}`", relative_path(path, &context.app.root)), &error);
    let program = fs::read(path).map_err(read)?;
    let mut inputs = Inputs::default();
    inputs.add_bytes("its program", &program);
    inputs.add(PROFILE, if context.request.release { "release" } else { "dev" });
    let invokes = calls_in_binary(&program).map_err(|error| {
        Error::app(format!("failed to read the program of {function}")).cause(error.to_string().to_lowercase())
    })?;
    context.build_artifact(&Artifact::Code(function.clone()), inputs, invokes.into_iter().collect(), || {
        let entries = vec![Entry::file("bootstrap", path).executable()];
        Ok(ArtifactContents { entries, ..ArtifactContents::default() })
    })
}

/// The program of each of `functions`, compiled for what the request says.
pub(crate) fn programs(
    context: &Context<'_>,
    functions: &[Function],
    compile_observer: &dyn CompileObserver,
) -> std::result::Result<BTreeMap<Function, PathBuf>, Failures> {
    if functions.is_empty() {
        return Ok(BTreeMap::new());
    }
    let workspace = Workspace::of(context.app)?;
    if context.request.purpose != Purpose::Lambda {
        let programs = workspace.programs(context.app, functions)?;
        // The architecture is that of this machine.
        let architecture = context.app.settings.architecture;
        return compile(context, &workspace, &programs, architecture, Compiler::Cargo, compile_observer);
    }
    let mut compiled = BTreeMap::new();
    for architecture in Architecture::ALL {
        let is_for = |function: &&Function| context.architecture(function) == architecture;
        let functions: Vec<Function> = functions.iter().filter(is_for).cloned().collect();
        if !functions.is_empty() {
            let programs = workspace.programs(context.app, &functions)?;
            compiled.extend(lambda_programs(context, &workspace, &programs, architecture, compile_observer)?);
        }
    }
    Ok(compiled)
}

/// Compiles programs for one architecture of Lambda.
fn lambda_programs(
    context: &Context<'_>,
    workspace: &Workspace,
    programs: &[Program],
    architecture: Architecture,
    compile_observer: &dyn CompileObserver,
) -> std::result::Result<BTreeMap<Function, PathBuf>, Failures> {
    let programs_of = |by| compile(context, workspace, programs, architecture, by, compile_observer);
    let compiler = compiler::choose(context.request.compiler, architecture, &context.tools)?;
    let first = programs_of(compiler)?;
    let needs_other_compiler = |(function, path): (&Function, &PathBuf)| {
        needs_newer_glibc(path, LambdaBaseImage::for_runtime(context.runtime(function).id))
    };
    let may_change = context.request.compiler.is_none() && compiler == Compiler::Cargo;
    match compiler::cross() {
        // The user did not select this compiler. Without another one, the audit reports the problem.
        Some(other) if may_change && first.iter().any(needs_other_compiler) => {
            context.observer.status("the C library of this machine is too new, compiling for the one on Lambda");
            programs_of(other)
        }
        _ => Ok(first),
    }
}
