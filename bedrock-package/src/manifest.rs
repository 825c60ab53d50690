//! `manifest.json`, the interface to tools that deploy the app. Lists every function of the app, built or not.
//! `docs/schema/manifest.v1.json` is its schema; keys may be added within a version, never changed. The file has the lowest
//! version that can express its contents, because a reader of version 1 would ignore triggers silently.

use std::collections::BTreeMap;

use bedrock_build::settings::{Auth, DurableSettings, RecursiveLoop, Secret};
use bedrock_build::{App, Architecture, Destination, FunctionSettings, Language, Runtime, Worker};
use bedrock_local::lambda_handler;
use serde::Serialize;
use serde_json::{Map, Value};

use super::artifact::{Artifact, Function};
use super::callees::Callees;
use super::context::{ARCHITECTURE, Context};
use super::contracts::{ContractEntry, Contracts, built_against};
use super::lambda_settings;
use super::plan::may_have_layer;
use super::rust::PROFILE;
use super::state::{BuildState, ContractDigests};
use super::{alarms, cors, http_api, triggers, uses};

/// Version of a manifest without triggers, and without destinations other than ARNs for failures.
const VERSION_WITHOUT_TRIGGERS: u32 = 1;
/// Version of a manifest with them.
const VERSION_WITH_TRIGGERS: u32 = 2;
/// Version of a manifest with settings of `lambda`, settings of stages, `uses`, alarms, CORS settings, an HTTP API, a URL that streams, triggers that version 2 does not have, or an endpoint without URL.
const VERSION_WITH_STAGES: u32 = 3;
/// Version of a manifest with durable workers. A function that an older reader creates can never become durable.
const VERSION_WITH_DURABLE: u32 = 4;

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
    /// For each stage and function, the keys of its entry that differ in this stage.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    stages: BTreeMap<String, BTreeMap<String, Map<String, Value>>>,
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
    /// The contract of a worker.
    #[serde(skip_serializing_if = "Option::is_none")]
    contract: Option<ContractEntry>,
    /// The digests of the contracts that the code was built against, by the names of the called workers.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    callee_contracts: ContractDigests,
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
    /// Null says nothing: then the function has no rights for the objects of its triggers either.
    #[serde(skip_serializing_if = "Option::is_none")]
    uses: Option<Vec<uses::Entry>>,
    /// CloudWatch alarms.
    #[serde(skip_serializing_if = "Option::is_none")]
    alarms: Option<alarms::Entry>,
    recursion: &'static str,
    concurrency: Option<u64>,
    log_retention: u64,
    layers: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url_auth: Option<&'static str>,
    /// Configuration of a durable function.
    #[serde(skip_serializing_if = "Option::is_none")]
    durable: Option<DurableEntry>,
    /// Of the URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    cors: Option<cors::Entry>,
    /// The HTTP API of API Gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    http_api: Option<http_api::Entry>,
    /// Whether the URL streams responses.
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
    /// Settings of Lambda without a default value.
    #[serde(skip_serializing_if = "Option::is_none")]
    lambda: Option<lambda_settings::Entry>,
    code: Option<ZipEntry>,
    layer: Option<ZipEntry>,
}

/// How long executions of a durable function run and are stored.
#[derive(Debug, Serialize)]
struct DurableEntry {
    /// In seconds.
    timeout: u64,
    /// In days.
    retention: u64,
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
    /// The path of its SBOM, if it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    sbom: Option<String>,
}

/// Everything that a manifest is made from.
#[derive(Debug)]
pub(crate) struct Sources<'a> {
    pub(crate) context: &'a Context<'a>,
    /// The artifacts that have been built.
    pub(crate) state: &'a BuildState,
    pub(crate) callees: &'a Callees,
    pub(crate) contracts: &'a Contracts,
}

impl Manifest {
    /// Returns the manifest of an app.
    pub(crate) fn of(sources: &Sources<'_>) -> serde_json::Result<Self> {
        let app = sources.context.app;
        let endpoint = endpoint_entry(&app.settings.endpoint, sources, None);
        let workers: BTreeMap<String, Entry> = app
            .workers
            .iter()
            .map(|worker| (worker.name.to_string(), worker_entry(worker, &worker.settings, sources, None)))
            .collect();
        let mut stages = BTreeMap::new();
        for name in app.settings.stages.keys() {
            stages.insert(name.clone(), stage_differences(name, &endpoint, &workers, sources)?);
        }
        Ok(Self {
            version: version(app),
            bedrock: env!("CARGO_PKG_VERSION"),
            app: app.name.to_string(),
            profile: profile(sources.state),
            endpoint,
            workers,
            stages,
        })
    }
}

/// Returns the lowest version that can express the settings of an app.
fn version(app: &App) -> u32 {
    let functions = || app.workers.iter().map(|worker| &worker.settings).chain([&app.settings.endpoint]);
    if functions().any(|settings| settings.durable.is_some()) {
        VERSION_WITH_DURABLE
    } else if !app.settings.stages.is_empty() || has_alarms(app) || functions().any(needs_version_with_stages) {
        VERSION_WITH_STAGES
    } else if functions().all(is_plain) {
        VERSION_WITHOUT_TRIGGERS
    } else {
        VERSION_WITH_TRIGGERS
    }
}

/// Returns whether a function has alarms in all stages that change nothing.
fn has_alarms(app: &App) -> bool {
    app.settings.endpoint_alarms(None).is_some()
        || app.workers.iter().any(|worker| app.settings.worker_alarms(None, &worker.name).is_some())
}

