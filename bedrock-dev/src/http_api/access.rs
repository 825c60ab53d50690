//! Access checks of the dashboard's API. The access check of Lambda's API, which is on the same port, already rejects
//! pages of other origins and names of other machines. Here the port must match, too, and a change requires a token
//! that only programs and pages of this origin can read.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use axum::middleware::Next;
use axum::response::IntoResponse;
use serde_json::json;

use super::response::{ApiError, ok};
use super::state::ApiState;
use crate::event_log::VERSION;

const TOKEN_HEADER: &str = "x-bedrock-token";
/// Added to every response.
const SECURITY_HEADERS: [(&str, &str); 4] = [
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-frame-options", "DENY"),
];

/// Rejects requests that may not read or change anything.
pub(super) async fn guard(State(state): State<Arc<ApiState>>, request: Request, next: Next) -> Response<Body> {
    let mut response = match check(&state.app.url, &state.token, request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    };
    for (name, value) in SECURITY_HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// `GET /_bedrock/v1/token`
pub(super) async fn token(State(state): State<Arc<ApiState>>) -> Response<Body> {
    ok(&json!({ "version": VERSION, "token": state.token }))
}

fn check(url: &str, token: &str, method: &Method, headers: &HeaderMap) -> Result<(), ApiError> {
    let header = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let host = header("host").unwrap_or_default();
    let port = url.rsplit(':').next().unwrap_or_default();
    if !is_local_host(host, port) {
        let message = format!("unexpected `Host` header `{host}`; expected `127.0.0.1:{port}`");
        return Err(ApiError::new(StatusCode::MISDIRECTED_REQUEST, message));
    }
    // An origin that is not valid text is not this one either.
    let is_same_origin = |origin: &HeaderValue| {
        let origin = origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://"));
        origin.is_some_and(|origin| origin.eq_ignore_ascii_case(host))
    };
    if headers.get_all("origin").iter().any(|origin| !is_same_origin(origin)) {
        return Err(ApiError::new(StatusCode::FORBIDDEN, "requests from pages of other origins are rejected"));
    }
    if !matches!(*method, Method::GET | Method::HEAD) && header(TOKEN_HEADER) != Some(token) {
        let message = "the header `X-Bedrock-Token` must be the token of `GET /_bedrock/v1/token`";
        return Err(ApiError::new(StatusCode::FORBIDDEN, message));
    }
    Ok(())
}

/// Returns whether a `Host` header has the port and is `localhost` or an IP address. The access check of Lambda's API
/// restricts the addresses.
fn is_local_host(host: &str, port: &str) -> bool {
    let Some(name) = host.strip_suffix(port).and_then(|host| host.strip_suffix(':')) else { return false };
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || address.parse::<std::net::IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::check;
    use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};

    fn status(method: &Method, headers: &[(&'static str, &'static str)]) -> u16 {
        let pairs =
            headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let headers: HeaderMap = pairs.collect();
        check("http://127.0.0.1:4000", "secret", method, &headers).err().map_or(200, |error| error.status.as_u16())
    }

    #[test]
    fn reading_requires_expected_host_and_same_origin() {
        for (expected, headers) in [
            (200, &[("host", "127.0.0.1:4000")][..]),
            (200, &[("host", "LOCALHOST:4000"), ("origin", "http://localhost:4000")]),
            (200, &[("host", "[::1]:4000")]),
            (421, &[]),
            (421, &[("host", "127.0.0.1")]),
            (421, &[("host", "127.0.0.1:4001")]),
            (421, &[("host", "evil.example:4000")]),
            (421, &[("host", "127.0.0.1:4000.evil.example")]),
            (403, &[("host", "127.0.0.1:4000"), ("origin", "null")]),
            (403, &[("host", "127.0.0.1:4000"), ("origin", "http://localhost:4000")]),
            (403, &[("host", "127.0.0.1:4000"), ("origin", "https://127.0.0.1:4000")]),
            (403, &[("host", "127.0.0.1:4000"), ("origin", "http://127.0.0.1:4000.evil.example")]),
        ] {
            assert_eq!(status(&Method::GET, headers), expected, "{headers:?}");
        }
    }

    #[test]
    fn changing_requires_the_token() {
        let host = ("host", "127.0.0.1:4000");
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
            assert_eq!(status(&method, &[host]), 403);
            assert_eq!(status(&method, &[host, ("x-bedrock-token", "secret ")]), 403);
            assert_eq!(status(&method, &[host, ("x-bedrock-token", "secret")]), 200);
        }
    }
}
