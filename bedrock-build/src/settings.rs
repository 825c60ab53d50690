//! What `[package.metadata.bedrock]` of the app says. An unknown key or a wrong value is a problem with file and line.

mod destination;
mod json;
mod reader;
pub mod triggers;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::manifest::Table;
use crate::runtime::Architecture;
use crate::{Problem, WorkerName};
pub use destination::Destination;
use reader::{Reader, Value};
use triggers::{Trigger, conflicts};

const APP_KEYS: &[&str] = &["architecture", "endpoint", "workers", "workers-dir"];
const ENDPOINT_KEYS: &[&str] = &[
    "allow",
    "auth",
    "concurrency",
    "env",
    "invokes",
    "layers",
    "log-retention",
    "memory",
    "redact",
    "runtime",
    "timeout",
];
const WORKER_KEYS: &[&str] = &[
    "allow",
    "bundle",
    "concurrency",
    "dead-letter",
    "env",
    "event-age",
    "invokes",
    "layers",
    "log-retention",
    "memory",
    "on-failure",
    "on-success",
    "recursion",
    "redact",
    "retries",
    "runtime",
    "timeout",
    "triggers",
];

/// Seconds a function may run. Lambda's documents still say 900 where its API model says more, so 900 is the limit.
const TIMEOUT: RangeInclusive<u64> = 1..=900;
/// Megabytes of memory of an ordinary function (AWS documentation, Lambda quotas).
const MEMORY: RangeInclusive<u64> = 128..=10_240;
/// Seconds an accepted event may wait (API model, `MaximumEventAgeInSeconds`).
const EVENT_AGE: RangeInclusive<u64> = 60..=21_600;
/// How often a failed event is tried again (API model, `MaximumRetryAttempts`).
const RETRIES: RangeInclusive<u64> = 0..=2;
/// The days for which CloudWatch Logs can keep a log (API model, `RetentionInDays`).
const LOG_RETENTION: &[u64] =
    &[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// All settings of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Folder of the workers, relative to the app. Default `workers`.
    pub workers_dir: String,
    /// What all functions of the app run on.
    pub architecture: Architecture,
    /// Of the endpoint.
    pub endpoint: FunctionSettings,
    /// Of each worker that has a table of its own.
    pub workers: BTreeMap<String, FunctionSettings>,
}

/// What Lambda, and the build, need to know of one function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionSettings {
    /// Files that go into the artifact although a check would refuse them, as globs relative to the function's folder.
    pub allow: Vec<String>,
    /// Whether the endpoint's URL is open or takes signed requests alone.
    pub auth: Auth,
    /// Whether a JavaScript worker and its dependencies become one file, which needs no layer.
    pub bundle: bool,
    /// Reserved concurrency; nothing is reserved by default.
    pub concurrency: Option<u64>,
    /// Variables with their values.
    pub environment: BTreeMap<String, String>,
    /// Variables whose values are kept elsewhere and looked up when the function is deployed.
    pub secrets: BTreeMap<String, Secret>,
    /// Seconds an accepted event may wait before it is dropped. Default 21,600.
    pub event_age: u64,
    /// Workers that are called by a name which the code computes. An empty list says that no such name is a worker's;
    /// nothing says that there is no such name.
    pub invokes: Option<Vec<String>>,
    /// ARNs of layer versions besides the worker's own layer.
    pub layers: Vec<String>,
    /// Days for which logs are kept. Default 30.
    pub log_retention: u64,
    /// Megabytes. Default 256.
    pub memory: u64,
    /// ARN of the queue or topic that gets the events themselves which failed for good.
    pub dead_letter: Option<String>,
    /// Where records of events go that failed for good.
    pub on_failure: Option<Destination>,
    /// Where records of events go that succeeded.
    pub on_success: Option<Destination>,
    /// Whether Lambda ends calls that go round in circles.
    pub recursion: Recursion,
    /// Fields of events and responses whose values are nobody's business: names, or paths with dots in between.
    pub redact: Vec<String>,
    /// How often a failed event is tried again. Default 2.
    pub retries: u64,
    /// Lambda's identifier of the runtime; the language's default where it is not set.
    pub runtime: Option<String>,
    /// Seconds one invocation may take. Default 30.
    pub timeout: u64,
    /// What invokes a worker besides calls.
    pub triggers: Vec<Trigger>,
}

/// Who may call the endpoint's URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// Everybody.
    None,
    /// Whoever signs requests and has the right.
    Iam,
}

/// What Lambda does when functions call one another in a circle about sixteen times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recursion {
    /// The call is refused.
    Terminate,
    /// Nothing: the circle is meant.
    Allow,
}

/// Where the value of a variable is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// Name of a parameter of the Systems Manager's Parameter Store.
    Ssm(String),
    /// Name or ARN of a secret of the Secrets Manager.
    SecretsManager(String),
}

