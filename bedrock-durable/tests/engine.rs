//! The engine over both stores: checkpoints, timers, callbacks, chained functions, pauses, errors, and what survives the
//! end of the program.
#![allow(clippy::expect_used, clippy::panic)] // a failed expectation ends the test
#![allow(clippy::needless_pass_by_value)] // `json!` in a call is a value

#[path = "engine/callbacks.rs"]
mod callbacks;
#[path = "engine/chained.rs"]
mod chained;
#[path = "engine/checkpoints.rs"]
mod checkpoints;
#[path = "engine/fixture.rs"]
mod fixture;
#[path = "engine/invocations.rs"]
mod invocations;
#[path = "engine/pauses.rs"]
mod pauses;
#[path = "engine/reading.rs"]
mod reading;
#[path = "engine/recovery.rs"]
mod recovery;
