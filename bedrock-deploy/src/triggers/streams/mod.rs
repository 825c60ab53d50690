//! DynamoDB streams and Kinesis streams as triggers: event source mappings, the streams of tables of the app, and Kinesis
//! streams of the app.
//!
//! The ARN of the stream of a table contains the time when it was enabled. It is therefore not known before the table
//! exists, and a mapping belongs to a table by the beginning of its ARN.

mod apply;
pub(crate) mod desired;
mod plan;
mod read;
