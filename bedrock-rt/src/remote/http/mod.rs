//! The default client: requests over HTTP/1.1 with TLS, signed here, each written to the wire at most once.
//!
//! | module | does |
//! | --- | --- |
//! | `client` | one request and its answer |
//! | `settings`, `endpoint` | what the environment says about region, service and trust |
//! | `credentials`, `container` | who calls |
//! | `sign` | the signature |
//! | `pool`, `connect`, `resolve`, `tls` | connections |

mod client;
mod connect;
mod container;
mod credentials;
mod endpoint;
mod pool;
mod resolve;
mod settings;
mod sign;
mod tls;

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(super) use crate::date::parse as parse_date;
pub(super) use client::Client;
pub(super) use settings::Settings;
