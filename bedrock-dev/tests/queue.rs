//! The queue from outside: events are run as Lambda runs them, and survive the program.
#![allow(clippy::expect_used, clippy::panic)] // a test that cannot go on ends here

mod queue {
    pub(crate) mod ends;
    pub(crate) mod files;
    pub(crate) mod room;
}
