//! The entries of the event log, as they are serialized. `docs/schema/dev-api.v1.json` describes the JSON,
//! `docs/src/dev-events.md` explains it. Keys and kinds may be added within a version.

use std::sync::Arc;
use std::time::SystemTime;

use bedrock_model::date::rfc3339;
use serde::Serialize;
use serde_json::Value;

use super::http_call::HttpRequest;
use super::level::Level;
use super::payload::{MAX_STORED_BYTES, Payload, truncate_at_char};
use super::trigger_event::TriggerEvent;

/// Version of the JSON format.
pub const VERSION: u32 = 1;

/// An entry of the event log.
#[derive(Debug)]
pub struct DevEvent {
    /// Increases by one from event to event. The first id of a program is larger than all ids of earlier programs.
    pub id: u64,
    /// When the event was published.
    pub at: SystemTime,
    /// What happened.
    pub kind: DevEventKind,
}

impl DevEvent {
    /// Returns the event as JSON in one line. It is serialized for each reader, because storing the text as well would
    /// double the memory of the log.
    pub fn json(&self) -> String {
        let mut json = Vec::new();
        self.write_json(&mut json);
        String::from_utf8(json).unwrap_or_default()
    }

    /// Appends the event as JSON.
    pub(super) fn write_json(&self, json: &mut Vec<u8>) {
        #[derive(Serialize)]
        struct Envelope<'a> {
            version: u32,
            id: u64,
            at: &'a str,
            #[serde(flatten)]
            kind: &'a DevEventKind,
        }
        // Strings, numbers and validated JSON always serialize.
        let envelope = Envelope { version: VERSION, id: self.id, at: &rfc3339(self.at), kind: &self.kind };
        let _ = serde_json::to_writer(json, &envelope);
    }
}

/// The kind of an event, with its data.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum DevEventKind {
    /// An invocation started.
    InvocationStarted(InvocationStarted),
    /// An invocation ended.
    InvocationEnded(InvocationEnded),
    /// A worker wrote a log line.
    Log(LogEvent),
    /// A build started, finished or failed.
    Build(BuildEvent),
    /// A worker was reloaded.
    Reloaded(ReloadEvent),
    /// The state of an asynchronous event changed.
    Queue(AsyncEventUpdate),
    /// A schedule, a queue or a bucket invoked a worker.
    Trigger(TriggerEvent),
    /// The record of an asynchronous event was sent to a destination.
    Delivered(DeliveryEvent),
    /// The app was started.
    AppStarted(RunningApp),
    /// The app was stopped.
    AppStopped(RunningApp),
}

impl DevEventKind {
    /// Returns the value of the key `kind` in the JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::InvocationStarted(_) => "invocation_started",
            Self::InvocationEnded(_) => "invocation_ended",
            Self::Log(_) => "log",
            Self::Build(_) => "build",
            Self::Reloaded(_) => "reloaded",
            Self::Queue(_) => "queue",
            Self::Trigger(_) => "trigger",
            Self::Delivered(_) => "delivered",
            Self::AppStarted(_) => "app_started",
            Self::AppStopped(_) => "app_stopped",
        }
    }

    /// Returns whether the event belongs to this worker.
    pub fn matches_worker(&self, worker: &str) -> bool {
        match self {
            Self::InvocationStarted(started) => &*started.worker == worker,
            Self::InvocationEnded(ended) => &*ended.worker == worker,
            Self::Log(log) => &*log.worker == worker,
            Self::Build(build) => build.workers.iter().any(|name| name == worker),
            Self::Reloaded(reloaded) => reloaded.worker == worker,
            Self::Queue(update) => update.worker == worker,
            Self::Trigger(trigger) => trigger.worker == worker,
            Self::Delivered(delivery) => delivery.worker == worker || delivery.destination == worker,
            Self::AppStarted(_) | Self::AppStopped(_) => false,
        }
    }

    /// Returns the request id of the invocation that the event belongs to. Asynchronous events use it as their id.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::InvocationStarted(started) => Some(&started.request_id),
            Self::InvocationEnded(ended) => Some(&ended.request_id),
            Self::Log(log) => log.request_id.as_deref(),
            Self::Queue(update) => Some(&update.event_id),
            Self::Trigger(trigger) => trigger.request_id.as_deref(),
            Self::Delivered(delivery) => Some(&delivery.event_id),
            Self::Build(_) | Self::Reloaded(_) | Self::AppStarted(_) | Self::AppStopped(_) => None,
        }
    }

    /// Truncates all texts that users' programs wrote.
    pub(super) fn truncated(mut self) -> Self {
        match &mut self {
            Self::Log(log) => truncate_at_char(&mut log.line, MAX_STORED_BYTES),
            Self::InvocationEnded(ended) => {
                for text in [&mut ended.error_type, &mut ended.message].into_iter().flatten() {
                    truncate_at_char(text, MAX_STORED_BYTES);
                }
                truncate_texts(&mut ended.stack);
            }
            Self::Build(build) => truncate_texts(&mut build.messages),
            Self::Reloaded(reloaded) => truncate_texts(&mut reloaded.files),
            Self::InvocationStarted(_)
            | Self::Queue(_)
            | Self::Trigger(_)
            | Self::Delivered(_)
            | Self::AppStarted(_)
            | Self::AppStopped(_) => {}
        }
        self
    }
}

