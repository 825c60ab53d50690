//! The default client: requests over HTTP/1.1 with TLS, signed here, each written to the wire at most once.
//!
//! | module | does |
//! | --- | --- |
//! | `client` | one request and its answer |
//! | `settings`, `endpoint` | what the environment says about region, service and trust |
//! | `credentials`, `container` | who calls |
//! | `sign`, `date` | the signature |
//! | `pool`, `connect`, `resolve`, `tls` | connections |

mod client;
mod connect;
mod container;
mod credentials;
mod date;
mod endpoint;
mod pool;
mod resolve;
mod settings;
mod sign;
mod tls;

#[cfg(test)]
mod tests;

pub(super) use client::Client;
#[cfg(test)]
pub(super) use date::parse as parse_date;
pub(super) use settings::Settings;
