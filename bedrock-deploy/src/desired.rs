//! The desired state of a stage: every function with everything that belongs to it, computed from the manifest, the stage
//! and the values of the secrets. Returns one error with everything that AWS would reject.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use aws_sdk_lambda::types::InvokeMode;
use bedrock_diagnostics::{Error, ExitKind, Report, Result};

use crate::actual_role::ActualRole;
use crate::alarms::settings::AlarmSettings;
use crate::contract_record::ContractRecord;
use crate::cors::{CORS, Cors};
use crate::destinations;
use crate::durable::{self, DURABLE_CONFIG};
use crate::environment::{self, Environment};
use crate::http_api::desired::HttpApi;
use crate::lambda_policy;
use crate::lambda_settings::{LambdaSettings, ManagedSettings, Members};
use crate::manifest::{Artifact, BUILD_HELP, Manifest, ManifestEntry, SecretRef, Trigger, rejection};
use crate::policy::{AccessedResources, MAX_INLINE_POLICY_CHARS, RolePolicies, role_policies};
use crate::stage::{ENDPOINT, SETTINGS_TAG, StageContext, function_label};
use crate::triggers::streams::desired as streams;
use crate::use_policy;
use crate::uses::ResourceUse;
use crate::version::{FunctionSettings, Version};

const MAX_LAYERS_PER_FUNCTION: usize = 5;

/// Word of the tag that records that deploys manage the invoke mode of the URL.
pub(crate) const INVOKE_MODE: &str = "InvokeMode";

/// The functions of a stage by their keys.
pub(crate) type Desired = BTreeMap<String, DesiredFunction>;
/// The values of secrets.
pub(crate) type SecretValues = BTreeMap<SecretRef, String>;

/// One function and everything that belongs to it.
#[derive(Debug, Clone)]
pub(crate) struct DesiredFunction {
    /// Its layers are `None` if the worker has a layer of its own, whose version is only known after a comparison with AWS.
    pub(crate) version: Version,
    pub(crate) zip: ZipFile,
    /// Layer with the worker's dependencies.
    pub(crate) worker_layer: Option<DesiredLayer>,
    /// ARNs of layer versions from the settings, which this tool does not publish.
    pub(crate) external_layers: Vec<String>,
    pub(crate) policies: RolePolicies,
    /// ARN of a policy. `None` leaves the permissions boundary of the role to others.
    pub(crate) permissions_boundary: Option<String>,
    /// Tags of all resources of the stage, of the settings.
    pub(crate) stage_tags: BTreeMap<String, String>,
    pub(crate) log_retention_days: i32,
    pub(crate) reserved_concurrency: Option<i32>,
    pub(crate) event_invoke_config: EventInvokeConfig,
    /// Whether recursive loops are allowed.
    pub(crate) allows_recursion: bool,
    pub(crate) url: Option<UrlAuth>,
    /// The CORS configuration of the URL. `None` leaves it to others, unless earlier deploys managed it.
    pub(crate) cors: Option<Cors>,
    /// Whether the URL streams responses. False leaves it to others, unless earlier deploys managed it.
    pub(crate) streams: bool,
    /// The HTTP API in front of the endpoint.
    pub(crate) http_api: Option<HttpApi>,
    pub(crate) triggers: Vec<Trigger>,
    /// `None` if it has none.
    pub(crate) alarms: Option<AlarmSettings>,
    pub(crate) lambda: LambdaSettings,
    /// Which settings of `lambda` a deploy manages.
    pub(crate) managed: ManagedSettings,
    /// Resources of the app that the function uses.
    pub(crate) resources: Vec<ResourceUse>,
    pub(crate) contracts: ContractRecord,
}

impl DesiredFunction {
    /// Returns the invoke mode of the function URL.
    pub(crate) fn invoke_mode(&self) -> InvokeMode {
        if self.streams { InvokeMode::ResponseStream } else { InvokeMode::Buffered }
    }

