//! Apps created by `new` and `migrate`, compiled with the crates of this checkout and run.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)] // a failed test panics, a skipped one prints the reason

mod artifacts;
mod build;
mod build_errors;
mod cargo_test;
mod compile_errors;
mod compiled_crates;
mod contracts;
mod durable;
mod invoke;
mod layers;
mod local_install;
mod manifest;
mod migrated;
mod package_managers;
mod packages;
mod running_workspace;
mod rustc_log;
mod sbom;
mod shared_code;
mod spec_examples;
#[path = "../fixture/test_app.rs"]
mod test_app;
mod web_server;
mod wrong_calls;
