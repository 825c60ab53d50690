//! Services of an AWS account of the user, to which requests of functions go with the user's credentials. How they are signed
//! is the caller's business: this server knows no AWS SDK.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;

/// A request of a function, without the headers of its own signature.
#[derive(Debug, Clone)]
pub struct AccountRequest {
    /// The service in the signature: `dynamodb`.
    pub service: String,
    /// The beginning of the service's host name: `streams.dynamodb`.
    pub host: String,
    /// `POST`
    pub method: String,
    /// Path and query: `/`.
    pub path: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Bytes,
}

/// Where a request goes, with which headers.
#[derive(Debug, Clone)]
pub struct SignedHead {
    /// The whole URL.
    pub url: String,
    /// All headers but `Host`.
    pub headers: Vec<(String, String)>,
}

/// The result of signing: an error has no credentials in it, because a worker reads it.
pub type SigningFuture = Pin<Box<dyn Future<Output = Result<SignedHead, String>> + Send>>;

/// The services of an account.
#[derive(Clone)]
pub struct AccountServices {
    /// Names of the services as in signatures.
    pub services: Vec<String>,
    /// Signs a request.
    pub sign: Arc<dyn Fn(AccountRequest) -> SigningFuture + Send + Sync>,
}
