//! The events that AWS's services send to functions, and what event source mappings do with batches of them. `dev` and
//! `bedrock::test` use this; where messages and records are stored is theirs.
//!
//! | module | contains |
//! | --- | --- |
//! | `sqs_message`, `sqs_batch`, `sqs_filters` | messages of queues, batches of them, and which messages reach a function |
//! | `stream_record`, `stream_batches`, `discarded_batch` | records of DynamoDB and Kinesis streams, retries of their batches, and the record of a batch that was discarded |
//! | `sns` | messages of topics, and which of them a subscription gets |
//! | `event_bus` | events of EventBridge |
//! | `s3` | notifications of buckets |
//! | `schedule` | events of EventBridge Scheduler |
//! | `resource_names` | names and ARNs of resources on this machine |
//! | `digest` | MD5 and SHA-256, which are in the events of SQS and S3 |

mod digest;
mod discarded_batch;
mod event_bus;
mod resource_names;
mod s3;
mod schedule;
mod sns;
mod sqs_batch;
mod sqs_filters;
mod sqs_message;
mod stream_batches;
mod stream_record;

pub use digest::{md5_hex, sha256_hex};
pub use discarded_batch::DiscardedBatch;
pub use event_bus::{BusEvent, event_json as event_bus_event};
pub use resource_names::ResourceNames;
pub use s3::{ObjectChange, event_json as s3_event, matches_change};
pub use schedule::event_json as schedule_event;
pub use sns::{MessageAttribute as SnsMessageAttribute, SnsMessage, SubscriptionFilter, event_json as sns_event};
pub use sqs_batch::{event_json as sqs_event, failed_messages};
pub use sqs_filters::MessageFilters;
pub use sqs_message::{
    FifoAttributes, MessageAttribute as SqsMessageAttribute, MessageAttributes, SqsMessage, sequence_number,
};
pub use stream_batches::{
    Batch, BatchResult, BatchRetryPolicy, DiscardReason, FIRST_RETRY_DELAY, MAX_RETRY_DELAY, NextStep, PendingBatches,
    reported_result,
};
pub use stream_record::{
    StreamFilters, StreamRecord, dynamodb_record, event_json as stream_event, kinesis_api_record, kinesis_record,
    take_batch,
};
