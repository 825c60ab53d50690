//! The services of the settings without the rest of a dev server, for tests: denies what functions may not do, and passes
//! everything else on.

use std::net::Ipv4Addr;

use bedrock_build::App;
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
        let forwarding = services::router(resources.services_url(), account)?;
        let access = ResourceAccess::new(app, &resources, false, log_sink);
        let router = guard_access(forwarding, access, resources);
        let task = tokio::spawn(async move { drop(axum::serve(listener, router).await) });
        Ok(Self { url: format!("{url}{SERVICES_PATH}"), task })
    }

    /// Returns the URL for `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for ServicesServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
