//! Workers as their folders have them, run as Lambda functions: by AWS's own runtimes, and next to each other.

#![allow(clippy::expect_used, reason = "a test ends by a panic")]

mod bootstrap;
mod faults;
mod javascript_on_lambda;
mod neighbours;
mod python_on_lambda;
mod zipped;
