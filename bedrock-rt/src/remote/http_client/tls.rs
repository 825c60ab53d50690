//! TLS with trusted certificates: the public authorities that browsers trust, compiled in, or those of a file.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Creates a TLS connector. `trust` is a file of PEM certificates, as in `AWS_CA_BUNDLE`.
pub(super) fn connector(trust: Option<&Path>) -> Result<TlsConnector, String> {
    let roots = match trust {
        // Compiled in, because reading the system's certificates takes longer than the rest of the start, and Lambda's
        // are the same.
        None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
        Some(path) => {
            read(path).map_err(|reason| format!("failed to read `AWS_CA_BUNDLE` `{}`: {reason}", path.display()))?
        }
    };
    // Set explicitly: if a user's own dependencies add a second provider, rustls has no default.
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS is not available: {error}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn read(path: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| error.to_string())?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    if roots.is_empty() { Err("it contains no certificate".to_owned()) } else { Ok(roots) }
}

#[cfg(test)]
mod tests {
    use super::connector;
    use std::io::Write;

    #[test]
    fn unreadable_ca_bundle_error_names_the_file() {
        let error = connector(Some("/nowhere/ca.pem".as_ref())).err().expect("no file");
        assert!(error.starts_with("failed to read `AWS_CA_BUNDLE` `/nowhere/ca.pem`: "), "{error}");
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(b"no certificates here").expect("a file");
        let error = connector(Some(file.path())).err().expect("no certificate");
        assert!(error.ends_with(": it contains no certificate"), "{error}");
        assert!(connector(None).is_ok());
    }
}
