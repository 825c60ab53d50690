//! The `cargo bedrock dev` of an app that runs now, in another terminal: finds its address, and reads its HTTP API.

use bedrock_build::App;
use bedrock_dev::{HttpRequest, RunningServer, request_to};
use serde_json::Value;

use bedrock_diagnostics::{Error, Result};

/// A running `cargo bedrock dev`.
pub(crate) struct RunningDev {
    /// Base URL of Lambda's API, for example `http://127.0.0.1:7070`.
    pub(crate) url: String,
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
        let dev = Self { url: server.url };
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
        self.send("GET", route, None, String::new()).await
    }

    /// Sends a request that changes something, with the token of this run.
    pub(crate) async fn post(&self, route: &str, body: String) -> Result<ApiResponse> {
        let token: Value = serde_json::from_str(&self.get("token").await?.text).unwrap_or_default();
        self.send("POST", route, token["token"].as_str(), body).await
    }

    async fn send(&self, method: &str, route: &str, token: Option<&str>, body: String) -> Result<ApiResponse> {
        let headers = token.map(|token| ("X-Bedrock-Token".to_owned(), token.to_owned())).into_iter().collect();
        let path = format!("/_bedrock/v1/{route}");
        let request = HttpRequest { method: method.to_owned(), path, headers, body: body.into() };
        let response = request_to(&self.url, None, request).await.map_err(|cause| {
            Error::call(format!("failed to reach `cargo bedrock dev` at {}", self.url))
                .cause(cause)
                .help("start it with `cargo bedrock dev`")
        })?;
        let text = String::from_utf8_lossy(&response.body).into_owned();
        Ok(ApiResponse { is_success: (200..300).contains(&response.status), text })
    }
}

/// Encodes a segment of a path.
pub(crate) fn path_segment(text: &str) -> String {
    // A form has `+` for a space, a path has not.
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}
