//! Function URLs: an HTTP request becomes an event of payload format 2.0, and the function's response an HTTP response.
//! The URL is `http://NAME.localhost:PORT/`, or `/_url/NAME/` for clients that cannot resolve that host.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Response, StatusCode};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use bedrock_model::date::web_log;
use bedrock_model::{FunctionInfo, Invocation, UrlError, UrlRequest};

use super::access::function_of_host;
use super::body::{self, BodyError};
use super::cors;
use super::function_reference::FunctionReference;
use super::function_url_response::{http_response, json_response};
use super::http_api;
use super::request_parts::{NameInPath, header_text};
use super::response_stream::{Beginning, response_stream};
use super::service::Service;
use bedrock_model::Error;
use bedrock_model::limits::MAX_SYNC_PAYLOAD_BYTES;

/// Header with the trace of a request or response.
const TRACE_HEADER: &str = "x-amzn-trace-id";
/// Beginning of the header `authorization` of our own programs.
const OWN_SCHEME: &str = "Bedrock ";
/// The body of the response to a request without a signature.
const FORBIDDEN: &[u8] = br#"{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}"#;

/// `/_url/{name}`, `/_url/{name}/` and `/_url/{name}/…`
pub(super) async fn call(service: State<Arc<Service>>, name: NameInPath, request: Request) -> Response<Body> {
    sandboxed(respond(&service, &name.0, request).await)
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
    let trace = header_text(request.headers(), TRACE_HEADER).map(str::to_owned);
    let mut invocation = Invocation::new(Bytes::new(), trace);
    let request_id = invocation.request_id.clone();
    let function = match FunctionReference::parse(name, None).and_then(|reference| service.function(&reference)) {
        Ok(function) => function,
        Err(error) => return error.into_response(&request_id),
    };
    let (mut head, body) = request.into_parts();
    let cors = service.backend.cors(&function);
    if let Some(cors) = cors.filter(|_| cors::is_preflight(&head)) {
        return with_ids(cors::preflight_response(cors, &head.headers), request_id, None);
    }
    let body = match body::read(body, MAX_SYNC_PAYLOAD_BYTES).await {
        Ok(body) => body,
        Err(BodyError::TooLarge(_))
            if service.backend.route(&function, &url_request(&head, b""), &raw_path(&head)).is_some() =>
        {
            return with_ids(http_api::too_large(), request_id, None);
        }
        Err(BodyError::TooLarge(_)) => return plain_text(StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long"),
        Err(BodyError::Broken) => return plain_text(StatusCode::BAD_REQUEST, "Bad Request"),
    };
    let routed = match service.backend.route(&function, &url_request(&head, &body), &raw_path(&head)) {
        Some(Ok(routed)) => Some(routed),
        Some(Err(error)) => return with_ids(http_api::refusal(error), request_id, None),
        None => None,
    };
    let signer = match &routed {
        Some(_) => Ok(None),
        None => service.backend.authorize_url(&function, &url_request(&head, &body)),
    };
    let identity = match signer {
        Ok(identity) => identity,
        Err(error) => return with_ids(refusal(error), request_id, None),
    };
    // It is for this server, not for the function.
    if header_text(&head.headers, "authorization").is_some_and(|value| value.starts_with(OWN_SCHEME)) {
        head.headers.remove("authorization");
    }
    let trace = invocation.trace.clone();
    let mut event = request_event(name, &head, &body, &request_id, &trace);
    if let Some(identity) = identity {
        http_api::add_identity(&mut event["requestContext"], identity);
    }
    let is_api = routed.is_some();
    if let Some(routed) = routed {
        http_api::add_route(&mut event, routed);
    }
    invocation.event = event.to_string().into();
    let mut response = if is_api {
        http_api::response(service.backend.run(&function, invocation), http_api::INTEGRATION_TIMEOUT).await
    } else if service.backend.streams(&function) {
        streamed_response(service, &function, invocation).await
    } else {
        whole_response(&service.backend.run(&function, invocation).await)
    };
    if let Some(cors) = cors {
        cors::add_headers(&mut response, cors, &head.headers);
    }
    with_ids(response, request_id, Some(trace))
}

/// Returns what the signature of a request covers.
fn url_request<'a>(head: &'a Parts, body: &'a [u8]) -> UrlRequest<'a> {
    UrlRequest {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        headers: head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect(),
        body,
    }
}

/// Returns the response to a request that does not reach the function.
fn refusal(error: UrlError) -> Response<Body> {
    let (status, exception, body) = match error {
        UrlError::Unsigned => (StatusCode::FORBIDDEN, "AccessDeniedException", Bytes::from_static(FORBIDDEN)),
        UrlError::Signature { exception, message } => {
            (StatusCode::FORBIDDEN, exception, json!({ "message": message }).to_string().into())
        }
        UrlError::NoUrl(message) => {
            (StatusCode::NOT_FOUND, "ResourceNotFoundException", json!({ "Message": message }).to_string().into())
        }
    };
    let mut response = json_response(status, body);
    response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(exception));
    response
}

/// Returns the response while the function writes it. A function that does not stream answers as a whole, or with an error.
async fn streamed_response(service: &Service, function: &FunctionInfo, mut invocation: Invocation) -> Response<Body> {
    let (writer, mut reader) = response_stream();
    invocation.response_stream = Some(Arc::new(writer));
    let reply = tokio::spawn(service.backend.run(function, invocation));
    match reader.beginning().await {
        // A response that cannot have a body, such as 204, gets none from the server (`correct_framing`).
        Beginning::Response(head, first) => head.map(|_| reader.into_body(first, reply)),
        Beginning::Invalid => function_failed(),
        Beginning::NotStreamed => match reply.await {
            Ok(result) => whole_response(&result),
            Err(_) => function_failed(),
        },
    }
}

