//! From the response of the endpoint's router to that of the function. `lambda_http` decodes a body by its type and
//! charset and replaces what it cannot decode; here the client gets exactly the bytes that the router gave.

use std::future::Future;
use std::pin::Pin;

use axum::body::{self, Body};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, Response, StatusCode};
use lambda_http::{Body as EventBody, IntoResponse};

/// The header by which an app marks a body of any type as text, as with `lambda_http`.
const MARKED_AS_TEXT: &str = "x-lambda-http-content-encoding";

/// A router's response whose body reaches the client byte for byte.
pub(crate) struct ExactResponse(pub(crate) Response<Body>);

impl IntoResponse for ExactResponse {
    fn into_response(self) -> Pin<Box<dyn Future<Output = Response<EventBody>> + Send>> {
        Box::pin(async move {
            let (head, body) = self.0.into_parts();
            match body::to_bytes(body, usize::MAX).await {
                Ok(bytes) => {
                    let body = event_body(&head.headers, bytes.into());
                    Response::from_parts(head, body)
                }
                Err(error) => {
                    tracing::error!("failed to read the body of the response: {error}");
                    let mut response = Response::new(EventBody::from("Internal Server Error"));
                    *response.status_mut() = StatusCode::BAD_GATEWAY;
                    response
                }
            }
        })
    }
}

/// Returns the body as text if its type is one of text and its bytes are UTF-8, otherwise as Base64.
fn event_body(headers: &HeaderMap, bytes: Vec<u8>) -> EventBody {
    if !is_text(headers) {
        return EventBody::Binary(bytes);
    }
    String::from_utf8(bytes).map_or_else(|error| EventBody::Binary(error.into_bytes()), EventBody::Text)
}

fn is_text(headers: &HeaderMap) -> bool {
    if headers.contains_key(CONTENT_ENCODING) {
        return false;
    }
    let Some(kind) = headers.get(CONTENT_TYPE) else { return true };
    let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let prefixes = ["text/", "application/json", "application/javascript", "application/xml", "application/yaml"];
    let suffixes = ["+json", "+xml", "+yaml"];
    prefixes.iter().any(|prefix| kind.starts_with(prefix))
        || suffixes.iter().any(|suffix| kind.ends_with(suffix))
        || headers.get(MARKED_AS_TEXT).is_some_and(|value| value == "text")
}

#[cfg(test)]
mod tests {
    use super::ExactResponse;
    use axum::body::Body;
    use axum::http::Response;
    use lambda_http::{Body as EventBody, IntoResponse};

    async fn event_body(headers: &[(&str, &str)], bytes: &'static [u8]) -> EventBody {
        let mut response = Response::builder();
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        let response = response.body(Body::from(bytes)).expect("a response");
        ExactResponse(response).into_response().await.into_body()
    }

    #[tokio::test]
    async fn body_of_endpoint_is_unchanged_whatever_its_headers_say() {
        for bytes in [&b""[..], "ä".as_bytes(), b"\xe4", b"\xff\xfe\x00", b"\xef\xbb\xbftext", b"{\"a\":\"\xc3\"}"] {
            for headers in [
                &[][..],
                &[("content-type", "text/plain")],
                &[("content-type", "text/plain; charset=iso-8859-1")],
                &[("content-type", "application/json; charset=utf-16")],
                &[("content-type", "TEXT/HTML; charset=windows-1252")],
                &[("content-type", "image/png")],
                &[("content-type", "text/plain"), ("content-encoding", "gzip")],
                &[("content-type", "a/b"), ("x-lambda-http-content-encoding", "text")],
            ] {
                assert_eq!(event_body(headers, bytes).await.as_ref(), bytes, "{headers:?} {bytes:?}");
            }
        }
    }

    #[tokio::test]
    async fn body_of_endpoint_is_text_where_it_can_be() {
        for (kind, is_text) in [
            ("text/plain", true),
            ("application/json", true),
            ("Image/SVG+xml", true),
            ("image/png", false),
            ("textual/x", false),
        ] {
            let body = event_body(&[("content-type", kind)], b"x").await;
            assert_eq!(matches!(body, EventBody::Text(_)), is_text, "{kind}");
        }
        assert!(matches!(event_body(&[], b"x").await, EventBody::Text(_)));
        assert!(matches!(event_body(&[], b"\xff").await, EventBody::Binary(_)));
        assert!(matches!(event_body(&[("content-encoding", "br")], b"x").await, EventBody::Binary(_)));
    }
}
