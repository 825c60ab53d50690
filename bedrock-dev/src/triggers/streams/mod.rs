//! DynamoDB streams and Kinesis streams: event source mappings that read the streams of a local service, such as ministack.
//!
//! | module | does |
//! | --- | --- |
//! | `event_source_mapping` | reads each shard in order, and invokes the worker |
//! | `batch_retry` | decides which records of a failed batch are retried, split or discarded |
//! | `client` | the requests to the service |
//! | `record` | records as events, and the filters |
//! | `positions` | where each shard was read to, in a file |
//! | `discarded_batch` | the record that a destination gets of a discarded batch |

mod batch_retry;
mod client;
mod discarded_batch;
mod event_source_mapping;
mod positions;
mod record;

pub(super) use client::StreamClient;
pub(super) use event_source_mapping::{StreamMapping, poll};
pub(super) use positions::StreamPositions;
pub(super) use record::{StreamFilters, dynamodb_record, event_json, kinesis_record};
