//! The engine over the store in a file: the tests of `engine.rs`, and what survives the end of the program.
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

use bedrock_durable::SqliteExecutionStore;
use tempfile::TempDir;

type Store = SqliteExecutionStore;

/// Returns a new store, and the folder that it is in.
fn store() -> (Store, Option<TempDir>) {
    let folder = tempfile::tempdir().expect("a folder");
    (SqliteExecutionStore::open(&folder.path().join("durable.sqlite")).expect("a store"), Some(folder))
}
