//! Function URLs: an HTTP request becomes an event of payload format 2.0, and the function's response an HTTP response.
//! The URL is `http://NAME.localhost:PORT/`, or `/_url/NAME/` for clients that cannot resolve that host.

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

use bedrock_model::Invocation;
use bedrock_model::date::web_log;

use super::access::function_of_host;
use super::body::{self, BodyError};
use super::function_reference::FunctionReference;
use super::request_parts::header_text;
use super::service::Service;
use crate::Error;
use crate::limits::MAX_SYNC_PAYLOAD_BYTES;

/// `/_url/{name}` and `/_url/{name}/`
pub(super) async fn call(service: State<Arc<Service>>, Path(name): Path<String>, request: Request) -> Response<Body> {
    sandboxed(respond(&service, &name, request).await)
}

/// `/_url/{name}/…`
pub(super) async fn call_below(
    service: State<Arc<Service>>,
    Path((name, _)): Path<(String, String)>,
    request: Request,
) -> Response<Body> {
    sandboxed(respond(&service, &name, request).await)
}

/// Adds a sandbox to the response. Otherwise scripts in a page of the function would have the origin of the API and
/// could call workers.
fn sandboxed(mut response: Response<Body>) -> Response<Body> {
    let sandbox = HeaderValue::from_static("sandbox allow-forms allow-scripts");
    response.headers_mut().append("content-security-policy", sandbox);
    response
}

/// `http://{name}.localhost:PORT/…`; also serves the paths above.
pub(super) async fn respond(service: &Service, name: &str, request: Request) -> Response<Body> {
    let mut invocation = Invocation::new(Bytes::new(), None);
    let request_id = invocation.request_id.clone();
    let function = match FunctionReference::parse(name, None).and_then(|reference| service.function(&reference)) {
        Ok(function) => function,
        Err(error) => return error.into_response(&request_id),
    };
    let (head, body) = request.into_parts();
    let body = match body::read(body, MAX_SYNC_PAYLOAD_BYTES).await {
        Ok(body) => body,
        Err(BodyError::TooLarge(_)) => return plain_text(StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long"),
        Err(BodyError::Broken) => return plain_text(StatusCode::BAD_REQUEST, "Bad Request"),
    };
    invocation.event = request_event(name, &head, &body, &request_id).to_string().into();
    match service.backend.run(&function, invocation).await {
        Ok(response) => http_response(&response).unwrap_or_else(function_failed),
        Err(Error::Throttled { .. }) => throttled(),
        Err(_) => function_failed(),
    }
}

/// Returns the event that the function gets (Lambda developer guide, "Request payload format" of function URLs).
fn request_event(name: &str, head: &Parts, body: &[u8], request_id: &str) -> Value {
    let path = raw_path(head);
    let query = head.uri.query().unwrap_or_default();
    let host = header_text(&head.headers, "host").unwrap_or_default();
    let now = SystemTime::now();
    let mut headers = BTreeMap::<&str, String>::new();
    for (name, value) in head.headers.iter().filter(|(name, _)| *name != "cookie") {
        append_value(headers.entry(name.as_str()).or_default(), &String::from_utf8_lossy(value.as_bytes()));
    }
    let mut parameters = BTreeMap::<String, String>::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        append_value(parameters.entry(name.into_owned()).or_default(), &value);
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
                "userAgent": header_text(&head.headers, "user-agent").unwrap_or_default(),
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
        // AWS decides by the content type. Bytes that are not valid text cannot be in JSON in any case.
        let as_text = std::str::from_utf8(body).ok().filter(|_| is_text(header_text(&head.headers, "content-type")));
        event["isBase64Encoded"] = json!(as_text.is_none());
        event["body"] = as_text.map_or_else(|| BASE64_STANDARD.encode(body), str::to_owned).into();
    }
    event
}

/// Returns the path that the function gets: without `/_url/NAME`, if it begins so.
fn raw_path(head: &Parts) -> String {
    let path = head.uri.path();
    if function_of_host(&head.headers).is_some() {
        return path.to_owned();
    }
    let path = path.strip_prefix("/_url/").and_then(|rest| rest.split_once('/')).map_or("", |(_, path)| path);
    format!("/{path}")
}

/// Appends a value to those of the same name, separated by a comma as on AWS.
fn append_value(all: &mut String, value: &str) {
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

/// The response of a function that sets HTTP status and headers.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HttpFunctionResponse {
    status_code: u16,
    #[serde(default)]
    headers: BTreeMap<String, Value>,
    #[serde(default)]
    cookies: Vec<String>,
    body: Option<Value>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// Converts the response of a function to an HTTP response. `None` if it is not valid.
fn http_response(response: &Bytes) -> Option<Response<Body>> {
    let has_status = |value: &Value| value.get("statusCode").is_some();
    let value: Value = serde_json::from_slice(response).ok()?;
    if !has_status(&value) {
        // A response without a status becomes the body of a successful response. A JSON string becomes plain text.
        let body = value.as_str().map_or_else(|| response.clone(), |text| Bytes::copy_from_slice(text.as_bytes()));
        return Some(json_response(StatusCode::OK, body));
    }
    let given: HttpFunctionResponse = serde_json::from_value(value).ok()?;
    let body = match given.body {
        None | Some(Value::Null) => Bytes::new(),
        Some(Value::String(text)) if given.is_base64_encoded => BASE64_STANDARD.decode(text).ok()?.into(),
        Some(Value::String(text)) => text.into(),
        Some(other) => other.to_string().into(),
    };
    let mut response = json_response(StatusCode::from_u16(given.status_code).ok()?, body);
    for (name, value) in given.headers {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        response.headers_mut().insert(HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?);
    }
    for cookie in given.cookies {
        response.headers_mut().append("set-cookie", HeaderValue::try_from(cookie).ok()?);
    }
    Some(response)
}

fn json_response(status: StatusCode, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    response
}

/// Returns the response for any error of the function. The error itself is in the log.
fn function_failed() -> Response<Body> {
    plain_text(StatusCode::BAD_GATEWAY, "Internal Server Error")
}

/// Returns the response for a function that is throttled ("When throttled, Lambda returns HTTP status code 429").
fn throttled() -> Response<Body> {
    let mut response =
        json_response(StatusCode::TOO_MANY_REQUESTS, Bytes::from_static(br#"{"Message":"Rate Exceeded."}"#));
    response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static("TooManyRequestsException"));
    response
}

fn plain_text(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = json_response(status, Bytes::from_static(text.as_bytes()));
    response.headers_mut().insert("content-type", HeaderValue::from_static("text/plain"));
    response
}
