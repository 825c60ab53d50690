//! Serves the files of the dashboard. All pages of the dashboard share one HTML file, which a browser receives for
//! every path without another route on this port. The content security policy of each response allows only the page's
//! own script and connections to this port.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use axum::routing::{any, get};
use bedrock_local::lambda_api::unknown_operation;

use super::files::{File, INDEX, find};

/// Forbids other origins, other scripts, scripts created from strings, and framing.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
    trusted-types 'none'";
const HEADERS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, CONTENT_POLICY),
    (CACHE_CONTROL, "no-cache"),
    (HeaderName::from_static("x-content-type-options"), "nosniff"),
    (HeaderName::from_static("x-frame-options"), "DENY"),
    (HeaderName::from_static("referrer-policy"), "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Returns the routes of the dashboard, to be served on the port of Lambda's API, whose access check they rely on. They
/// handle every path that has no other route.
pub fn router() -> Router {
    Router::new().route("/", get(serve)).route("/{*path}", any(serve)).method_not_allowed_fallback(unknown_operation)
}

async fn serve(request: Request) -> Response<Body> {
    match find_file(request.method(), request.uri().path(), request.headers()) {
        Some(file) => file_response(file, request.headers()),
        None => unknown_operation(request).await,
    }
}

/// Returns the file for a request. For unknown paths, a browser receives the HTML page, other programs an error.
fn find_file(method: &Method, path: &str, headers: &HeaderMap) -> Option<&'static File> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return None;
    }
    let is_api = ["/2015-03-31/", "/_"].iter().any(|other| path.starts_with(other));
    let accepts_html = accepts(headers, &ACCEPT, "text/html");
    find(path).or_else(|| (accepts_html && !is_api).then(|| find(INDEX)).flatten())
}

fn file_response(file: &'static File, headers: &HeaderMap) -> Response<Body> {
    let gzipped = file.gzipped.clone().filter(|_| accepts(headers, &ACCEPT_ENCODING, "gzip"));
    let is_gzipped = gzipped.is_some();
    let etag = if is_gzipped { &file.gzipped_etag } else { &file.etag };
    let is_unchanged = accepts(headers, &IF_NONE_MATCH, etag);
    let body = if is_unchanged { Body::empty() } else { Body::from(gzipped.unwrap_or_else(|| file.plain.clone())) };
    let mut response = Response::new(body);
    if is_unchanged {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let response_headers = response.headers_mut();
    for (name, value) in HEADERS {
        response_headers.insert(name, HeaderValue::from_static(value));
    }
    response_headers.insert(VARY, HeaderValue::from_static("accept, accept-encoding"));
    response_headers.insert(CONTENT_TYPE, HeaderValue::from_static(file.content_type));
    if is_gzipped && !is_unchanged {
        response_headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    if let Ok(etag) = HeaderValue::from_str(etag) {
        response_headers.insert(ETAG, etag);
    }
    response
}

/// Returns whether a list in a header contains the value, but not with `q=0`. Also matches weak entity tags, which
/// proxies may have created.
fn accepts(headers: &HeaderMap, name: &HeaderName, value: &str) -> bool {
    let lists = headers.get_all(name).iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let is_match = parts.next().is_some_and(|name| name.trim_start_matches("W/").eq_ignore_ascii_case(value));
        is_match && !parts.any(|part| part.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0_f64)))
    })
}

#[cfg(test)]
mod tests {
    use super::{accepts, find_file};
    use axum::http::header::{ACCEPT, ACCEPT_ENCODING};
    use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};

    const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

    fn headers(name: &HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name.clone(), HeaderValue::from_static(value))])
    }

    #[test]
    fn browsers_receive_the_page_for_every_route() {
        let path = |method: Method, path: &str, accept| {
            find_file(&method, path, &headers(&ACCEPT, accept)).map(|file| file.path)
        };
        for (expected, requested, accept) in [
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
            assert_eq!(path(Method::GET, requested, accept), expected, "{requested} {accept}");
        }
        assert_eq!(path(Method::HEAD, "/graph", BROWSER), Some("/"));
        assert_eq!(path(Method::POST, "/", BROWSER), None);
    }

    #[test]
    fn values_with_zero_weight_are_not_accepted() {
        for (expected, value) in [
            (true, "gzip"),
            (true, "br, GZIP;q=0.5"),
            (false, "br, gzip;q=0"),
            (false, "gzip;q=0.0"),
            (false, "x-gzip"),
            (false, ""),
        ] {
            assert_eq!(accepts(&headers(&ACCEPT_ENCODING, value), &ACCEPT_ENCODING, "gzip"), expected, "{value}");
        }
    }
}