    /// Returns the tags of the function, in addition to those that every function has.
    pub(crate) fn tags(&self) -> BTreeMap<String, String> {
        let managed = self.managed.tag().map(|tag| (SETTINGS_TAG.to_owned(), tag));
        self.own_tags().into_iter().chain(managed).chain(self.contracts.tags()).collect()
    }

    /// Returns the tags of the settings.
    pub(crate) fn own_tags(&self) -> BTreeMap<String, String> {
        self.stage_tags.clone().into_iter().chain(self.lambda.tags.clone()).collect()
    }

    /// Returns the function with the ARN of the role that exists: its path cannot be changed.
    pub(crate) fn with_role(&self, role: Option<&ActualRole>) -> Cow<'_, Self> {
        match role {
            Some(role) if role.arn != self.version.settings.role_arn => {
                let mut function = self.clone();
                role.arn.clone_into(&mut function.version.settings.role_arn);
                Cow::Owned(function)
            }
            _ => Cow::Borrowed(self),
        }
    }

    /// Returns the ARNs of all layers. Later layers override the files of earlier ones, so the worker's own layer is last.
    pub(crate) fn layers(&self, worker_layer_arn: Option<&str>) -> Vec<String> {
        self.external_layers.iter().map(String::as_str).chain(worker_layer_arn).map(str::to_owned).collect()
    }
}

/// A zip to upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ZipFile {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    pub(crate) sha256_base64: String,
}

/// A layer to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DesiredLayer {
    pub(crate) zip: ZipFile,
    /// Identifies the contents, so that a published version with the same contents is found.
    pub(crate) description: String,
}

/// Configuration of asynchronous invocations. The default is that of Lambda.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventInvokeConfig {
    pub(crate) max_retries: i32,
    pub(crate) max_age_seconds: i32,
    /// ARN.
    pub(crate) on_failure: Option<String>,
    /// ARN.
    pub(crate) on_success: Option<String>,
}

impl Default for EventInvokeConfig {
    fn default() -> Self {
        Self { max_retries: 2, max_age_seconds: 21_600, on_failure: None, on_success: None }
    }
}

impl EventInvokeConfig {
    /// Returns whether a destination is a function of the stage, which has to exist before it can be set.
    pub(crate) fn has_destination_in(&self, stage: &StageContext) -> bool {
        let prefix = stage.function_arn("");
        [&self.on_failure, &self.on_success].into_iter().flatten().any(|arn| arn.starts_with(&prefix))
    }
}

/// Who may call a function URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UrlAuth {
    /// Everyone: `AuthType` `NONE`.
    Public,
    /// Principals that IAM permits.
    Iam,
}

/// Computes the desired state of the functions with the keys in `only`, or of all functions if it is empty.
pub(crate) fn desired_functions(
    manifest: &Manifest,
    stage: &StageContext,
    only: &[String],
    secrets: &SecretValues,
) -> Result<Desired> {
    let mut desired = Desired::new();
    let mut reports = Vec::new();
    for (key, entry) in manifest.functions().filter(|(key, _)| is_selected(key, only)) {
        let Some(code) = &entry.code else {
            reports.push(rejection(format!("{} is not built yet", function_label(key)), BUILD_HELP));
            continue;
        };
        let function = desired_function(manifest, stage, key, entry, code, secrets);
        reports.extend(validate(manifest, key, entry, &function));
        reports.extend(destinations::validate(manifest, stage, key, entry));
        desired.insert(key.to_owned(), function);
    }
    if reports.is_empty() { Ok(desired) } else { Err(Error { kind: ExitKind::App, reports }) }
}

/// Returns the secrets of the functions with the keys in `only`, or of all functions if it is empty.
pub(crate) fn secret_refs(manifest: &Manifest, only: &[String]) -> BTreeSet<SecretRef> {
    let selected = manifest.functions().filter(|(key, _)| is_selected(key, only));
    selected.flat_map(|(_, entry)| entry.secrets.values()).cloned().collect()
}

