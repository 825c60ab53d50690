//! The command line from outside: exit code, standard output and standard error, whole. One file for each command.

// A test ends by a panic, and says on its standard output when it is skipped.
#![allow(clippy::expect_used, clippy::print_stdout)]

mod completions;
mod graph;
mod invoke;
mod list;
mod man;
mod new_app;
mod new_endpoint;
mod new_worker;
mod new_worker_refused;
mod output;
mod room;
mod terminal;
mod terraform;
mod usage;
