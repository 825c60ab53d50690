//! What can happen, as readers get to see it. `docs/schema/dev-api.v1.json` describes the JSON, `docs/src/dev-events.md`
//! explains it. Keys and kinds may be added within a version.

use std::sync::Arc;
use std::time::SystemTime;

use bedrock::local::rfc3339;
use serde::Serialize;
use serde_json::Value;

use super::level::Level;
use super::payload::{LONGEST, Payload, cut};
use super::trigger_event::TriggerEvent;

/// Of the JSON.
pub const VERSION: u32 = 1;

/// Something that happened.
#[derive(Debug)]
pub struct DevEvent {
    /// Grows by one from each to the next; the first of a program is larger than all of those before it.
    pub id: u64,
    /// When.
    pub at: SystemTime,
    /// What.
    pub kind: DevEventKind,
}

impl DevEvent {
    /// All of it, in one line. Made for each reader: what is kept has no room for everything twice.
    pub fn json(&self) -> String {
        let mut json = Vec::new();
        self.write(&mut json);
        String::from_utf8(json).unwrap_or_default()
    }

    /// The same behind what is there already.
    pub(super) fn write(&self, json: &mut Vec<u8>) {
        #[derive(Serialize)]
        struct Envelope<'a> {
            version: u32,
            id: u64,
            at: &'a str,
            #[serde(flatten)]
            kind: &'a DevEventKind,
        }
        // Texts, numbers and what was JSON before: that is always JSON.
        let whole = Envelope { version: VERSION, id: self.id, at: &rfc3339(self.at), kind: &self.kind };
        let _ = serde_json::to_writer(json, &whole);
    }
}

/// What happened.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum DevEventKind {
    /// A worker is about to get an event.
    InvocationStarted(InvocationStarted),
    /// What came of it.
    InvocationEnded(InvocationEnded),
    /// A line that a worker printed.
    Log(LogEvent),
    /// How far a build is.
    Build(BuildEvent),
    /// Workers have new code without a build.
    Reloaded(ReloadEvent),
    /// An event that nobody waits for went on.
    Queue(AsyncEventUpdate),
    /// A schedule, a queue or a bucket invoked a worker.
    Trigger(TriggerEvent),
    /// What came of an event went to a destination.
    Delivered(DestinationDelivery),
    /// The app is at work.
    AppStarted(RunningApp),
    /// It is not any more.
    AppStopped(RunningApp),
}

impl DevEventKind {
    /// As the JSON has it.
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

    /// Whether it is about this worker.
    pub fn concerns(&self, worker: &str) -> bool {
        match self {
            Self::InvocationStarted(started) => &*started.worker == worker,
            Self::InvocationEnded(ended) => &*ended.worker == worker,
            Self::Log(log) => &*log.worker == worker,
            Self::Build(build) => build.workers.iter().any(|name| name == worker),
            Self::Reloaded(reloaded) => reloaded.worker == worker,
            Self::Queue(queued) => queued.worker == worker,
            Self::Trigger(triggered) => triggered.worker == worker,
            Self::Delivered(handed_on) => handed_on.worker == worker || handed_on.destination == worker,
            Self::AppStarted(_) | Self::AppStopped(_) => false,
        }
    }

    /// The invocation that it belongs to, which for an event has the event's id.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::InvocationStarted(started) => Some(&started.request_id),
            Self::InvocationEnded(ended) => Some(&ended.request_id),
            Self::Log(log) => log.request_id.as_deref(),
            Self::Queue(queued) => Some(&queued.event_id),
            Self::Trigger(triggered) => triggered.request_id.as_deref(),
            Self::Delivered(handed_on) => Some(&handed_on.event_id),
            Self::Build(_) | Self::Reloaded(_) | Self::AppStarted(_) | Self::AppStopped(_) => None,
        }
    }

    /// With texts of bounded length, whoever wrote them.
    pub(super) fn bounded(mut self) -> Self {
        match &mut self {
            Self::Log(log) => cut(&mut log.line, LONGEST),
            Self::InvocationEnded(ended) => {
                for text in [&mut ended.error_type, &mut ended.message].into_iter().flatten() {
                    cut(text, LONGEST);
                }
                fit(&mut ended.stack);
            }
            Self::Build(build) => fit(&mut build.messages),
            Self::Reloaded(reloaded) => fit(&mut reloaded.files),
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

/// Keeps the first texts, so many that they are not longer than one may be.
fn fit(texts: &mut Vec<String>) {
    let (mut left, all) = (LONGEST, texts.len());
    let mut kept = 0;
    for text in &mut *texts {
        if left == 0 {
            break;
        }
        cut(text, left);
        // A text takes room even if it is empty.
        left = left.saturating_sub(text.len() + 1);
        kept += 1;
    }
    texts.truncate(kept);
    if kept < all {
        texts.push(format!("… {} more", all - kept));
    }
}

/// Whether somebody waits for the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The caller does.
    Sync,
    /// Nobody does: the queue runs it, several times if it fails.
    Event,
}

/// A worker is about to get an event.
#[derive(Debug, Clone, Serialize)]
pub struct InvocationStarted {
    /// A UUID. All attempts of an event have the same.
    pub request_id: Arc<str>,
    /// Who is called.
    pub worker: Arc<str>,
    /// The worker that calls, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller: Option<Arc<str>>,
    /// The invocation that calls, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_request_id: Option<Arc<str>>,
    /// What all calls have in common that one call led to.
    pub trace: String,
    /// Whether somebody waits for the answer.
    pub mode: Mode,
    /// The first is 1; only of events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// What it gets.
    pub event: Arc<Payload>,
}

/// How an invocation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It answered.
    Ok,
    /// It failed, or could not be started.
    Error,
    /// Its time was up.
    Timeout,
    /// It was not run: too many were.
    Throttled,
    /// It was not run: the caller has no right to.
    Denied,
}

