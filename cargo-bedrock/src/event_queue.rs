//! The event queue of an app that runs locally: reading and changing the queue file in `target/bedrock`, and its output
//! as a table or as JSON.

use std::path::PathBuf;
use std::time::SystemTime;

use bedrock_build::App;
use bedrock_dev::{DestinationDelivery, DestinationKind, EventRecord, EventState, QueueStore, StoreError};
use bedrock_model::date::rfc3339;
use serde_json::{Value, json};

use crate::build;
use crate::ui::align_columns;
use bedrock_diagnostics::{Error, Result};

/// Number of characters of a request id that tables show.
const SHORT_ID_LENGTH: usize = 8;

/// The queue file of an app.
pub(crate) struct QueueFile {
    path: PathBuf,
    /// `None` until the first event is accepted, because the file does not exist before that.
    store: Option<QueueStore>,
}

impl QueueFile {
    /// Opens the queue file of `app`.
    pub(crate) fn open(app: &App) -> Result<Self> {
        let path = build::artifact_dir(app).join("queue.sqlite");
        let store = path.exists().then(|| QueueStore::open(&path)).transpose().map_err(store_error)?;
        Ok(Self { path, store })
    }

    /// Returns all events, the oldest first.
    pub(crate) fn list(&self) -> Result<Vec<EventRecord>> {
        self.store.as_ref().map_or(Ok(Vec::new()), |store| store.list().map_err(store_error))
    }

    /// Returns the deliveries to destinations outside this app, the oldest first.
    pub(crate) fn deliveries(&self) -> Result<Vec<DestinationDelivery>> {
        self.store.as_ref().map_or(Ok(Vec::new()), |store| store.delivered().map_err(store_error))
    }

    /// Returns the event whose id starts with `id`. Returns an error unless there is exactly one.
    pub(crate) fn find(&self, id: &str) -> Result<EventRecord> {
        let mut found = self.store.as_ref().map_or(Ok(Vec::new()), |store| store.find(id)).map_err(store_error)?;
        match (found.pop(), found.len()) {
            (Some(event), 0) => Ok(event),
            (None, _) => Err(Error::call(format!("no event `{id}`")).help("see `cargo bedrock queue ls`")),
            (Some(_), others) => Err(Error::call(format!("the ids of {} events start with `{id}`", others + 1))
                .help("use more characters of the id")),
        }
    }

    /// Makes an event due and resets its attempts. Returns false if it is being run.
    pub(crate) fn retry(&self, event: &EventRecord) -> Result<bool> {
        // Only the program that runs the events knows the time, because its clock may be fast.
        self.change(|store| store.retry(&event.event.id, SystemTime::UNIX_EPOCH))
    }

    /// Deletes an event. Returns false if it is being run.
    pub(crate) fn delete(&self, event: &EventRecord) -> Result<bool> {
        self.change(|store| store.forget(&event.event.id))
    }

    /// Applies `change`. An event that was running when its program was killed still has the state `running`; if no
    /// program owns the queue, it is put back first.
    fn change(&self, change: impl Fn(&QueueStore) -> std::result::Result<bool, StoreError>) -> Result<bool> {
        let Some(store) = &self.store else { return Ok(false) };
        if change(store).map_err(store_error)? {
            return Ok(true);
        }
        match QueueStore::own(&self.path) {
            Ok(store) => {
                let error = json!({
                    "errorType": "Runtime.ExitError", "errorMessage": "the program ended while the event was run"
                });
                for event in store.interrupted().map_err(store_error)? {
                    store.reschedule(&event, SystemTime::now(), &error).map_err(store_error)?;
                }
                change(&store).map_err(store_error)
            }
            Err(StoreError::Taken(_)) => Ok(false),
            Err(error) => Err(store_error(error)),
        }
    }

    /// Makes all waiting events due.
    pub(crate) fn make_due(&self) -> Result<()> {
        self.store.as_ref().map_or(Ok(0), QueueStore::hurry).map(drop).map_err(store_error)
    }

    /// Whether a running program owns the queue and runs its events.
    pub(crate) fn has_runner(&self) -> Result<bool> {
        if self.store.is_none() {
            return Ok(false);
        }
        match QueueStore::own(&self.path) {
            Ok(_) => Ok(false),
            Err(StoreError::Taken(_)) => Ok(true),
            Err(error) => Err(store_error(error)),
        }
    }
}

#[allow(clippy::needless_pass_by_value, reason = "is used with `map_err`")]
fn store_error(error: StoreError) -> Error {
    Error::call(error.to_string())
}

