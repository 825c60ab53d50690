//! Durable workers in the dev server, with AWS's own SDKs: AWS's conformance requirements, validated by AWS's own
//! validator; the API; and executions that survive the end of the server.
#![allow(clippy::expect_used, clippy::panic)] // a failed expectation ends the test
#![allow(clippy::needless_pass_by_value)] // `json!` in a call is a value

#[path = "durable/api.rs"]
mod api;
#[path = "durable/conformance.rs"]
mod conformance;
#[path = "durable/executions.rs"]
mod executions;
#[path = "durable/fixture.rs"]
mod fixture;
#[path = "durable/recovery.rs"]
mod recovery;
#[path = "event_log/schema.rs"]
mod schema;
