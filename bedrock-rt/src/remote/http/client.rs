//! The default client: signed requests over HTTP/1.1, each written to the wire at most once.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{HeaderMap, HeaderValue};
use hyper::{Request as HttpRequest, Response};

use super::connect::{Connector, Sender};
use super::credentials::{Credentials, Keeper};
use super::endpoint::Endpoint;
use super::pool::Pool;
use super::resolve::Resolver;
use super::settings::Settings;
use super::sign::{self, Signed, Signing};
use crate::limits::SYNC_PAYLOAD;
use crate::remote::chain::chain;
use crate::remote::wire::{Answer, Lost, Outcome, Request, Sending, Wire};
use crate::transport::Kind;

/// Most that is read of an answer: Lambda's limit, and something for the shape of errors.
const LARGEST: usize = SYNC_PAYLOAD + 1024 * 1024;
const AGENT: &str = concat!("bedrock-rt/", env!("CARGO_PKG_VERSION"));

/// Carries requests of the Invoke API.
#[derive(Debug)]
pub(crate) struct Client(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    region: String,
    endpoint: Endpoint,
    opens_early: bool,
    credentials: Keeper,
    connector: Connector,
    resolver: Resolver,
    pool: Pool,
}

impl Client {
    pub(crate) fn new(settings: Settings) -> Self {
        Self(Arc::new(Shared {
            region: settings.region,
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
    fn send(&self, request: Request) -> Sending {
        let shared = Arc::clone(&self.0);
        Box::pin(async move { shared.send(&request).await })
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
                None => (self.connector.connect(&self.endpoint.origin, &self.resolver).await?, true),
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
        credentials: &Credentials,
        time: SystemTime,
    ) -> Result<HttpRequest<Full<Bytes>>, Lost> {
        let path =
            format!("{}/2015-03-31/functions/{}/invocations", self.endpoint.base, sign::encode(&request.function));
        let host = self.endpoint.origin.authority();
        let kind = match request.kind {
            Kind::RequestResponse => "RequestResponse",
            Kind::Event => "Event",
        };
        let headers = [("content-type", "application/json"), ("host", host.as_str()), ("x-amz-invocation-type", kind)];
        let signed = Signed { method: "POST", path: &path, headers: &headers, body: &request.event };
        let signing = Signing { credentials, region: &self.region, service: "lambda", time };
        let mut http = HttpRequest::post(path.as_str()).header("user-agent", AGENT);
        for (name, value) in headers {
            http = http.header(name, value);
        }
        for (name, value) in sign::sign(&signed, &signing) {
            http = http.header(name, value);
        }
        // Not signed: proxies may extend it.
        if let Some(trace) = request.trace.as_deref().and_then(|trace| HeaderValue::from_str(trace).ok()) {
            http = http.header("x-amzn-trace-id", trace);
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
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    Answer {
        status,
        function_failed: headers.contains_key("x-amz-function-error"),
        // `ResourceNotFoundException:http://…`
        code: header("x-amzn-errortype").and_then(|code| code.split(':').next()).map(str::to_owned),
        retry_after: header("retry-after").and_then(|seconds| seconds.trim().parse().ok()).map(Duration::from_secs),
        body,
    }
}
