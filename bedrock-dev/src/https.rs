//! The connector for servers that this server sends requests to: a collector of traces, the services of the settings.

use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::connect::HttpConnector;

/// Connects with and without TLS.
pub(crate) type HttpsConnector = hyper_rustls::HttpsConnector<HttpConnector>;

/// Returns a connector that trusts the root certificates of this machine. If there are none, that is an error only if
/// `needs_tls`.
pub(crate) fn connector(needs_tls: bool) -> std::io::Result<HttpsConnector> {
    let provider = rustls::crypto::ring::default_provider();
    match HttpsConnectorBuilder::new().with_provider_and_native_roots(provider) {
        Ok(builder) => Ok(builder.https_or_http().enable_http1().build()),
        Err(error) if needs_tls => Err(error),
        Err(_) => without_roots(),
    }
}

fn without_roots() -> std::io::Result<HttpsConnector> {
    let provider = rustls::crypto::ring::default_provider();
    let config = rustls::ClientConfig::builder_with_provider(provider.into()).with_safe_default_protocol_versions();
    let config = config.map_err(std::io::Error::other)?;
    let config = config.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    Ok(HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().build())
}
