//! Reloading from outside: real workers of an app in a temporary folder, called while their files are saved.
#![allow(clippy::expect_used, clippy::panic)] // a test that cannot go on ends here

mod reload {
    pub(crate) mod callers;
    pub(crate) mod hosted;
    pub(crate) mod programs;
    pub(crate) mod room;
}
