//! From a saved file to new processes that serve instead of the old ones, with no call lost in between.
//!
//! | module | does |
//! | --- | --- |
//! | `watch` | which files change, burst by burst |
//! | `ignored` | files whose changes mean nothing |
//! | `busy` | which workers were at work when a file changed, and may have written it |
//! | `affected` | from files to workers, without a look at the disk |
//! | `making` | how far a build is |
//! | `programs` | copies of Rust programs, told apart by what is in them |
//! | `hosted` | new processes of Python and JavaScript workers |
//! | `built` | new processes of Rust programs |
//! | `reloader` | all of it in a loop |
//!
//! Compiling is left to who runs the loop.

mod affected;
mod built;
mod busy;
mod hosted;
mod ignored;
mod making;
mod programs;
mod reloader;
mod watch;

pub use affected::{Affected, affected};
pub use making::Making;
pub use reloader::{BuildFailed, Failed, Reload, Reloaded, Reloader, Written};
pub use watch::{NotWatched, Watch};

pub(crate) use busy::Busy;
pub(crate) use programs::Programs;