/// Keeps the first texts, which together are at most as long as a single text may be. A last text counts the others.
fn truncate_texts(texts: &mut Vec<String>) {
    let total = texts.len();
    let mut bytes_left = MAX_STORED_BYTES;
    let mut kept_count = 0;
    for text in &mut *texts {
        if bytes_left == 0 {
            break;
        }
        truncate_at_char(text, bytes_left);
        // An empty text also counts, or there could be any number of them.
        bytes_left = bytes_left.saturating_sub(text.len() + 1);
        kept_count += 1;
    }
    texts.truncate(kept_count);
    if kept_count < total {
        texts.push(format!("… {} more", total - kept_count));
    }
}

/// Whether the caller waits for the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The caller waits.
    Sync,
    /// Asynchronous: the queue runs the event, and retries it if it fails.
    Event,
}

/// An invocation started.
#[derive(Debug, Clone, Serialize)]
pub struct InvocationStarted {
    /// A UUID, which all attempts of an asynchronous event share.
    pub request_id: Arc<str>,
    /// The invoked function.
    pub worker: Arc<str>,
    /// The calling function, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller: Option<Arc<str>>,
    /// The calling invocation, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_request_id: Option<Arc<str>>,
    /// The trace id, which all invocations caused by one call share.
    pub trace: String,
    /// Whether the caller waits for the response.
    pub mode: Mode,
    /// Number of the attempt, from 1; only for asynchronous events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// The request, if the event comes from a function URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpRequest>,
    /// The event that the function receives.
    pub event: Arc<Payload>,
}

/// How an invocation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The function returned a response.
    Ok,
    /// The function failed or could not be started.
    Error,
    /// The function timed out.
    Timeout,
    /// The function was not run because of a concurrency limit.
    Throttled,
    /// The function was not run because the caller has no permission.
    Denied,
}

impl Outcome {
    /// Returns the value in the JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Timeout => "timeout",
            Self::Throttled => "throttled",
            Self::Denied => "denied",
        }
    }
}

/// An invocation ended.
#[derive(Debug, Clone, Serialize)]
pub struct InvocationEnded {
    /// The request id of the invocation.
    pub request_id: Arc<str>,
    /// The invoked function.
    pub worker: Arc<str>,
    /// The outcome.
    pub outcome: Outcome,
    /// The status that the client gets, if the event comes from a function URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The error type that the caller receives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    /// The error message that the caller receives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The stack trace, in the format of the worker's language.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stack: Vec<String>,
    /// Duration in milliseconds, including a cold start.
    pub duration_ms: f64,
    /// The part of the duration that was a cold start, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init_ms: Option<f64>,
    /// Peak memory, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_memory_mb: Option<u64>,
    /// The response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<Payload>,
}

impl InvocationEnded {
    /// Whether the invocation failed: the function did, or it responded with a status of 5xx.
    pub(crate) fn is_failure(&self) -> bool {
        self.outcome != Outcome::Ok || self.status.is_some_and(|status| status >= 500)
    }
}

