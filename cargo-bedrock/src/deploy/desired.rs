//! What is to be there: every function with all that belongs to it, decided from what was built, the stage and the values
//! of the secrets. Refuses what AWS would not take, all at once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::ends;
use super::environment::{self, Environment};
use super::manifest::{Artifact, Entry, Manifest, SecretRef, Trigger};
use super::policy::{Policies, Uses, policies};
use super::stage::{ENDPOINT, Site};
use super::version::{Settings, Version};
use bedrock_diagnostics::{Error, ExitKind, Report, Result};

/// Layers on one function.
const LAYERS: usize = 5;
const BUILD: &str = "run `cargo bedrock build --release`";

/// The functions of a stage by their workers' names, the endpoint as `endpoint`.
pub(crate) type Desired = BTreeMap<String, Function>;
/// Values of secrets by where they are kept.
pub(crate) type Secrets = BTreeMap<SecretRef, String>;

/// One function and what belongs to it.
#[derive(Debug, Clone)]
pub(crate) struct Function {
    /// Its layers are not known while its own layer is still to be published.
    pub(crate) version: Version,
    pub(crate) zip: Zip,
    /// The worker's own dependencies.
    pub(crate) layer: Option<Layer>,
    /// ARNs of layer versions that others published.
    pub(crate) other_layers: Vec<String>,
    pub(crate) policies: Policies,
    /// Days.
    pub(crate) log_retention: i32,
    pub(crate) concurrency: Option<i32>,
    pub(crate) events: Events,
    /// Whether calls may go round in circles.
    pub(crate) may_recurse: bool,
    pub(crate) url: Option<UrlAuth>,
    /// What invokes it besides calls.
    pub(crate) triggers: Vec<Trigger>,
}

impl Function {
    /// All layers, `own` being the worker's. Of two layers with the same file the later one counts.
    pub(crate) fn layers(&self, own: Option<&str>) -> Vec<String> {
        self.other_layers.iter().map(String::as_str).chain(own).map(str::to_owned).collect()
    }
}

/// A file to upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Zip {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    pub(crate) sha256_base64: String,
}

/// A layer version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layer {
    pub(crate) zip: Zip,
    /// Says what is in it, for finding it again among the versions of the layer.
    pub(crate) description: String,
}

/// What happens to events in the end. The default is what Lambda does by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Events {
    pub(crate) retries: i32,
    /// Seconds that an event may wait.
    pub(crate) age: i32,
    /// ARNs.
    pub(crate) on_failure: Option<String>,
    pub(crate) on_success: Option<String>,
}

impl Default for Events {
    fn default() -> Self {
        Self { retries: 2, age: 21_600, on_failure: None, on_success: None }
    }
}

impl Events {
    /// Whether they go to functions of the stage, which have to be there first.
    pub(crate) fn go_to(&self, site: &Site) -> bool {
        let prefix = site.arn("");
        [&self.on_failure, &self.on_success].into_iter().flatten().any(|arn| arn.starts_with(&prefix))
    }
}

/// Who may call a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UrlAuth {
    Everybody,
    Iam,
}

/// What `manifest` asks for on `site`: the functions of `only`, or all.
pub(crate) fn desired(manifest: &Manifest, site: &Site, only: &[String], secrets: &Secrets) -> Result<Desired> {
    let chosen = manifest.functions().filter(|(key, _)| only.is_empty() || only.iter().any(|name| name == key));
    let mut desired = Desired::new();
    let mut reports = Vec::new();
    for (key, entry) in chosen {
        let (function, found) = function(manifest, site, (key, entry), secrets);
        reports.extend(found);
        desired.extend(function.map(|function| (key.to_owned(), function)));
    }
    if reports.is_empty() { Ok(desired) } else { Err(Error { kind: ExitKind::App, reports }) }
}

/// The secrets of the functions of `only`, or of all.
pub(crate) fn secrets_of<'a>(manifest: &'a Manifest, only: &[String]) -> impl Iterator<Item = &'a SecretRef> {
    let chosen = |key: &str| only.is_empty() || only.iter().any(|name| name == key);
    manifest.functions().filter(move |(key, _)| chosen(key)).flat_map(|(_, entry)| entry.secrets.values())
}

