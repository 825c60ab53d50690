//! The asynchronous queue as a library: runs events as Lambda does, and stores them across the end of the program.
#![allow(clippy::expect_used, clippy::panic)] // a failed expectation ends the test

mod queue {
    pub(crate) mod destinations;
    pub(crate) mod fixture;
    pub(crate) mod store;
}
