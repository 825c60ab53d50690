//! DynamoDB streams and Kinesis streams: event source mappings that read the streams of a local service, such as ministack.
//!
//! | module | does |
//! | --- | --- |
//! | `event_source_mapping` | reads each shard in order, and invokes the worker |
//! | `client` | the requests to the service |
//! | `positions` | where each shard was read to, in a file |
//! | `discarded_batch` | sends the record of a discarded batch to its destination |

mod client;
mod discarded_batch;
mod event_source_mapping;
mod positions;

pub(super) use client::StreamClient;
pub(super) use event_source_mapping::{StreamMapping, poll};
pub(super) use positions::StreamPositions;
