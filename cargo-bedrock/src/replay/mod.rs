//! Replays recorded executions of durable workers with the code that is on disk: where the histories come from, and the
//! processes that run the code.

mod replayer;
mod run;
mod rust;
mod server;
mod sources;

pub(crate) use replayer::{CompileFn, Replayed, Replayer};
pub(crate) use rust::compile;
pub(crate) use server::ReplayServer;
pub(crate) use sources::{RecordedHistory, of_dev, of_file, of_stage};
