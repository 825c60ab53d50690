//! The manifest that `cargo bedrock build` wrote, and the check that it still matches the app.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;

use bedrock_build::App;
use bedrock_diagnostics::{Error, Report, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::alarms::settings::AlarmSettings;
use crate::cors::Cors;
use crate::durable::DurableConfig;
use crate::http_api::desired::HttpApi;
use crate::lambda_settings::LambdaSettings;
use crate::stage::ENDPOINT;
use crate::uses::Use;

/// Versions of the manifest that this program can read.
const SUPPORTED_VERSIONS: [u64; 4] = [1, 2, 3, 4];
/// What the name of the stage replaces.
const STAGE_PLACEHOLDER: &str = bedrock_build::settings::STAGE_PLACEHOLDER;
/// Keys of a function whose strings are the user's own: `{stage}` has no meaning in them.
const VERBATIM_KEYS: [&str; 2] = ["environment", "triggers"];
/// Folder of the manifest in an app.
const FOLDER: &str = "target/bedrock";
/// Stands for the name of any stage in the resources of a policy. No stage can have this name.
const ANY_STAGE: &str = "*";
/// Help line of problems that a new build solves.
pub(crate) const BUILD_HELP: &str = "run `cargo bedrock build --release`";

/// The functions of an app, and the zips that were built for them.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) app: String,
    pub(crate) profile: String,
    pub(crate) endpoint: Option<ManifestEntry>,
    pub(crate) workers: BTreeMap<String, ManifestEntry>,
    /// Folder of the manifest, which its paths are relative to.
    #[serde(skip)]
    pub(crate) folder: PathBuf,
}

/// One function.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ManifestEntry {
    pub(crate) runtime: String,
    pub(crate) handler: String,
    pub(crate) architecture: String,
    pub(crate) memory: i32,
    pub(crate) timeout: i32,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) secrets: BTreeMap<String, SecretRef>,
    pub(crate) invokes: Vec<String>,
    /// `None` if the worker has none.
    #[serde(default)]
    pub(crate) contract: Option<ManifestContract>,
    /// Digests of the contracts that the code was built against, by the names of the called workers.
    #[serde(default)]
    pub(crate) callee_contracts: BTreeMap<String, String>,
    pub(crate) retries: i32,
    pub(crate) event_age: i32,
    /// ARN, or worker of the app.
    pub(crate) on_failure: Option<String>,
    /// ARN, or worker of the app.
    #[serde(default)]
    pub(crate) on_success: Option<String>,
    #[serde(default)]
    pub(crate) dead_letter: Option<String>,
    #[serde(default)]
    pub(crate) triggers: Vec<Trigger>,
    /// `None` if there are no alarms.
    #[serde(default)]
    pub(crate) alarms: Option<AlarmSettings>,
    pub(crate) recursion: String,
    pub(crate) concurrency: Option<i32>,
    pub(crate) log_retention: i32,
    pub(crate) layers: Vec<String>,
    pub(crate) url_auth: Option<String>,
    /// `None` if the function is not durable.
    #[serde(default)]
    pub(crate) durable: Option<DurableConfig>,
    /// Of the URL.
    #[serde(default)]
    pub(crate) cors: Option<Cors>,
    /// `None` if the endpoint has none.
    #[serde(default)]
    pub(crate) http_api: Option<HttpApi>,
    /// Whether the URL streams responses. `None` if the settings say nothing.
    #[serde(default)]
    pub(crate) stream: Option<bool>,
    #[serde(default)]
    pub(crate) lambda: LambdaSettings,
    /// `None` if the settings say nothing.
    #[serde(default)]
    pub(crate) uses: Option<Vec<Use>>,
    pub(crate) code: Option<Artifact>,
    pub(crate) layer: Option<Artifact>,
}

/// The contract of a worker.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ManifestContract {
    pub(crate) sha256: String,
    /// JSON Schema.
    pub(crate) schema: Value,
}

/// A trigger: what invokes a function in addition to calls of other functions.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Trigger {
    Schedule {
        schedule: String,
        timezone: String,
        /// JSON text. `None` stands for Scheduler's own event.
        event: Option<String>,
    },
    Queue {
        /// Name of a queue of the app, or an ARN.
        queue: String,
        batch_size: i32,
        batch_window: i32,
        partial_failures: bool,
        max_receives: i32,
        visibility_timeout: i32,
        /// Of a FIFO queue of the app.
        #[serde(default)]
        content_based_deduplication: bool,
        /// JSON texts of event patterns.
        #[serde(default)]
        filters: Vec<String>,
        #[serde(default)]
        maximum_concurrency: Option<i32>,
    },
    Bucket {
        /// Name of a bucket of the app, or an ARN.
        bucket: String,
        prefix: String,
        suffix: String,
        events: Vec<ObjectEvent>,
    },
    Topic {
        /// Name of a topic of the app, or an ARN.
        topic: String,
        /// JSON text of a filter policy. `None` for all messages.
        filter: Option<String>,
        filter_scope: FilterScope,
    },
    Bus {
        /// Name of an event bus of the app, `default`, or an ARN.
        bus: String,
        /// JSON text of an event pattern.
        pattern: String,
    },
    Stream(Box<StreamTrigger>),
}

