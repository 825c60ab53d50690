//! The event log from outside: in memory, on disk, over HTTP, and of a complete dev server.
#![allow(clippy::expect_used, clippy::panic)] // a failed expectation ends the test

mod event_log {
    pub(crate) mod access;
    pub(crate) mod client;
    pub(crate) mod connections;
    pub(crate) mod dashboard;
    pub(crate) mod dev_server;
    pub(crate) mod file;
    pub(crate) mod fixture;
    pub(crate) mod http;
    pub(crate) mod live;
    pub(crate) mod log;
    pub(crate) mod schema;
    pub(crate) mod views;
}
