//! From a saved file to new processes that serve instead of the old ones, with no call lost in between.
//!
//! | module | does |
//! | --- | --- |
//! | `watch` | which files change, burst by burst |
//! | `ignored` | files whose changes mean nothing |
//! | `busy` | which workers were at work when a file changed, and may have written it |
//! | `affected` | from files to workers, without a look at the disk |
//! | `programs` | copies of Rust programs, told apart by what is in them |
//! | `renewed` | new processes in the place of the old ones |
//! | `reloader` | all of it in a loop |
//!
//! Compiling is left to who runs the loop.

mod affected;
mod busy;
mod ignored;
mod programs;
mod reloader;
mod renewed;
mod watch;

pub use affected::{Affected, affected};
pub use reloader::{BuildFailed, Failed, Reload, Reloaded, Reloader, Written};
pub use watch::{NotWatched, Watch};

pub(crate) use busy::Busy;
pub(crate) use programs::Programs;
