//! Topics that work like SNS: a published message invokes the workers that subscribe to its topic.
//!
//! | module | does |
//! | --- | --- |
//! | `topic` | a topic with its subscriptions, and the delivery of messages |
//! | `request` | the parameters of a request |
//! | `api` | SNS's API |

mod api;
mod request;
mod topic;

pub(super) use api::router;
pub(super) use request::Parameters;
pub(super) use topic::{Sns, Subscription, Topic};
