//! Event buses that work like EventBridge: an event invokes the workers with a rule that matches it.
//!
//! | module | does |
//! | --- | --- |
//! | `bus` | a bus with its rules, and the delivery of events |
//! | `api` | the operation `PutEvents` of EventBridge |

mod api;
mod bus;

pub(super) use api::router;
pub(super) use bus::{Bus, EventBuses, Rule};
