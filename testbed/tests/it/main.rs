//! Runs workers as Lambda functions: with AWS's own runtime interface clients, and deployed to an emulator.

#![allow(clippy::expect_used, reason = "a failing test panics")]

mod custom_runtime;
mod failing_service;
mod javascript_on_lambda;
mod python_on_lambda;
mod worker_zips;
mod workers_calling_workers;
