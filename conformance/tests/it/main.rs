//! The same invocation cases for every language: responses, errors, limits, events, shutdown.

mod call_sites_in_binary;
mod dev_server;
mod dev_server_access;
mod dev_server_buckets;
mod dev_server_events;
mod dev_server_http_api;
mod dev_server_limits;
mod dev_server_sdk;
mod dev_server_streaming;
mod dev_server_triggers;
mod dev_server_url;
mod driver;
mod events;
mod lambda;
mod lambda_build;
mod limits;
mod responses;
mod rust_environments;
mod service;
mod shutdown;
mod start_errors;
mod values;
mod worker_errors;
