//! Access control. Every page in the user's browser can send requests to a local port. Such requests are recognized by
//! headers that the browser adds and that a page cannot remove.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method};

use bedrock_model::backend::worker_of_access_key;

use super::api_error::ApiError;
use super::request_parts::header_text;

/// Which calls are accepted.
#[derive(Debug, Clone)]
pub enum Access {
    /// Calls with this access key, which only the workers of this run know.
    Key(Arc<str>),
    /// Calls with any AWS credentials. Only for a port that the user has opened.
    Signed,
}

/// Returns the worker whose access key signed a call. `None` for other keys.
pub(super) fn calling_worker(headers: &HeaderMap) -> Option<&str> {
    worker_of_access_key(access_key(headers))
}

/// Rejects requests of pages of other origins (CSRF) and requests with a foreign `Host` (DNS rebinding). The error is a
/// message for the client.
pub fn check_host_and_origin(request: &Parts, bound: IpAddr) -> Result<(), String> {
    check_host(request, bound)?;
    check_origin(request)
}

/// Rejects requests with a foreign `Host` (DNS rebinding), and headers that no browser sends.
///
/// On a loopback port the host must be a name or address of loopback. On another port, which the user has opened, it
/// may also be the address that the port is `bound` to.
pub(super) fn check_host(request: &Parts, bound: IpAddr) -> Result<(), String> {
    // An attacker's DNS server can let any other name point to this machine. It cannot do that with an address.
    let headers = &request.headers;
    // A header that is repeated or not text is not that of a browser, and must not count as missing.
    for name in ["host", "origin", "sec-fetch-site"] {
        let mut values = headers.get_all(name).iter();
        let is_text = values.next().is_none_or(|value| value.to_str().is_ok());
        if !is_text || values.next().is_some() {
            return Err(format!("the local Lambda service does not answer requests whose `{name}` is not valid"));
        }
    }
    let host = header_text(headers, "host").unwrap_or_default();
    // `Authority` accepts a user part, which no `Host` has.
    if host.contains('@') {
        return Err(format!("the local Lambda service does not answer to the host `{host}`"));
    }
    if !is_loopback(host) && !is_bound_address(host, bound) {
        return Err(format!("the local Lambda service does not answer to the host `{host}`"));
    }
    Ok(())
}

/// Rejects requests of pages of other origins (CSRF). `check_host` has already checked the headers themselves.
pub(super) fn check_origin(request: &Parts) -> Result<(), String> {
    let headers = &request.headers;
    let host = header_text(headers, "host").unwrap_or_default();
    if let Some(origin) = header_text(headers, "origin").filter(|origin| origin.strip_prefix("http://") != Some(host)) {
        return Err(format!("the local Lambda service does not answer pages of `{origin}`"));
    }
    // Requests that only read, for example for images, have no origin.
    match header_text(headers, "sec-fetch-site") {
        None | Some("same-origin" | "none") => Ok(()),
        Some(_) if is_link_navigation(request) => Ok(()),
        Some(_) => Err("the local Lambda service does not answer pages of another origin".to_owned()),
    }
}

/// Whether the user follows a link, in the whole window, to a page that is neither an API nor a function.
fn is_link_navigation(request: &Parts) -> bool {
    let headers = &request.headers;
    let path = request.uri.path();
    request.method == Method::GET
        && header_text(headers, "sec-fetch-mode") == Some("navigate")
        && header_text(headers, "sec-fetch-dest") == Some("document")
        && function_of_host(headers).is_none()
        && !["/2015-03-31/", "/2025-12-01/", "/_"].iter().any(|prefix| path.starts_with(prefix))
}

/// Rejects calls of Lambda's API without the credentials that `access` requires.
pub(super) fn check_credentials(headers: &HeaderMap, access: &Access) -> Result<(), ApiError> {
    let key = access_key(headers);
    match access {
        _ if key.is_empty() => Err(ApiError::denied("Missing Authentication Token")),
        Access::Key(expected) if key != &**expected => {
            Err(ApiError::denied("the credentials are not those of this run"))
        }
        Access::Key(_) | Access::Signed => Ok(()),
    }
}

/// Returns the function whose URL a request addresses by its host, `NAME.localhost:PORT`. Browsers resolve such names
/// to this machine.
pub(super) fn function_of_host(headers: &HeaderMap) -> Option<String> {
    let authority = header_text(headers, "host")?.parse::<Authority>().ok()?;
    let name = authority.host().strip_suffix(".localhost")?;
    (!name.is_empty() && !name.contains('.')).then(|| name.to_owned())
}

