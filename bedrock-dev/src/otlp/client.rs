//! One batch to the collector, and whether it may be sent again (OTLP 1.9, "OTLP/HTTP Response").

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Collected, Full, Limited};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use prost::Message;

use super::config::{OtlpConfig, Protocol};
use super::proto::Batch;

/// Bytes of an answer that are read.
const ANSWER: usize = 64 * 1024;
/// Characters of an answer that are shown.
const SHOWN: usize = 200;

/// Why a batch was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExportError {
    pub(super) why: String,
    pub(super) again: Retryability,
}

/// Whether the same may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Retryability {
    Never,
    Later,
    /// As the collector has named it.
    After(Duration),
}

/// The way to the collector.
pub(super) struct OtlpClient {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    settings: OtlpConfig,
}

impl OtlpClient {
    pub(super) fn new(settings: OtlpConfig) -> std::io::Result<Self> {
        let provider = rustls::crypto::ring::default_provider();
        let trusting = HttpsConnectorBuilder::new().with_provider_and_native_roots(provider);
        let connector = match trusting {
            Ok(trusting) => trusting.https_or_http().enable_http1().build(),
            // A machine without roots can still talk to a collector of its own.
            Err(error) if settings.endpoint.starts_with("https") => return Err(error),
            Err(_) => plain()?,
        };
        Ok(Self { client: Client::builder(TokioExecutor::new()).build(connector), settings })
    }

    /// Sends it once.
    pub(super) async fn send(&self, batch: &Batch) -> Result<(), ExportError> {
        let request = self.request(batch).map_err(|why| ExportError { why, again: Retryability::Never })?;
        let lost = |why: String| ExportError { why, again: Retryability::Later };
        let exchange = async {
            let answer = self.client.request(request).await.map_err(|error| lost(causes(&error)))?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, ANSWER).collect().await.map(Collected::to_bytes).unwrap_or_default();
            let pause = head.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
            verdict(head.status, pause.map(Duration::from_secs), &body)
        };
        let late = |_| Err(lost(format!("no answer within {} s", self.settings.timeout.as_secs_f64())));
        tokio::time::timeout(self.settings.timeout, exchange).await.unwrap_or_else(late)
    }

    fn request(&self, batch: &Batch) -> Result<Request<Full<Bytes>>, String> {
        let (kind, body) = match self.settings.protocol {
            Protocol::Protobuf => ("application/x-protobuf", batch.encode_to_vec()),
            Protocol::Json => ("application/json", serde_json::to_vec(batch).map_err(|error| error.to_string())?),
        };
        let uri: Uri = self.settings.endpoint.parse().map_err(|_| "its address is none".to_owned())?;
        let mut request = Request::new(Full::new(Bytes::from(body)));
        (*request.method_mut(), *request.uri_mut()) = (Method::POST, uri);
        let headers = request.headers_mut();
        for (name, value) in &self.settings.headers {
            let name = HeaderName::try_from(name).map_err(|_| format!("`{name}` is no name of a header"))?;
            // A value is a secret and is not shown.
            let value = HeaderValue::try_from(value).map_err(|_| format!("the value of header `{name}` is none"))?;
            headers.insert(name, value);
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        Ok(request)
    }
}

fn plain() -> std::io::Result<HttpsConnector<HttpConnector>> {
    let provider = rustls::crypto::ring::default_provider();
    let config = rustls::ClientConfig::builder_with_provider(provider.into()).with_safe_default_protocol_versions();
    let config = config.map_err(std::io::Error::other)?;
    let config = config.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    Ok(HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().build())
}

fn verdict(status: StatusCode, pause: Option<Duration>, body: &[u8]) -> Result<(), ExportError> {
    if status.is_success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(body);
    let said: String = said.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
    let why = if said.is_empty() { status.to_string() } else { format!("{status}: {said}") };
    let again = match status.as_u16() {
        429 | 502 | 503 | 504 => pause.map_or(Retryability::Later, Retryability::After),
        _ => Retryability::Never,
    };
    Err(ExportError { why, again })
}

fn causes(error: &dyn std::error::Error) -> String {
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{ExportError, Retryability, verdict};
    use hyper::StatusCode;
    use std::time::Duration;

    #[test]
    fn only_what_the_collector_could_take_later_is_sent_again() {
        let status = |code: u16| StatusCode::from_u16(code).expect("a status");
        assert_eq!(verdict(status(200), None, b""), Ok(()));
        let pause = Duration::from_secs(3);
        let busy = ExportError { why: "503 Service Unavailable".to_owned(), again: Retryability::After(pause) };
        assert_eq!(verdict(status(503), Some(pause), b""), Err(busy));
        let wrong = ExportError { why: "400 Bad Request: no such field".to_owned(), again: Retryability::Never };
        assert_eq!(verdict(status(400), None, b"no such\n field"), Err(wrong));
        for (code, again) in [(401, false), (404, false), (429, true), (500, false), (502, true), (504, true)] {
            assert_eq!(
                verdict(status(code), None, b"").expect_err("refused").again == Retryability::Later,
                again,
                "{code}"
            );
        }
    }
}
