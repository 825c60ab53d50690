//! Sends one Invoke request and reads its response.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Request as HttpRequest, Response};

use super::connector::{Connector, Sender};
use super::credentials::CredentialsProvider;
use super::endpoint::Endpoint;
use super::pool::Pool;
use super::resolver::Resolver;
use super::settings::Settings;
use super::signer::{self, SignableRequest, Signer};
use super::types::Credentials;
use crate::limits::MAX_SYNC_PAYLOAD_BYTES;
use crate::remote::error_chain::error_chain;
use crate::remote::invoke_client::{InvokeClient, InvokeInput, InvokeResponse, InvokeResult, SendError};
use bedrock_model::transport::InvocationType;

/// Maximum size of a response: Lambda's limit plus some space for the JSON of an error.
const MAX_RESPONSE_BYTES: usize = MAX_SYNC_PAYLOAD_BYTES + 1024 * 1024;
const JSON: &str = "application/json";
const AGENT: &str = concat!("bedrock-rt/", env!("CARGO_PKG_VERSION"));

// Constants of type `HeaderName`: a string would be validated byte by byte in every request.
static DATE: HeaderName = HeaderName::from_static("x-amz-date");
static FAILED: HeaderName = HeaderName::from_static("x-amz-function-error");
static KIND: HeaderName = HeaderName::from_static("x-amz-invocation-type");
static TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
static TRACE: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// Client of the Invoke API over HTTP/1.1.
#[derive(Debug)]
pub(crate) struct HttpClient(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    signer: Signer,
    endpoint: Endpoint,
    /// Value of the header `Host`.
    host: String,
    opens_connection_early: bool,
    credentials: CredentialsProvider,
    connector: Connector,
    resolver: Resolver,
    pool: Pool,
}

impl HttpClient {
    pub(crate) fn new(settings: Settings) -> Self {
        Self(Arc::new(Shared {
            signer: Signer::new(settings.region, "lambda"),
            host: settings.endpoint.origin.authority(),
            endpoint: settings.endpoint,
            opens_connection_early: settings.opens_connection_early,
            credentials: CredentialsProvider::new(settings.source),
            connector: Connector::new(settings.trust),
            resolver: Resolver::default(),
            pool: Pool::default(),
        }))
    }
}

impl InvokeClient for HttpClient {
    async fn send(&self, request: &InvokeInput) -> InvokeResult {
        self.0.send(request).await
    }

    fn open(&self) {
        let Some(opening_guard) = self.0.pool.opening_guard().filter(|_| self.0.opens_connection_early) else { return };
        let shared = Arc::clone(&self.0);
        tokio::spawn(async move {
            // An error is ignored here: the first call tries again and reports it.
            let _ = shared.credentials.get(&shared.connector, SystemTime::now()).await;
            if let Ok(sender) = shared.connector.connect(&shared.endpoint.origin, &shared.resolver).await {
                shared.pool.put(sender);
            }
            drop(opening_guard);
        });
    }
}

impl Shared {
    async fn send(&self, request: &InvokeInput) -> InvokeResult {
        let now = SystemTime::now();
        let credentials = self.credentials.get(&self.connector, now).await.map_err(SendError::NoCredentials)?;
        let mut prepared = self.prepare(request, &credentials, now)?;
        loop {
            let (mut sender, is_fresh) = match self.pool.take().await {
                Some(sender) => (sender, false),
                // Boxed because it is rare and its future is larger than the rest of this function's.
                None => (Box::pin(self.connector.connect(&self.endpoint.origin, &self.resolver)).await?, true),
            };
            match sender.try_send_request(prepared).await {
                Ok(response) => return self.finish(response, sender).await,
                // The server had closed the connection before the request was taken: nothing was written, so the next
                // connection gets it.
                Err(mut error) => match error.take_message() {
                    Some(unsent) if !is_fresh => prepared = unsent,
                    Some(_) => {
                        return Err(SendError::NotSent {
                            message: error_chain(&error.into_error()),
                            is_retryable: true,
                        });
                    }
                    None => return Err(SendError::MaybeSent(error_chain(&error.into_error()))),
                },
            }
        }
    }

    /// Builds the signed HTTP request.
    fn prepare(
        &self,
        request: &InvokeInput,
        credentials: &Arc<Credentials>,
        time: SystemTime,
    ) -> Result<HttpRequest<Full<Bytes>>, SendError> {
        let function = signer::encode(&request.function);
        let path = [&self.endpoint.base, "/2015-03-31/functions/", &function, "/invocations"].concat();
        let kind = match request.kind {
            InvocationType::RequestResponse => "RequestResponse",
            InvocationType::Event => "Event",
        };
        let token = credentials.session_token.as_deref();
        let headers = [("content-type", JSON), ("host", self.host.as_str()), ("x-amz-invocation-type", kind)];
        let signed = SignableRequest { method: "POST", path: &path, headers: &headers, body: &request.event };
        let signature = self.signer.sign(&signed, credentials, time);
        let mut http = HttpRequest::post(path);
        if let Some(map) = http.headers_mut() {
            map.reserve(10);
        }
        http = http.header(USER_AGENT, HeaderValue::from_static(AGENT));
        http = http.header(CONTENT_TYPE, HeaderValue::from_static(JSON)).header(HOST, self.host.as_str());
        http = http.header(&KIND, HeaderValue::from_static(kind)).header(&DATE, signature.date);
        http = http.header(AUTHORIZATION, signature.authorization);
        if let Some(token) = token {
            http = http.header(&TOKEN, token);
        }
        // Not signed, because proxies may extend it.
        if let Some(trace) = request.trace.as_deref().and_then(|trace| HeaderValue::from_str(trace).ok()) {
            http = http.header(&TRACE, trace);
        }
        let failed_transport =
            |error: hyper::http::Error| SendError::NotSent { message: error.to_string(), is_retryable: false };
        http.body(Full::new(request.event.clone())).map_err(failed_transport)
    }

    /// Reads the complete response and returns the connection to the pool.
    async fn finish(&self, response: Response<Incoming>, sender: Sender) -> InvokeResult {
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, MAX_RESPONSE_BYTES)
            .collect()
            .await
            .map_err(|error| SendError::MaybeSent(error.to_string()))?;
        let response = parse_response(parts.status.as_u16(), &parts.headers, body.to_bytes());
        // After an error of its own the server may be in any state, so the connection is not used again.
        if response.status < 500 {
            self.pool.put(sender);
        }
        Ok(response)
    }
}

fn parse_response(status: u16, headers: &HeaderMap, body: Bytes) -> InvokeResponse {
    let function_failed = headers.contains_key(&FAILED);
    if (200..300).contains(&status) {
        return InvokeResponse { status, function_failed, body, ..InvokeResponse::default() };
    }
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    InvokeResponse {
        status,
        function_failed,
        // `ResourceNotFoundException:http://…`
        code: header("x-amzn-errortype").and_then(|code| code.split(':').next()).map(str::to_owned),
        retry_after: header("retry-after").and_then(|seconds| seconds.trim().parse().ok()).map(Duration::from_secs),
        body,
    }
}
