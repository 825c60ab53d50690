//! The layer of a JavaScript worker: the dependencies of its `package.json`, installed by npm for Lambda's platform.

use std::path::Path;

use bedrock_build::Worker;
use serde_json::Value;

use super::npm::{self, read};
use crate::artifact::{Artifact, Function};
use crate::context::{ArtifactContents, BuiltArtifact, Context};
use crate::inputs::Inputs;
use bedrock_artifacts::{FolderKind, PackOptions, collect_files, is_pruned_node_path, prune};
use bedrock_diagnostics::{Error, Result};

/// Version of the layer layout and pruning. Changing it rebuilds all layers.
const LAYOUT: &str = "1";

/// Builds the zip file of a worker's layer. There is none without dependencies, or if they are bundled.
pub(crate) fn build(context: &Context<'_>, worker: &Worker) -> Result<BuiltArtifact> {
    let artifact = Artifact::Layer(worker.name.clone());
    let dir = context.app.root.join(&worker.dir);
    let mut inputs = Inputs::default();
    inputs.add("layout", LAYOUT);
    // Bundled dependencies are in the code.
    let wanted = has_dependencies(&dir, worker)? && !worker.settings.bundle;
    if wanted {
        npm::add_lists(&mut inputs, &dir, worker)?;
    }
    context.build_artifact(&artifact, inputs, Vec::new(), || {
        if wanted { entries(context, worker, &artifact) } else { Ok(ArtifactContents::default()) }
    })
}

fn has_dependencies(dir: &Path, worker: &Worker) -> Result<bool> {
    let shown = format!("{}/package.json", worker.dir);
    let Some(bytes) = read(&dir.join("package.json"), &shown)? else { return Ok(false) };
    let package: Value = serde_json::from_slice(&bytes).map_err(|error| {
        Error::app(format!("failed to read the dependencies of worker `{}`", worker.name))
            .cause(format!("`{shown}` is not valid JSON: {error}"))
    })?;
    let mut any = false;
    for list in ["dependencies", "optionalDependencies"] {
        for (name, version) in package.get(list).and_then(Value::as_object).into_iter().flatten() {
            any = true;
            let version = version.as_str().unwrap_or_default();
            if ["file:", "link:", "workspace:"].iter().any(|scheme| version.starts_with(scheme)) {
                return Err(Error::app(format!("`{name}` in `{shown}` cannot be installed for Lambda"))
                    .cause(format!("`{version}` is a folder of this machine"))
                    .help("move the code into the worker's folder, or name a version of a published package"));
            }
        }
    }
    Ok(any)
}

fn entries(context: &Context<'_>, worker: &Worker, artifact: &Artifact) -> Result<ArtifactContents> {
    let function = Function::Worker(worker.name.clone());
    let architecture = context.architecture(&function);
    let what = format!("failed to install the dependencies of {function} for {}", architecture.machine());
    let staging = context.folder.staging()?;
    let cpu = format!("--cpu={}", architecture.node());
    let platform = ["--omit=dev", "--os=linux", "--libc=glibc", &cpu];
    npm::install(context, worker, artifact, staging.path(), &platform, &what)?;
    let modules = staging.path().join("node_modules");
    if !modules.is_dir() {
        return Ok(ArtifactContents::default());
    }
    prune(&modules, &context.app.root, |path, _| is_pruned_node_path(path, architecture))?;
    let mut options = PackOptions::new(FolderKind::Dependencies, &context.app.root, function.settings_table());
    options.allow.clone_from(&worker.settings.allow);
    let entries = collect_files(&modules, &options)?.entries("nodejs/node_modules");
    Ok(ArtifactContents { entries, temp_dir: Some(staging) })
}
