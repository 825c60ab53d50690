//! What Lambda does with events that nobody waits for, decided without clock, file or function. Who runs them is
//! `bedrock-dev`, with a file, and `bedrock::test`, on a clock of its own.
//!
//! | module | does |
//! | --- | --- |
//! | `event` | what is kept of an event |
//! | `lineage` | how often a function was run in one chain of calls |
//! | `next` | what comes after an attempt |
//! | `record` | what destinations get to see, in AWS's words |

pub mod event;
pub mod lineage;
pub mod next;
pub mod record;

pub use event::{Attempt, Change, Condition, Delivered, Event, Listed, Receiver, Rules, State, Why};
pub use lineage::{Lineage, STOPPED};
pub use next::{Next, next};
pub use record::{letter, record};
