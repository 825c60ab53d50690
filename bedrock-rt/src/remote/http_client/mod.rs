//! Default client of the Invoke API: HTTP/1.1 with TLS; it signs its requests itself and writes each of them at most
//! once.
//!
//! | module | content |
//! | --- | --- |
//! | `client` | one request and its response |
//! | `settings`, `endpoint` | region, service and trusted certificates, from the environment |
//! | `credentials`, `container_endpoint` | the credentials of the caller |
//! | `signer` | AWS Signature Version 4 |
//! | `pool`, `connector`, `resolver`, `tls` | connections |

mod client;
mod connector;
mod container_endpoint;
mod credentials;
mod endpoint;
mod pool;
mod resolver;
mod settings;
mod signer;
mod tls;
mod types;

#[cfg(test)]
mod credentials_tests;

pub(super) use client::HttpClient;
pub(super) use settings::Settings;
