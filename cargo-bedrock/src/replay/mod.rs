//! Replays recorded executions of durable workers with the code that is on disk: where the histories come from, and the
//! processes that run the code.

mod run;
mod sources;

pub(crate) use run::ReplayProgram;
pub(crate) use sources::{RecordedHistory, of_dev, of_file, of_stage};
