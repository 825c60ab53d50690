//! The lower bound: the same headers and the same JSON on one connection, with only hyper and rustls. Requests are not
//! signed, and have no deadline.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::{Echo, Error};

pub(crate) struct HyperConnection {
    sender: SendRequest<Full<Bytes>>,
    authority: String,
    token: String,
    /// A placeholder of the length of a real header.
    authorization: String,
}

impl HyperConnection {
    pub(crate) async fn connect() -> Result<Self, Error> {
        let url = std::env::var("AWS_ENDPOINT_URL_LAMBDA")?;
        let authority = url.trim_start_matches("https://").to_owned();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(std::env::var("AWS_CA_BUNDLE")?)?)?;
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let stream = TcpStream::connect(&authority).await?;
        stream.set_nodelay(true)?;
        let stream = TlsConnector::from(Arc::new(config)).connect("localhost".try_into()?, stream).await?;
        let (sender, driver) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(driver);
        Ok(Self { sender, authority, token: std::env::var("AWS_SESSION_TOKEN")?, authorization: "x".repeat(270) })
    }

    pub(crate) async fn call(&mut self, event: &Echo) -> Result<Echo, Error> {
        self.sender.ready().await?;
        let request = Request::post("/2015-03-31/functions/echo/invocations")
            .header("user-agent", "bedrock-rt/0.1.0")
            .header("content-type", "application/json")
            .header("host", &self.authority)
            .header("x-amz-invocation-type", "RequestResponse")
            .header("x-amz-date", "20261125T063500Z")
            .header("x-amz-security-token", &self.token)
            .header("authorization", &self.authorization)
            .body(Full::new(serde_json::to_vec(event)?.into()))?;
        let response = self.sender.send_request(request).await?;
        Ok(serde_json::from_slice(&response.into_body().collect().await?.to_bytes())?)
    }
}
