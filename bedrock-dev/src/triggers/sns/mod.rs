//! Topics that work like SNS: a published message invokes the workers that subscribe to its topic.
//!
//! | module | does |
//! | --- | --- |
//! | `message` | messages, the attributes that filter policies see, and SNS's event |
//! | `topic` | a topic with its subscriptions, and the delivery of messages |
//! | `request` | the parameters of a request |
//! | `api` | SNS's API |

mod api;
mod message;
mod request;
mod topic;

pub(super) use api::router;
pub(super) use message::{Message, MessageAttribute, event_json};
pub(super) use request::Parameters;
pub(super) use topic::{Sns, Subscription, Topic};
