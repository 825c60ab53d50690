//! The remote transport: calls through the Lambda Invoke API.
//!
//! | module | does |
//! | --- | --- |
//! | `call` | one call: its function, its deadline, its attempts |
//! | `function` | which Lambda function a target means |
//! | `retry` | whether to try again, and when |
//! | `answer`, `failure` | from what came back to a response or an [`Error`](crate::Error) |
//! | `wire` | what is sent and what can come back, whoever carries it |
//! | `client` | carries it: HTTP/1.1 over TLS |
//! | `settings`, `endpoint` | what the environment says about region, service and trust |
//! | `credentials`, `container`, `sign`, `date` | who calls, and the signature |
//! | `pool`, `connect`, `resolve`, `tls` | connections |
//!
//! Only Lambda builds have it, so that a laptop does not compile TLS.

mod answer;
mod call;
mod client;
mod connect;
mod container;
mod credentials;
mod date;
mod endpoint;
mod failure;
mod function;
mod pool;
mod resolve;
mod retry;
mod settings;
mod sign;
mod tls;
mod wire;

#[cfg(test)]
mod tests;

#[cfg(bedrock_lambda)]
mod from_env;

#[cfg(bedrock_lambda)]
pub(crate) use from_env::from_env;
