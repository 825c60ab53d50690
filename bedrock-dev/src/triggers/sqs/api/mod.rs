//! SQS's API, as much as programs need that send messages and look after queues: the JSON protocol, which today's SDKs and
//! the AWS CLI speak.
//!
//! | module | does |
//! | --- | --- |
//! | `server` | the routes, and who may come in |
//! | `operations` | what the operations on a queue do |
//! | `sending` | those that send |
//! | `error` | errors as SQS has them |

mod error;
mod operations;
mod sending;
mod server;

pub(in super::super) use server::{Sqs, is_signed, router};
