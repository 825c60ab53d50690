//! The default client: signed requests over HTTP/1.1, each written to the wire at most once.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Request as HttpRequest, Response};

use super::connect::{Connector, Sender};
use super::credentials::{Credentials, Keeper};
use super::endpoint::Endpoint;
use super::pool::Pool;
use super::resolve::Resolver;
use super::settings::Settings;
use super::sign::{self, Signed, Signer};
use crate::limits::SYNC_PAYLOAD;
use crate::remote::chain::chain;
use crate::remote::wire::{Answer, Lost, Outcome, Request, Wire};
use crate::transport::Kind;

/// Most that is read of an answer: Lambda's limit, and something for the shape of errors.
const LARGEST: usize = SYNC_PAYLOAD + 1024 * 1024;
const JSON: &str = "application/json";
const AGENT: &str = concat!("bedrock-rt/", env!("CARGO_PKG_VERSION"));

// As names and not as texts: those are looked at byte by byte, in every request.
static DATE: HeaderName = HeaderName::from_static("x-amz-date");
static FAILED: HeaderName = HeaderName::from_static("x-amz-function-error");
static KIND: HeaderName = HeaderName::from_static("x-amz-invocation-type");
static TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
static TRACE: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// Carries requests of the Invoke API.
#[derive(Debug)]
pub(crate) struct Client(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    signer: Signer,
    endpoint: Endpoint,
    /// The value of `Host`.
    host: String,
    opens_early: bool,
    credentials: Keeper,
    connector: Connector,
    resolver: Resolver,
    pool: Pool,
}

impl Client {
    pub(crate) fn new(settings: Settings) -> Self {
        Self(Arc::new(Shared {
            signer: Signer::new(settings.region, "lambda"),
            host: settings.endpoint.origin.authority(),
            endpoint: settings.endpoint,
            opens_early: settings.opens_early,
            credentials: Keeper::new(settings.source),
            connector: Connector::new(settings.trust),
            resolver: Resolver::default(),
            pool: Pool::default(),
        }))
    }
}

impl Wire for Client {
    async fn send(&self, request: &Request) -> Outcome {
        self.0.send(request).await
    }

    fn open(&self) {
        let Some(opening) = self.0.pool.opening().filter(|_| self.0.opens_early) else { return };
        let shared = Arc::clone(&self.0);
        tokio::spawn(async move {
            // What fails here is told by the first call, which tries again.
            let _ = shared.credentials.get(&shared.connector, SystemTime::now()).await;
            if let Ok(sender) = shared.connector.connect(&shared.endpoint.origin, &shared.resolver).await {
                shared.pool.put(sender);
            }
            drop(opening);
        });
    }
}

impl Shared {
    async fn send(&self, request: &Request) -> Outcome {
        let now = SystemTime::now();
        let credentials = self.credentials.get(&self.connector, now).await.map_err(Lost::NoCredentials)?;
        let mut prepared = self.prepare(request, &credentials, now)?;
        loop {
            let (mut sender, is_fresh) = match self.pool.take().await {
                Some(sender) => (sender, false),
                // In a box of its own: it is rare, and its state is larger than all the rest.
                None => (Box::pin(self.connector.connect(&self.endpoint.origin, &self.resolver)).await?, true),
            };
            match sender.try_send_request(prepared).await {
                Ok(response) => return self.finish(response, sender).await,
                // The connection was closed before it took the request: nothing was written, the next one may do.
                Err(mut error) => match error.take_message() {
                    Some(unsent) if !is_fresh => prepared = unsent,
                    Some(_) => return Err(Lost::NotSent { message: chain(&error.into_error()), again: true }),
                    None => return Err(Lost::Sent(chain(&error.into_error()))),
                },
            }
        }
    }

    /// The signed request.
    fn prepare(
        &self,
        request: &Request,
        credentials: &Arc<Credentials>,
        time: SystemTime,
    ) -> Result<HttpRequest<Full<Bytes>>, Lost> {
        let function = sign::encode(&request.function);
        let path = [&self.endpoint.base, "/2015-03-31/functions/", &function, "/invocations"].concat();
        let kind = match request.kind {
            Kind::RequestResponse => "RequestResponse",
            Kind::Event => "Event",
        };
        let token = credentials.token.as_deref();
        let headers = [("content-type", JSON), ("host", self.host.as_str()), ("x-amz-invocation-type", kind)];
        let signed = Signed { method: "POST", path: &path, headers: &headers, body: &request.event };
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
        // Not signed: proxies may extend it.
        if let Some(trace) = request.trace.as_deref().and_then(|trace| HeaderValue::from_str(trace).ok()) {
            http = http.header(&TRACE, trace);
        }
        let unusable = |error: hyper::http::Error| Lost::NotSent { message: error.to_string(), again: false };
        http.body(Full::new(request.event.clone())).map_err(unusable)
    }

    /// Reads the answer to its end and takes the connection back.
    async fn finish(&self, response: Response<Incoming>, sender: Sender) -> Outcome {
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, LARGEST).collect().await.map_err(|error| Lost::Sent(error.to_string()))?;
        let answer = answer(parts.status.as_u16(), &parts.headers, body.to_bytes());
        // After its own mistake the server may be in any state.
        if answer.status < 500 {
            self.pool.put(sender);
        }
        Ok(answer)
    }
}

fn answer(status: u16, headers: &HeaderMap, body: Bytes) -> Answer {
    let function_failed = headers.contains_key(&FAILED);
    if (200..300).contains(&status) {
        return Answer { status, function_failed, body, ..Answer::default() };
    }
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    Answer {
        status,
        function_failed,
        // `ResourceNotFoundException:http://…`
        code: header("x-amzn-errortype").and_then(|code| code.split(':').next()).map(str::to_owned),
        retry_after: header("retry-after").and_then(|seconds| seconds.trim().parse().ok()).map(Duration::from_secs),
        body,
    }
}
