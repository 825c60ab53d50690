//! The events of an app that is run locally, as the file in `target/bedrock` has them, and how they are shown.

pub(crate) mod delivered;
mod table;

use std::path::PathBuf;
use std::time::SystemTime;

use bedrock::local::rfc3339;
use bedrock_build::App;
use bedrock_dev::{Delivered, Fault, Listed, State, Store};
use serde_json::{Value, json};

use crate::build;
use bedrock_diagnostics::{Error, Result};

/// Characters of a request id that lists show.
const SHORT: usize = 8;

/// The queue of an app; without a file, as long as nothing was ever put into it.
pub(crate) struct Queued {
    path: PathBuf,
    store: Option<Store>,
}

impl Queued {
    pub(crate) fn of(app: &App) -> Result<Self> {
        let path = build::folder(app).join("queue.sqlite");
        let store = path.exists().then(|| Store::open(&path)).transpose().map_err(failed)?;
        Ok(Self { path, store })
    }

    /// All events, the oldest first.
    pub(crate) fn list(&self) -> Result<Vec<Listed>> {
        self.store.as_ref().map_or(Ok(Vec::new()), |store| store.list().map_err(failed))
    }

    /// What went to destinations that are not of this app, the oldest first.
    pub(crate) fn delivered(&self) -> Result<Vec<Delivered>> {
        self.store.as_ref().map_or(Ok(Vec::new()), |store| store.delivered().map_err(failed))
    }

    /// The event whose id begins so.
    pub(crate) fn one(&self, id: &str) -> Result<Listed> {
        let mut found = self.store.as_ref().map_or(Ok(Vec::new()), |store| store.find(id)).map_err(failed)?;
        match (found.pop(), found.len()) {
            (Some(listed), 0) => Ok(listed),
            (None, _) => Err(Error::call(format!("no event `{id}`")).help("see `cargo bedrock queue ls`")),
            (Some(_), others) => {
                Err(Error::call(format!("{} events begin with `{id}`", others + 1)).help("give more of the id"))
            }
        }
    }

    /// False if it is being run.
    pub(crate) fn retry(&self, listed: &Listed) -> Result<bool> {
        // What time it is, only the program knows that runs it: its clock may be fast.
        self.change(|store| store.retry(&listed.event.id, SystemTime::UNIX_EPOCH))
    }

    /// False if it is being run.
    pub(crate) fn forget(&self, listed: &Listed) -> Result<bool> {
        self.change(|store| store.forget(&listed.event.id))
    }

    /// An event that was being run when its program was killed is being run by nobody.
    fn change(&self, how: impl Fn(&Store) -> std::result::Result<bool, Fault>) -> Result<bool> {
        let Some(store) = &self.store else { return Ok(false) };
        if how(store).map_err(failed)? {
            return Ok(true);
        }
        match Store::own(&self.path) {
            Ok(own) => {
                let ended = json!({
                    "errorType": "Runtime.ExitError", "errorMessage": "the program ended while the event was run"
                });
                for event in own.interrupted().map_err(failed)? {
                    own.put_back(&event, SystemTime::now(), &ended).map_err(failed)?;
                }
                how(&own).map_err(failed)
            }
            Err(Fault::Taken(_)) => Ok(false),
            Err(fault) => Err(failed(fault)),
        }
    }

    /// Makes all due that wait.
    pub(crate) fn hurry(&self) -> Result<()> {
        self.store.as_ref().map_or(Ok(0), Store::hurry).map(drop).map_err(failed)
    }

    /// Whether a program is there that runs them.
    pub(crate) fn is_run(&self) -> Result<bool> {
        if self.store.is_none() {
            return Ok(false);
        }
        match Store::own(&self.path) {
            Ok(_) => Ok(false),
            Err(Fault::Taken(_)) => Ok(true),
            Err(fault) => Err(failed(fault)),
        }
    }
}

#[allow(clippy::needless_pass_by_value, reason = "goes where errors are mapped")]
fn failed(fault: Fault) -> Error {
    Error::call(fault.to_string())
}

/// `1 event`, `2 events`
pub(crate) fn count(events: usize) -> String {
    if events == 1 { "1 event".to_owned() } else { format!("{events} events") }
}

/// A line for each, under a head.
pub(crate) fn table(events: &[Listed]) -> String {
    let head = ["event", "worker", "runs", "state", "last error"].map(str::to_owned);
    let row = |listed: &Listed| {
        let event = &listed.event;
        let (id, runs) = (event.id.get(..SHORT).unwrap_or(&event.id).to_owned(), event.attempts.to_string());
        [id, event.worker.clone(), runs, state(listed), last_error(listed)]
    };
    table::aligned(std::iter::once(head).chain(events.iter().map(row)), &[2])
}

fn state(listed: &Listed) -> String {
    match listed.state {
        State::Waiting(due) if due == SystemTime::UNIX_EPOCH => "due now".to_owned(),
        State::Waiting(due) => format!("due {}", rfc3339(due)),
        State::Running => "running".to_owned(),
        State::Dead(condition) => condition.as_str().to_owned(),
    }
}

fn last_error(listed: &Listed) -> String {
    let Some(error) = &listed.last else { return String::new() };
    let parts = ["errorType", "errorMessage"].map(|key| error[key].as_str().unwrap_or_default().to_owned());
    let text = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
    text.lines().next().unwrap_or_default().to_owned()
}

/// All of them as one object; keys may be added to it.
pub(crate) fn json(events: &[Listed]) -> Result<String> {
    pretty(&json!({ "events": events.iter().map(value).collect::<Vec<_>>() }))
}

/// One of them.
pub(crate) fn json_of(listed: &Listed) -> Result<String> {
    pretty(&value(listed))
}

fn value(listed: &Listed) -> Value {
    let event = &listed.event;
    let (state, due) = match listed.state {
        State::Waiting(due) => ("waiting", Some(rfc3339(due))),
        State::Running => ("running", None),
        State::Dead(condition) => (condition.as_str(), None),
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

fn pretty(value: &Value) -> Result<String> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Error::call("failed to write the events as JSON").cause(error.to_string()))?;
    Ok(text + "\n")
}
