//! From a saved file to new processes that replace the old ones, without losing a call.
//!
//! | module | does |
//! | --- | --- |
//! | `watcher` | watches files and groups their changes |
//! | `ignore_rules` | files whose changes are ignored |
//! | `active_workers` | which workers were running when a file changed, and may have written it |
//! | `affected` | which workers a set of changed files affects, without reading the disk |
//! | `build_progress` | progress of a build |
//! | `executable_cache` | copies of executables, keyed by content |
//! | `host_reload` | new processes of Python and JavaScript workers |
//! | `program_swap` | new processes of Rust programs |
//! | `reloader` | the loop that runs all of it |
//! | `events` | reloads and builds as entries of the event log |
//!
//! Compiling is left to the caller that runs the loop.

mod active_workers;
mod affected;
mod build_progress;
pub(crate) mod events;
mod executable_cache;
mod host_reload;
mod ignore_rules;
mod program_swap;
mod reloader;
mod watcher;

pub(crate) use active_workers::ActiveWorkers;
pub use affected::{Affected, affected};
pub use build_progress::BuildProgress;
pub(crate) use executable_cache::ExecutableCache;
pub use reloader::{BuildError, ReloadFailure, ReloadOutcome, ReloadSuccess, Reloader, SelfWrittenFiles};
pub use watcher::{FileWatcher, WatchError};
