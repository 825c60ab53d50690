//! Sends one batch to the collector, and decides whether it may be sent again (OTLP 1.9, "OTLP/HTTP Response").

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Collected, Full, Limited};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use prost::Message;

use super::config::{OtlpConfig, Protocol};
use super::proto::Batch;
use crate::https::{HttpsConnector, connector};

/// Further bytes of a response are not read.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;
/// Characters of an error response that are reported.
const MAX_REPORTED_CHARS: usize = 200;

/// The collector did not accept a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExportError {
    pub(super) message: String,
    pub(super) retryability: Retryability,
}

/// Whether a batch may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Retryability {
    Never,
    Later,
    /// After the pause that the collector requested.
    After(Duration),
}

/// The HTTP client of the collector.
pub(super) struct OtlpClient {
    client: Client<HttpsConnector, Full<Bytes>>,
    config: OtlpConfig,
}

impl OtlpClient {
    pub(super) fn new(config: OtlpConfig) -> std::io::Result<Self> {
        // Without root certificates, a collector without TLS can still be reached.
        let connector = connector(config.endpoint.starts_with("https"))?;
        Ok(Self { client: Client::builder(TokioExecutor::new()).build(connector), config })
    }

    /// Sends a batch once.
    pub(super) async fn send(&self, batch: &Batch) -> Result<(), ExportError> {
        let request = self.request(batch);
        let request = request.map_err(|message| ExportError { message, retryability: Retryability::Never })?;
        let retryable = |message: String| ExportError { message, retryability: Retryability::Later };
        let exchange = async {
            let response = self.client.request(request).await.map_err(|error| retryable(error_chain(&error)))?;
            let (head, body) = response.into_parts();
            let body =
                Limited::new(body, MAX_RESPONSE_BYTES).collect().await.map(Collected::to_bytes).unwrap_or_default();
            let pause = head.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
            export_result(head.status, pause.map(Duration::from_secs), &body)
        };
        let timed_out = |_| Err(retryable(format!("no response within {} s", self.config.timeout.as_secs_f64())));
        tokio::time::timeout(self.config.timeout, exchange).await.unwrap_or_else(timed_out)
    }

    fn request(&self, batch: &Batch) -> Result<Request<Full<Bytes>>, String> {
        let (content_type, body) = match self.config.protocol {
            Protocol::Protobuf => ("application/x-protobuf", batch.encode_to_vec()),
            Protocol::Json => ("application/json", serde_json::to_vec(batch).map_err(|error| error.to_string())?),
        };
        let uri: Uri = self.config.endpoint.parse().map_err(|_| "its URL is not valid".to_owned())?;
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        for (name, value) in &self.config.headers {
            let name = HeaderName::try_from(name).map_err(|_| format!("`{name}` is not a valid header name"))?;
            // The value may be a secret and is not reported.
            let value =
                HeaderValue::try_from(value).map_err(|_| format!("the value of header `{name}` is not valid"))?;
            headers.insert(name, value);
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        Ok(request)
    }
}

fn export_result(status: StatusCode, pause: Option<Duration>, body: &[u8]) -> Result<(), ExportError> {
    if status.is_success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(body);
    let text: String = text.chars().filter(|c| !c.is_control()).take(MAX_REPORTED_CHARS).collect();
    let message = if text.is_empty() { status.to_string() } else { format!("{status}: {text}") };
    let retryability = match status.as_u16() {
        429 | 502 | 503 | 504 => pause.map_or(Retryability::Later, Retryability::After),
        _ => Retryability::Never,
    };
    Err(ExportError { message, retryability })
}

fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{ExportError, Retryability, export_result};
    use hyper::StatusCode;
    use std::time::Duration;

    #[test]
    fn only_temporary_failures_are_retryable() {
        let status = |code: u16| StatusCode::from_u16(code).expect("a status");
        assert_eq!(export_result(status(200), None, b""), Ok(()));
        let pause = Duration::from_secs(3);
        let busy =
            ExportError { message: "503 Service Unavailable".to_owned(), retryability: Retryability::After(pause) };
        assert_eq!(export_result(status(503), Some(pause), b""), Err(busy));
        let wrong =
            ExportError { message: "400 Bad Request: no such field".to_owned(), retryability: Retryability::Never };
        assert_eq!(export_result(status(400), None, b"no such\n field"), Err(wrong));
        for (code, is_retryable) in [(401, false), (404, false), (429, true), (500, false), (502, true), (504, true)] {
            assert_eq!(
                export_result(status(code), None, b"").expect_err("rejected").retryability == Retryability::Later,
                is_retryable,
                "{code}"
            );
        }
    }
}
