//! Tests of the command line: exit code, standard output and standard error. One file for each command.

// A test fails with a panic, and prints when it is skipped.
#![allow(clippy::expect_used, clippy::print_stdout)]

mod build_progress;
mod completions;
mod contracts;
mod dev_start;
mod doctor;
mod durable_templates;
mod executions;
mod graph;
mod import;
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
mod new_worker_errors;
mod output;
mod packages;
mod queue;
mod remove_worker;
mod replay;
mod rust_contracts;
mod stage;
mod terminal;
mod terraform;
#[path = "../fixture/test_app.rs"]
mod test_app;
mod test_services;
mod usage;
mod worker_tests;
