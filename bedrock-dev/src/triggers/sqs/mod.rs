//! Queues that work like SQS, and event source mappings that invoke workers with their messages.
//!
//! | module | does |
//! | --- | --- |
//! | `message` | messages with their attributes |
//! | `store` | the database of messages |
//! | `queue` | a queue: its configuration, its messages, and the tasks that wait for them |
//! | `batch` | the event of a batch, and which of its messages failed |
//! | `filters` | which messages reach the worker |
//! | `event_source_mapping` | polls a queue, invokes the worker, deletes or returns the messages |
//! | `api` | SQS's API |

mod api;
mod batch;
mod event_source_mapping;
mod filters;
mod message;
mod queue;
mod store;

pub(super) use api::{Sqs, router};
pub(super) use batch::event_json;
pub(super) use event_source_mapping::{EventSourceMapping, poll};
pub(super) use filters::MessageFilters;
pub(super) use message::{Attributes, FifoAttributes, Message};
pub(super) use queue::{FifoQueueConfig, SqsQueue, SqsQueueConfig};
pub(crate) use store::MessageStoreError;
pub(super) use store::{ListedMessage, MessageStore, RedrivePolicy};
