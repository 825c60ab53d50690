//! The engine over the store in memory: checkpoints, timers, callbacks, chained functions, pauses, errors. The same tests
//! run over the store in a file in `engine_sqlite.rs`.
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

use bedrock_durable::MemoryExecutionStore;
use tempfile::TempDir;

type Store = MemoryExecutionStore;

/// Returns a new store. It is in no folder.
fn store() -> (Store, Option<TempDir>) {
    (MemoryExecutionStore::default(), None)
}