fn is_selected(key: &str, only: &[String]) -> bool {
    only.is_empty() || only.iter().any(|name| name == key)
}

fn desired_function(
    manifest: &Manifest,
    stage: &StageContext,
    key: &str,
    entry: &ManifestEntry,
    code: &Artifact,
    secrets: &SecretValues,
) -> DesiredFunction {
    let callees = callees(entry);
    let destination_arn = |name: &Option<String>| destinations::destination_arn(manifest, stage, name.as_deref()?);
    let on_failure = destination_arn(&entry.on_failure);
    let on_success = destination_arn(&entry.on_success);
    let worker_layer = entry.layer.as_ref().map(|artifact| DesiredLayer {
        zip: zip_file(manifest, artifact),
        description: format!("{} {} {}", artifact.content_sha256, entry.runtime, entry.architecture),
    });
    let settings = FunctionSettings {
        runtime: entry.runtime.clone(),
        handler: entry.handler.clone(),
        memory_mb: entry.memory,
        timeout_seconds: entry.timeout,
        role_arn: stage.role_arn(key),
        environment: function_environment(manifest, stage, entry, &callees, secrets),
        dead_letter: entry.dead_letter.clone(),
        members: members(stage, key, entry),
    };
    let resources = AccessedResources {
        callees,
        dead_letter: entry.dead_letter.clone(),
        on_failure: on_failure.clone(),
        on_success: on_success.clone(),
        queues: destinations::queue_arns(stage, entry),
        log_group: entry.lambda.logging.as_ref().and_then(|logging| logging.group.clone()),
        statements: [
            durable::statements(stage, key, entry.durable),
            lambda_policy::statements(stage, key, &entry.lambda),
            streams::statements(stage, entry),
            use_policy::statements(stage, entry),
        ]
        .concat(),
    };
    let has_url = key == ENDPOINT && entry.url_auth.is_some();
    let cors = entry.cors.as_ref().filter(|_| has_url);
    let streams = has_url && entry.stream == Some(true);
    let url_settings = cors.map(|_| CORS).into_iter().chain(streams.then_some(INVOKE_MODE));
    DesiredFunction {
        version: Version {
            code_sha256: code.sha256_base64.clone(),
            architecture: entry.architecture.clone(),
            settings,
            layers: worker_layer.is_none().then(|| entry.layers.clone()),
        },
        zip: zip_file(manifest, code),
        worker_layer,
        external_layers: entry.layers.clone(),
        policies: role_policies(stage, key, &resources),
        permissions_boundary: stage.settings.permissions_boundary.clone(),
        stage_tags: stage.settings.tags.clone(),
        log_retention_days: entry.log_retention,
        reserved_concurrency: entry.concurrency,
        event_invoke_config: EventInvokeConfig {
            max_retries: entry.retries,
            max_age_seconds: entry.event_age,
            on_failure,
            on_success,
        },
        allows_recursion: entry.recursion == "allow",
        url: if key == ENDPOINT { url_auth(entry) } else { None },
        triggers: entry.triggers.clone(),
        alarms: entry.alarms.clone(),
        http_api: entry.http_api.clone().filter(|_| key == ENDPOINT).map(|api| api.with_cors(entry.cors.clone())),
        cors: cors.cloned(),
        streams,
        managed: url_settings.fold(entry.lambda.managed(&stage.log_group_name(key)), ManagedSettings::with),
        lambda: entry.lambda.clone(),
        resources: use_policy::resources_of_app(manifest, entry),
        contracts: ContractRecord::of(entry),
    }
}

fn members(stage: &StageContext, key: &str, entry: &ManifestEntry) -> Members {
    let mut members = entry.lambda.members(&stage.log_group_name(key));
    members.extend(entry.durable.map(|config| (DURABLE_CONFIG.to_owned(), config.member())));
    members
}