/// An event source mapping of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct StreamTrigger {
    /// Name of a table of the app, or ARN of a stream.
    pub(crate) dynamodb: Option<String>,
    /// Name of a Kinesis stream of the app, or ARN of one.
    pub(crate) kinesis: Option<String>,
    pub(crate) starting_position: String,
    /// Of `AT_TIMESTAMP`.
    pub(crate) starting_position_timestamp: Option<String>,
    pub(crate) batch_size: i32,
    pub(crate) batch_window: i32,
    pub(crate) parallelization_factor: i32,
    /// -1 for no limit, as in Lambda's API.
    pub(crate) maximum_retry_attempts: i32,
    /// -1 for no limit, as in Lambda's API.
    pub(crate) maximum_record_age: i32,
    pub(crate) bisect_batch_on_function_error: bool,
    pub(crate) tumbling_window: i32,
    pub(crate) partial_failures: bool,
    /// JSON texts of event patterns.
    #[serde(default)]
    pub(crate) filters: Vec<String>,
    /// ARN of a queue, a topic or a bucket.
    pub(crate) on_failure: Option<String>,
    /// Of a table of the app.
    pub(crate) stream_view_type: Option<String>,
}

impl StreamTrigger {
    /// Returns the name of the table of the app whose changes invoke the function. `None` for another stream.
    pub(crate) fn table_of_app(&self) -> Option<&str> {
        self.dynamodb.as_deref().filter(|table| !table.starts_with("arn:"))
    }

    /// Returns the name of the Kinesis stream of the app. `None` for another stream.
    pub(crate) fn stream_of_app(&self) -> Option<&str> {
        self.kinesis.as_deref().filter(|stream| !stream.starts_with("arn:"))
    }

    /// Returns the ARN of a stream that exists. `None` for a stream of the app.
    pub(crate) fn existing_arn(&self) -> Option<&str> {
        self.dynamodb.as_deref().or(self.kinesis.as_deref()).filter(|source| source.starts_with("arn:"))
    }
}

/// What a filter policy is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FilterScope {
    Attributes,
    Body,
}

/// A change of an object in a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ObjectEvent {
    Created,
    Removed,
}

/// Where the value of a secret variable is stored. Its `Display` form is ``the parameter `NAME` ``.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SecretRef {
    Ssm(String),
    SecretsManager(String),
}

/// A zip of a function or layer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Artifact {
    pub(crate) path: PathBuf,
    pub(crate) sha256_base64: String,
    /// SHA-256 of the files in the zip.
    pub(crate) content_sha256: String,
    pub(crate) bytes: u64,
}

impl Manifest {
    /// Reads the manifest of `app` as it is for `stage`. Returns an error if it belongs to another app or to a different set
    /// of workers.
    pub(crate) fn load(app: &App, stage: &str) -> Result<Self> {
        let Some(text) = read_text(app)? else {
            return Err(Error::app(format!("app `{}` is not built yet", app.name)).help(BUILD_HELP));
        };
        let manifest = Self::parse(&text, stage)?;
        manifest.check(app)?;
        Ok(Self { folder: app.root.join(FOLDER), ..manifest })
    }

    /// Reads the manifest of `app` as it is for `stage` or, without one, as it is for each stage that has settings of its own and
    /// for all others, with `*` in place of names of stages. Empty if the app is not built.
    pub(crate) fn load_for_policy(app: &App, stage: Option<&str>) -> Result<Vec<Self>> {
        let Some(text) = read_text(app)? else { return Ok(Vec::new()) };
        let manifests = match stage {
            Some(stage) => vec![Self::parse(&text, stage)?],
            None => Self::parse_all(&text)?,
        };
        for manifest in &manifests {
            manifest.check(app)?;
        }
        Ok(manifests)
    }

    /// Parses the manifest for each stage that it names, and for a stage that it does not name.
    pub(crate) fn parse_all(text: &str) -> Result<Vec<Self>> {
        let value: Value = serde_json::from_str(text).unwrap_or_default();
        let named = value["stages"].as_object().into_iter().flatten().map(|(name, _)| name.as_str());
        [ANY_STAGE].into_iter().chain(named).map(|stage| Self::parse_with_name(text, stage, ANY_STAGE)).collect()
    }

