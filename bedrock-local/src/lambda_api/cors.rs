//! CORS of function URLs, as Lambda does it (Lambda developer guide, "Cross-origin resource sharing (CORS)"): a preflight
//! request is answered without the function, and other responses get headers next to those of the function.

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use bedrock_build::settings::Cors;

use super::access::function_of_host;
use super::function_reference::FunctionReference;
use super::function_url_response::json_response;
use super::request_parts::header_text;
use super::service::Service;

/// What `{stage}` in the settings stands for on this machine.
const LOCAL_STAGE: &str = "local";

/// Returns whether a request is for a function URL whose configuration allows pages of the request's origin.
pub(super) fn allows(service: &Service, request: &Parts) -> bool {
    let Some(origin) = header_text(&request.headers, "origin") else { return false };
    let name = function_of_host(&request.headers).or_else(|| function_of_path(request.uri.path()));
    let Some(name) = name else { return false };
    let function = FunctionReference::parse(&name, None).and_then(|reference| service.function(&reference));
    let cors = function.as_ref().ok().and_then(|function| service.backend.cors(function));
    cors.is_some_and(|cors| cors.allows_origin(origin, LOCAL_STAGE))
}

/// Returns the function of a path `/_url/NAME/…`.
fn function_of_path(path: &str) -> Option<String> {
    let name = path.strip_prefix("/_url/")?.split('/').next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// Returns whether a browser asks which requests it may send (Fetch Standard, CORS-preflight request).
pub(super) fn is_preflight(request: &Parts) -> bool {
    let has = |name: &str| request.headers.contains_key(name);
    request.method == Method::OPTIONS && has("origin") && has("access-control-request-method")
}

/// Returns the response to a preflight request: what the configuration allows, whatever the browser asks for.
pub(super) fn preflight_response(cors: &Cors, request: &HeaderMap) -> Response<Body> {
    let mut response = json_response(StatusCode::OK, Bytes::new());
    add_headers(&mut response, cors, request);
    // They are for responses to other requests.
    response.headers_mut().remove("access-control-expose-headers");
    if allowed_origin(cors, request).is_some() {
        add(&mut response, "access-control-allow-headers", &cors.allow_headers.join(","));
        add(&mut response, "access-control-allow-methods", &cors.allow_methods.join(","));
        let max_age = cors.max_age.filter(|seconds| *seconds > 0).map(|seconds| seconds.to_string());
        add(&mut response, "access-control-max-age", &max_age.unwrap_or_default());
    }
    response
}

/// Adds the headers that every response has. A header that the function has set as well is in the response twice, as on
/// AWS.
pub(super) fn add_headers(response: &mut Response<Body>, cors: &Cors, request: &HeaderMap) {
    add(response, "vary", "Origin");
    let Some(origin) = allowed_origin(cors, request) else { return };
    add(response, "access-control-allow-origin", origin);
    add(response, "access-control-expose-headers", &cors.expose_headers.join(","));
    if cors.allow_credentials {
        add(response, "access-control-allow-credentials", "true");
    }
}

/// Returns the origin of the request if the configuration allows it; `*` if it allows all.
fn allowed_origin<'r>(cors: &Cors, request: &'r HeaderMap) -> Option<&'r str> {
    let origin = header_text(request, "origin").filter(|origin| cors.allows_origin(origin, LOCAL_STAGE))?;
    Some(if cors.allows_all_origins() { "*" } else { origin })
}

/// Appends a header with a value that is not empty.
fn add(response: &mut Response<Body>, name: &'static str, value: &str) {
    if let Some(Ok(value)) = Some(value).filter(|value| !value.is_empty()).map(HeaderValue::try_from) {
        response.headers_mut().append(HeaderName::from_static(name), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors(origins: &[&str]) -> Cors {
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Cors {
            allow_origins: list(origins),
            allow_methods: list(&["GET", "PUT"]),
            allow_headers: list(&["authorization", "content-type"]),
            expose_headers: list(&["x-total"]),
            allow_credentials: false,
            max_age: Some(300),
        }
    }

    fn request(origin: Option<&'static str>) -> HeaderMap {
        let origin = origin.map(|origin| (HeaderName::from_static("origin"), HeaderValue::from_static(origin)));
        origin.into_iter().collect()
    }

    /// Returns the CORS headers of a response, in order.
    fn headers(response: &Response<Body>) -> Vec<String> {
        let is_cors = |name: &HeaderName| name == "vary" || name.as_str().starts_with("access-control-");
        let found = response.headers().iter().filter(|(name, _)| is_cors(name));
        let mut found: Vec<_> =
            found.map(|(name, value)| format!("{name}: {}", value.to_str().expect("text"))).collect();
        found.sort();
        found
    }

    #[test]
    fn preflight_response_has_exactly_the_configuration() {
        let response = preflight_response(&cors(&["http://a.example"]), &request(Some("http://a.example")));
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(
            headers(&response),
            [
                "access-control-allow-headers: authorization,content-type",
                "access-control-allow-methods: GET,PUT",
                "access-control-allow-origin: http://a.example",
                "access-control-max-age: 300",
                "vary: Origin",
            ]
        );
        let minimal = Cors { allow_origins: vec!["http://a.example".to_owned()], ..Cors::default() };
        let response = preflight_response(&minimal, &request(Some("http://a.example")));
        assert_eq!(headers(&response), ["access-control-allow-origin: http://a.example", "vary: Origin"]);
    }

    #[test]
    fn responses_have_the_headers_of_function_and_configuration() {
        let mut response = json_response(StatusCode::OK, Bytes::new());
        add(&mut response, "access-control-allow-origin", "*");
        let credentials = Cors { allow_credentials: true, ..cors(&["http://a.example"]) };
        add_headers(&mut response, &credentials, &request(Some("http://a.example")));
        assert_eq!(
            headers(&response),
            [
                "access-control-allow-credentials: true",
                "access-control-allow-origin: *",
                "access-control-allow-origin: http://a.example",
                "access-control-expose-headers: x-total",
                "vary: Origin",
            ]
        );
    }

    #[test]
    fn other_origins_get_no_permission() {
        for origin in [None, Some("http://b.example"), Some("null")] {
            let response = preflight_response(&cors(&["http://a.example"]), &request(origin));
            assert_eq!(headers(&response), ["vary: Origin"], "{origin:?}");
        }
        let response = preflight_response(&cors(&["*"]), &request(Some("http://b.example")));
        assert!(headers(&response).contains(&"access-control-allow-origin: *".to_owned()));
    }

    #[test]
    fn only_browser_questions_are_preflight_requests() {
        let parts = |method: &str, names: &[&str]| {
            let request = axum::http::Request::builder().method(method);
            let request = names.iter().fold(request, |request, name| request.header(*name, "GET"));
            request.body(()).expect("a request").into_parts().0
        };
        assert!(is_preflight(&parts("OPTIONS", &["origin", "access-control-request-method"])));
        assert!(!is_preflight(&parts("OPTIONS", &["origin"])));
        assert!(!is_preflight(&parts("GET", &["origin", "access-control-request-method"])));
        assert_eq!(function_of_path("/_url/endpoint/a/b").as_deref(), Some("endpoint"));
        assert_eq!(function_of_path("/_bedrock/v1/app"), None);
        assert_eq!(function_of_path("/_url/"), None);
    }
}
