//! Who may come in. A port on this machine can be reached by every page in the user's browser, too: those are told
//! apart by what a browser adds to each of their requests and a page cannot take away.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method};

use super::refusal::Refusal;

/// Whose calls are taken.
#[derive(Debug, Clone)]
pub enum Access {
    /// Those of programs that were given this access key: the workers of this run.
    Key(Arc<str>),
    /// All that are signed as AWS wants it, with whatever credentials: the user asked for the port and knows it.
    Signed,
}

/// What the access keys of single workers begin with.
const OF_WORKER: &str = "LOCAL_";

/// The access key by which a worker's calls are recognised, for the `AWS_ACCESS_KEY_ID` of its processes. It tells who
/// calls, and keeps nobody out: that is not needed among the user's own programs.
pub fn worker_key(worker: &str) -> String {
    format!("{OF_WORKER}{worker}")
}

/// The worker that a call's access key was made for.
pub(super) fn worker_of(headers: &HeaderMap) -> Option<&str> {
    key(headers).strip_prefix(OF_WORKER)
}

/// Refuses what a page of another origin sends, and what comes under a name that is not this machine's. On a port of
/// loopback that is a name for loopback; on another, which the user asked for, the address too that it is `bound` to.
pub(super) fn from_where_it_may(request: &Parts, bound: IpAddr) -> Result<(), Refusal> {
    // Another name may be one that an attacker's DNS server lets point here (DNS rebinding). No server does that to an
    // address.
    let headers = &request.headers;
    let host = text(headers, "host").unwrap_or_default();
    if !is_loopback(host) && !is_bound(host, bound) {
        return Err(Refusal::denied(&format!("the local Lambda service does not answer to the host `{host}`")));
    }
    if let Some(origin) = text(headers, "origin").filter(|origin| origin.strip_prefix("http://") != Some(host)) {
        return Err(Refusal::denied(&format!("the local Lambda service does not answer pages of `{origin}`")));
    }
    // Reading requests, such as those for pictures, come without an origin.
    match text(headers, "sec-fetch-site") {
        None | Some("same-origin" | "none") => Ok(()),
        Some(_) if is_link(request) => Ok(()),
        Some(_) => Err(Refusal::denied("the local Lambda service does not answer pages of another origin")),
    }
}

/// Whether somebody follows a link, in the whole window, to what is neither an API nor a function.
fn is_link(request: &Parts) -> bool {
    let (headers, path) = (&request.headers, request.uri.path());
    request.method == Method::GET
        && text(headers, "sec-fetch-mode") == Some("navigate")
        && text(headers, "sec-fetch-dest") == Some("document")
        && function_of_host(headers).is_none()
        && !["/2015-03-31/", "/_"].iter().any(|others| path.starts_with(others))
}

/// Refuses calls of Lambda's API without the credentials that `access` wants.
pub(super) fn credentials(headers: &HeaderMap, access: &Access) -> Result<(), Refusal> {
    let key = key(headers);
    match access {
        _ if key.is_empty() => Err(Refusal::denied("Missing Authentication Token")),
        Access::Key(own) if key != &**own => Err(Refusal::denied("the credentials are not those of this run")),
        Access::Key(_) | Access::Signed => Ok(()),
    }
}

/// The function whose URL a request is for by its host, `NAME.localhost:PORT`, which browsers know to be this machine.
pub(super) fn function_of_host(headers: &HeaderMap) -> Option<String> {
    let authority = text(headers, "host")?.parse::<Authority>().ok()?;
    let name = authority.host().strip_suffix(".localhost")?;
    (!name.is_empty() && !name.contains('.')).then(|| name.to_owned())
}

/// The access key of a call; empty if there is none.
fn key(headers: &HeaderMap) -> &str {
    let given = text(headers, "authorization").unwrap_or_default();
    // `AWS4-HMAC-SHA256 Credential=KEY/20261125/…` of an SDK, `Bedrock KEY` of a worker's `invoke`.
    let signed = given.split_once("Credential=").and_then(|(_, rest)| rest.split('/').next());
    given.strip_prefix("Bedrock ").or(signed).unwrap_or_default()
}

