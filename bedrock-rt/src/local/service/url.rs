//! Function URLs: an HTTP request becomes an event of payload format 2.0, and the response an HTTP answer. A function's is
//! `http://NAME.localhost:PORT/`, or `/_url/NAME/` where that host is not known.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::{self, Unread};
use super::door::{self, text};
use super::refusal::Refusal;
use super::server::Service;
use super::target::Target;
use crate::Error;
use crate::date::web_log;
use crate::limits::SYNC_PAYLOAD;
use crate::local::Invocation;

/// `/_url/{name}` and `/_url/{name}/`
pub(super) async fn call(service: State<Arc<Service>>, Path(name): Path<String>, request: Request) -> Response<Body> {
    apart(answer(&service, &name, request).await)
}

/// `/_url/{name}/…`
pub(super) async fn call_below(
    service: State<Arc<Service>>,
    Path((name, _)): Path<(String, String)>,
    request: Request,
) -> Response<Body> {
    apart(answer(&service, &name, request).await)
}

/// A page that a function gives under the service's own origin is none of that origin, or its scripts could call workers.
fn apart(mut response: Response<Body>) -> Response<Body> {
    let sandbox = HeaderValue::from_static("sandbox allow-forms allow-scripts");
    response.headers_mut().append("content-security-policy", sandbox);
    response
}

/// `http://{name}.localhost:PORT/…`, and what the paths above lead to
pub(super) async fn answer(service: &Service, name: &str, request: Request) -> Response<Body> {
    let mut invocation = Invocation::new(Bytes::new(), None);
    let request_id = invocation.request_id.clone();
    let function = match Target::parse(name, None).and_then(|target| service.function(&target)) {
        Ok(function) => function,
        Err(refusal) => return Refusal::response(refusal, &request_id),
    };
    let (head, body) = request.into_parts();
    let body = match body::read(body, SYNC_PAYLOAD).await {
        Ok(body) => body,
        Err(Unread::TooLarge(_)) => return plain(StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long"),
        Err(Unread::Broken) => return plain(StatusCode::BAD_REQUEST, "Bad Request"),
    };
    invocation.event = event(name, &head, &body, &request_id).to_string().into();
    match service.backend.run(&function, invocation).await {
        Ok(response) => http(&response).unwrap_or_else(failed),
        Err(Error::Throttled { .. }) => throttled(),
        Err(_) => failed(),
    }
}

/// What the function is given (Lambda developer guide, "Request payload format" of function URLs).
fn event(name: &str, head: &Parts, body: &[u8], request_id: &str) -> Value {
    let (path, query) = (path(head), head.uri.query().unwrap_or_default());
    let host = text(&head.headers, "host").unwrap_or_default();
    let now = SystemTime::now();
    let mut headers = BTreeMap::<&str, String>::new();
    for (name, value) in head.headers.iter().filter(|(name, _)| *name != "cookie") {
        join(headers.entry(name.as_str()).or_default(), &String::from_utf8_lossy(value.as_bytes()));
    }
    let mut parameters = BTreeMap::<String, String>::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        join(parameters.entry(name.into_owned()).or_default(), &value);
    }
    let cookies = head.headers.get_all("cookie").iter().filter_map(|value| value.to_str().ok());
    let cookies: Vec<&str> = cookies.flat_map(|cookies| cookies.split("; ")).collect();
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": name,
            "domainName": host,
            "domainPrefix": name,
            "http": {
                "method": head.method.as_str(),
                "path": path,
                "protocol": format!("{:?}", head.version),
                "sourceIp": "127.0.0.1",
                "userAgent": text(&head.headers, "user-agent").unwrap_or_default(),
            },
            "requestId": request_id,
            "routeKey": "$default",
            "stage": "$default",
            "time": web_log(now),
            "timeEpoch": now.duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(0)),
        },
        "isBase64Encoded": false,
    });
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    if !parameters.is_empty() {
        event["queryStringParameters"] = json!(parameters);
    }
    if !body.is_empty() {
        // AWS decides by the type; what is no text cannot be in JSON in any case.
        let as_text = std::str::from_utf8(body).ok().filter(|_| is_text(text(&head.headers, "content-type")));
        event["isBase64Encoded"] = json!(as_text.is_none());
        event["body"] = as_text.map_or_else(|| BASE64_STANDARD.encode(body), str::to_owned).into();
    }
    event
}

/// The path that the function sees: the whole of it, unless its beginning names the function.
fn path(head: &Parts) -> String {
    let path = head.uri.path();
    if door::function_of_host(&head.headers).is_some() {
        return path.to_owned();
    }
    let path = path.strip_prefix("/_url/").and_then(|rest| rest.split_once('/')).map_or("", |(_, path)| path);
    format!("/{path}")
}

/// Values of the same name, as AWS joins them.
fn join(all: &mut String, value: &str) {
    if !all.is_empty() {
        all.push(',');
    }
    all.push_str(value);
}

fn is_text(content_type: Option<&str>) -> bool {
    let kind = content_type.unwrap_or("text/plain").split(';').next().unwrap_or_default().trim();
    let kinds = ["application/json", "application/javascript", "application/xml", "application/x-www-form-urlencoded"];
    kind.starts_with("text/") || kinds.contains(&kind) || kind.ends_with("+json") || kind.ends_with("+xml")
}

/// What a function says that knows it is asked over HTTP.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Http {
    status_code: u16,
    #[serde(default)]
    headers: BTreeMap<String, Value>,
    #[serde(default)]
    cookies: Vec<String>,
    body: Option<Value>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// The HTTP answer; nothing if the response cannot be one.
fn http(response: &Bytes) -> Option<Response<Body>> {
    let has_status = |value: &Value| value.get("statusCode").is_some();
    let value: Value = serde_json::from_slice(response).ok()?;
    if !has_status(&value) {
        // What is no HTTP answer is the body of a good one; a string is its text.
        let body = value.as_str().map_or_else(|| response.clone(), |text| Bytes::copy_from_slice(text.as_bytes()));
        return Some(of(StatusCode::OK, body));
    }
    let said: Http = serde_json::from_value(value).ok()?;
    let body = match said.body {
        None | Some(Value::Null) => Bytes::new(),
        Some(Value::String(text)) if said.is_base64_encoded => BASE64_STANDARD.decode(text).ok()?.into(),
        Some(Value::String(text)) => text.into(),
        Some(other) => other.to_string().into(),
    };
    let mut answer = of(StatusCode::from_u16(said.status_code).ok()?, body);
    for (name, value) in said.headers {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        answer.headers_mut().insert(HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?);
    }
    for cookie in said.cookies {
        answer.headers_mut().append("set-cookie", HeaderValue::try_from(cookie).ok()?);
    }
    Some(answer)
}

fn of(status: StatusCode, body: Bytes) -> Response<Body> {
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    answer
}

/// Whatever a function did wrong; what it was is in its log.
fn failed() -> Response<Body> {
    plain(StatusCode::BAD_GATEWAY, "Internal Server Error")
}

/// As many invocations run as may ("When throttled, Lambda returns HTTP status code 429").
fn throttled() -> Response<Body> {
    let mut answer = of(StatusCode::TOO_MANY_REQUESTS, Bytes::from_static(br#"{"Message":"Rate Exceeded."}"#));
    answer.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static("TooManyRequestsException"));
    answer
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut answer = of(status, Bytes::from_static(text.as_bytes()));
    answer.headers_mut().insert("content-type", HeaderValue::from_static("text/plain"));
    answer
}
