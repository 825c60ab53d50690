//! The services that this server does not have itself: requests to them pass through it, so that it can compare them with
//! what the settings say.
//!
//! | module | does |
//! | --- | --- |
//! | `rights` | what a request needs |
//! | `dynamodb` | what a request to DynamoDB needs |
//! | `proxy` | sends requests to the server that has the services |

mod dynamodb;
mod proxy;
mod rights;

pub(super) use proxy::router;
pub(super) use rights::{MADE_UP_SECRET_SUFFIX, MAX_REQUEST_BYTES, needs_body, protocol, required};
