//! The commands, one file each: the arguments, then a short `run`.

mod args;
pub(crate) mod build;
pub(crate) mod completions;
pub(crate) mod contracts;
pub(crate) mod deploy;
pub(crate) mod destroy;
pub(crate) mod dev;
pub(crate) mod doctor;
pub(crate) mod env;
pub(crate) mod executions;
pub(crate) mod graph;
mod http_args;
pub(crate) mod import;
pub(crate) mod invoke;
pub(crate) mod list;
pub(crate) mod logs;
pub(crate) mod man;
pub(crate) mod mcp;
pub(crate) mod migrate;
pub(crate) mod new;
pub(crate) mod queue;
pub(crate) mod remove;
pub(crate) mod replay;
pub(crate) mod rollback;
pub(crate) mod status;
pub(crate) mod terraform;
pub(crate) mod test;
