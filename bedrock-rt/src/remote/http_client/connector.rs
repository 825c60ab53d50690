//! Opens connections: DNS, TCP, TLS, HTTP. Each error happens before any byte of a request was written.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use super::endpoint::{Endpoint, Origin};
use super::resolver::Resolver;
use super::tls;
use crate::remote::invoke_client::SendError;

/// Timeout of DNS, TCP and TLS together (the AWS SDKs allow 3.1 s for TCP).
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
/// Timeout of each address of a host.
const PER_ADDRESS_TIMEOUT: Duration = Duration::from_millis(1500);
/// A worker may run for minutes, and NAT gateways drop connections that are idle for 350 s.
const TCP_KEEPALIVE_INTERVAL: Duration = Duration::from_secs(60);
/// Maximum read buffer of a connection. hyper's own limit of 400 KB would take 400 MB for 1,000 concurrent calls.
const MAX_BUFFER_BYTES: usize = 64 * 1024;
/// Maximum size of the response of a container credentials endpoint.
const MAX_CREDENTIALS_BYTES: usize = 64 * 1024;

/// Sends requests on one connection.
pub(super) type Sender = SendRequest<Full<Bytes>>;

/// Opens connections to any origin, with one set of trusted certificates.
#[derive(Debug)]
pub(super) struct Connector {
    trust: Option<PathBuf>,
    /// Created on first use: programs that only use plain HTTP do not need it.
    tls: OnceLock<Result<Tls, String>>,
}

struct Tls(TlsConnector);

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

impl Connector {
    pub(super) fn new(trust: Option<PathBuf>) -> Self {
        Self { trust, tls: OnceLock::new() }
    }

    /// Opens a connection. Its driver runs as a task of its own until the sender is dropped.
    pub(super) async fn connect(&self, origin: &Origin, resolver: &Resolver) -> Result<Sender, SendError> {
        let not_sent = |message: String, is_retryable| SendError::NotSent {
            message: format!("{}: {message}", origin.authority()),
            is_retryable,
        };
        match tokio::time::timeout(CONNECT_TIMEOUT, self.try_connect(origin, resolver)).await {
            Ok(Ok(sender)) => Ok(sender),
            Ok(Err(ConnectError::Certificate(message))) => Err(not_sent(message, false)),
            Ok(Err(ConnectError::Network(error))) => {
                resolver.invalidate().await;
                Err(not_sent(error.to_string(), true))
            }
            Err(_) => {
                resolver.invalidate().await;
                Err(not_sent(format!("no connection within {} s", CONNECT_TIMEOUT.as_secs()), true))
            }
        }
    }

    async fn try_connect(&self, origin: &Origin, resolver: &Resolver) -> Result<Sender, ConnectError> {
        let stream = tcp(origin, resolver).await?;
        if !origin.tls {
            return handshake(stream).await;
        }
        let tls = self.tls.get_or_init(|| tls::connector(self.trust.as_deref()).map(Tls));
        let tls = tls.as_ref().map_err(|reason| ConnectError::Certificate(reason.clone()))?;
        let name =
            ServerName::try_from(origin.host.clone()).map_err(|error| ConnectError::Certificate(error.to_string()))?;
        handshake(tls.0.connect(name, stream).await?).await
    }

    /// Sends a GET request on a new connection, for the container credentials endpoint. Returns the status and the
    /// body.
    pub(super) async fn get(&self, endpoint: &Endpoint, token: Option<&str>) -> Result<(u16, Bytes), String> {
        let mut sender =
            self.try_connect(&endpoint.origin, &Resolver::default()).await.map_err(ConnectError::into_text)?;
        let path = if endpoint.base.is_empty() { "/" } else { &endpoint.base };
        let mut request = hyper::Request::get(path).header("host", endpoint.origin.authority());
        if let Some(token) = token {
            request = request.header("authorization", token);
        }
        let request = request.body(Full::default()).map_err(|error| error.to_string())?;
        let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), MAX_CREDENTIALS_BYTES)
            .collect()
            .await
            .map_err(|error| error.to_string())?;
        Ok((status, body.to_bytes()))
    }
}

/// Error of opening a connection.
enum ConnectError {
    Network(io::Error),
    /// The server's certificate is not trusted, or the trusted certificates cannot be read. A retry does not help.
    Certificate(String),
}

impl ConnectError {
    fn into_text(self) -> String {
        match self {
            Self::Network(error) => error.to_string(),
            Self::Certificate(text) => text,
        }
    }
}

impl From<io::Error> for ConnectError {
    fn from(error: io::Error) -> Self {
        use tokio_rustls::rustls::Error as TlsError;
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
        match tls {
            Some(error @ (TlsError::InvalidCertificate(_) | TlsError::NoCertificatesPresented)) => {
                Self::Certificate(error.to_string())
            }
            _ => Self::Network(error),
        }
    }
}

async fn tcp(origin: &Origin, resolver: &Resolver) -> io::Result<TcpStream> {
    let stream = connect_to_any(resolver.addresses(&origin.host, origin.port).await?).await?;
    // Without Nagle's algorithm, a small request does not wait for the acknowledgement of the previous one.
    stream.set_nodelay(true)?;
    let keep_alive = TcpKeepalive::new().with_time(TCP_KEEPALIVE_INTERVAL).with_interval(TCP_KEEPALIVE_INTERVAL);
    SockRef::from(&stream).set_tcp_keepalive(&keep_alive)?;
    Ok(stream)
}

/// Connects to the first address that accepts a connection. The timeout of each address leaves time for the others if
/// one drops all packets.
async fn connect_to_any(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut last_error = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        match tokio::time::timeout(PER_ADDRESS_TIMEOUT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last_error = error,
            Err(_) => last_error = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(last_error)
}

async fn handshake<S>(stream: S) -> Result<Sender, ConnectError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let connection = http1::Builder::new().max_buf_size(MAX_BUFFER_BYTES).handshake(TokioIo::new(stream)).await;
    let (sender, driver) = connection.map_err(|error| ConnectError::Network(io::Error::other(error)))?;
    // The task that waits for the response gets the error.
    tokio::spawn(async move {
        let _ = driver.await;
    });
    Ok(sender)
}

#[cfg(test)]
mod tests {
    use super::connect_to_any;
    use std::net::Ipv4Addr;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn refused_address_falls_back_to_the_next() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let open_address = listener.local_addr().expect("an address");
        let closed_address =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.and_then(|listener| listener.local_addr());
        let closed_address = closed_address.expect("an address");
        let stream = connect_to_any(vec![closed_address, open_address]).await.expect("a connection");
        assert_eq!(stream.peer_addr().expect("an address"), open_address);
        assert_eq!(
            connect_to_any(vec![closed_address]).await.expect_err("refused").kind(),
            std::io::ErrorKind::ConnectionRefused
        );
        assert_eq!(connect_to_any(Vec::new()).await.expect_err("no address").to_string(), "the name has no address");
    }
}
