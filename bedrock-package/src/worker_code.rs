//! The code of a Python or JavaScript worker: its own files, the shared code that it imports, and the files that let Lambda's managed runtime run its class.

use bedrock_build::{Language, Worker};
use bedrock_local::{WorkerIdentity, identity_file, is_for_durable_workers, lambda_files};

use super::artifact::{Artifact, Function};
use super::component::{Component, License};
use super::context::{ArtifactContents, BuiltArtifact, Context};
use super::contracts::are_checked;
use super::inputs::Inputs;
use super::node;
use super::shared_files::{shared_files, with_paths_of_zip};
use super::worker_files::worker_files;
use bedrock_artifacts::Entry;
use bedrock_diagnostics::Result;

/// What checks a contract, of the files of cargo bedrock.
const VALIDATORS: [&str; 2] = ["bedrock/workers/contract.py", "bedrock/validate.mjs"];

/// Builds the zip file of a worker's code.
pub(crate) fn build(context: &Context<'_>, worker: &Worker) -> Result<BuiltArtifact> {
    let function = Function::Worker(worker.name.clone());
    let own = worker_files(context, worker)?;
    let shared = shared_files(context, worker, &own)?;
    let runtime = runtime_files(context, worker);
    let mut inputs = Inputs::default();
    inputs.add_files(&own, &context.app.root)?;
    inputs.add_files(&shared, &context.app.root)?;
    inputs.add_files(&runtime, &context.app.root)?;
    if worker.settings.bundle {
        node::add_inputs(&mut inputs, context, worker)?;
    }
    context.build_artifact(&Artifact::Code(function), inputs, Vec::new(), || {
        let mut made = if worker.settings.bundle {
            node::bundle(context, worker, own, &shared)?
        } else {
            let mut entries = if shared.is_empty() { own } else { with_paths_of_zip(own, context, worker)? };
            entries.extend(shared);
            ArtifactContents { entries, ..ArtifactContents::default() }
        };
        made.entries.extend(runtime);
        made.components.push(runtime_component());
        Ok(made)
    })
}

/// Returns the crate that has the files of [`runtime_files`].
fn runtime_component() -> Component {
    Component {
        name: "bedrock-local".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        license: License::parse(env!("CARGO_PKG_LICENSE")),
        ..Component::default()
    }
}

/// Returns the files that let the runtime run the worker's class.
fn runtime_files(context: &Context<'_>, worker: &Worker) -> Vec<Entry> {
    debug_assert!(worker.language != Language::Rust, "Rust workers are programs");
    let class = worker.name.class_name();
    let (path, text) = identity_file(&WorkerIdentity {
        app: context.app.name.as_str(),
        worker: worker.name.as_str(),
        class: &class,
        durable: worker.settings.durable.is_some(),
    });
    let has_validator = are_checked(context.app, worker);
    let is_needed = |path: &str| {
        (has_validator || !VALIDATORS.contains(&path))
            && (worker.settings.durable.is_some() || !is_for_durable_workers(path))
    };
    let files = lambda_files(worker.language).iter().filter(|(path, _)| is_needed(path));
    let files = files.map(|(path, text)| Entry::bytes(*path, *text));
    files.chain([Entry::bytes(path, text)]).collect()
}
