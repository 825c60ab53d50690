//! What `new` makes, compiled with this checkout's crates and run: the whole way of a newcomer.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)] // a test that cannot go on ends here, or says why it does not run

mod app;
mod artifacts;
mod build;
mod compile_errors;
mod faults;
mod invoke;
mod layers;
mod manifest;
mod migrated;
mod seed;
mod site;
mod testing;