/// Returns the response of a function that has ended.
fn whole_response(result: &Result<Bytes, Error>) -> Response<Body> {
    match result {
        Ok(response) => http_response(response).unwrap_or_else(function_failed),
        Err(Error::Throttled { .. }) => throttled(),
        Err(_) => function_failed(),
    }
}

/// Sets the headers with the ids of the request, whatever the function says.
fn with_ids(mut response: Response<Body>, request_id: String, trace: Option<String>) -> Response<Body> {
    for (name, value) in [("x-amzn-requestid", Some(request_id)), (TRACE_HEADER, trace)] {
        if let Some(Ok(value)) = value.map(HeaderValue::try_from) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Returns the event that the function gets (Lambda developer guide, "Request payload format" of function URLs).
fn request_event(name: &str, head: &Parts, body: &[u8], request_id: &str, trace: &str) -> Value {
    let path = raw_path(head);
    let query = head.uri.query().unwrap_or_default();
    let host = header_text(&head.headers, "host").unwrap_or_default();
    let now = SystemTime::now();
    let mut headers = BTreeMap::<&str, String>::new();
    for (name, value) in head.headers.iter().filter(|(name, _)| *name != "cookie") {
        append_value(headers.entry(name.as_str()).or_default(), &lossy_text(value));
    }
    let port = host.rsplit_once(':').map_or("80", |(_, port)| port);
    append_value(headers.entry("x-forwarded-for").or_default(), "127.0.0.1");
    // The URL is that of this machine, so its scheme is not `https`.
    for (name, value) in [("x-forwarded-proto", "http"), ("x-forwarded-port", port), (TRACE_HEADER, trace)] {
        headers.insert(name, value.to_owned());
    }
    let mut parameters = BTreeMap::<String, String>::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        append_value(parameters.entry(name.into_owned()).or_default(), &value);
    }
    let cookies: Vec<_> = head.headers.get_all("cookie").iter().map(lossy_text).collect();
    let cookies: Vec<&str> = cookies.iter().flat_map(|cookies| cookies.split("; ")).collect();
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
                "userAgent": head.headers.get("user-agent").map(lossy_text).unwrap_or_default(),
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

/// Returns the event of a request, for the fuzz target.
#[cfg(fuzzing)]
pub fn function_url_event(head: &Parts, body: &[u8]) -> Value {
    request_event("fuzzed", head, body, "00000000-0000-4000-8000-000000000000", "Root=1-0-0")
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

/// Returns a header value. Bytes that are not valid UTF-8 are replaced, because an event contains only text.
fn lossy_text(value: &HeaderValue) -> Cow<'_, str> {
    String::from_utf8_lossy(value.as_bytes())
}

/// Whether a body of this type is text in the event. Media types are not case-sensitive (RFC 9110, 8.3.1). A body
/// without a type, and a form, is Base64.
fn is_text(content_type: Option<&str>) -> bool {
    let kind = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let kinds = ["application/json", "application/javascript", "application/xml"];
    kind.starts_with("text/") || kinds.contains(&&*kind) || kind.ends_with("+json") || kind.ends_with("+xml")
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

#[cfg(test)]
mod tests {
    use super::{is_text, request_event};
    use axum::http::{HeaderValue, Request};

    #[test]
    fn text_of_requests_is_decided_by_media_type() {
        for text in ["text/plain", "TEXT/PLAIN", "Application/JSON; charset=UTF-8", "image/svg+xml", "a/problem+JSON"] {
            assert!(is_text(Some(text)), "{text}");
        }
        for binary in ["application/x-www-form-urlencoded", "multipart/form-data", "image/png", "", "json"] {
            assert!(!is_text(Some(binary)), "{binary}");
        }
        assert!(!is_text(None));
    }

    #[test]
    fn events_contain_the_headers_that_function_urls_add() {
        let request = Request::builder().uri("/").header("host", "w.localhost:7070");
        let request = request.header("x-forwarded-for", "10.0.0.1").header("x-forwarded-proto", "gopher").body(());
        let event = request_event("w", &request.expect("a request").into_parts().0, b"", "id", "Root=1-2;Sampled=1");
        let expected = serde_json::json!({
            "host": "w.localhost:7070",
            "x-forwarded-for": "10.0.0.1,127.0.0.1",
            "x-forwarded-port": "7070",
            "x-forwarded-proto": "http",
            "x-amzn-trace-id": "Root=1-2;Sampled=1",
        });
        assert_eq!(event["headers"], expected);
    }

    #[test]
    fn header_bytes_outside_ascii_hide_no_cookie() {
        let cookie = HeaderValue::from_bytes(b"a=1; b=\xff; c=\xc3\xa4").expect("a value");
        let agent = HeaderValue::from_bytes("Käfer".as_bytes()).expect("a value");
        let request = Request::builder().uri("/").header("cookie", cookie).header("user-agent", agent).body(());
        let event = request_event("w", &request.expect("a request").into_parts().0, b"", "id", "Root=1");
        assert_eq!(event["cookies"], serde_json::json!(["a=1", "b=\u{fffd}", "c=ä"]));
        assert_eq!(event["requestContext"]["http"]["userAgent"], "Käfer");
    }
}