fn needs_version_with_stages(settings: &FunctionSettings) -> bool {
    settings.triggers.iter().any(triggers::needs_version_with_stages)
        || settings.uses.is_some()
        || !settings.has_url()
        || settings.http_api.is_some()
        || settings.cors.is_some()
        || settings.stream
        || lambda_settings::Entry::of(settings).is_some()
}

/// Returns what differs in `stage`, for each function that its settings change.
fn stage_differences(
    stage: &str,
    endpoint: &Entry,
    workers: &BTreeMap<String, Entry>,
    sources: &Sources<'_>,
) -> serde_json::Result<BTreeMap<String, Map<String, Value>>> {
    let app = sources.context.app;
    let mut functions = BTreeMap::new();
    let mut add = |name: &str, of_all: &Entry, of_stage: &Entry| -> serde_json::Result<()> {
        let differences = differences(&serde_json::to_value(of_all)?, &serde_json::to_value(of_stage)?);
        if !differences.is_empty() {
            functions.insert(name.to_owned(), differences);
        }
        Ok(())
    };
    let of_stage = endpoint_entry(app.settings.endpoint_in(stage), sources, Some(stage));
    add(Function::Endpoint.name(), endpoint, &of_stage)?;
    for worker in &app.workers {
        let settings = app.settings.worker_in(stage, &worker.name);
        if let Some(of_all) = workers.get(worker.name.as_str()) {
            add(worker.name.as_str(), of_all, &worker_entry(worker, &settings, sources, Some(stage)))?;
        }
    }
    Ok(functions)
}

/// Returns the keys of an object that differ from another one, with the new values; null for a key that it lacks.
fn differences(old: &Value, new: &Value) -> Map<String, Value> {
    let keys = |value: &Value| value.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect::<Vec<_>>();
    let all = keys(old).into_iter().chain(keys(new));
    all.filter(|key| old.get(key) != new.get(key))
        .map(|key| {
            let value = new.get(&key).cloned().unwrap_or_default();
            (key, value)
        })
        .collect()
}

fn endpoint_entry(settings: &FunctionSettings, sources: &Sources<'_>, stage: Option<&str>) -> Entry {
    let mut endpoint =
        entry(&Function::Endpoint, Language::Rust, sources.context.app.endpoint_runtime, settings, sources);
    endpoint.url_auth = settings.has_url().then_some(if settings.auth == Auth::Iam { "iam" } else { "none" });
    endpoint.cors = settings.cors.clone().map(cors::Entry::from);
    endpoint.http_api = settings.http_api.as_ref().map(|api| http_api::Entry::of(api, settings.cors.is_some()));
    endpoint.stream = settings.stream.then_some(true);
    endpoint.environment.extend(settings.invoke_mode_variable());
    endpoint.alarms = sources.context.app.settings.endpoint_alarms(stage).map(alarms::Entry::from);
    endpoint
}

fn worker_entry(worker: &Worker, settings: &FunctionSettings, sources: &Sources<'_>, stage: Option<&str>) -> Entry {
    let function = Function::Worker(worker.name.clone());
    let mut entry = entry(&function, worker.language, worker.runtime, settings, sources);
    entry.alarms = sources.context.app.settings.worker_alarms(stage, &worker.name).map(alarms::Entry::from);
    if may_have_layer(worker) {
        entry.layer = zip_entry(&Artifact::Layer(worker.name.clone()), sources.state);
    }
    entry
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
        architecture: made_for(&artifact, sources.state)
            .unwrap_or_else(|| sources.context.architecture(function))
            .as_str(),
        memory: settings.memory,
        timeout: settings.timeout,
        environment: settings.environment.clone(),
        secrets: settings.secrets.iter().map(|(name, value)| (name.clone(), secret(value))).collect(),
        invokes: sources.callees.get(function.name()).cloned().unwrap_or_default(),
        contract: sources.contracts.get(function.name()).cloned(),
        callee_contracts: built_against(function, sources.state),
        retries: settings.retries,
        event_age: settings.event_age,
        on_failure: settings.on_failure.as_ref().map(ToString::to_string),
        on_success: settings.on_success.as_ref().map(ToString::to_string),
        dead_letter: settings.dead_letter.clone(),
        triggers: settings.triggers.iter().map(|trigger| triggers::Entry::of(trigger, settings)).collect(),
        uses: uses::entries(&sources.context.app.name, settings),
        alarms: None,
        recursion: if settings.recursion == RecursiveLoop::Allow { "allow" } else { "terminate" },
        concurrency: settings.concurrency,
        log_retention: settings.log_retention,
        layers: settings.layers.clone(),
        url_auth: None,
        durable: settings.durable.map(|DurableSettings { timeout, retention }| DurableEntry { timeout, retention }),
        cors: None,
        http_api: None,
        stream: None,
        lambda: lambda_settings::Entry::of(settings),
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
    let record = state.artifacts.get(&artifact.id())?;
    let zip = record.zip.clone()?;
    let name = if matches!(artifact, Artifact::Layer(_)) { artifact.worker().map(ToString::to_string) } else { None };
    Some(ZipEntry {
        name,
        path: artifact.file(),
        sha256: zip.sha256,
        sha256_base64: zip.sha256_base64,
        content_sha256: zip.content_sha256,
        bytes: zip.bytes,
        unzipped_bytes: zip.unzipped_bytes,
        sbom: record.has_sbom.then(|| artifact.sbom_file()),
    })
}
