//! The stream of what happens, from outside: in memory, on disk, over HTTP, and of a whole app at work.
#![allow(clippy::expect_used, clippy::panic)] // a test that cannot go on ends here

mod happenings {
    pub(crate) mod client;
    pub(crate) mod dashboard;
    pub(crate) mod disk;
    pub(crate) mod door;
    pub(crate) mod http;
    pub(crate) mod live;
    pub(crate) mod room;
    pub(crate) mod schema;
    pub(crate) mod stream;
    pub(crate) mod views;
    pub(crate) mod workshop;
}