/// A header that is text.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Whether a host is the address that a port is bound to; any address is, if it is bound to all of them.
fn is_bound(host: &str, bound: IpAddr) -> bool {
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
    use super::{Access, credentials, from_where_it_may, function_of_host, worker_key, worker_of};
    use axum::http::request::Parts;
    use axum::http::{HeaderMap, HeaderName, HeaderValue, Request};

    fn request(line: &str, given: &[(&'static str, &'static str)]) -> Parts {
        let (method, path) = line.split_once(' ').expect("a line");
        let mut parts = Request::builder().method(method).uri(path).body(()).expect("a request").into_parts().0;
        parts.headers = headers(given);
        parts
    }
    use std::net::{IpAddr, Ipv4Addr};

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn headers(headers: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs =
            headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        pairs.collect()
    }

    #[test]
    fn programs_and_pages_of_the_service_s_own_origin_come_in() {
        for given in [
            &[("host", "127.0.0.1:4000")][..],
            &[("host", "localhost:4000"), ("origin", "http://localhost:4000"), ("sec-fetch-site", "same-origin")],
            &[("host", "[::1]:4000"), ("sec-fetch-site", "none")],
            &[("host", "LOCALHOST")],
            &[("host", "endpoint.localhost:4000"), ("origin", "http://endpoint.localhost:4000")],
        ] {
            assert!(from_where_it_may(&request("GET /", given), LOOPBACK).is_ok(), "{given:?}");
        }
    }

    #[test]
    fn pages_of_other_origins_and_other_names_of_this_machine_stay_outside() {
        for given in [
            &[][..],
            &[("host", "evil.example:4000")],
            &[("host", "127.0.0.1.evil.example:4000")],
            &[("host", "localhost.evil.example")],
            &[("host", "192.168.0.7:4000")],
            &[("host", "127.0.0.1:4000"), ("origin", "http://evil.example")],
            &[("host", "127.0.0.1:4000"), ("origin", "null")],
            &[("host", "127.0.0.1:4000"), ("origin", "http://endpoint.localhost:4000")],
            &[("host", "127.0.0.1:4000"), ("origin", "http://127.0.0.1:5000")],
            &[("host", "127.0.0.1:4000"), ("origin", "https://127.0.0.1:4000")],
            &[("host", "127.0.0.1:4000"), ("sec-fetch-site", "cross-site")],
            &[("host", "127.0.0.1:4000"), ("sec-fetch-site", "same-site")],
        ] {
            assert!(from_where_it_may(&request("GET /", given), LOOPBACK).is_err(), "{given:?}");
        }
    }

    #[test]
    fn a_link_of_another_page_leads_to_what_is_for_eyes_and_to_nothing_else() {
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
            assert!(from_where_it_may(&request(line, &own), LOOPBACK).is_ok(), "{line}");
        }
        for line in ["POST /", "GET /_url/endpoint/", "GET /_bedrock/v1/token", "GET /2015-03-31/functions/"] {
            assert!(from_where_it_may(&request(line, &own), LOOPBACK).is_err(), "{line}");
        }
        assert!(from_where_it_may(&request("GET /", &link("endpoint.localhost:4000")), LOOPBACK).is_err());
        assert!(from_where_it_may(&request("GET /", &link("evil.example:4000")), LOOPBACK).is_err());
        for (place, value) in [(2, ("sec-fetch-mode", "no-cors")), (3, ("sec-fetch-dest", "iframe"))] {
            let mut other = own;
            other[place] = value;
            assert!(from_where_it_may(&request("GET /", &other), LOOPBACK).is_err(), "{value:?}");
        }
    }

    #[test]
    fn a_port_of_another_address_answers_to_that_address_and_still_to_no_name_and_no_page_of_elsewhere() {
        let is_open = |given: &[(&'static str, &'static str)], bound: &str| {
            from_where_it_may(&request("GET /", given), bound.parse().expect("an address")).is_ok()
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
    fn a_name_below_localhost_is_that_of_a_function() {
        let of = |host| function_of_host(&headers(&[("host", host)]));
        assert_eq!(of("endpoint.localhost:7070").as_deref(), Some("endpoint"));
        for none in
            ["localhost:7070", "127.0.0.1:7070", ".localhost", "a.b.localhost", "endpoint.localhost.evil.example"]
        {
            assert_eq!(of(none), None, "{none}");
        }
    }

    #[test]
    fn a_key_opens_if_it_is_that_of_this_run_or_if_any_does() {
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
            assert_eq!(credentials(&given, &own).is_ok(), with_key, "{value}");
            assert_eq!(credentials(&given, &Access::Signed).is_ok(), signed, "{value}");
        }
        assert!(credentials(&HeaderMap::new(), &Access::Signed).is_err());
    }

    #[test]
    fn a_worker_s_key_tells_who_calls_however_the_call_is_signed_and_other_keys_tell_nothing() {
        assert_eq!(worker_key("resizer"), "LOCAL_resizer");
        for (value, worker) in [
            ("Bedrock LOCAL_resizer", Some("resizer")),
            ("AWS4-HMAC-SHA256 Credential=LOCAL_resizer/20261125/us-east-1/lambda/aws4_request", Some("resizer")),
            ("AWS4-HMAC-SHA256 Credential=AKIDOTHER/20261125/us-east-1/lambda/aws4_request", None),
            ("Bedrock BEDROCK1", None),
        ] {
            assert_eq!(worker_of(&headers(&[("authorization", value)])), worker, "{value}");
        }
        assert_eq!(worker_of(&HeaderMap::new()), None);
    }
}
