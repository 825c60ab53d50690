//! Sends requests to the server or to the account that has the service, and the responses back. Requests to an account are
//! signed again; everything else is not held in memory here.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Uri, header};
use axum::routing::any;
use bedrock_build::App;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::super::aws_api::SERVICES_PATH;
use super::super::caller::{authenticated_function, calling_function, signed_service};
use super::rights::{MAX_REQUEST_BYTES, protocol};
use crate::ENDPOINT;
use crate::account::{AccountRequest, AccountServices};
use crate::https::{HttpsConnector, connector};

/// Time after which an unused connection is closed, sooner than servers close it.
const IDLE_TIMEOUT: Duration = Duration::from_secs(3);
/// The access key of this server's own requests, with which it creates tables: DynamoDB Local keeps the tables of each key
/// apart, and refuses the keys of functions because of their `_`.
const ACCESS_KEY: &str = "test";
/// Headers that concern one connection (RFC 9110, "Connection").
const CONNECTION_HEADERS: [HeaderName; 7] = [
    header::CONNECTION,
    header::HOST,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];
/// Headers of a signature, and those that the HTTP client writes.
const SIGNATURE_HEADERS: [&str; 6] =
    ["authorization", "content-length", "expect", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"];

struct ServicesProxy {
    /// `http://127.0.0.1:4566`
    url: Option<String>,
    account: Option<AccountServices>,
    /// Names of the functions that may reach the account.
    functions: BTreeSet<String>,
    client: Client<HttpsConnector, Body>,
}

impl ServicesProxy {
    fn new(app: &App, url: Option<&str>, account: Option<AccountServices>) -> std::io::Result<Self> {
        let needs_tls = account.is_some() || url.is_some_and(|url| url.starts_with("https"));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .build(connector(needs_tls)?);
        let workers = app.workers.iter().map(|worker| worker.name.to_string());
        let functions = workers.chain([ENDPOINT.to_owned()]).collect();
        Ok(Self { url: url.map(str::to_owned), account, functions, client })
    }
}

/// Why a request got no response from a service.
#[derive(Debug)]
enum ProxyError {
    Denied(&'static str),
    Failed { status: StatusCode, code: &'static str, message: String },
}

impl ProxyError {
    /// The service is down.
    fn no_response(reason: &str) -> Self {
        let message = format!("`cargo bedrock dev` got no response from the service: {reason}");
        Self::Failed { status: StatusCode::BAD_GATEWAY, code: "ServiceUnavailable", message }
    }

    fn not_sent(reason: &str) -> Self {
        let message = format!("the request was not sent: {reason}");
        Self::Failed { status: StatusCode::BAD_GATEWAY, code: "ServiceUnavailable", message }
    }

    fn invalid_path() -> Self {
        let message = "the request was not sent: its path is not valid".to_owned();
        Self::Failed { status: StatusCode::BAD_REQUEST, code: "ValidationException", message }
    }

    fn unknown_service(service: Option<&str>) -> Self {
        let Some(service) = service else {
            let message = "the request has no AWS signature, which names its service".to_owned();
            return Self::Failed { status: StatusCode::FORBIDDEN, code: "MissingAuthenticationToken", message };
        };
        let message = format!(
            "`cargo bedrock dev` has no service `{service}`: add it to `dev.services`, or add `ministack`, which has it"
        );
        Self::Failed { status: StatusCode::NOT_FOUND, code: "UnknownOperationException", message }
    }

    fn response(&self, head: &Parts) -> Response<Body> {
        match self {
            Self::Denied(message) => protocol(head).denial(head, message),
            Self::Failed { status, code, message } => protocol(head).error(head, *status, code, message),
        }
    }
}

/// Returns the routes of the services at `url` and of those in an account, which the functions of `app` reach.
pub(in super::super) fn router(
    app: &App,
    url: Option<&str>,
    account: Option<AccountServices>,
) -> std::io::Result<Router> {
    if url.is_none() && account.is_none() {
        return Ok(Router::new());
    }
    let proxy = Arc::new(ServicesProxy::new(app, url, account)?);
    Ok(Router::new()
        .route(SERVICES_PATH, any(forward))
        .route(&format!("{SERVICES_PATH}/"), any(forward))
        .route(&format!("{SERVICES_PATH}/{{*path}}"), any(forward))
        .with_state(proxy))
}

async fn forward(State(proxy): State<Arc<ServicesProxy>>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let service = signed_service(&head);
    let of_account =
        proxy.account.as_ref().zip(service.clone()).filter(|(account, service)| account.services.contains(service));
    let forwarded = match (of_account, &proxy.url) {
        (Some((account, service)), _) => {
            // Every program that reaches this port knows the access keys of functions.
            if authenticated_function(&head).is_some_and(|function| proxy.functions.contains(&function)) {
                signed_for_account(account, &head, body, service).await
            } else {
                Err(ProxyError::Denied("only functions of the app reach the account of `dev.profile` here"))
            }
        }
        (None, Some(url)) => for_url(url, &head, body),
        (None, None) => Err(ProxyError::unknown_service(service.as_deref())),
    };
    let response = match forwarded {
        Ok(request) => proxy.client.request(request).await.map_err(|error| ProxyError::no_response(&error.to_string())),
        Err(error) => Err(error),
    };
    match response {
        Ok(response) => {
            let mut response = response.map(Body::new);
            remove_connection_headers(response.headers_mut());
            response
        }
        Err(error) => error.response(&head),
    }
}

fn for_url(url: &str, head: &Parts, body: Body) -> Result<Request, ProxyError> {
    let mut request = Request::new(body);
    *request.method_mut() = head.method.clone();
    *request.uri_mut() = target(url, head).ok_or_else(ProxyError::invalid_path)?;
    *request.headers_mut() = forwarded_headers(head);
    Ok(request)
}

/// Signs a request of a function with the credentials of the user.
async fn signed_for_account(
    account: &AccountServices,
    head: &Parts,
    body: Body,
    service: String,
) -> Result<Request, ProxyError> {
    if !head.headers.contains_key(header::AUTHORIZATION) {
        return Err(ProxyError::Denied("presigned requests do not reach the account of `dev.profile` here"));
    }
    let bytes = to_bytes(body, MAX_REQUEST_BYTES).await;
    let bytes = bytes.map_err(|_| ProxyError::Failed {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        code: "RequestEntityTooLargeException",
        message: format!("a request has at most {MAX_REQUEST_BYTES} bytes"),
    })?;
    let headers = head
        .headers
        .iter()
        .filter(|(name, _)| !CONNECTION_HEADERS.contains(name) && !SIGNATURE_HEADERS.contains(&name.as_str()));
    let headers = headers.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
    let target = head.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let host = if target.starts_with("DynamoDBStreams_") { "streams.dynamodb".to_owned() } else { service.clone() };
    let request = AccountRequest {
        service,
        host,
        method: head.method.to_string(),
        path: path_below(head).ok_or_else(ProxyError::invalid_path)?,
        headers: headers.collect(),
        body: bytes.clone(),
    };
    let signed = (account.sign)(request).await.map_err(|reason| ProxyError::not_sent(&reason))?;
    let mut request = Request::builder().method(head.method.clone()).uri(&signed.url);
    for (name, value) in signed.headers {
        request = request.header(name, value);
    }
    request.body(Body::from(bytes)).map_err(|error| ProxyError::not_sent(&error.to_string()))
}

/// Returns the URL of a request at the server that has the services.
fn target(url: &str, head: &Parts) -> Option<Uri> {
    format!("{url}{}", path_below(head)?).parse().ok()
}

/// Returns path and query below this server's base path.
fn path_below(head: &Parts) -> Option<String> {
    let path = head.uri.path_and_query().map_or("/", PathAndQuery::as_str).strip_prefix(SERVICES_PATH)?;
    let separator = if path.starts_with('/') { "" } else { "/" };
    Some(format!("{separator}{path}"))
}

fn forwarded_headers(head: &Parts) -> HeaderMap {
    let mut headers = head.headers.clone();
    remove_connection_headers(&mut headers);
    if calling_function(head).is_some() {
        // It proves the function here, and other servers need not know it.
        headers.remove("x-amz-security-token");
        let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let credential = authorization.and_then(|value| value.split_once("Credential=")?.1.split('/').next());
        let replaced = authorization
            .zip(credential)
            .map(|(value, key)| value.replacen(&format!("Credential={key}/"), &format!("Credential={ACCESS_KEY}/"), 1));
        if let Some(Ok(value)) = replaced.map(|value| HeaderValue::from_str(&value)) {
            headers.insert(header::AUTHORIZATION, value);
        }
    }
    headers
}

fn remove_connection_headers(headers: &mut HeaderMap) {
    for name in CONNECTION_HEADERS {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{ServicesProxy, forward, forwarded_headers, target};
    use axum::body::{Body, to_bytes};
    use axum::extract::State;
    use axum::http::request::Parts;
    use axum::http::{HeaderValue, Request};
    use bedrock_build::App;
    use bedrock_model::backend::function_session_token;

    use crate::account::{AccountServices, SigningFuture};

    fn head(uri: &str) -> Parts {
        let request = Request::builder().uri(uri).header("host", "127.0.0.1:7070").header("connection", "close");
        let scope = "20260101/us-east-1/dynamodb/aws4_request, Signature=0";
        let request = request.header("authorization", format!("AWS4-HMAC-SHA256 Credential=LOCAL_a/{scope}"));
        request.body(()).expect("a request").into_parts().0
    }

    #[test]
    fn path_and_query_stay_the_same() {
        let url = |uri: &str| target("http://127.0.0.1:4566", &head(uri)).expect("a URL").to_string();
        assert_eq!(url("/_aws"), "http://127.0.0.1:4566/");
        assert_eq!(url("/_aws/"), "http://127.0.0.1:4566/");
        assert_eq!(url("/_aws/v2/a%2Fb//c?x=%20&y"), "http://127.0.0.1:4566/v2/a%2Fb//c?x=%20&y");
        assert_eq!(url("/_aws?Action=GetUser"), "http://127.0.0.1:4566/?Action=GetUser");
    }

    /// Returns what a proxy with an account answers, which signs nothing.
    async fn answer(headers: &[(&'static str, &str)]) -> (u16, String) {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("Cargo.toml"), "[package]\nname = \"shop\"\n[package.metadata.bedrock]\n")
            .expect("a file");
        let app = App::find(dir.path()).unwrap_or_else(|problems| panic!("{problems:?}"));
        let sign = |_| -> SigningFuture { Box::pin(async { Err("no credentials".to_owned()) }) };
        let account = AccountServices { services: vec!["dynamodb".to_owned()], sign: Arc::new(sign) };
        let mut request = Request::post("/_aws/").body(Body::empty()).expect("a request");
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).expect("a value"));
        }
        let proxy = ServicesProxy::new(&app, None, Some(account)).expect("a proxy");
        let response = forward(State(Arc::new(proxy)), request).await;
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 10_000).await.expect("a body");
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    #[tokio::test]
    async fn only_functions_with_their_token_reach_the_account() {
        let signed = |key: &str, service: &str| {
            format!("AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/{service}/aws4_request, Signature=0")
        };
        let send = async |key: &str, token: &str| {
            answer(&[("authorization", &signed(key, "dynamodb")), ("x-amz-security-token", token)]).await
        };
        let token = function_session_token("endpoint");
        let (status, body) = send("LOCAL_endpoint", &token).await;
        assert_eq!(status, 502);
        assert!(body.contains("the request was not sent: no credentials"), "{body}");
        let of_none = function_session_token("gone");
        for (key, token) in [
            ("LOCAL_endpoint", "LOCAL_endpoint/0"),
            ("LOCAL_endpoint", "local"),
            ("any", "any"),
            ("LOCAL_gone", &of_none),
        ] {
            let (status, body) = send(key, token).await;
            assert_eq!(status, 403, "{key} {token}");
            assert!(body.contains("only functions of the app reach the account of `dev.profile` here"), "{body}");
        }
        let (_, body) = answer(&[("authorization", &signed("LOCAL_endpoint", "ssm"))]).await;
        assert!(body.contains("no service `ssm`: add it to `dev.services`"), "{body}");
        let (status, body) = answer(&[]).await;
        assert_eq!(status, 403);
        assert!(body.contains("the request has no AWS signature, which names its service"), "{body}");
    }

    #[test]
    fn services_get_the_key_that_created_the_tables() {
        let mut head = head("/_aws");
        head.headers.insert("x-amz-security-token", HeaderValue::from_static("LOCAL_a/0a1b"));
        let headers = forwarded_headers(&head);
        let expected = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, Signature=0";
        assert_eq!(headers["authorization"], expected);
        assert!(!headers.contains_key("host") && !headers.contains_key("connection"));
        assert!(!headers.contains_key("x-amz-security-token"));
    }
}