/// Returns the workers that a function invokes, sorted and without duplicates.
fn callees(entry: &ManifestEntry) -> Vec<&str> {
    let callees: BTreeSet<&str> = entry.invokes.iter().map(String::as_str).collect();
    callees.into_iter().collect()
}

fn function_environment(
    manifest: &Manifest,
    stage: &StageContext,
    entry: &ManifestEntry,
    callees: &[&str],
    secrets: &SecretValues,
) -> Environment {
    let mut variables = destinations::trigger_variables(manifest, stage);
    variables.extend(use_policy::variables(stage, entry));
    variables.extend(entry.environment.clone());
    let secret_variable = |(name, secret): (&String, &SecretRef)| Some((name.clone(), secrets.get(secret)?.clone()));
    variables.extend(entry.secrets.iter().filter_map(secret_variable));
    let callee_arns =
        callees.iter().map(|callee| (arn_variable_name(&stage.app, callee), stage.live_arn(callee))).collect();
    Environment::with_callee_arns(variables, callee_arns)
}

/// Returns a report for each problem of a function that AWS would reject, or that shows that the build is outdated.
fn validate(manifest: &Manifest, key: &str, entry: &ManifestEntry, desired: &DesiredFunction) -> Vec<Report> {
    let environment = &desired.version.settings.environment;
    let policy = &desired.policies.inline;
    let function = function_label(key);
    let mut reports = Vec::new();
    for artifact in [&entry.code, &entry.layer].into_iter().flatten() {
        let path = artifact.path.display();
        let reason = match std::fs::metadata(manifest.folder.join(&artifact.path)) {
            Ok(metadata) if metadata.len() == artifact.bytes => continue,
            Ok(_) => "was changed after the build",
            Err(_) => "is missing",
        };
        reports.push(rejection(format!("`target/bedrock/{path}` of {function} {reason}"), BUILD_HELP));
    }
    for callee in callees(entry).into_iter().filter(|callee| !manifest.workers.contains_key(*callee)) {
        reports.push(rejection(format!("no worker named `{callee}`, which {function} calls"), BUILD_HELP));
    }
    let bytes = environment.bytes();
    if bytes > environment::MAX_BYTES {
        let limit = environment::MAX_BYTES;
        let message = format!(
            "the environment of {function} is too large: {bytes} bytes as JSON with its secrets, the limit is {limit}"
        );
        reports.push(rejection(message, "let the function load large values at run time"));
    }
    if policy.to_string().len() > MAX_INLINE_POLICY_CHARS {
        let length = policy.to_string().len();
        let message = format!(
            "the policy of {function} is too large: {length} characters, the limit is {MAX_INLINE_POLICY_CHARS}"
        );
        reports.push(rejection(message, "name fewer resources in `uses`, or one ARN with `*` in a `statement`"));
    }
    let layers = entry.layers.len() + usize::from(entry.layer.is_some());
    if layers > MAX_LAYERS_PER_FUNCTION {
        let message = format!("{function} has too many layers: {layers}, the limit is {MAX_LAYERS_PER_FUNCTION}");
        reports.push(rejection(message, "remove some of the `layers` in its settings"));
    }
    reports
}

fn zip_file(manifest: &Manifest, artifact: &Artifact) -> ZipFile {
    ZipFile {
        path: manifest.folder.join(&artifact.path),
        bytes: artifact.bytes,
        sha256_base64: artifact.sha256_base64.clone(),
    }
}

/// Returns `None` if the endpoint has no URL.
fn url_auth(entry: &ManifestEntry) -> Option<UrlAuth> {
    let auth = entry.url_auth.as_deref()?;
    Some(if auth == "iam" { UrlAuth::Iam } else { UrlAuth::Public })
}

fn arn_variable_name(app: &str, callee: &str) -> String {
    format!("{}_WORKER_ARN_{callee}", app.replace('-', "_")).to_uppercase()
}
