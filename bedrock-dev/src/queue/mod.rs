//! Events that nobody waits for: accepted, kept, run, tried again, given up, handed on.
//!
//! | module | does |
//! | --- | --- |
//! | `event` | what is kept of an event |
//! | `next` | what comes after an attempt, decided without clock and file |
//! | `record` | what destinations get to see, in AWS's words |
//! | `store` | the file |
//! | `run` | runs what is due |

mod event;
mod next;
mod record;
mod run;
mod store;

pub use event::{Attempt, Change, Condition, Delivered, Event, Listed, Receiver, Rules, State, Why};
pub use next::{Next, next};
pub use record::{letter, record};
pub use run::{Queue, Run};
pub use store::{Fault, Store, Taken};
