//! The one stream of what happens while an app is worked on: invocations, log lines, builds, queue changes. Kept in bounded
//! memory and in a file; read over HTTP by whoever wants to. No reader is the only one, and none holds up what happens.
//!
//! | module | does |
//! | --- | --- |
//! | `happening` | what can happen, as readers get to see it |
//! | `triggered` | what triggers do |
//! | `payload` | events and responses, cut where they are long |
//! | `stream` | what is kept, and readers that go through it at their own pace |
//! | `weight` | how much memory each takes |
//! | `disk` | a reader that writes the stream to a file |
//! | `recorder`, `calls` | makes happenings of invocations, lines and queue changes; who called whom |
//! | `redact` | what of events and responses is nobody's business |
//! | `reloads` | makes happenings of builds and saved files |
//! | `observed` | a back end whose invocations are recorded |
//! | `joined` | invocations put together from what is kept |
//! | `search` | the invocations that have a text in them |
//! | `traces` | all that one call led to |
//! | `whole` | the events as they were sent, however long |
//! | `api` | all of it over HTTP |

pub mod api;
mod calls;
mod disk;
mod happening;
mod joined;
mod level;
mod observed;
mod payload;
mod recorder;
mod redact;
pub(crate) mod reloads;
mod search;
mod stream;
mod traces;
mod triggered;
mod weight;
mod whole;

pub use disk::{Disk, Writer};
pub use happening::{
    Build, HandedOn, Happening, InvocationEnded, InvocationStarted, Kind, Log, Mode, Outcome, Place, Progress,
    QueueState, Queued, Reloaded, VERSION,
};
pub use level::Level;
pub use observed::Observed;
pub use payload::{LONGEST, Payload};
pub use recorder::Recorder;
pub use redact::Redactions;
pub use stream::{Bounds, Heard, Reader, Stream};
pub use triggered::{TriggerKind, TriggerState, Triggered};
