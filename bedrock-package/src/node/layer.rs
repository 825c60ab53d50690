//! The layer of a JavaScript worker: the dependencies of its `package.json`, installed for Lambda's platform.

use std::path::Path;

use bedrock_build::Worker;
use serde_json::Value;

use super::install_commands::Purpose;
use super::installed::{delete_foreign, installed_packages, missing_parts, own_script_warnings, script_warnings};
use super::lists::read;
use super::locked_packages::{LockedPackages, all_packages};
use super::package_manager::PackageManager;
use super::project::{NodeFolders, NodeProject};
use crate::artifact::{Artifact, Function};
use crate::context::{ArtifactContents, BuiltArtifact, Context};
use crate::inputs::Inputs;
use bedrock_artifacts::{AllowList, Entry, FolderKind, PackOptions, collect_files, is_pruned_node_path, prune};
use bedrock_diagnostics::{Error, ExitKind, Result};

/// Beginnings of versions that other package managers than npm read. The first two are links, which a layer cannot have.
const OTHER_TOOLS: [&str; 3] = ["link:", "portal:", "workspace:"];
/// Version of the layer layout and pruning. Changing it rebuilds all layers.
const LAYOUT: &str = "4";

/// Builds the zip file of a worker's layer. There is none without dependencies, or if they are bundled.
pub(crate) fn build(context: &Context<'_>, worker: &Worker) -> Result<BuiltArtifact> {
    let artifact = Artifact::Layer(worker.name.clone());
    let dir = context.app.root.join(&worker.dir);
    let mut inputs = Inputs::default();
    inputs.add("layout", LAYOUT);
    // Bundled dependencies are in the code.
    let package = dependencies(&dir, worker)?.filter(|_| !worker.settings.bundle);
    let Some(package) = package else {
        return context.build_artifact(&artifact, inputs, Vec::new(), || Ok(ArtifactContents::default()));
    };
    let project = NodeProject::of(context, worker)?;
    check_versions(&package, worker, project.manager())?;
    project.add_inputs(&mut inputs, context, worker)?;
    context.build_artifact(&artifact, inputs, Vec::new(), || {
        for warning in own_script_warnings(&package, &format!("{}/package.json", worker.dir)) {
            context.observer.warning(Some(&artifact), &warning);
        }
        entries(context, worker, &artifact, &project)
    })
}

/// Returns the `package.json` of a worker that has dependencies.
fn dependencies(dir: &Path, worker: &Worker) -> Result<Option<Value>> {
    let shown = format!("{}/package.json", worker.dir);
    let Some(bytes) = read(&dir.join("package.json"), &shown)? else { return Ok(None) };
    let package: Value = serde_json::from_slice(&bytes).map_err(|error| {
        Error::app(format!("failed to read the dependencies of worker `{}`", worker.name))
            .cause(format!("`{shown}` is not valid JSON: {error}"))
    })?;
    let is_listed =
        |list: &str| package.get(list).and_then(Value::as_object).is_some_and(|dependencies| !dependencies.is_empty());
    let any = is_listed("dependencies") || is_listed("optionalDependencies");
    Ok(any.then_some(package))
}

/// Returns an error if a version is one that the package manager does not read, or a link.
fn check_versions(package: &Value, worker: &Worker, manager: PackageManager) -> Result<()> {
    let schemes = if manager == PackageManager::Npm { &OTHER_TOOLS[..] } else { &OTHER_TOOLS[..2] };
    for list in ["dependencies", "optionalDependencies"] {
        for (name, version) in package.get(list).and_then(Value::as_object).into_iter().flatten() {
            let version = version.as_str().unwrap_or_default();
            if schemes.iter().any(|scheme| version.starts_with(scheme)) {
                let shown = format!("{}/package.json", worker.dir);
                let error = Error::app(format!("`{name}` in `{shown}` cannot be installed for Lambda"));
                return Err(if manager == PackageManager::Npm {
                    error
                        .cause(format!("`{version}` is not a version that npm reads"))
                        .help("write `file:` and the path of the folder, or `*` for a member of the npm workspace")
                } else {
                    error
                        .cause(format!("`{version}` is a link, which a layer cannot have"))
                        .help("make the folder a member of the workspace, and write `workspace:*`, or `*` with Yarn 1")
                });
            }
        }
    }
    Ok(())
}

fn entries(
    context: &Context<'_>,
    worker: &Worker,
    artifact: &Artifact,
    project: &NodeProject,
) -> Result<ArtifactContents> {
    let function = Function::Worker(worker.name.clone());
    let architecture = context.architecture(&function);
    let what = format!("failed to install the dependencies of {function} for {}", architecture.machine());
    let staging = context.folder.staging()?;
    let folders = project.folders(staging.path());
    project.install(context, worker, &folders, Purpose::Layer(architecture), &what)?;
    let locked = LockedPackages::read(&all_packages(&folders)?, &folders, project.locked_archives());
    let mut entries = Vec::new();
    // A member of a workspace may need another version of a package than the workspace has. Lambda's Node.js looks for packages
    // in both folders, in the order in which Node.js finds them in the workspace.
    let own = format!("nodejs/node{}/node_modules", worker.runtime.version().unwrap_or_default());
    if folders.worker != folders.root {
        entries.extend(modules(context, worker, artifact, &folders.worker, &own)?);
    }
    entries.extend(modules(context, worker, artifact, &folders.root, "nodejs/node_modules")?);
    if entries.is_empty() {
        return Ok(ArtifactContents::default());
    }
    check_parts(context, worker, artifact, &folders, project.manager())?;
    let components = locked.components(&all_packages(&folders)?);
    Ok(ArtifactContents { entries, temp_dir: Some(staging), components })
}

/// Returns the files in `node_modules` of a folder, for the folder `place` of the layer.
fn modules(
    context: &Context<'_>,
    worker: &Worker,
    artifact: &Artifact,
    folder: &Path,
    place: &str,
) -> Result<Vec<Entry>> {
    let modules = folder.join("node_modules");
    if !modules.is_dir() {
        return Ok(Vec::new());
    }
    let function = Function::Worker(worker.name.clone());
    let architecture = context.architecture(&function);
    let packages = delete_foreign(installed_packages(folder)?, architecture)?;
    for warning in script_warnings(&packages, architecture) {
        context.observer.warning(Some(artifact), &warning);
    }
    prune(&modules, &context.app.root, |path, _| is_pruned_node_path(path, architecture))?;
    let settings = function.settings_table();
    let mut options = PackOptions::new(FolderKind::Dependencies, &context.app.root, settings);
    options.allow.clone_from(&worker.settings.allow);
    Ok(collect_files(&modules, &options)?.entries(place))
}

/// Returns an error if the part of a package for Lambda's platform is missing and the settings do not allow it.
fn check_parts(
    context: &Context<'_>,
    worker: &Worker,
    artifact: &Artifact,
    folders: &NodeFolders,
    manager: PackageManager,
) -> Result<()> {
    let function = Function::Worker(worker.name.clone());
    let settings = function.settings_table();
    let allowed = AllowList::parse(&worker.settings.allow, &settings)?;
    let mut packages = all_packages(folders)?;
    packages.retain(|package| !allowed.has(&format!("nodejs/{}", package.path())));
    let mut reports = missing_parts(&packages, context.architecture(&function), &artifact.to_string(), &worker.dir);
    if manager != PackageManager::Npm {
        for report in &mut reports {
            report.help = vec![format!("delete `{}`, and run `{} install`", manager.lock(), manager.program())];
        }
    }
    if reports.is_empty() { Ok(()) } else { Err(Error { kind: ExitKind::App, reports }) }
}
