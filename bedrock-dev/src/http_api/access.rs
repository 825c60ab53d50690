//! Who may read, and who may change something. The door of Lambda's API, which is on the same port, keeps out pages of
//! other origins and names that are not this machine's. Here the port must be right, too, and whoever changes something
//! shows a token that only programs and pages of this origin can read.

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

/// Shows the token.
const TOKEN: &str = "x-bedrock-token";
const ADDED: [(&str, &str); 4] = [
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-frame-options", "DENY"),
];

/// Lets in, or does not.
pub(super) async fn guard(State(desk): State<Arc<ApiState>>, request: Request, next: Next) -> Response<Body> {
    let mut response = match check(desk.about.url(), &desk.token, request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    };
    for (name, value) in ADDED {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// `GET /_bedrock/v1/token`
pub(super) async fn token(State(desk): State<Arc<ApiState>>) -> Response<Body> {
    ok(&json!({ "version": VERSION, "token": desk.token }))
}

fn check(url: &str, token: &str, method: &Method, headers: &HeaderMap) -> Result<(), ApiError> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let (host, port) = (text("host").unwrap_or_default(), url.rsplit(':').next().unwrap_or_default());
    if !is_own(host, port) {
        let message = format!("this is `127.0.0.1:{port}`, not the host `{host}`");
        return Err(ApiError::new(StatusCode::MISDIRECTED_REQUEST, message));
    }
    // An origin that cannot be read is none of ours either.
    let is_own = |origin: &HeaderValue| {
        let origin = origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://"));
        origin.is_some_and(|origin| origin.eq_ignore_ascii_case(host))
    };
    if headers.get_all("origin").iter().any(|origin| !is_own(origin)) {
        return Err(ApiError::new(StatusCode::FORBIDDEN, "pages of other origins are not answered"));
    }
    if !matches!(*method, Method::GET | Method::HEAD) && text(TOKEN) != Some(token) {
        let message = "the header `X-Bedrock-Token` must be the token of `GET /_bedrock/v1/token`";
        return Err(ApiError::new(StatusCode::FORBIDDEN, message));
    }
    Ok(())
}

/// Whether a host may be this one: with the port, `localhost` or an address. Which addresses, the outer door says.
fn is_own(host: &str, port: &str) -> bool {
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
        check("http://127.0.0.1:4000", "secret", method, &headers).err().map_or(200, |refused| refused.status.as_u16())
    }

    #[test]
    fn reading_needs_the_right_host_and_no_foreign_origin() {
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
    fn changing_needs_the_token() {
        let host = ("host", "127.0.0.1:4000");
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
            assert_eq!(status(&method, &[host]), 403);
            assert_eq!(status(&method, &[host, ("x-bedrock-token", "secret ")]), 403);
            assert_eq!(status(&method, &[host, ("x-bedrock-token", "secret")]), 200);
        }
    }
}
