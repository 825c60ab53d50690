//! The server of the benchmark: an Invoke API over TLS with the functions `echo` and `hold`. Prints its URL, writes its
//! certificate to the file on the command line, and exits at the end of its standard input.

use std::convert::Infallible;
use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Barrier;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// The number of calls of `hold` that get their responses together. The client has a constant with the same name and
/// value.
const HELD_CALLS: usize = 1_000;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let file = std::env::args().nth(1).ok_or("the file for the certificate is missing")?;
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
    std::fs::write(&file, certified.cert.pem())?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der()));
    let config =
        ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certified.cert.der().clone()], key)?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("https://localhost:{}", listener.local_addr()?.port());
    tokio::spawn(async move {
        let barrier = Arc::new(Barrier::new(HELD_CALLS));
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, acceptor.clone(), Arc::clone(&barrier)));
        }
    });
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, barrier: Arc<Barrier>) -> Result<(), Error> {
    stream.set_nodelay(true)?;
    let stream = acceptor.accept(stream).await?;
    let service = service_fn(move |request: Request<Incoming>| handle(request, Arc::clone(&barrier)));
    http1::Builder::new().serve_connection(TokioIo::new(stream), service).await?;
    Ok(())
}

async fn handle(request: Request<Incoming>, barrier: Arc<Barrier>) -> Result<Response<Full<Bytes>>, Infallible> {
    let is_held = request.uri().path().contains("/hold/");
    let mut response = Response::default();
    match request.into_body().collect().await {
        Ok(body) => *response.body_mut() = Full::new(body.to_bytes()),
        Err(_) => *response.status_mut() = StatusCode::BAD_REQUEST,
    }
    if is_held {
        barrier.wait().await;
    }
    Ok(response)
}
