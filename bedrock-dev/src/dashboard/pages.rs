//! Which address gets which file. Every view of the dashboard is an address of its own, and all of them are one page, which
//! a browser gets for each address that is nothing else on this port. What the page may do is written into each answer:
//! run its own script, and talk to this port.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use axum::routing::{any, get};
use bedrock::local::service::unknown_operation;

use super::files::{File, PAGE, at};

/// Nothing from elsewhere, no script but its own, no text that becomes one, and no page around it.
const MAY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
    trusted-types 'none'";
const ADDED: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, MAY),
    (CACHE_CONTROL, "no-cache"),
    (HeaderName::from_static("x-content-type-options"), "nosniff"),
    (HeaderName::from_static("x-frame-options"), "DENY"),
    (HeaderName::from_static("referrer-policy"), "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// The dashboard, to be served beside Lambda's API, whose door it needs. Takes every address that has no other route.
pub fn router() -> Router {
    Router::new().route("/", get(answer)).route("/{*path}", any(answer)).method_not_allowed_fallback(unknown_operation)
}

async fn answer(request: Request) -> Response<Body> {
    match chosen(request.method(), request.uri().path(), request.headers()) {
        Some(file) => sent(file, request.headers()),
        None => unknown_operation(request).await,
    }
}

/// What a request is for. Programs that ask for what is not there are told so; a browser gets the page.
fn chosen(method: &Method, path: &str, headers: &HeaderMap) -> Option<&'static File> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return None;
    }
    let is_api = ["/2015-03-31/", "/_"].iter().any(|other| path.starts_with(other));
    at(path).or_else(|| (takes(headers, &ACCEPT, "text/html") && !is_api).then(|| at(PAGE)).flatten())
}

fn sent(file: &'static File, headers: &HeaderMap) -> Response<Body> {
    let packed = file.packed.clone().filter(|_| takes(headers, &ACCEPT_ENCODING, "gzip"));
    let is_packed = packed.is_some();
    let tag = if is_packed { &file.packed_tag } else { &file.tag };
    let is_known = takes(headers, &IF_NONE_MATCH, tag);
    let body = if is_known { Body::empty() } else { Body::from(packed.unwrap_or_else(|| file.plain.clone())) };
    let mut response = Response::new(body);
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let added = response.headers_mut();
    for (name, value) in ADDED {
        added.insert(name, HeaderValue::from_static(value));
    }
    added.insert(VARY, HeaderValue::from_static("accept, accept-encoding"));
    added.insert(CONTENT_TYPE, HeaderValue::from_static(file.content_type));
    if is_packed && !is_known {
        added.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    if let Ok(tag) = HeaderValue::from_str(tag) {
        added.insert(ETAG, tag);
    }
    response
}

/// Whether a list in a header has this value, not with `q=0`. Proxies may have made a tag a weak one.
fn takes(headers: &HeaderMap, name: &HeaderName, value: &str) -> bool {
    let given = headers.get_all(name).iter().filter_map(|given| given.to_str().ok());
    given.flat_map(|given| given.split(',')).any(|one| {
        let mut parts = one.split(';').map(str::trim);
        let is_meant = parts.next().is_some_and(|one| one.trim_start_matches("W/").eq_ignore_ascii_case(value));
        is_meant && !parts.any(|part| part.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0_f64)))
    })
}

#[cfg(test)]
mod tests {
    use super::{chosen, takes};
    use axum::http::header::{ACCEPT, ACCEPT_ENCODING};
    use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};

    const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

    fn headers(name: &HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name.clone(), HeaderValue::from_static(value))])
    }

    #[test]
    fn a_browser_gets_the_page_for_every_address_of_a_view_and_files_by_their_names() {
        let path =
            |method: Method, path: &str, accept| chosen(&method, path, &headers(&ACCEPT, accept)).map(|file| file.path);
        for (expected, asked, accept) in [
            (Some("/"), "/", BROWSER),
            (Some("/"), "/", "*/*"),
            (Some("/"), "/invocations/6f1c0a52", BROWSER),
            (Some("/"), "/graph", "TEXT/HTML"),
            (Some("/app.js"), "/app.js", "*/*"),
            (Some("/app.js"), "/app.js", BROWSER),
            (None, "/graph", "*/*"),
            (None, "/graph", "application/json"),
            (None, "/graph", "text/html;q=0"),
            (None, "/2015-03-31/nothing", BROWSER),
            (None, "/_bedrock/v2/app", BROWSER),
            (None, "/_url/", BROWSER),
        ] {
            assert_eq!(path(Method::GET, asked, accept), expected, "{asked} {accept}");
        }
        assert_eq!(path(Method::HEAD, "/graph", BROWSER), Some("/"));
        assert_eq!(path(Method::POST, "/", BROWSER), None);
    }

    #[test]
    fn what_is_taken_with_no_weight_is_not_taken() {
        for (is_taken, value) in [
            (true, "gzip"),
            (true, "br, GZIP;q=0.5"),
            (false, "br, gzip;q=0"),
            (false, "gzip;q=0.0"),
            (false, "x-gzip"),
            (false, ""),
        ] {
            assert_eq!(takes(&headers(&ACCEPT_ENCODING, value), &ACCEPT_ENCODING, "gzip"), is_taken, "{value}");
        }
    }
}