impl Default for FunctionSettings {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            auth: Auth::None,
            bundle: false,
            concurrency: None,
            environment: BTreeMap::new(),
            secrets: BTreeMap::new(),
            event_age: *EVENT_AGE.end(),
            invokes: None,
            layers: Vec::new(),
            log_retention: 30,
            memory: 256,
            dead_letter: None,
            on_failure: None,
            on_success: None,
            recursion: Recursion::Terminate,
            redact: Vec::new(),
            retries: *RETRIES.end(),
            runtime: None,
            timeout: 30,
            triggers: Vec::new(),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            workers_dir: "workers".to_owned(),
            architecture: Architecture::default(),
            endpoint: FunctionSettings::default(),
            workers: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// Reads the table `[package.metadata.bedrock]`; all problems at once.
    pub(crate) fn read(table: Table<'_>) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader { table, problems: Vec::new(), declared: Vec::new() };
        let mut settings = Self::default();
        for (key, span, value) in table.entries() {
            match key {
                "architecture" => {
                    let words = Architecture::ALL.map(|architecture| (architecture.as_str(), architecture));
                    set(&mut settings.architecture, reader.word(value, key, &words));
                }
                "workers-dir" => match value.get_ref().as_str().filter(|dir| is_inside(dir)) {
                    Some(dir) => dir.trim_end_matches('/').clone_into(&mut settings.workers_dir),
                    None => reader.wrong(value, "workers-dir", "a relative path inside the app"),
                },
                "endpoint" => settings.endpoint = reader.function(value, "endpoint", ENDPOINT_KEYS),
                "workers" => settings.workers = reader.workers(value),
                _ => reader.unknown(key, &span, "[package.metadata.bedrock]", APP_KEYS),
            }
        }
        reader.problems.extend(conflicts(&reader.declared));
        if reader.problems.is_empty() { Ok(settings) } else { Err(reader.problems) }
    }

    /// The settings of one worker, defaults where it has no table.
    pub fn of_worker(&self, name: &WorkerName) -> FunctionSettings {
        self.workers.get(name.as_str()).cloned().unwrap_or_default()
    }
}

impl Reader<'_> {
    fn workers(&mut self, value: &Value<'_>) -> BTreeMap<String, FunctionSettings> {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong(value, "workers", "a table of tables, one for each worker");
            return BTreeMap::new();
        };
        let mut workers = BTreeMap::new();
        for (name, value) in table {
            let name = name.get_ref().as_ref();
            workers.insert(name.to_owned(), self.function(value, &format!("workers.{name}"), WORKER_KEYS));
        }
        workers
    }

    fn function(&mut self, value: &Value<'_>, path: &str, known: &[&str]) -> FunctionSettings {
        let mut settings = FunctionSettings::default();
        let Some(table) = value.get_ref().as_table() else {
            self.wrong(value, path, "a table");
            return settings;
        };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if known.contains(&name) {
                self.setting(name, value, &format!("{path}.{name}"), &mut settings);
            } else {
                self.unknown(name, &key.span(), &format!("[package.metadata.bedrock.{path}]"), known);
            }
        }
        settings
    }

    fn setting(&mut self, name: &str, value: &Value<'_>, path: &str, settings: &mut FunctionSettings) {
        match name {
            "allow" => set(&mut settings.allow, self.texts(value, path, "a list of paths or globs")),
            "auth" => set(&mut settings.auth, self.word(value, path, &[("none", Auth::None), ("iam", Auth::Iam)])),
            "bundle" => set(&mut settings.bundle, self.boolean(value, path)),
            "concurrency" => settings.concurrency = self.number(value, path, "", &(0..=1_000_000)),
            "dead-letter" => settings.dead_letter = self.dead_letter(value, path),
            "env" => (settings.environment, settings.secrets) = self.environment(value, path),
            "event-age" => set(&mut settings.event_age, self.number(value, path, "seconds", &EVENT_AGE)),
            "invokes" => settings.invokes = self.texts(value, path, "a list of worker names"),
            "layers" => set(&mut settings.layers, self.texts(value, path, "a list of ARNs of layer versions")),
            "log-retention" => match self.number(value, path, "days", &(1..=3653)) {
                Some(days) if LOG_RETENTION.contains(&days) => settings.log_retention = days,
                Some(_) => {
                    let list = LOG_RETENTION.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
                    self.wrong(value, path, &format!("a number of days that CloudWatch Logs knows ({list})"));
                }
                None => {}
            },
            "memory" => set(&mut settings.memory, self.number(value, path, "megabytes", &MEMORY)),
            "on-failure" => settings.on_failure = self.destination(value, path),
            "on-success" => settings.on_success = self.destination(value, path),
            "recursion" => {
                let words = [("terminate", Recursion::Terminate), ("allow", Recursion::Allow)];
                set(&mut settings.recursion, self.word(value, path, &words));
            }
            "redact" => set(&mut settings.redact, self.fields(value, path)),
            "retries" => set(&mut settings.retries, self.number(value, path, "", &RETRIES)),
            "runtime" => settings.runtime = self.text(value, path, "the name of a runtime"),
            "triggers" => settings.triggers = self.triggers(value, path),
            _ => set(&mut settings.timeout, self.number(value, path, "seconds", &TIMEOUT)),
        }
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn is_inside(dir: &str) -> bool {
    use std::path::{Component, Path};
    !dir.is_empty() && Path::new(dir).components().all(|c| matches!(c, Component::Normal(_)))
}

#[cfg(test)]
mod tests;
