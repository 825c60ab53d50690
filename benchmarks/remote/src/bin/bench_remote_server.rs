//! The other end of the benchmark: an Invoke API over TLS whose functions are `echo` and `hold`. Prints its URL, writes its
//! certificate into the file it is given, and ends when its input does.

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

/// How many calls of `hold` are answered together: the program that measures has a constant of the same name.
const AT_ONCE: usize = 1_000;

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
        let all = Arc::new(Barrier::new(AT_ONCE));
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, acceptor.clone(), Arc::clone(&all)));
        }
    });
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, all: Arc<Barrier>) -> Result<(), Error> {
    stream.set_nodelay(true)?;
    let stream = acceptor.accept(stream).await?;
    let answer = service_fn(move |request: Request<Incoming>| answer(request, Arc::clone(&all)));
    http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await?;
    Ok(())
}

async fn answer(request: Request<Incoming>, all: Arc<Barrier>) -> Result<Response<Full<Bytes>>, Infallible> {
    let holds = request.uri().path().contains("/hold/");
    let mut response = Response::default();
    match request.into_body().collect().await {
        Ok(body) => *response.body_mut() = Full::new(body.to_bytes()),
        Err(_) => *response.status_mut() = StatusCode::BAD_REQUEST,
    }
    if holds {
        all.wait().await;
    }
    Ok(response)
}
