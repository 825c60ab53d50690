//! The commands, one file each: its arguments, then a short `run`.

pub(crate) mod build;
pub(crate) mod completions;
pub(crate) mod graph;
pub(crate) mod invoke;
pub(crate) mod list;
pub(crate) mod man;
pub(crate) mod new;
pub(crate) mod terraform;
