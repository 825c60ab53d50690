//! Tests of the Terraform files and the workflow that `new app` writes: their format, validation by the provider,
//! decisions from manifests, errors for invalid manifests, and applying them to an emulator of AWS that enforces IAM.

// A test fails with a panic, and prints when it is skipped.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod apply;
mod decisions;
mod emulator;
mod formatting;
mod least_privilege;
mod manifest;
mod policies;
mod provider;
#[path = "../deploy/proxy.rs"]
#[allow(dead_code, reason = "the tests of `deploy` use all of it")]
mod proxy;
mod terraform_app;
#[path = "../fixture/test_app.rs"]
mod test_app;
mod tools;
mod validation_errors;
mod workflow;
