//! `manifest.json`, the interface to tools that deploy the app. Lists every function of the app, built or not.
//! `docs/schema/manifest.v1.json` is its schema; keys may be added within a version, never changed. The file has the lowest
//! version that can express its contents, because a reader of version 1 would ignore triggers silently.

use std::collections::BTreeMap;

use bedrock_build::settings::{Auth, RecursiveLoop, Secret};
use bedrock_build::{App, Architecture, Destination, FunctionSettings, Language, Runtime};
use bedrock_local::lambda_handler;
use serde::Serialize;

use super::artifact::{Artifact, Function};
use super::callees::Callees;
use super::context::ARCHITECTURE;
use super::plan::may_have_layer;
use super::rust::PROFILE;
use super::state::BuildState;
use super::triggers;

/// Version of a manifest without triggers, and without destinations other than ARNs for failures.
const VERSION_WITHOUT_TRIGGERS: u32 = 1;
/// Version of a manifest with them.
const VERSION_WITH_TRIGGERS: u32 = 2;

/// The contents of the file.
#[derive(Debug, Serialize)]
pub(crate) struct Manifest {
    version: u32,
    /// The version of cargo bedrock that wrote it.
    bedrock: &'static str,
    app: String,
    /// Profile of the programs: `release`, or `dev` if one of them is not optimised.
    profile: &'static str,
    endpoint: Entry,
    workers: BTreeMap<String, Entry>,
}

/// One Lambda function.
#[derive(Debug, Serialize)]
struct Entry {
    name: String,
    language: &'static str,
    runtime: &'static str,
    handler: &'static str,
    architecture: &'static str,
    memory: u64,
    timeout: u64,
    environment: BTreeMap<String, String>,
    secrets: BTreeMap<String, BTreeMap<&'static str, String>>,
    invokes: Vec<String>,
    retries: u64,
    event_age: u64,
    /// An ARN, or a worker of the app.
    on_failure: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_success: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dead_letter: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    triggers: Vec<triggers::Entry>,
    recursion: &'static str,
    concurrency: Option<u64>,
    log_retention: u64,
    layers: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url_auth: Option<&'static str>,
    code: Option<ZipEntry>,
    layer: Option<ZipEntry>,
}

/// A zip file. Its path is relative to the manifest.
#[derive(Debug, Serialize)]
struct ZipEntry {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    path: String,
    sha256: String,
    sha256_base64: String,
    content_sha256: String,
    bytes: u64,
    unzipped_bytes: u64,
}

/// Everything that a manifest is made from.
#[derive(Debug)]
pub(crate) struct Sources<'a> {
    pub(crate) app: &'a App,
    /// The artifacts that have been built.
    pub(crate) state: &'a BuildState,
    pub(crate) callees: &'a Callees,
    /// Architecture of the artifacts that have not been built.
    pub(crate) architecture: Architecture,
}

impl Manifest {
    /// Returns the manifest of an app.
    pub(crate) fn of(sources: &Sources<'_>) -> Self {
        let app = sources.app;
        let state = sources.state;
        let settings = &app.settings.endpoint;
        let mut endpoint = entry(&Function::Endpoint, Language::Rust, app.endpoint_runtime, settings, sources);
        endpoint.url_auth = Some(if settings.auth == Auth::Iam { "iam" } else { "none" });
        let worker = |worker: &bedrock_build::Worker| {
            let function = Function::Worker(worker.name.clone());
            let mut entry = entry(&function, worker.language, worker.runtime, &worker.settings, sources);
            if may_have_layer(worker) {
                entry.layer = zip_entry(&Artifact::Layer(worker.name.clone()), state);
            }
            (worker.name.to_string(), entry)
        };
        let is_plain = app.workers.iter().all(|worker| is_plain(&worker.settings));
        Self {
            version: if is_plain { VERSION_WITHOUT_TRIGGERS } else { VERSION_WITH_TRIGGERS },
            bedrock: env!("CARGO_PKG_VERSION"),
            app: app.name.to_string(),
            profile: profile(state),
            endpoint,
            workers: app.workers.iter().map(worker).collect(),
        }
    }
}

fn entry(
    function: &Function,
    language: Language,
    runtime: Runtime,
    settings: &FunctionSettings,
    sources: &Sources<'_>,
) -> Entry {
    let artifact = Artifact::Code(function.clone());
    let secret = |secret: &Secret| match secret {
        Secret::Ssm(name) => BTreeMap::from([("ssm", name.clone())]),
        Secret::SecretsManager(name) => BTreeMap::from([("secretsmanager", name.clone())]),
    };
    Entry {
        name: function.name().to_owned(),
        language: language.as_str(),
        runtime: runtime.id,
        handler: lambda_handler(language),
        architecture: made_for(&artifact, sources.state).unwrap_or(sources.architecture).as_str(),
        memory: settings.memory,
        timeout: settings.timeout,
        environment: settings.environment.clone(),
        secrets: settings.secrets.iter().map(|(name, value)| (name.clone(), secret(value))).collect(),
        invokes: sources.callees.get(function.name()).cloned().unwrap_or_default(),
        retries: settings.retries,
        event_age: settings.event_age,
        on_failure: settings.on_failure.as_ref().map(ToString::to_string),
        on_success: settings.on_success.as_ref().map(ToString::to_string),
        dead_letter: settings.dead_letter.clone(),
        triggers: settings.triggers.iter().map(|trigger| triggers::Entry::of(trigger, settings)).collect(),
        recursion: if settings.recursion == RecursiveLoop::Allow { "allow" } else { "terminate" },
        concurrency: settings.concurrency,
        log_retention: settings.log_retention,
        layers: settings.layers.clone(),
        url_auth: None,
        code: zip_entry(&artifact, sources.state),
        layer: None,
    }
}

/// Returns whether version 1 can express the settings.
fn is_plain(settings: &FunctionSettings) -> bool {
    settings.triggers.is_empty()
        && settings.on_success.is_none()
        && settings.dead_letter.is_none()
        && !matches!(settings.on_failure, Some(Destination::Worker(_)))
}

/// Returns `release` if all programs have this profile, otherwise `dev`.
fn profile(state: &BuildState) -> &'static str {
    let mut profiles = state.artifacts.values().filter_map(|record| record.inputs.get(PROFILE));
    if profiles.all(|profile| profile == "release") { "release" } else { "dev" }
}

/// Returns the architecture that an artifact was built for, or `None` if it has no zip file.
fn made_for(artifact: &Artifact, state: &BuildState) -> Option<Architecture> {
    let record = state.artifacts.get(&artifact.id()).filter(|record| record.zip.is_some())?;
    Architecture::parse(record.inputs.get(ARCHITECTURE)?)
}

fn zip_entry(artifact: &Artifact, state: &BuildState) -> Option<ZipEntry> {
    let zip = state.artifacts.get(&artifact.id())?.zip.clone()?;
    let name = if matches!(artifact, Artifact::Layer(_)) { artifact.worker().map(ToString::to_string) } else { None };
    Some(ZipEntry {
        name,
        path: artifact.file(),
        sha256: zip.sha256,
        sha256_base64: zip.sha256_base64,
        content_sha256: zip.content_sha256,
        bytes: zip.bytes,
        unzipped_bytes: zip.unzipped_bytes,
    })
}
