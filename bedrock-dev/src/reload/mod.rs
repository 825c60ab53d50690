//! From a saved file to new processes that replace the old ones, without losing a call.
//!
//! | module | does |
//! | --- | --- |
//! | `watcher` | watches files, and collects their changes in batches |
//! | `ignore_rules` | files whose changes are ignored |
//! | `links` | symbolic links below the watched folders |
//! | `self_written` | files that a worker may have written itself |
//! | `affected` | which workers a set of changed files affects |
//! | `change` | a change on its way through a reload |
//! | `outcome` | the results of a reload |
//! | `build_progress`, `build_queue` | progress of a build; builds one after the other |
//! | `executable_cache` | copies of executables, keyed by content |
//! | `host_reload` | replaces processes of Python and JavaScript workers |
//! | `program_swap` | replaces processes of Rust programs |
//! | `reloader` | the loop that runs all of it |
//! | `events` | builds and reloads as entries of the event log |
//!
//! The caller that runs the loop also runs the compiler.

mod affected;
mod build_progress;
mod build_queue;
mod change;
pub(crate) mod events;
mod executable_cache;
mod host_reload;
mod ignore_rules;
mod links;
mod outcome;
mod program_swap;
mod reloader;
mod self_written;
mod watcher;

pub use affected::{Affected, SharedFileUsersFn, affected};
pub use build_progress::BuildProgress;
pub(crate) use executable_cache::ExecutableCache;
pub use outcome::{BuildError, ReloadFailure, ReloadOutcome, ReloadSuccess, SelfWrittenFiles};
pub use reloader::Reloader;
pub use watcher::{FileWatcher, WatchError};
