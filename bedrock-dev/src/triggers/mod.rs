//! What invokes workers besides calls: schedules on the clock, queues behind SQS's API, folders behind S3's.
//!
//! | module | does |
//! | --- | --- |
//! | `all` | all triggers of an app: opened, started, served on the port of Lambda's API |
//! | `firing` | gives a worker its event and tells the stream |
//! | `accepting` | for tests: accepts events, or refuses them |
//! | `site` | what queues and buckets are called here, and the variables that tell workers |
//! | `schedules` | when a schedule is due, and Scheduler's event |
//! | `queues` | messages in a file, batches of them, SQS's API |
//! | `buckets` | folders that are watched, S3's events and API |

#[cfg(test)]
mod accepting;
mod all;
mod buckets;
mod firing;
mod queues;
mod schedules;
mod site;

pub use all::NotTriggered;
pub(crate) use all::{NotFired, Triggers};
pub(crate) use site::Site;
