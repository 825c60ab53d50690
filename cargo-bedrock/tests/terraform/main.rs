//! What deploys an app, as `new app` writes it: formatted, valid for the provider, deciding rightly from any manifest,
//! refusing what cannot be deployed, and applied to an emulator of AWS that enforces IAM.

// A test ends by a panic, and says on its standard output when it is skipped.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod applied;
mod decisions;
mod emulator;
mod files;
mod folder;
mod manifest;
mod policies;
mod provider;
mod refusals;
mod tools;
mod workflow;