/// Returns `1 event` or `2 events`.
pub(crate) fn count_text(events: usize) -> String {
    if events == 1 { "1 event".to_owned() } else { format!("{events} events") }
}

/// Returns a table of events with a header.
pub(crate) fn events_table(events: &[EventRecord]) -> String {
    let header = ["event", "worker", "runs", "state", "last error"].map(str::to_owned);
    let row = |listed: &EventRecord| {
        let event = &listed.event;
        let attempts = event.attempts.to_string();
        [short_id(&event.id), event.worker.clone(), attempts, state_text(listed), last_error_line(listed)]
    };
    align_columns(std::iter::once(header).chain(events.iter().map(row)), &[2])
}

fn short_id(id: &str) -> String {
    id.get(..SHORT_ID_LENGTH).unwrap_or(id).to_owned()
}

fn state_text(event: &EventRecord) -> String {
    match event.state {
        EventState::Waiting(due) if due == SystemTime::UNIX_EPOCH => "due now".to_owned(),
        EventState::Waiting(due) => format!("due {}", rfc3339(due)),
        EventState::Running => "running".to_owned(),
        EventState::Dead(condition) => condition.as_str().to_owned(),
    }
}

/// Returns the first line of the last error, or an empty text.
fn last_error_line(event: &EventRecord) -> String {
    let Some(error) = &event.last else { return String::new() };
    let parts = ["errorType", "errorMessage"].map(|key| error[key].as_str().unwrap_or_default().to_owned());
    let text = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
    text.lines().next().unwrap_or_default().to_owned()
}

/// Returns all events as one JSON object. Keys may be added to it.
pub(crate) fn events_json(events: &[EventRecord]) -> Result<String> {
    pretty(&json!({ "events": events.iter().map(event_value).collect::<Vec<_>>() }))
}

/// Returns one event as a JSON object.
pub(crate) fn event_json(event: &EventRecord) -> Result<String> {
    pretty(&event_value(event))
}

fn event_value(listed: &EventRecord) -> Value {
    let event = &listed.event;
    let (state, due) = match listed.state {
        EventState::Waiting(due) => ("waiting", Some(rfc3339(due))),
        EventState::Running => ("running", None),
        EventState::Dead(condition) => (condition.as_str(), None),
    };
    let payload = serde_json::from_slice(&event.payload);
    json!({
        "id": event.id,
        "worker": event.worker,
        "arn": event.arn,
        "state": state,
        "due": due,
        "accepted": rfc3339(event.accepted),
        "runs": event.attempts,
        "refusals": event.refusals,
        "rules": event.rules,
        "last_error": listed.last,
        "payload": payload.unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&event.payload).into_owned())),
    })
}

/// Returns a table of deliveries with a header.
pub(crate) fn deliveries_table(deliveries: &[DestinationDelivery]) -> String {
    let header = ["event", "worker", "at", "setting", "destination"].map(str::to_owned);
    let row = |delivery: &DestinationDelivery| {
        let setting = destination_setting(delivery.why).to_owned();
        let at = rfc3339(delivery.at);
        [short_id(&delivery.id), delivery.worker.clone(), at, setting, delivery.destination.clone()]
    };
    align_columns(std::iter::once(header).chain(deliveries.iter().map(row)), &[])
}

/// Returns all deliveries as one JSON object, with the payload of each. Keys may be added to it.
pub(crate) fn deliveries_json(deliveries: &[DestinationDelivery]) -> Result<String> {
    let value = |delivery: &DestinationDelivery| -> Value {
        let payload_key = if delivery.why == DestinationKind::DeadLetter { "body" } else { "record" };
        json!({
            "event": delivery.id,
            "worker": delivery.worker,
            "at": rfc3339(delivery.at),
            "setting": destination_setting(delivery.why),
            "destination": delivery.destination,
            payload_key: delivery.record,
            "attributes": delivery.attributes,
        })
    };
    pretty(&json!({ "delivered": deliveries.iter().map(value).collect::<Vec<_>>() }))
}

/// Returns the name of the worker's setting that names the destination.
fn destination_setting(kind: DestinationKind) -> &'static str {
    match kind {
        DestinationKind::OnSuccess => "on-success",
        DestinationKind::OnFailure => "on-failure",
        DestinationKind::DeadLetter => "dead-letter",
    }
}

fn pretty(value: &Value) -> Result<String> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Error::call("failed to write the events as JSON").cause(error.to_string()))?;
    Ok(text + "\n")
}
