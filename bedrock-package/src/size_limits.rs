//! Checks the artifacts of an app against Lambda's limits.

use std::fs::File;

use bedrock_build::App;
use zip::ZipArchive;

use super::artifact::{Artifact, Function};
use super::artifact_dir::artifact_dir;
use super::state::BuildState;
use bedrock_artifacts as pack;
use bedrock_diagnostics::{Error, ExitKind, Report};

/// Number of packages that are listed for each artifact.
const MAX_LISTED_PACKAGES: usize = 10;

/// Returns an error for each limit of Lambda that a function exceeds.
pub(crate) fn check_limits(app: &App, state: &BuildState) -> Vec<Error> {
    let mut reports: Vec<Report> = Vec::new();
    let functions = app.workers.iter().map(|worker| (Function::Worker(worker.name.clone()), &worker.settings));
    for (function, settings) in std::iter::once((Function::Endpoint, &app.settings.endpoint)).chain(functions) {
        let what = function.to_string();
        let mut variables = settings.environment.clone();
        variables.extend(settings.invoke_mode_variable());
        reports.extend(pack::check_environment_size(&format!("the environment of {function}"), &variables));
        let layer = match &function {
            Function::Worker(name) => Some(Artifact::Layer(name.clone())),
            Function::Endpoint => None,
        };
        let artifacts: Vec<Artifact> = std::iter::once(Artifact::Code(function)).chain(layer).collect();
        let zip = |artifact: &Artifact| state.artifacts.get(&artifact.id()).and_then(|record| record.zip.as_ref());
        let bytes: u64 = artifacts.iter().filter_map(zip).map(|zip| zip.unzipped_bytes).sum();
        if bytes > 0 {
            let largest = || artifacts.iter().flat_map(|artifact| largest_packages(app, artifact)).collect::<Vec<_>>();
            // List the files of the zip only if the limit is exceeded: that takes long for large zips.
            if pack::check_unzipped_size(&what, bytes, &[]).is_some() {
                reports.extend(pack::check_unzipped_size(&what, bytes, &largest()));
            }
        }
        let mut layers = settings.layers.clone();
        layers.extend(
            artifacts
                .iter()
                .filter(|artifact| matches!(artifact, Artifact::Layer(_)) && zip(artifact).is_some())
                .map(Artifact::id),
        );
        reports.extend(pack::check_layer_count(&what, &layers));
    }
    reports.into_iter().map(|report| Error { kind: ExitKind::App, reports: vec![report] }).collect()
}

/// Returns the largest packages and files of an artifact, from the directory of its zip file. Empty if the zip file cannot
/// be read.
pub(crate) fn largest_packages(app: &App, artifact: &Artifact) -> Vec<pack::PackageSize> {
    let read = || {
        let file = File::open(artifact_dir(app).join(artifact.file())).ok()?;
        let mut archive = ZipArchive::new(file).ok()?;
        let count = archive.len();
        let files = (0..count).filter_map(|at| {
            let file = archive.by_index_raw(at).ok()?;
            Some((file.name().ok()?.into_owned(), file.size()))
        });
        Some(files.collect::<Vec<_>>())
    };
    let files = read().unwrap_or_default();
    pack::largest_packages(files.iter().map(|(name, bytes)| (name.as_str(), *bytes)), MAX_LISTED_PACKAGES)
}