/// Returns the access key of a call. Empty if it has none.
fn access_key(headers: &HeaderMap) -> &str {
    let authorization = header_text(headers, "authorization").unwrap_or_default();
    // `AWS4-HMAC-SHA256 Credential=KEY/20261125/…` of an SDK, `Bedrock KEY` of a worker's `invoke`.
    let signed = authorization.split_once("Credential=").and_then(|(_, rest)| rest.split('/').next());
    authorization.strip_prefix("Bedrock ").or(signed).unwrap_or_default()
}

/// Whether a host is the address that the port is bound to. If the port is bound to all addresses, any address is.
fn is_bound_address(host: &str, bound: IpAddr) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let address = authority.host().trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    !bound.is_loopback() && address.is_ok_and(|address| bound.is_unspecified() || address == bound)
}

fn is_loopback(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    let name = name.rsplit('.').next().filter(|last| last.eq_ignore_ascii_case("localhost")).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::{Access, calling_worker, check_credentials, check_host_and_origin, function_of_host};
    use axum::http::request::Parts;
    use axum::http::{HeaderMap, HeaderName, HeaderValue, Request};
    use bedrock_model::backend::worker_access_key;

    fn request(line: &str, given: &[(&'static str, &'static str)]) -> Parts {
        let (method, path) = line.split_once(' ').expect("a line");
        let mut parts = Request::builder().method(method).uri(path).body(()).expect("a request").into_parts().0;
        parts.headers = headers(given);
        parts
    }
    use std::net::{IpAddr, Ipv4Addr};

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn headers(headers: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        map
    }

    #[test]
    fn headers_that_are_not_text_do_not_count_as_missing() {
        for name in ["host", "origin", "sec-fetch-site"] {
            let mut parts = request("GET /", &[("host", "127.0.0.1:4000")]);
            parts.headers.insert(name, HeaderValue::from_bytes(b"http://evil.example\xff").expect("a value"));
            assert!(check_host_and_origin(&parts, LOOPBACK).is_err(), "{name}");
        }
    }

    #[test]
    fn requests_of_programs_and_own_pages_are_accepted() {
        for given in [
            &[("host", "127.0.0.1:4000")][..],
            &[("host", "localhost:4000"), ("origin", "http://localhost:4000"), ("sec-fetch-site", "same-origin")],
            &[("host", "[::1]:4000"), ("sec-fetch-site", "none")],
            &[("host", "LOCALHOST")],
            &[("host", "endpoint.localhost:4000"), ("origin", "http://endpoint.localhost:4000")],
        ] {
            assert!(check_host_and_origin(&request("GET /", given), LOOPBACK).is_ok(), "{given:?}");
        }
    }

    #[test]
    fn foreign_origins_and_hosts_are_rejected() {
        for given in [
            &[][..],
            &[("host", "evil.example:4000")],
            &[("host", "127.0.0.1.evil.example:4000")],
            &[("host", "localhost.evil.example")],
            &[("host", "192.168.0.7:4000")],
            &[("host", "evil.example@127.0.0.1:4000")],
            &[("host", "127.0.0.1:4000"), ("host", "evil.example")],
            &[("host", "127.0.0.1:4000"), ("origin", "http://127.0.0.1:4000"), ("origin", "http://evil.example")],
            &[("host", "127.0.0.1:4000"), ("origin", "http://evil.example")],
            &[("host", "127.0.0.1:4000"), ("origin", "null")],
            &[("host", "127.0.0.1:4000"), ("origin", "http://endpoint.localhost:4000")],
            &[("host", "127.0.0.1:4000"), ("origin", "http://127.0.0.1:5000")],
            &[("host", "127.0.0.1:4000"), ("origin", "https://127.0.0.1:4000")],
            &[("host", "127.0.0.1:4000"), ("sec-fetch-site", "cross-site")],
            &[("host", "127.0.0.1:4000"), ("sec-fetch-site", "same-site")],
        ] {
            assert!(check_host_and_origin(&request("GET /", given), LOOPBACK).is_err(), "{given:?}");
        }
    }

    #[test]
    fn links_of_other_pages_reach_only_pages() {
        let link = |host| {
            [
                ("host", host),
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-mode", "navigate"),
                ("sec-fetch-dest", "document"),
            ]
        };
        let own = link("127.0.0.1:4000");
        for line in ["GET /", "GET /invocations/6f1c?a=b"] {
            assert!(check_host_and_origin(&request(line, &own), LOOPBACK).is_ok(), "{line}");
        }
        for line in [
            "POST /",
            "GET /_url/endpoint/",
            "GET /_bedrock/v1/token",
            "GET /2015-03-31/functions/",
            "GET /2025-12-01/x",
        ] {
            assert!(check_host_and_origin(&request(line, &own), LOOPBACK).is_err(), "{line}");
        }
        assert!(check_host_and_origin(&request("GET /", &link("endpoint.localhost:4000")), LOOPBACK).is_err());
        assert!(check_host_and_origin(&request("GET /", &link("evil.example:4000")), LOOPBACK).is_err());
        for (place, value) in [(2, ("sec-fetch-mode", "no-cors")), (3, ("sec-fetch-dest", "iframe"))] {
            let mut other = own;
            other[place] = value;
            assert!(check_host_and_origin(&request("GET /", &other), LOOPBACK).is_err(), "{value:?}");
        }
    }

    #[test]
    fn bound_address_is_accepted_but_no_foreign_host_or_origin() {
        let is_open = |given: &[(&'static str, &'static str)], bound: &str| {
            check_host_and_origin(&request("GET /", given), bound.parse().expect("an address")).is_ok()
        };
        for (bound, open) in
            [("192.168.0.7", true), ("0.0.0.0", true), ("::", true), ("10.0.0.1", false), ("127.0.0.1", false)]
        {
            assert_eq!(is_open(&[("host", "192.168.0.7:7070")], bound), open, "{bound}");
            assert!(is_open(&[("host", "localhost:7070")], bound), "{bound}");
            for given in [
                &[("host", "evil.example:7070")][..],
                &[("host", "192.168.0.7.evil.example:7070")],
                &[("host", "192.168.0.7:7070"), ("origin", "http://evil.example")],
                &[("host", "192.168.0.7:7070"), ("origin", "http://192.168.0.8:7070")],
                &[("host", "192.168.0.7:7070"), ("sec-fetch-site", "cross-site")],
            ] {
                assert!(!is_open(given, bound), "{bound} {given:?}");
            }
        }
    }

    #[test]
    fn subdomain_of_localhost_names_a_function() {
        let of = |host| function_of_host(&headers(&[("host", host)]));
        assert_eq!(of("endpoint.localhost:7070").as_deref(), Some("endpoint"));
        for none in
            ["localhost:7070", "127.0.0.1:7070", ".localhost", "a.b.localhost", "endpoint.localhost.evil.example"]
        {
            assert_eq!(of(none), None, "{none}");
        }
    }

    #[test]
    fn credentials_must_match_the_access_key_of_the_run() {
        let own = Access::Key("BEDROCK1".into());
        for (value, with_key, signed) in [
            ("Bedrock BEDROCK1", true, true),
            ("AWS4-HMAC-SHA256 Credential=BEDROCK1/20261125/us-east-1/lambda/aws4_request, Signature=x", true, true),
            ("AWS4-HMAC-SHA256 Credential=AKIDOTHER/20261125/us-east-1/lambda/aws4_request, Signature=x", false, true),
            ("Bedrock BEDROCK12", false, true),
            ("Bearer BEDROCK1", false, false),
            ("", false, false),
        ] {
            let given = headers(&[("authorization", value)]);
            assert_eq!(check_credentials(&given, &own).is_ok(), with_key, "{value}");
            assert_eq!(check_credentials(&given, &Access::Signed).is_ok(), signed, "{value}");
        }
        assert!(check_credentials(&HeaderMap::new(), &Access::Signed).is_err());
    }

    #[test]
    fn access_key_of_a_worker_identifies_the_caller() {
        assert_eq!(worker_access_key("resizer"), "LOCAL_resizer");
        for (value, worker) in [
            ("Bedrock LOCAL_resizer", Some("resizer")),
            ("AWS4-HMAC-SHA256 Credential=LOCAL_resizer/20261125/us-east-1/lambda/aws4_request", Some("resizer")),
            ("AWS4-HMAC-SHA256 Credential=AKIDOTHER/20261125/us-east-1/lambda/aws4_request", None),
            ("Bedrock BEDROCK1", None),
        ] {
            assert_eq!(calling_worker(&headers(&[("authorization", value)])), worker, "{value}");
        }
        assert_eq!(calling_worker(&HeaderMap::new()), None);
    }
}
