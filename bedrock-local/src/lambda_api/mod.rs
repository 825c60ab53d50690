//! Lambda's API on a local port, as AWS SDKs and the AWS CLI use it: workers call other workers through it with any
//! client, and so do programs outside of the app.
//!
//! | module | does |
//! | --- | --- |
//! | `server` | the port and the routes |
//! | `service` | what the operations share |
//! | `access` | `Host` and `Origin` checks, access keys |
//! | `function_reference` | names, partial ARNs, ARNs and qualifiers |
//! | `invoke`, `invoke_with_response_stream`, `functions`, `function_url` | the operations |
//! | `event_stream` | encodes the events of a stream |
//! | `cors` | which pages of other origins may call a function URL |
//! | `function_url_response` | the HTTP response of a function |
//! | `response_stream` | the response of a function while it is written |
//! | `body`, `request_parts` | read requests |
//! | `log_lines` | what Lambda adds to the log of an invocation |
//! | `further_operations` | what operations that other crates add need |
//! | `api_error` | errors of the API, as AWS returns them |
//!
//! Any [`Backend`](bedrock_model::Backend) can be served. `local_backend` is the one of `cargo run`.

mod access;
mod api_error;
mod body;
mod cors;
mod event_stream;
mod function_reference;
mod function_url;
pub(super) mod function_url_response;
mod functions;
mod further_operations;
mod http_api;
mod invoke;
mod invoke_with_response_stream;
mod log_lines;
mod request_parts;
mod response_stream;
mod server;
mod service;

pub use access::{Access, check_host_and_origin};
#[cfg(fuzzing)]
pub use function_url::function_url_event;
pub use function_url_response::http_status;
pub use further_operations::{authenticate, error_response};
pub use server::{serve_alongside_routes, serve_on, unknown_operation};
