//! Durable workers in the dev server, with AWS's own SDKs: AWS's conformance requirements, validated by AWS's own
//! validator; the API; and executions that survive the end of the server.

#[path = "durable/api.rs"]
mod api;
#[path = "durable/conformance.rs"]
mod conformance;
#[path = "durable/fixture.rs"]
mod fixture;
#[path = "durable/recovery.rs"]
mod recovery;