fn function(
    manifest: &Manifest,
    site: &Site,
    (key, entry): (&str, &Entry),
    secrets: &Secrets,
) -> (Option<Function>, Vec<Report>) {
    let Some(code) = &entry.code else {
        return (None, vec![report(format!("{} is not built yet", shown(key)), BUILD)]);
    };
    let callees: BTreeSet<&str> = entry.invokes.iter().map(String::as_str).collect();
    let callees: Vec<&str> = callees.into_iter().collect();
    let mut own = ends::variables(manifest, site);
    own.extend(own_variables(entry, secrets));
    let arns = callees.iter().map(|callee| (arn_variable(&site.app, callee), site.arn(callee))).collect();
    let environment = Environment::of(own, arns);
    let mut reports = refusals(manifest, (key, entry), &callees, &environment);
    reports.extend(ends::refusals(manifest, site, (key, entry)));
    let end = |text: &Option<String>| ends::arn(manifest, site, text.as_deref()?);
    let (on_failure, on_success) = (end(&entry.on_failure), end(&entry.on_success));
    let layer = entry.layer.as_ref().map(|artifact| Layer {
        zip: zip(manifest, artifact),
        description: format!("{} {} {}", artifact.content_sha256, entry.runtime, entry.architecture),
    });
    let settings = Settings {
        runtime: entry.runtime.clone(),
        handler: entry.handler.clone(),
        memory: entry.memory,
        timeout: entry.timeout,
        role: site.role_arn(key),
        environment,
        dead_letter: entry.dead_letter.clone(),
    };
    let uses = Uses {
        callees,
        dead_letter: entry.dead_letter.clone(),
        on_failure: on_failure.clone(),
        on_success: on_success.clone(),
        queues: ends::queues(site, entry),
    };
    let version = Version {
        code: code.sha256_base64.clone(),
        architecture: entry.architecture.clone(),
        settings,
        layers: layer.is_none().then(|| entry.layers.clone()),
    };
    let function = Function {
        version,
        zip: zip(manifest, code),
        layer,
        other_layers: entry.layers.clone(),
        policies: policies(site, key, &uses),
        log_retention: entry.log_retention,
        concurrency: entry.concurrency,
        events: Events { retries: entry.retries, age: entry.event_age, on_failure, on_success },
        may_recurse: entry.recursion == "allow",
        url: (key == ENDPOINT).then(|| url_auth(entry)),
        triggers: entry.triggers.clone(),
    };
    (Some(function), reports)
}

fn own_variables(entry: &Entry, secrets: &Secrets) -> BTreeMap<String, String> {
    let mut variables = entry.environment.clone();
    let secret = |(name, at): (&String, &SecretRef)| Some((name.clone(), secrets.get(at)?.clone()));
    variables.extend(entry.secrets.iter().filter_map(secret));
    variables
}

fn refusals(
    manifest: &Manifest,
    (key, entry): (&str, &Entry),
    callees: &[&str],
    environment: &Environment,
) -> Vec<Report> {
    let function = shown(key);
    let mut reports = Vec::new();
    for artifact in [&entry.code, &entry.layer].into_iter().flatten() {
        let path = artifact.path.display();
        match std::fs::metadata(manifest.folder.join(&artifact.path)) {
            Ok(found) if found.len() == artifact.bytes => {}
            Ok(_) => {
                reports.push(report(format!("`target/bedrock/{path}` of {function} is not what was built"), BUILD));
            }
            Err(_) => reports.push(report(format!("`target/bedrock/{path}` of {function} is not there"), BUILD)),
        }
    }
    for callee in callees.iter().filter(|callee| !manifest.workers.contains_key(**callee)) {
        reports.push(report(format!("no worker named `{callee}`, which {function} calls"), BUILD));
    }
    let bytes = environment.bytes();
    if bytes > environment::LIMIT {
        let limit = environment::LIMIT;
        let message = format!(
            "the environment of {function} is too large: {bytes} bytes as JSON with its secrets, the limit is {limit}"
        );
        reports.push(report(message, "let the function read large values itself"));
    }
    let layers = entry.layers.len() + usize::from(entry.layer.is_some());
    if layers > LAYERS {
        let message = format!("{function} has too many layers: {layers}, the limit is {LAYERS}");
        reports.push(report(message, "take some out of `layers` in its settings"));
    }
    reports
}

fn zip(manifest: &Manifest, artifact: &Artifact) -> Zip {
    Zip {
        path: manifest.folder.join(&artifact.path),
        bytes: artifact.bytes,
        sha256_base64: artifact.sha256_base64.clone(),
    }
}

fn url_auth(entry: &Entry) -> UrlAuth {
    if entry.url_auth.as_deref() == Some("iam") { UrlAuth::Iam } else { UrlAuth::Everybody }
}

fn arn_variable(app: &str, callee: &str) -> String {
    format!("{}_WORKER_ARN_{callee}", app.replace('-', "_")).to_uppercase()
}

pub(super) fn report(message: String, help: &str) -> Report {
    Report { message, causes: Vec::new(), help: vec![help.to_owned()] }
}

/// ``worker `resizer` `` or `the endpoint`.
pub(crate) fn shown(key: &str) -> String {
    if key == ENDPOINT { "the endpoint".to_owned() } else { format!("worker `{key}`") }
}
