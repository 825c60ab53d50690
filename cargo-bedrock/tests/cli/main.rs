//! The command line from outside: exit code, standard output and standard error, whole. One file for each command.

// A test ends by a panic, and says on its standard output when it is skipped.
#![allow(clippy::expect_used, clippy::print_stdout)]

mod completions;
mod doctor;
mod graph;
mod invoke;
mod invoke_remote;
mod list;
mod logs;
mod logs_pages;
mod man;
mod migrate;
mod new_app;
mod new_endpoint;
mod new_worker;
mod new_worker_refused;
mod output;
mod queue;
mod room;
mod stage;
mod terminal;
mod terraform;
mod usage;
