//! Triggers: what invokes functions in addition to calls of other functions. They are schedules (EventBridge Scheduler),
//! queues (SQS event source mappings), buckets (S3 notifications), topics (SNS subscriptions), rules of event buses
//! (EventBridge), and streams (event source mappings of DynamoDB and Kinesis).
//!
//! | module | holds |
//! | --- | --- |
//! | `desired`, `actual`, `read` | the desired and the actual triggers, and how the latter are read |
//! | `plan`, `step` | what has to be done |
//! | `apply`, `schedules` | how it is done |
//! | `event_sources` | the same for topics and rules, in one module for each of these steps |
//! | `streams` | the same for streams |
//! | `existing_queues` | whether Lambda accepts queues that the deploy does not create |
//! | `mappings`, `notifications` | event source mappings, and notifications of buckets |
//!
//! A function that has or had triggers has the tag `bedrock:triggers`. If there are neither triggers nor functions with that
//! tag, no requests are sent to SQS, S3 and EventBridge Scheduler, and no permissions for them are needed.

pub(crate) mod actual;
pub(crate) mod apply;
pub(crate) mod desired;
mod event_sources;
pub(crate) mod existing_queues;
mod mappings;
mod notifications;
pub(crate) mod plan;
pub(crate) mod read;
mod schedules;
pub(crate) mod step;
pub(crate) mod streams;
