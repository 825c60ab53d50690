//! How requests to AWS are sent: TLS, certificates, proxies and timeouts.

use std::path::PathBuf;
use std::time::Duration;

use aws_sdk_lambda::config::{RuntimeComponents, SharedAsyncSleep, SharedHttpClient};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::HttpConnectorSettings;
use bedrock_diagnostics::{Error, Result};

pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
/// How long a request and the start of its response may take. Uploads have longer timeouts.
pub(crate) const READ_TIMEOUT: Duration = Duration::from_secs(120);

/// Returns an HTTP client with rustls and ring, because aws-lc takes minutes to compile.
pub(crate) fn http_client() -> Result<SharedHttpClient> {
    let context = tls_context()?;
    let proxy = ProxyConfig::from_env();
    Ok(Builder::new().build_with_connector_fn(move |settings, components| {
        let sleep = components.and_then(RuntimeComponents::sleep_impl);
        connector(settings.cloned(), sleep, proxy.clone(), context.clone())
    }))
}

/// Returns a connector for SDKs and for services without an SDK.
pub(super) fn connector(
    settings: Option<HttpConnectorSettings>,
    sleep: Option<SharedAsyncSleep>,
    proxy: ProxyConfig,
    context: TlsContext,
) -> Connector {
    // `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, as in other AWS tools.
    let mut connector = Connector::builder().proxy_config(proxy);
    connector.set_connector_settings(settings);
    connector.set_sleep_impl(sleep);
    connector.tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(context).build()
}

pub(super) fn tls_context() -> Result<TlsContext> {
    let trust_store = match ca_bundle()? {
        None => TrustStore::default(),
        Some(pem) => TrustStore::empty().with_pem_certificate(pem),
    };
    let context = TlsContext::builder().with_trust_store(trust_store).build();
    context.map_err(|error| Error::call("failed to prepare connections to AWS").cause(error.to_string()))
}

/// Reads the certificates of `AWS_CA_BUNDLE`. Returns `None` if it is not set: then those of the system are trusted.
pub(super) fn ca_bundle() -> Result<Option<Vec<u8>>> {
    let path = std::env::var_os("AWS_CA_BUNDLE").filter(|path| !path.is_empty()).map(PathBuf::from);
    let Some(path) = path else { return Ok(None) };
    let message = || format!("failed to read the certificates of `AWS_CA_BUNDLE`, `{}`", path.display());
    std::fs::read(&path).map(Some).map_err(|error| Error::io(message(), &error))
}
