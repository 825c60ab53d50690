//! The settings of one function, and their defaults and limits.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::alarms::AlarmSettings;
use super::cors::Cors;
use super::destination::Destination;
use super::durable::DurableSettings;
use super::http_api::HttpApi;
use super::lambda::LambdaSettings;
use super::triggers::{QueueTrigger, Trigger};
use super::uses::{Use, local_variables};
use crate::architecture::Architecture;
use crate::language::Language;
use crate::name::AppName;
use crate::problem::Problem;
use crate::runtime::Runtime;

/// The timeout in seconds (API model, `Timeout`).
pub(super) const TIMEOUT_SECONDS: RangeInclusive<u64> = 1..=1_800;
/// The memory size of a function in megabytes (AWS documentation, Lambda quotas).
pub(super) const MEMORY_MEGABYTES: RangeInclusive<u64> = 128..=10_240;
/// The maximum age of an event in seconds (API model, `MaximumEventAgeInSeconds`).
pub(super) const EVENT_AGE_SECONDS: RangeInclusive<u64> = 60..=21_600;
/// The number of retries of a failed event (API model, `MaximumRetryAttempts`).
pub(super) const RETRIES: RangeInclusive<u64> = 0..=2;
/// The retention periods of CloudWatch Logs in days (API model, `RetentionInDays`).
pub(super) const LOG_RETENTION_DAYS: &[u64] =
    &[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];
/// The environment variable by which the endpoint's program knows the invoke mode of its URL.
const INVOKE_MODE_VARIABLE: &str = "BEDROCK_INVOKE_MODE";
/// Lambda's name of the invoke mode of a URL that streams (API model, `InvokeMode`).
const RESPONSE_STREAM: &str = "RESPONSE_STREAM";
/// The region of a machine that has none.
const DEFAULT_REGION: &str = "us-east-1";
/// The longest visibility timeout of SQS in seconds.
const MAX_VISIBILITY_TIMEOUT_SECONDS: u64 = 43_200;

/// The settings of one function, for the build and for Lambda.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionSettings {
    /// What the function's own table says of its alarms. The tables of the stage and of the app follow.
    pub alarms: AlarmSettings,
    /// Globs, relative to the function's folder, of files that are packed although a check would reject them.
    pub allow: Vec<String>,
    /// Whether the endpoint's URL requires signed requests.
    pub auth: Auth,
    /// Whether a JavaScript worker and its dependencies are bundled to one file, which needs no layer.
    pub bundle: bool,
    /// The CORS configuration of the endpoint's URL. `None`: pages of other origins cannot call it.
    pub cors: Option<Cors>,
    /// The reserved concurrency. Default `None`: nothing is reserved.
    pub concurrency: Option<u64>,
    /// Environment variables with their values.
    pub environment: BTreeMap<String, String>,
    /// Environment variables whose values are read from a secret store at deployment.
    pub secrets: BTreeMap<String, Secret>,
    /// The maximum age of an event in the asynchronous queue, in seconds. Default 21,600.
    pub event_age: u64,
    /// The HTTP API in front of the endpoint. `None`: there is none.
    pub http_api: Option<HttpApi>,
    /// Workers that are called by a name that is computed at run time. An empty list says that no worker is called in
    /// this way; `None` says nothing about such calls.
    pub invokes: Option<Vec<String>>,
    /// What separates invocations of a Python worker from each other on this machine. Default `None`: threads.
    pub isolation: Option<Isolation>,
    /// Settings of Lambda that have no value by default.
    pub lambda: LambdaSettings,
    /// ARNs of layer versions, in addition to the worker's own layer.
    pub layers: Vec<String>,
    /// The configuration of a durable function. `None`: the function is not durable.
    pub durable: Option<DurableSettings>,
    /// The retention period of logs, in days. Default 30.
    pub log_retention: u64,
    /// The memory size, in megabytes. Default 256.
    pub memory: u64,
    /// The ARN of the queue or topic that receives events that failed after all retries.
    pub dead_letter: Option<String>,
    /// The destination of records of events that failed after all retries.
    pub on_failure: Option<Destination>,
    /// The destination of records of events that succeeded.
    pub on_success: Option<Destination>,
    /// What Lambda does when it detects a recursive loop.
    pub recursion: RecursiveLoop,
    /// Fields of events and responses whose values are redacted in logs: names, or paths separated by dots.
    pub redact: Vec<String>,
    /// The number of retries of a failed event. Default 2.
    pub retries: u64,
    /// Lambda's identifier of the runtime. `None` for the default of the language.
    pub runtime: Option<String>,
    /// Whether the endpoint's URL streams responses. Default false: Lambda sends a response when it is complete.
    pub stream: bool,
    /// The timeout of an invocation, in seconds. Default 30.
    pub timeout: u64,
    /// Schedules, queues and buckets that invoke the worker.
    pub triggers: Vec<Trigger>,
    /// Whether the endpoint has a function URL on AWS. `None`: it has one unless it has an HTTP API.
    pub url: Option<bool>,
    /// What the function uses of AWS. `None` says nothing: then it gets no rights for its triggers' objects either.
    pub uses: Option<Vec<Use>>,
}

