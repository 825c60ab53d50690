//! The append-only log of what the dev server does: invocations, log lines, builds, queue changes. It is kept in
//! bounded memory and in a file, and is read over HTTP by any number of subscribers. A slow subscriber never delays a
//! publisher.
//!
//! | module | does |
//! | --- | --- |
//! | `event` | the entries of the log, as they are serialized |
//! | `trigger_event` | entries about triggers |
//! | `level` | the severity of a log line |
//! | `payload` | events and responses, truncated to a maximum length |
//! | `http_call` | method, path and status of requests of function URLs |
//! | `log` | the log in memory, and readers that go through it at their own pace |
//! | `kept_events` | entries of failures and builds, which outlive the others |
//! | `memory_size` | estimated memory of an entry |
//! | `file` | a reader that writes the log to a file |
//! | `recorder` | publishes entries for invocations, log lines and queue changes |
//! | `caller_index` | finds the caller of an invocation |
//! | `redact` | removes confidential parts of events and responses |
//! | `payload_cache` | complete events of recent invocations |
//! | `invocation_view` | entries of one invocation, aggregated |
//! | `trace_view` | all invocations that one call caused |
//! | `search` | finds invocations that contain a text |

mod caller_index;
mod event;
mod file;
mod http_call;
pub(crate) mod invocation_view;
mod kept_events;
mod level;
mod log;
mod memory_size;
mod payload;
mod payload_cache;
pub(crate) mod recorder;
mod redact;
pub(crate) mod search;
pub(crate) mod trace_view;
mod trigger_event;

pub use event::{
    AsyncEventState, AsyncEventUpdate, BuildEvent, BuildStatus, DeliveryEvent, DevEvent, DevEventKind, InvocationEnded,
    InvocationStarted, LogEvent, Mode, Outcome, ReloadEvent, RunningApp, VERSION,
};
pub use file::{EventLogFile, EventLogWriter};
pub use http_call::HttpRequest;
pub use level::Level;
pub use log::{EventLog, Reader, Retention, StreamItem};
pub use payload::{MAX_STORED_BYTES, Payload};
pub use recorder::Recorder;
pub use redact::Redactions;
pub use trigger_event::{TriggerEvent, TriggerKind, TriggerState};
