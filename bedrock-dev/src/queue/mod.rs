//! Events that nobody waits for: accepted, kept, run, tried again, given up, handed on.
//!
//! | module | does |
//! | --- | --- |
//! | `store` | the file |
//! | `run` | runs what is due |
//!
//! What is decided without clock and file is in `bedrock::local::queue`.

mod run;
mod store;

use bedrock::local::queue::event;
pub use bedrock::local::queue::{
    Attempt, Change, Condition, Delivered, Event, Listed, Next, Receiver, Rules, State, Why, letter, next, record,
};
pub use run::{Queue, Run};
pub(crate) use store::number;
pub use store::{Fault, Store, Taken};
