//! Reloads from outside: real workers of an app in a temporary folder are called while their files are saved.
#![allow(clippy::expect_used, clippy::panic)] // a failed expectation ends the test

mod reload {
    pub(crate) mod continuous_callers;
    pub(crate) mod fixture;
    pub(crate) mod hosted_workers;
    pub(crate) mod rust_programs;
}
