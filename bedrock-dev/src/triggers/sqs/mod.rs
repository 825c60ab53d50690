//! Queues that work like SQS, and event source mappings that invoke workers with their messages.
//!
//! | module | does |
//! | --- | --- |
//! | `message` | the digest of the attributes of messages |
//! | `store` | the database of messages |
//! | `queue` | a queue: its configuration, its messages, and the tasks that wait for them |
//! | `event_source_mapping` | polls a queue, invokes the worker, deletes or returns the messages |
//! | `api` | SQS's API |

mod api;
mod event_source_mapping;
mod message;
mod queue;
mod store;

pub(super) use api::{Sqs, router};
pub(super) use event_source_mapping::{EventSourceMapping, poll};
pub(super) use queue::{FifoQueueConfig, SqsQueue, SqsQueueConfig};
pub(crate) use store::MessageStoreError;
pub(super) use store::{ListedMessage, MessageStore, RedrivePolicy};
