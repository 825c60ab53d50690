//! The `cargo bedrock dev` of an app that runs now, in another terminal: finds its address, and reads its HTTP API.

use bedrock_build::App;
use bedrock_dev::RunningServer;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use bedrock_diagnostics::{Error, Result};

/// A running `cargo bedrock dev`.
pub(crate) struct RunningDev {
    /// Base URL of Lambda's API, for example `http://127.0.0.1:7070`.
    pub(crate) url: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// A response of the HTTP API.
pub(crate) struct ApiResponse {
    pub(crate) is_success: bool,
    pub(crate) text: String,
}

impl RunningDev {
    /// Returns the `dev` of this app. `None` if none is running.
    pub(crate) async fn find(app: &App) -> Option<Self> {
        let server = RunningServer::find(&bedrock_package::artifact_dir(app)).await?;
        let dev = Self { url: server.url, client: Client::builder(TokioExecutor::new()).build_http() };
        // Another program may have the port by now.
        let response = dev.get("app").await.ok()?;
        let running: Value = serde_json::from_str(&response.text).ok()?;
        (running["name"] == app.name.as_str()).then_some(dev)
    }

    /// Like [`RunningDev::find`], for commands without an async runtime. Returns the URL.
    pub(crate) fn find_url(app: &App) -> Option<String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        runtime.block_on(Self::find(app)).map(|dev| dev.url)
    }

    /// Reads a route below `/_bedrock/v1/`.
    pub(crate) async fn get(&self, route: &str) -> Result<ApiResponse> {
        self.send(Method::GET, route, None, String::new()).await
    }

    /// Sends a request that changes something, with the token of this run.
    pub(crate) async fn post(&self, route: &str, body: String) -> Result<ApiResponse> {
        let token: Value = serde_json::from_str(&self.get("token").await?.text).unwrap_or_default();
        self.send(Method::POST, route, token["token"].as_str(), body).await
    }

    async fn send(&self, method: Method, route: &str, token: Option<&str>, body: String) -> Result<ApiResponse> {
        let failed = |cause: String| {
            Error::call(format!("failed to reach `cargo bedrock dev` at {}", self.url))
                .cause(cause)
                .help("start it with `cargo bedrock dev`")
        };
        let mut request = Request::builder().method(method).uri(format!("{}/_bedrock/v1/{route}", self.url));
        if let Some(token) = token {
            request = request.header("X-Bedrock-Token", token);
        }
        let request = request.body(Full::from(body)).map_err(|error| failed(error.to_string()))?;
        let response = self.client.request(request).await.map_err(|error| failed(error.to_string()))?;
        let is_success = response.status().is_success();
        let body = response.into_body().collect().await.map_err(|error| failed(error.to_string()))?.to_bytes();
        Ok(ApiResponse { is_success, text: String::from_utf8_lossy(&body).into_owned() })
    }
}
