//! Gets a file from an address that AWS has signed: the code of a function's version. No credentials go with it.

use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use super::failure::Failure;

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// The bytes at `address`.
pub(crate) async fn download(address: &str) -> Result<Vec<u8>, Failure> {
    let lost = |error: &dyn std::fmt::Display| Failure::Lost(error.to_string());
    let uri: hyper::Uri = address.parse().map_err(|_| Failure::NotSent("AWS gave no address".to_owned()))?;
    let provider = rustls::crypto::ring::default_provider();
    let trusting =
        HttpsConnectorBuilder::new().with_provider_and_native_roots(provider).map_err(|error| lost(&error))?;
    let connections = trusting.https_or_http().enable_http1().build();
    let client: Client<_, Empty<bytes::Bytes>> = Client::builder(TokioExecutor::new()).build(connections);
    let work = async {
        let answer = client.get(uri).await.map_err(|error| lost(&error))?;
        let status = answer.status();
        let body = answer.into_body().collect().await.map_err(|error| lost(&error))?.to_bytes();
        if status.is_success() {
            return Ok(body.to_vec());
        }
        Err(Failure::Refused { code: status.to_string(), message: String::new(), status: status.as_u16() })
    };
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| Err(Failure::Lost("it took too long".to_owned())))
}
