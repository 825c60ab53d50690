//! A client of Lambda's API of a running dev server, for the command line.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::{Method, Request, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// Lambda's API of a dev server on this machine.
pub struct ApiClient {
    url: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub enum ApiClientError {
    /// No server answers.
    #[error("no dev server answers at {url}")]
    NoServer {
        /// The URL.
        url: String,
        /// Why.
        reason: String,
    },
    /// The server rejected the request.
    #[error("{message}")]
    Rejected {
        /// The exception of AWS's API model.
        exception: String,
        /// The text.
        message: String,
    },
}

impl ApiClient {
    /// Returns a client of the server at `url`, `http://127.0.0.1:PORT`.
    pub fn new(url: String) -> Self {
        Self { url, client: Client::builder(TokioExecutor::new()).build_http() }
    }

    /// Sends a request. Returns the JSON of the response, or `Value::Null` if it is empty.
    pub async fn send(&self, method: Method, path: &str, body: String) -> Result<Value, ApiClientError> {
        let no_server = |reason: String| ApiClientError::NoServer { url: self.url.clone(), reason };
        let uri = format!("{}{path}", self.url).parse::<Uri>().map_err(|error| no_server(error.to_string()))?;
        let request = Request::builder().method(method).uri(uri).header(CONTENT_TYPE, "application/json");
        // The server accepts any credentials.
        let request = request.header(AUTHORIZATION, "Bedrock command").body(Full::from(body));
        let request = request.map_err(|error| no_server(error.to_string()))?;
        let response = self.client.request(request).await.map_err(|error| no_server(error.to_string()))?;
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| no_server(error.to_string()))?.to_bytes();
        let value: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        if head.status.is_success() {
            return Ok(value);
        }
        let exception = head.headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok());
        let message = value["message"].as_str().or_else(|| value["Message"].as_str());
        let message = message.map_or_else(|| format!("the server responded {}", head.status), str::to_owned);
        Err(ApiClientError::Rejected { exception: exception.unwrap_or_default().to_owned(), message })
    }
}
