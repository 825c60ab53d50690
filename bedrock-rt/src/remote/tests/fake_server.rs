//! Fake Invoke API: reacts to each request as the test says, and records all requests.

use std::collections::VecDeque;
use std::io;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tempfile::NamedTempFile;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::Env;

/// Reaction to a complete request.
#[derive(Debug, Clone)]
pub(crate) enum Reaction {
    Respond(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Closes the connection without a response.
    Cut,
    /// Sends half of the response and closes the connection.
    Truncate,
    /// Never responds.
    Hang,
}

impl Reaction {
    pub(crate) fn ok(body: &str) -> Self {
        Self::Respond(200, Vec::new(), body.as_bytes().to_vec())
    }

    /// Returns an error as the service writes it; with an empty code as a proxy writes it.
    pub(crate) fn error(status: u16, code: &str) -> Self {
        let code = (!code.is_empty()).then(|| ("x-amzn-errortype", code.to_owned()));
        Self::Respond(status, code.into_iter().collect(), br#"{"Type":"User","Message":"no"}"#.to_vec())
    }
}

/// A request that the server received.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    /// Number of its connection, from 1.
    pub(crate) connection: usize,
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }
}

/// Configuration of the server.
#[derive(Debug, Default)]
pub(crate) struct FakeServerConfig {
    pub(crate) tls: bool,
    /// Number of connections that are closed before anything is read.
    pub(crate) rejected_handshakes: usize,
    /// Reactions to the requests, in order. The last one is used for all further requests.
    pub(crate) reactions: Vec<Reaction>,
}

pub(crate) struct FakeServer {
    url: String,
    shared: Arc<Shared>,
    /// Certificate that the client has to trust.
    certificate: Option<NamedTempFile>,
}

struct Shared {
    reactions: Mutex<VecDeque<Reaction>>,
    received: Mutex<Vec<Received>>,
    connections: AtomicUsize,
    rejected_handshakes: usize,
    tls: Option<TlsAcceptor>,
}

impl FakeServer {
    /// Starts a server without TLS.
    pub(crate) async fn without_tls(reactions: impl IntoIterator<Item = Reaction>) -> Self {
        Self::start(FakeServerConfig { reactions: reactions.into_iter().collect(), ..FakeServerConfig::default() })
            .await
    }

    pub(crate) async fn start(setup: FakeServerConfig) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (acceptor, certificate) = setup.tls.then(tls).unzip();
        let url = if setup.tls { format!("https://localhost:{}", address.port()) } else { format!("http://{address}") };
        let shared = Arc::new(Shared {
            reactions: Mutex::new(setup.reactions.into()),
            received: Mutex::default(),
            connections: AtomicUsize::new(0),
            rejected_handshakes: setup.rejected_handshakes,
            tls: acceptor,
        });
        let serving = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&serving).serve(stream));
            }
        });
        Self { url, shared, certificate }
    }

    /// Returns the environment of a function that calls this server.
    pub(crate) fn env(&self) -> Env {
        let mut env = vec![
            ("AWS_REGION", "eu-west-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
            ("AWS_SESSION_TOKEN", "token".to_owned()),
            ("AWS_ENDPOINT_URL_LAMBDA", self.url.clone()),
        ];
        if let Some(certificate) = &self.certificate {
            env.push(("AWS_CA_BUNDLE", certificate.path().display().to_string()));
        }
        env
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.shared.received.lock().expect("the requests").clone()
    }

    /// Returns the number of connections, including the rejected ones.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }
}

/// Returns a TLS acceptor for `localhost`, with its certificate as a file.
fn tls() -> (TlsAcceptor, NamedTempFile) {
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let file = NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), certified.cert.pem()).expect("a file");
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .expect("a server");
    (TlsAcceptor::from(Arc::new(config)), file)
}

impl Shared {
    async fn serve(self: Arc<Self>, stream: TcpStream) {
        let connection = self.connections.fetch_add(1, Ordering::Relaxed) + 1;
        if connection <= self.rejected_handshakes {
            return;
        }
        stream.set_nodelay(true).expect("a socket");
        let result = match &self.tls {
            None => self.requests(connection, stream).await,
            // A client that does not trust this server closes the connection, which is not an error of the server.
            Some(tls) => match tls.accept(stream).await {
                Ok(stream) => self.requests(connection, stream).await,
                Err(_) => Ok(()),
            },
        };
        // The client may close the connection at any time.
        let _ = result;
    }

    async fn requests(&self, connection: usize, stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
        let mut stream = BufStream::new(stream);
        while let Some(request) = read(connection, &mut stream).await? {
            self.received.lock().expect("the requests").push(request);
            match self.next() {
                Reaction::Respond(status, headers, body) => {
                    let mut head = format!("HTTP/1.1 {status} Status\r\ncontent-length: {}\r\n", body.len());
                    for (name, value) in headers {
                        head.extend([name, ": ", value.as_str(), "\r\n"]);
                    }
                    stream.write_all(format!("{head}\r\n").as_bytes()).await?;
                    stream.write_all(&body).await?;
                    stream.flush().await?;
                }
                Reaction::Cut => return stream.shutdown().await,
                Reaction::Truncate => {
                    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n\"half of").await?;
                    stream.flush().await?;
                    return stream.shutdown().await;
                }
                Reaction::Hang => std::future::pending().await,
            }
        }
        Ok(())
    }

    fn next(&self) -> Reaction {
        let mut reactions = self.reactions.lock().expect("the acts");
        let next = if reactions.len() > 1 { reactions.pop_front() } else { reactions.front().cloned() };
        next.unwrap_or_else(|| Reaction::ok("null"))
    }
}

/// Reads the next request of a connection. Returns `None` if the client has closed it.
async fn read(
    connection: usize,
    stream: &mut BufStream<impl AsyncRead + AsyncWrite + Unpin>,
) -> io::Result<Option<Received>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let mut parts = line.split(' ').map(str::to_owned);
    let method = parts.next().unwrap_or_default();
    let path = parts.next().unwrap_or_default();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await?;
    Ok(Some(Received { connection, method, path, headers, body }))
}
