//! What was built: the manifest of `cargo bedrock build`, read back, and whether it still is what the app is.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use bedrock_build::App;
use serde::Deserialize;

use bedrock_diagnostics::{Error, Result};

/// The versions of manifests that this reads.
const VERSIONS: [u64; 2] = [1, 2];
const BUILD: &str = "run `cargo bedrock build --release`";

/// The functions of an app, and the zips that were made of them.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) app: String,
    pub(crate) profile: String,
    pub(crate) endpoint: Option<Entry>,
    pub(crate) workers: BTreeMap<String, Entry>,
    /// Where it lies; the paths in it begin there.
    #[serde(skip)]
    pub(crate) folder: PathBuf,
}

/// One function.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Entry {
    pub(crate) runtime: String,
    pub(crate) handler: String,
    pub(crate) architecture: String,
    pub(crate) memory: i32,
    pub(crate) timeout: i32,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) secrets: BTreeMap<String, SecretRef>,
    pub(crate) invokes: Vec<String>,
    pub(crate) retries: i32,
    pub(crate) event_age: i32,
    /// ARNs, or workers of the app.
    pub(crate) on_failure: Option<String>,
    #[serde(default)]
    pub(crate) on_success: Option<String>,
    #[serde(default)]
    pub(crate) dead_letter: Option<String>,
    #[serde(default)]
    pub(crate) triggers: Vec<Trigger>,
    pub(crate) recursion: String,
    pub(crate) concurrency: Option<i32>,
    pub(crate) log_retention: i32,
    pub(crate) layers: Vec<String>,
    pub(crate) url_auth: Option<String>,
    pub(crate) code: Option<Artifact>,
    pub(crate) layer: Option<Artifact>,
}

/// What invokes a function besides calls.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Trigger {
    Schedule {
        schedule: String,
        timezone: String,
        /// JSON text; none for Scheduler's own event.
        event: Option<String>,
    },
    Queue {
        /// The name of a queue of the app, or an ARN.
        queue: String,
        batch_size: i32,
        batch_window: i32,
        partial_failures: bool,
        max_receives: i32,
        visibility_timeout: i32,
    },
    Bucket {
        /// The name of a bucket of the app, or an ARN.
        bucket: String,
        prefix: String,
        suffix: String,
        events: Vec<ObjectEvent>,
    },
}

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ObjectEvent {
    Created,
    Removed,
}

/// Where the value of a variable is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SecretRef {
    Ssm(String),
    SecretsManager(String),
}

/// A zip.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Artifact {
    pub(crate) path: PathBuf,
    pub(crate) sha256_base64: String,
    /// Of what is in it.
    pub(crate) content_sha256: String,
    pub(crate) bytes: u64,
}

impl Manifest {
    /// Reads the manifest of `app`, and refuses one of another app or of other workers than there are now.
    pub(crate) fn load(app: &App) -> Result<Self> {
        let folder = app.root.join("target/bedrock");
        let text = match fs::read_to_string(folder.join("manifest.json")) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Error::app(format!("app `{}` is not built yet", app.name)).help(BUILD));
            }
            Err(error) => return Err(Error::io("failed to read `target/bedrock/manifest.json`", &error)),
        };
        let manifest = Self::parse(&text)?;
        manifest.check(app)?;
        Ok(Self { folder, ..manifest })
    }

    fn parse(text: &str) -> Result<Self> {
        let wrong = |why: String| {
            Error::app("`target/bedrock/manifest.json` is no manifest that this version reads").cause(why).help(BUILD)
        };
        let value: serde_json::Value = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        match value["version"].as_u64() {
            Some(version) if VERSIONS.contains(&version) => {}
            version => {
                return Err(wrong(format!("its version is {}, neither 1 nor 2", version.unwrap_or_default())));
            }
        }
        serde_json::from_value(value).map_err(|error| wrong(error.to_string()))
    }

    fn check(&self, app: &App) -> Result<()> {
        if self.app != app.name.as_str() {
            return Err(
                Error::app(format!("what was built is app `{}`, and this is app `{}`", self.app, app.name)).help(BUILD)
            );
        }
        let is_there = |name: &str| app.workers.iter().any(|worker| worker.name.as_str() == name);
        let gone = self.workers.keys().filter(|name| !is_there(name));
        let new = app.workers.iter().filter(|worker| !self.workers.contains_key(worker.name.as_str()));
        let causes: Vec<String> = gone
            .map(|name| format!("worker `{name}` was built and is not there any more"))
            .chain(new.map(|worker| format!("worker `{}` came later", worker.name)))
            .collect();
        if causes.is_empty() {
            return Ok(());
        }
        let error = Error::app("the workers are not the ones that were built");
        Err(causes.into_iter().fold(error, Error::cause).help(BUILD))
    }

    /// All functions, the endpoint as `endpoint`.
    pub(crate) fn functions(&self) -> impl Iterator<Item = (&str, &Entry)> {
        let endpoint = self.endpoint.iter().map(|entry| (super::stage::ENDPOINT, entry));
        self.workers.iter().map(|(name, entry)| (name.as_str(), entry)).chain(endpoint)
    }
}
