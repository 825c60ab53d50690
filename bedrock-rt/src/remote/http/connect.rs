//! Opens connections: name, TCP, TLS, HTTP. Every failure here is one before anything of a request was written.

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
use super::resolve::Resolver;
use super::tls;
use crate::remote::wire::Lost;

/// How long name, TCP and TLS may take together (the AWS SDKs allow 3.1 s for TCP alone).
const PATIENCE: Duration = Duration::from_secs(4);
/// How long one of several addresses may take.
const EACH: Duration = Duration::from_millis(1500);
/// A worker may take minutes to answer, and NAT gateways forget connections that are silent for 350 s.
const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// Largest buffer of one connection. hyper's own limit, 400 KB, would be 400 MB for 1,000 calls at once.
const BUFFER: usize = 64 * 1024;
/// Largest answer of a container endpoint.
const SMALL: usize = 64 * 1024;

/// Sends requests on one connection.
pub(super) type Sender = SendRequest<Full<Bytes>>;

/// Opens connections to any origin, with one trust.
#[derive(Debug)]
pub(super) struct Connector {
    trust: Option<PathBuf>,
    /// Made on first use: programs that call through plain HTTP have none.
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

    /// A fresh connection, whose driver runs as a task of its own until the sender is dropped.
    pub(super) async fn connect(&self, origin: &Origin, resolver: &Resolver) -> Result<Sender, Lost> {
        let lost =
            |message: String, again| Lost::NotSent { message: format!("{}: {message}", origin.authority()), again };
        match tokio::time::timeout(PATIENCE, self.try_connect(origin, resolver)).await {
            Ok(Ok(sender)) => Ok(sender),
            Ok(Err(Fault::Trust(message))) => Err(lost(message, false)),
            Ok(Err(Fault::Network(error))) => {
                resolver.forget().await;
                Err(lost(error.to_string(), true))
            }
            Err(_) => {
                resolver.forget().await;
                Err(lost(format!("no connection within {} s", PATIENCE.as_secs()), true))
            }
        }
    }

    async fn try_connect(&self, origin: &Origin, resolver: &Resolver) -> Result<Sender, Fault> {
        let stream = tcp(origin, resolver).await?;
        if !origin.tls {
            return handshake(stream).await;
        }
        let tls = self.tls.get_or_init(|| tls::connector(self.trust.as_deref()).map(Tls));
        let tls = tls.as_ref().map_err(|fault| Fault::Trust(fault.clone()))?;
        let name = ServerName::try_from(origin.host.clone()).map_err(|error| Fault::Trust(error.to_string()))?;
        handshake(tls.0.connect(name, stream).await?).await
    }

    /// A GET on a connection of its own, for the container endpoint. Gives status and body.
    pub(super) async fn get(&self, endpoint: &Endpoint, token: Option<&str>) -> Result<(u16, Bytes), String> {
        let mut sender = self.try_connect(&endpoint.origin, &Resolver::default()).await.map_err(Fault::into_text)?;
        let path = if endpoint.base.is_empty() { "/" } else { &endpoint.base };
        let mut request = hyper::Request::get(path).header("host", endpoint.origin.authority());
        if let Some(token) = token {
            request = request.header("authorization", token);
        }
        let request = request.body(Full::default()).map_err(|error| error.to_string())?;
        let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), SMALL).collect().await.map_err(|error| error.to_string())?;
        Ok((status, body.to_bytes()))
    }
}

/// Why there is no connection.
enum Fault {
    Network(io::Error),
    /// The server is not who it should be, or nobody is trusted: that will not change.
    Trust(String),
}

impl Fault {
    fn into_text(self) -> String {
        match self {
            Self::Network(error) => error.to_string(),
            Self::Trust(text) => text,
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        use tokio_rustls::rustls::Error as TlsError;
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
        match tls {
            Some(fault @ (TlsError::InvalidCertificate(_) | TlsError::NoCertificatesPresented)) => {
                Self::Trust(fault.to_string())
            }
            _ => Self::Network(error),
        }
    }
}

async fn tcp(origin: &Origin, resolver: &Resolver) -> io::Result<TcpStream> {
    let stream = first(resolver.addresses(&origin.host, origin.port).await?).await?;
    // A small request must not wait for the acknowledgement of the one before.
    stream.set_nodelay(true)?;
    let keep_alive = TcpKeepalive::new().with_time(KEEP_ALIVE).with_interval(KEEP_ALIVE);
    SockRef::from(&stream).set_tcp_keepalive(&keep_alive)?;
    Ok(stream)
}

/// The first address that takes a connection. One that swallows all packets must not use up the time of the others.
async fn first(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut fault = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        match tokio::time::timeout(EACH, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => fault = error,
            Err(_) => fault = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(fault)
}

async fn handshake<S>(stream: S) -> Result<Sender, Fault>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let connection = http1::Builder::new().max_buf_size(BUFFER).handshake(TokioIo::new(stream)).await;
    let (sender, driver) = connection.map_err(|error| Fault::Network(io::Error::other(error)))?;
    // What ends it is told to whoever waits for an answer.
    tokio::spawn(async move {
        let _ = driver.await;
    });
    Ok(sender)
}

#[cfg(test)]
mod tests {
    use super::first;
    use std::net::Ipv4Addr;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn an_address_where_nobody_is_leaves_the_others_their_chance() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let somebody = listener.local_addr().expect("an address");
        let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.and_then(|gone| gone.local_addr());
        let nobody = nobody.expect("an address");
        let stream = first(vec![nobody, somebody]).await.expect("a connection");
        assert_eq!(stream.peer_addr().expect("an address"), somebody);
        assert_eq!(first(vec![nobody]).await.expect_err("nobody").kind(), std::io::ErrorKind::ConnectionRefused);
        assert_eq!(first(Vec::new()).await.expect_err("nothing").to_string(), "the name has no address");
    }
}
