//! The code of a Python or JavaScript worker: its own files, and the files that let Lambda's managed runtime run its class.

use bedrock_build::{Language, Worker};
use bedrock_local::{identity_file, is_reserved, lambda_files};

use super::artifact::{Artifact, Function};
use super::context::{ArtifactContents, BuiltArtifact, Context};
use super::inputs::Inputs;
use super::node;
use bedrock_artifacts::{Entry, ExclusionReason, FolderKind, PackOptions, collect_files};
use bedrock_diagnostics::{Error, Result};

/// Dependency lists, which are installed into the layer instead of being packed.
const DEPENDENCY_LISTS: [&str; 7] = [
    "npm-shrinkwrap.json",
    "package-lock.json",
    "pyproject.toml",
    "requirements.txt",
    "uv.lock",
    "yarn.lock",
    ".npmrc",
];

/// Builds the zip file of a worker's code.
pub(crate) fn build(context: &Context<'_>, worker: &Worker) -> Result<BuiltArtifact> {
    let function = Function::Worker(worker.name.clone());
    let own = worker_files(context, worker, &function)?;
    let runtime = runtime_files(context, worker);
    let mut inputs = Inputs::default();
    inputs.add_files(&own, &context.app.root)?;
    inputs.add_files(&runtime, &context.app.root)?;
    if worker.settings.bundle {
        node::add_inputs(&mut inputs, context, worker)?;
    }
    context.build_artifact(&Artifact::Code(function), inputs, Vec::new(), || {
        let mut made = if worker.settings.bundle {
            node::bundle(context, worker, own)?
        } else {
            ArtifactContents { entries: own, temp_dir: None }
        };
        made.entries.extend(runtime);
        Ok(made)
    })
}

/// Returns the files that let the runtime run the worker's class.
fn runtime_files(context: &Context<'_>, worker: &Worker) -> Vec<Entry> {
    debug_assert!(worker.language != Language::Rust, "Rust workers are programs");
    let class = worker.name.class_name();
    let (path, text) = identity_file(context.app.name.as_str(), worker.name.as_str(), &class);
    let files = lambda_files(worker.language).iter().map(|(path, text)| Entry::bytes(*path, *text));
    files.chain([Entry::bytes(path, text)]).collect()
}

/// Returns the worker's own files.
fn worker_files(context: &Context<'_>, worker: &Worker, function: &Function) -> Result<Vec<Entry>> {
    let app = context.app;
    let mut options = PackOptions::new(FolderKind::Sources, &app.root, function.settings_table());
    options.allow.clone_from(&worker.settings.allow);
    let tree = collect_files(&app.root.join(&worker.dir), &options)?;
    if let Some(file) = tree.files.iter().find(|file| is_reserved(&file.path)) {
        return Err(Error::app(format!("failed to pack {function}"))
            .cause(format!("`{}/{}` has a name that cargo bedrock needs for itself", worker.dir, file.path))
            .help("`bedrock` and `bedrock.*` in a worker's folder are taken, rename it"));
    }
    for left in tree.excluded.iter().filter(|left| left.reason == ExclusionReason::Secret) {
        context.observer.warning(
            Some(&Artifact::Code(function.clone())),
            &format!("`{}/{}` stays out of the zip, by its name it is a secret", worker.dir, left.path),
        );
    }
    let is_list = |entry: &Entry| DEPENDENCY_LISTS.contains(&entry.path.as_str());
    Ok(tree.entries("").into_iter().filter(|entry| !is_list(entry)).collect())
}
