//! SQS's API: the operations that programs need to send messages and to manage queues, in the JSON protocol that
//! current SDKs and the AWS CLI use.
//!
//! | module | does |
//! | --- | --- |
//! | `routes` | the routes, and the check for credentials |
//! | `state` | the queues |
//! | `operations` | the operations on queues |
//! | `send` | the operations that send messages |
//! | `request` | parameters of a request, entries of a batch |
//! | `error` | errors in SQS's format |

mod error;
mod operations;
mod request;
mod routes;
mod send;
mod state;

pub(in super::super) use routes::router;
pub(in super::super) use state::Sqs;
