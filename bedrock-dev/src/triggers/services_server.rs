//! The services of the settings without the rest of a dev server, for tests: denies what functions may not do, and passes
//! everything else on.

use std::net::Ipv4Addr;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use bedrock_build::App;
use bedrock_local::lambda_api::check_host_and_origin;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::access_guard::guard_access;
use super::aws_api::SERVICES_PATH;
use super::local_resources::LocalResources;
use super::resource_access::ResourceAccess;
use super::services;
use crate::account::AccountServices;
use crate::execution::LogSink;

/// A server on a free port of the loopback address. It ends when it is dropped.
pub struct ServicesServer {
    url: String,
    task: JoinHandle<()>,
}

impl ServicesServer {
    /// Serves the services of `app`, whose setting `dev.services` is a URL, and those of `account`. `log_sink` receives what is
    /// denied, in two lines.
    ///
    /// # Errors
    ///
    /// If there is no free port, or if there are no root certificates for a service with TLS.
    pub async fn start(app: &App, account: Option<AccountServices>, log_sink: LogSink) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let resources = LocalResources::new(app, &url);
        let forwarding = services::router(app, resources.services_url(), account)?;
        let access = ResourceAccess::new(app, &resources, false, log_sink);
        let router = guard_access(forwarding, access, resources).layer(from_fn(check_host));
        let task = tokio::spawn(async move { drop(axum::serve(listener, router).await) });
        Ok(Self { url: format!("{url}{SERVICES_PATH}"), task })
    }

    /// Returns the URL for `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// Rejects requests of pages in the user's browser.
async fn check_host(request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    match check_host_and_origin(&head, Ipv4Addr::LOCALHOST.into()) {
        Ok(()) => next.run(Request::from_parts(head, body)).await,
        Err(message) => (StatusCode::FORBIDDEN, message).into_response(),
    }
}

impl Drop for ServicesServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    #[tokio::test]
    async fn pages_of_a_browser_are_rejected() {
        let dir = tempfile::tempdir().expect("a folder");
        let manifest =
            "[package]\nname = \"shop\"\n[package.metadata.bedrock.dev]\nendpoint = \"http://127.0.0.1:1\"\n";
        std::fs::write(dir.path().join("Cargo.toml"), manifest).expect("a file");
        let app = App::find(dir.path()).unwrap_or_else(|problems| panic!("{problems:?}"));
        let server = ServicesServer::start(&app, None, Arc::new(|_| {})).await.expect("a server");
        let authority = server.url().trim_start_matches("http://").trim_end_matches(SERVICES_PATH).to_owned();
        for (host, origin, status) in [
            (authority.as_str(), "", " 502 "),
            ("evil.example", "", " 403 "),
            (&authority, "Origin: http://evil.example\r\n", " 403 "),
        ] {
            let mut connection = TcpStream::connect(&authority).await.expect("a connection");
            let request = format!(
                "POST {SERVICES_PATH}/ HTTP/1.1\r\nHost: {host}\r\n{origin}Connection: close\r\nContent-Length: 0\r\n\r\n"
            );
            connection.write_all(request.as_bytes()).await.expect("a request");
            let mut response = String::new();
            connection.read_to_string(&mut response).await.expect("a response");
            assert!(response.starts_with(&format!("HTTP/1.1{status}")), "{host} {origin} {response}");
        }
    }
}