/// The authorization of the endpoint's URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// The URL is public.
    None,
    /// Requests must be signed by a principal with permission to call the URL.
    Iam,
}

/// What separates invocations of a Python worker that run at the same time on this machine. On Lambda it is always an
/// execution environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// The invocations are threads of one process.
    Thread,
    /// Each process runs one invocation at a time. If it crashes, no other invocation fails.
    Process,
}

/// What Lambda does when it detects that functions have called each other in a loop about sixteen times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecursiveLoop {
    /// Lambda rejects the call.
    Terminate,
    /// Lambda does nothing, because the loop is intended.
    Allow,
}

/// Where the value of an environment variable is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// The name of a parameter in the Systems Manager Parameter Store.
    Ssm(String),
    /// The name or ARN of a secret in Secrets Manager.
    SecretsManager(String),
}

impl Default for FunctionSettings {
    fn default() -> Self {
        Self {
            alarms: AlarmSettings::default(),
            allow: Vec::new(),
            auth: Auth::None,
            bundle: false,
            cors: None,
            concurrency: None,
            environment: BTreeMap::new(),
            secrets: BTreeMap::new(),
            event_age: *EVENT_AGE_SECONDS.end(),
            http_api: None,
            invokes: None,
            isolation: None,
            lambda: LambdaSettings::default(),
            layers: Vec::new(),
            durable: None,
            log_retention: 30,
            memory: 256,
            dead_letter: None,
            on_failure: None,
            on_success: None,
            recursion: RecursiveLoop::Terminate,
            redact: Vec::new(),
            retries: *RETRIES.end(),
            runtime: None,
            stream: false,
            timeout: 30,
            triggers: Vec::new(),
            url: None,
            uses: None,
        }
    }
}

impl FunctionSettings {
    /// Returns the instruction set architecture, where `of_app` is that of the app.
    #[must_use]
    pub fn architecture(&self, of_app: Architecture) -> Architecture {
        self.lambda.architecture.unwrap_or(of_app)
    }

    /// Returns whether the endpoint has a function URL on AWS.
    #[must_use]
    pub fn has_url(&self) -> bool {
        self.url.unwrap_or(self.http_api.is_none())
    }

    /// Returns whether HTTP requests reach the endpoint on AWS: through its URL or its HTTP API.
    #[must_use]
    pub fn has_http_address(&self) -> bool {
        self.has_url() || self.http_api.is_some()
    }

    /// Returns the environment variable by which the program of an endpoint knows that its URL streams. `None` if the
    /// URL does not. The program is the same with and without it, so that a change of the setting compiles nothing.
    #[must_use]
    pub fn invoke_mode_variable(&self) -> Option<(String, String)> {
        self.stream.then(|| (INVOKE_MODE_VARIABLE.to_owned(), RESPONSE_STREAM.to_owned()))
    }

    /// Returns the environment variables of the function on this machine: those of the resources that it uses, and those of
    /// the setting `env`, which override them.
    pub(crate) fn local_variables(&self, app: &AppName) -> BTreeMap<String, String> {
        let region = std::env::var("AWS_REGION").unwrap_or_else(|_| DEFAULT_REGION.to_owned());
        let mut variables = local_variables(self.uses.as_deref().unwrap_or_default(), app, &region);
        variables.extend(self.environment.clone());
        variables
    }

    /// Returns the runtime of a function in `language`.
    pub(crate) fn runtime_for(&self, language: Language) -> Result<Runtime, Problem> {
        match &self.runtime {
            Some(id) => Runtime::parse(id, language),
            None => Ok(Runtime::default_of(language)),
        }
    }
}

impl QueueTrigger {
    /// Returns the visibility timeout of the queue in seconds: six timeouts of the worker, plus the batch window.
    ///
    /// This is what Lambda's documentation recommends, so that a message is not received again while it is processed.
    pub fn visibility_timeout(&self, worker: &FunctionSettings) -> u64 {
        (6 * worker.timeout + self.batch_window).min(MAX_VISIBILITY_TIMEOUT_SECONDS)
    }
}
