//! The same invocation cases for every language: answers, failures, limits, events, the end of the program.

mod answers;
mod built;
mod driver;
mod edges;
mod events;
mod faults;
mod lambda;
mod limits;
mod processes;
mod service;
mod starting;
mod stopping;
mod workshop;
mod workshop_buckets;
mod workshop_limits;
mod workshop_sdk;
mod workshop_triggers;
