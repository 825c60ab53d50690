//! Queues, as SQS has them, and what Lambda's event source mapping does with their messages.
//!
//! | module | does |
//! | --- | --- |
//! | `message` | what is kept of a message, and the digests that clients check |
//! | `store` | the file |
//! | `queue` | a queue: its settings, and whoever waits for messages |
//! | `batch` | the event of a batch, and which messages failed, decided without file and worker |
//! | `event_source_mapping` | takes batches, has the worker invoked, deletes or returns them |
//! | `api` | SQS's API: who may come in, and what its operations do |

mod api;
mod batch;
mod event_source_mapping;
mod message;
mod queue;
mod store;

pub(super) use api::{Sqs, is_signed, router};
pub(super) use event_source_mapping::{EventSourceMapping, consume};
pub(super) use message::{hexadecimal, md5};
pub(super) use queue::{DeadLetters, SqsQueue};
pub(crate) use store::MessageStoreError;
pub(super) use store::Messages;