    pub(crate) fn parse(text: &str, stage: &str) -> Result<Self> {
        Self::parse_with_name(text, stage, stage)
    }

    /// Parses the manifest for `stage`, with another name in place of that of the stage.
    fn parse_with_name(text: &str, stage: &str, name: &str) -> Result<Self> {
        let invalid = |reason: String| {
            Error::app("`target/bedrock/manifest.json` is not a manifest that this version can read")
                .cause(reason)
                .help(BUILD_HELP)
        };
        let mut value: Value = serde_json::from_str(text).map_err(|error| invalid(error.to_string()))?;
        match value["version"].as_u64() {
            Some(version) if SUPPORTED_VERSIONS.contains(&version) => {}
            version => {
                return Err(invalid(format!(
                    "its version is {}, the supported versions are 1, 2, 3 and 4",
                    version.unwrap_or_default()
                )));
            }
        }
        apply_stage(&mut value, stage, name);
        serde_json::from_value(value).map_err(|error| invalid(error.to_string()))
    }

    fn check(&self, app: &App) -> Result<()> {
        if self.app != app.name.as_str() {
            return Err(Error::app(format!("the last build is of app `{}`, but this is app `{}`", self.app, app.name))
                .help(BUILD_HELP));
        }
        let exists = |name: &str| app.workers.iter().any(|worker| worker.name.as_str() == name);
        let removed = self.workers.keys().filter(|name| !exists(name));
        let added = app.workers.iter().filter(|worker| !self.workers.contains_key(worker.name.as_str()));
        let causes: Vec<String> = removed
            .map(|name| format!("worker `{name}` was built but no longer exists"))
            .chain(added.map(|worker| format!("worker `{}` was added after the build", worker.name)))
            .collect();
        if causes.is_empty() {
            return Ok(());
        }
        let error = Error::app("the workers are not the ones of the last build");
        Err(causes.into_iter().fold(error, Error::cause).help(BUILD_HELP))
    }

    /// Returns all functions with their keys.
    pub(crate) fn functions(&self) -> impl Iterator<Item = (&str, &ManifestEntry)> {
        let endpoint = self.endpoint.iter().map(|entry| (ENDPOINT, entry));
        self.workers.iter().map(|(name, entry)| (name.as_str(), entry)).chain(endpoint)
    }
}

/// Returns the text of the manifest, or `None` if the app is not built.
fn read_text(app: &App) -> Result<Option<String>> {
    match fs::read_to_string(app.root.join(FOLDER).join("manifest.json")) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("failed to read `target/bedrock/manifest.json`", &error)),
    }
}

/// Replaces what differs in `stage`, and the placeholder for names of stages by `stage_name`.
fn apply_stage(manifest: &mut Value, stage: &str, stage_name: &str) {
    let stages = manifest["stages"].take();
    let mut functions: Vec<(String, &mut Value)> = Vec::new();
    if let Some(manifest) = manifest.as_object_mut() {
        for (key, value) in manifest {
            match key.as_str() {
                ENDPOINT => functions.push((ENDPOINT.to_owned(), value)),
                "workers" => functions
                    .extend(value.as_object_mut().into_iter().flatten().map(|(name, worker)| (name.clone(), worker))),
                _ => {}
            }
        }
    }
    for (name, function) in functions {
        let Some(function) = function.as_object_mut() else { continue };
        let differences = stages[stage][&name].as_object().into_iter().flatten();
        function.extend(differences.map(|(key, value)| (key.clone(), value.clone())));
        // Null stands for a key that the stage does not have.
        function.retain(|key, value| {
            !(value.is_null() && ["durable", "lambda", "triggers", "uses"].contains(&key.as_str()))
        });
        let replaced = function.iter_mut().filter(|(key, _)| !VERBATIM_KEYS.contains(&key.as_str()));
        replaced.for_each(|(_, value)| replace_placeholder(value, stage_name));
    }
}

fn replace_placeholder(value: &mut Value, stage: &str) {
    match value {
        Value::String(text) if text.contains(STAGE_PLACEHOLDER) => *text = text.replace(STAGE_PLACEHOLDER, stage),
        Value::Array(list) => list.iter_mut().for_each(|value| replace_placeholder(value, stage)),
        Value::Object(object) => object.values_mut().for_each(|value| replace_placeholder(value, stage)),
        _ => {}
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ssm(name) => write!(f, "the parameter `{name}`"),
            Self::SecretsManager(name) => write!(f, "the secret `{name}`"),
        }
    }
}

/// Returns a report about something in the manifest that AWS would reject.
pub(crate) fn rejection(message: String, help: &str) -> Report {
    Report { message, causes: Vec::new(), help: vec![help.to_owned()] }
}

#[cfg(test)]
mod tests;