/// A worker wrote a log line.
#[derive(Debug, Clone, Serialize)]
pub struct LogEvent {
    /// The worker.
    pub worker: Arc<str>,
    /// The invocation that wrote the line, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<Arc<str>>,
    /// The severity, if the line contains one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// The text without the line end.
    pub line: String,
}

/// The state of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BuildStatus {
    /// The build has started.
    Started,
    /// The build succeeded.
    Finished,
    /// The build failed.
    Failed,
}

/// A build started, finished or failed.
#[derive(Debug, Clone, Serialize)]
pub struct BuildEvent {
    /// The state of the build.
    pub state: BuildStatus,
    /// The functions whose code is built; empty for all programs.
    pub workers: Vec<String>,
    /// Duration in milliseconds, once the build has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<f64>,
    /// Messages of the compiler.
    pub messages: Vec<String>,
}

/// A worker was reloaded.
#[derive(Debug, Clone, Serialize)]
pub struct ReloadEvent {
    /// The worker.
    pub worker: String,
    /// The changed files, relative to the app.
    pub files: Vec<String>,
    /// Milliseconds from the change until the new code is used.
    pub duration_ms: f64,
}

/// The state of an asynchronous event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AsyncEventState {
    /// The event is stored and will be run.
    Accepted,
    /// An attempt failed, and the next one is scheduled.
    Waiting,
    /// An attempt succeeded.
    Delivered,
    /// The event failed permanently.
    Failed,
    /// The user deleted the event.
    Dropped,
    /// The user scheduled another attempt.
    Retried,
}

/// The state of an asynchronous event changed.
#[derive(Debug, Clone, Serialize)]
pub struct AsyncEventUpdate {
    /// The id of the event, which is the request id of all its attempts.
    pub event_id: String,
    /// The worker that the event is for.
    pub worker: String,
    /// The new state.
    pub state: AsyncEventState,
    /// Number of attempts so far.
    pub attempts: u32,
    /// When the next attempt is due, as RFC 3339 with milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_at: Option<String>,
}

/// The record of an asynchronous event was sent to a destination.
#[derive(Debug, Clone, Serialize)]
pub struct DeliveryEvent {
    /// The id of the event, which is the request id of all its attempts.
    pub event_id: String,
    /// The worker that the event was for.
    pub worker: String,
    /// An ARN, or a worker's name.
    pub destination: String,
    /// `on_success`, `on_failure` or `dead_letter`: the setting that names the destination.
    pub why: &'static str,
    /// What the destination receives: a record, or for dead letters the event itself.
    pub record: Payload,
    /// The message attributes of a dead letter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Value>,
    /// The id of the asynchronous event that invokes the destination, if it is a function of this app. Other
    /// destinations do not exist locally: the record is stored, and `cargo bedrock queue ls --delivered` shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered_as: Option<String>,
}

/// The running app.
#[derive(Debug, Clone, Serialize)]
pub struct RunningApp {
    /// The app's name.
    pub name: String,
    /// URL of Lambda's API.
    pub url: String,
}

#[cfg(test)]
mod tests {
    use super::{BuildEvent, BuildStatus, DevEventKind, MAX_STORED_BYTES};

    fn messages(messages: Vec<String>) -> Vec<String> {
        let build = BuildEvent { state: BuildStatus::Failed, workers: Vec::new(), duration_ms: None, messages };
        let DevEventKind::Build(build) = DevEventKind::Build(build).truncated() else { panic!("a build") };
        build.messages
    }

    #[test]
    fn build_messages_are_truncated_and_the_rest_counted() {
        let few = vec!["one".to_owned(), String::new(), "three".to_owned()];
        assert_eq!(messages(few.clone()), few);
        let kept = messages(vec!["x".repeat(MAX_STORED_BYTES / 2); 5]);
        assert_eq!(kept.len(), 3);
        assert!(kept[1].len() < MAX_STORED_BYTES / 2 && kept[2] == "… 3 more", "{:?}", kept[2]);
        assert_eq!(messages(vec![String::new(); MAX_STORED_BYTES + 2]).len(), MAX_STORED_BYTES + 1);
    }
}
