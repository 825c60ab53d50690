//! A dev server that runs in another process: where it is found, and requests to it. While it runs, a dev server has a
//! file with its URL in its state folder.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Time in which a running server answers whether it is the one of the file.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
/// Credentials of the requests; the server accepts any.
pub(crate) const CREDENTIALS: &str = "Bedrock cargo-bedrock";

/// Content of the file.
#[derive(Serialize, Deserialize)]
struct ServerRecord {
    /// `http://127.0.0.1:PORT`
    url: String,
    /// Only this server has it.
    token: String,
}

/// The file of this process, which is deleted when it is dropped.
#[derive(Debug)]
pub(crate) struct ServerFile(PathBuf);

impl ServerFile {
    /// Writes the file of a server with its state in this folder.
    pub(crate) fn write(state_folder: &Path, url: &str, token: &str) -> io::Result<Self> {
        let path = path_in(state_folder);
        let record = ServerRecord { url: url.to_owned(), token: token.to_owned() };
        // A file of a server that was killed may have other permissions.
        let _ = std::fs::remove_file(&path);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(serde_json::to_string(&record)?.as_bytes())?;
        Ok(Self(path))
    }
}

impl Drop for ServerFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn path_in(state_folder: &Path) -> PathBuf {
    state_folder.join("dev/server.json")
}

/// A dev server that runs in another process.
#[derive(Debug, Clone)]
pub struct RunningServer {
    /// `http://127.0.0.1:PORT`
    pub url: String,
}

/// An HTTP request to a function.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    /// `GET`
    pub method: String,
    /// Path and query, `/orders?limit=1`.
    pub path: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body; empty for none.
    pub body: Bytes,
}

/// The response to an [`HttpRequest`].
#[derive(Debug, Clone)]
pub struct HttpResponse {
    /// The status code, `200`.
    pub status: u16,
    /// The status with its reason, `200 OK`.
    pub status_text: String,
    /// The header `content-type`.
    pub content_type: Option<String>,
    /// The exception of AWS's API model, the header `x-amzn-errortype`.
    pub exception: Option<String>,
    /// The whole body.
    pub body: Bytes,
}

/// The result of an invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunningInvocation {
    /// The event is in the queue.
    Accepted {
        /// The id that the queue shows.
        request_id: String,
    },
    /// The function responded.
    Response {
        /// The response, usually JSON.
        payload: Bytes,
        /// The end of the log.
        log: String,
    },
    /// The function failed.
    FunctionError {
        /// `ValueError`
        error_type: String,
        /// Why.
        message: String,
        /// The end of the log.
        log: String,
    },
    /// The server has refused the invocation: the function did not run.
    Refused {
        /// Why.
        message: String,
    },
}

impl RunningServer {
    /// Finds the server whose state is in this folder. Returns `None` if none is running.
    pub async fn find(state_folder: &Path) -> Option<Self> {
        let record: ServerRecord = serde_json::from_slice(&std::fs::read(path_in(state_folder)).ok()?).ok()?;
        let server = Self { url: record.url };
        // The server may have been killed, and another program may have its port.
        let probe = HttpRequest {
            method: "GET".to_owned(),
            path: "/_bedrock/v1/token".to_owned(),
            headers: Vec::new(),
            body: Bytes::new(),
        };
        let response = tokio::time::timeout(PROBE_TIMEOUT, send(&server.url, None, probe)).await.ok()?.ok()?;
        let body: Value = serde_json::from_slice(&response.1).ok()?;
        (body["token"] == record.token.as_str()).then_some(server)
    }

    /// Invokes a function by its name.
    pub async fn invoke(&self, worker: &str, event: Bytes, is_async: bool) -> Result<RunningInvocation, String> {
        let mode = if is_async { "Event" } else { "RequestResponse" };
        let request = HttpRequest {
            method: "POST".to_owned(),
            path: format!("/2015-03-31/functions/{worker}/invocations"),
            headers: [
                (AUTHORIZATION.as_str(), CREDENTIALS),
                ("x-amz-invocation-type", mode),
                ("x-amz-log-type", "Tail"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
            body: event,
        };
        let (head, body) = send(&self.url, None, request).await?;
        let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let log = STANDARD.decode(header("x-amz-log-result")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log).into_owned();
        let json = || serde_json::from_slice::<Value>(&body).unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok(match head.status {
            StatusCode::ACCEPTED => RunningInvocation::Accepted { request_id: header("x-amzn-requestid").to_owned() },
            StatusCode::OK if !header("x-amz-function-error").is_empty() => {
                let error = json();
                let error_type = text(&error["errorType"]);
                RunningInvocation::FunctionError { error_type, message: text(&error["errorMessage"]), log }
            }
            StatusCode::OK => RunningInvocation::Response { payload: body, log },
            status => {
                let error = json();
                let message = error.get("Message").or_else(|| error.get("message")).map(text).unwrap_or_default();
                let message = if message.is_empty() { status.to_string() } else { message };
                RunningInvocation::Refused { message }
            }
        })
    }

    /// Sends a request to the URL of a function, also if the URL accepts only signed requests or is none on AWS.
    pub async fn request(&self, function: &str, mut request: HttpRequest) -> Result<HttpResponse, String> {
        let is_own = |name: &str| name.eq_ignore_ascii_case(AUTHORIZATION.as_str());
        if !request.headers.iter().any(|(name, _)| is_own(name)) {
            request.headers.push((AUTHORIZATION.to_string(), CREDENTIALS.to_owned()));
        }
        let port = self.url.rsplit(':').next().unwrap_or_default();
        request_to(&self.url, Some(&format!("{function}.localhost:{port}")), request).await
    }
}

/// Sends a request to a server at a URL without a path. `host` overrides its name.
pub async fn request_to(url: &str, host: Option<&str>, request: HttpRequest) -> Result<HttpResponse, String> {
    let (head, body) = send(url, host, request).await?;
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Ok(HttpResponse {
        status: head.status.as_u16(),
        status_text: head.status.to_string(),
        content_type: header("content-type"),
        exception: header("x-amzn-errortype"),
        body,
    })
}

async fn send(
    url: &str,
    host: Option<&str>,
    request: HttpRequest,
) -> Result<(hyper::http::response::Parts, Bytes), String> {
    let HttpRequest { method, path, headers, body } = request;
    let uri = format!("{url}{path}");
    let mut request = Request::new(Full::new(body));
    *request.method_mut() =
        Method::try_from(method.as_str()).map_err(|_| format!("`{method}` is not a valid method"))?;
    *request.uri_mut() = Uri::try_from(&uri).map_err(|_| format!("`{path}` is not a valid path"))?;
    for (name, value) in &headers {
        let header = HeaderName::try_from(name).map_err(|_| format!("`{name}` is not a valid header name"))?;
        let value = HeaderValue::try_from(value).map_err(|_| format!("the value of header `{name}` is not valid"))?;
        request.headers_mut().append(header, value);
    }
    if let Some(host) = host.and_then(|host| HeaderValue::try_from(host).ok()) {
        request.headers_mut().insert(HOST, host);
    }
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
    let response = client.request(request).await.map_err(|error| error_chain(&error))?;
    let (head, body) = response.into_parts();
    let body = body.collect().await.map_err(|error| error_chain(&error))?.to_bytes();
    Ok((head, body))
}

fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