impl Outcome {
    /// As the JSON has it.
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

/// What came of an invocation.
#[derive(Debug, Clone, Serialize)]
pub struct InvocationEnded {
    /// Which.
    pub request_id: Arc<str>,
    /// Of which worker.
    pub worker: Arc<str>,
    /// How.
    pub outcome: Outcome,
    /// As its caller gets it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    /// As its caller gets it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// As the worker's language writes it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stack: Vec<String>,
    /// From its start to its end, the start of a process included.
    pub duration_ms: f64,
    /// What of that was the start of a process, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init_ms: Option<f64>,
    /// The most it used, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_memory_mb: Option<u64>,
    /// What it answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<Payload>,
}

/// A line that a worker printed.
#[derive(Debug, Clone, Serialize)]
pub struct LogEvent {
    /// Who.
    pub worker: Arc<str>,
    /// While it ran which invocation, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<Arc<str>>,
    /// If it says one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// Without its end.
    pub line: String,
}

/// How far something is that takes a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BuildStatus {
    /// It has begun.
    Started,
    /// It is done.
    Finished,
    /// It is not going to be done.
    Failed,
}

/// How far a build is.
#[derive(Debug, Clone, Serialize)]
pub struct BuildEvent {
    /// How far.
    pub state: BuildStatus,
    /// Whose code is built.
    pub workers: Vec<String>,
    /// Of all of it, once it is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<f64>,
    /// What the compiler says.
    pub messages: Vec<String>,
}

/// A worker has new code without a build.
#[derive(Debug, Clone, Serialize)]
pub struct ReloadEvent {
    /// Which.
    pub worker: String,
    /// What changed, relative to the app.
    pub files: Vec<String>,
    /// From the change to when the new code is in place.
    pub duration_ms: f64,
}

/// Where an event is that nobody waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AsyncEventState {
    /// It is kept, and will be run.
    Accepted,
    /// An attempt failed; the next one is due later.
    Waiting,
    /// It was worked on with success.
    Delivered,
    /// It was given up.
    Failed,
    /// Somebody threw it away.
    Dropped,
    /// Somebody had it run again.
    Retried,
}

/// An event that nobody waits for went on.
#[derive(Debug, Clone, Serialize)]
pub struct AsyncEventUpdate {
    /// The request id of all its attempts.
    pub event_id: String,
    /// Whose it is.
    pub worker: String,
    /// Where it is now.
    pub state: AsyncEventState,
    /// How often it has been run.
    pub attempts: u32,
    /// When it will be run next, RFC 3339 with milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_at: Option<String>,
}

/// What came of an event went to a destination.
#[derive(Debug, Clone, Serialize)]
pub struct DestinationDelivery {
    /// The request id of all its attempts.
    pub event_id: String,
    /// Whose event it was.
    pub worker: String,
    /// An ARN, or a worker's name.
    pub destination: String,
    /// `on_success`, `on_failure` or `dead_letter`: the setting that names the destination.
    pub why: &'static str,
    /// What the destination gets: a record, or of dead letters the event itself.
    pub record: Payload,
    /// Of a dead letter: the attributes of its message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Value>,
    /// The event that the destination gets, if it is a function of this app. Any other destination gets nothing: what it
    /// would get is kept, and `cargo bedrock queue ls --delivered` shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered_as: Option<String>,
}

/// Where the app is at work.
#[derive(Debug, Clone, Serialize)]
pub struct RunningApp {
    /// The app's name.
    pub name: String,
    /// Of the port with Lambda's API.
    pub url: String,
}

#[cfg(test)]
mod tests {
    use super::{BuildEvent, BuildStatus, DevEventKind, LONGEST};

    fn messages(messages: Vec<String>) -> Vec<String> {
        let build = BuildEvent { state: BuildStatus::Failed, workers: Vec::new(), duration_ms: None, messages };
        let DevEventKind::Build(build) = DevEventKind::Build(build).bounded() else { panic!("a build") };
        build.messages
    }

    #[test]
    fn messages_are_kept_as_far_as_there_is_room_and_the_others_are_counted() {
        let few = vec!["one".to_owned(), String::new(), "three".to_owned()];
        assert_eq!(messages(few.clone()), few);
        let kept = messages(vec!["x".repeat(LONGEST / 2); 5]);
        assert_eq!(kept.len(), 3);
        assert!(kept[1].len() < LONGEST / 2 && kept[2] == "… 3 more", "{:?}", kept[2]);
        assert_eq!(messages(vec![String::new(); LONGEST + 2]).len(), LONGEST + 1);
    }
}
