//! Connections that are kept alive while a function runs: a NAT gateway forgets a connection that is silent for 350 s, and then
//! neither side notices. The SDK's own connections cannot be configured so.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_lambda::config::http::{HttpRequest, HttpResponse};
use aws_sdk_lambda::config::{RuntimeComponents, SharedHttpClient};
use aws_sdk_lambda::primitives::SdkBody;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use bedrock_diagnostics::{Error, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector as TcpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::http_client::{CONNECT_TIMEOUT, ca_bundle};

/// Time without traffic before a probe is sent, as in workers.
const PROBE_INTERVAL: Duration = Duration::from_secs(60);
/// Variables that name a proxy, as the SDK reads them.
const PROXY_VARIABLES: [&str; 6] = ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "all_proxy", "https_proxy", "http_proxy"];

/// Returns a client for requests with long responses. `None` if requests go through a proxy, whose connections are its own matter.
pub(crate) fn keep_alive_client() -> Result<Option<SharedHttpClient>> {
    // A `ProxyConfig` of the environment is never disabled, also if no variable names a proxy.
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if PROXY_VARIABLES.into_iter().any(is_set) {
        return Ok(None);
    }
    let client = Client::builder(TokioExecutor::new()).build(https_connector()?);
    Ok(Some(http_client_fn(move |settings: &HttpConnectorSettings, _: &RuntimeComponents| {
        let read_timeout = settings.read_timeout();
        SharedHttpConnector::new(KeepAliveConnector { client: client.clone(), read_timeout })
    })))
}

fn https_connector() -> Result<HttpsConnector<TcpConnector>> {
    let failed =
        |error: &dyn std::fmt::Display| Error::call("failed to prepare connections to AWS").cause(error.to_string());
    let provider = rustls::crypto::ring::default_provider();
    let builder = match ca_bundle()? {
        None => {
            HttpsConnectorBuilder::new().with_provider_and_native_roots(provider).map_err(|error| failed(&error))?
        }
        Some(pem) => {
            let mut roots = RootCertStore::empty();
            for certificate in CertificateDer::pem_slice_iter(&pem) {
                let certificate = certificate.map_err(|error| failed(&error))?;
                roots.add(certificate).map_err(|error| failed(&error))?;
            }
            let config = ClientConfig::builder_with_provider(Arc::new(provider)).with_safe_default_protocol_versions();
            let config = config.map_err(|error| failed(&error))?.with_root_certificates(roots).with_no_client_auth();
            HttpsConnectorBuilder::new().with_tls_config(config)
        }
    };
    let mut tcp = TcpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    tcp.set_keepalive(Some(PROBE_INTERVAL));
    tcp.set_keepalive_interval(Some(PROBE_INTERVAL));
    Ok(builder.https_or_http().enable_http1().wrap_connector(tcp))
}

#[derive(Debug, Clone)]
struct KeepAliveConnector {
    client: Client<HttpsConnector<TcpConnector>, Full<Bytes>>,
    read_timeout: Option<Duration>,
}

impl HttpConnector for KeepAliveConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = self.clone();
        HttpConnectorFuture::new(async move { connector.send(request).await })
    }
}

impl KeepAliveConnector {
    async fn send(&self, request: HttpRequest) -> std::result::Result<HttpResponse, ConnectorError> {
        let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        let (head, body) = request.into_parts();
        let body = body.bytes().map(Bytes::copy_from_slice).unwrap_or_default();
        let request = hyper::Request::from_parts(head, Full::new(body));
        let exchange = async {
            let response = self.client.request(request).await.map_err(|error| ConnectorError::io(error.into()))?;
            let (head, body) = response.into_parts();
            let body = body.collect().await.map_err(|error| ConnectorError::io(error.into()))?.to_bytes();
            let response = hyper::Response::from_parts(head, SdkBody::from(body));
            HttpResponse::try_from(response).map_err(|error| ConnectorError::user(error.into()))
        };
        let Some(limit) = self.read_timeout else { return exchange.await };
        let timed_out = || format!("HTTP read timeout occurred after {} s", limit.as_secs());
        tokio::time::timeout(limit, exchange).await.unwrap_or_else(|_| Err(ConnectorError::timeout(timed_out().into())))
    }
}
