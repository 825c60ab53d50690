//! Framing of HTTP responses. Where a message ends is decided by the server that writes it, never by the headers of a
//! worker: otherwise the rest of a body could be taken for the response to the next request of the connection.

use axum::body::{Body, HttpBody};
use axum::http::header::{CONNECTION, CONTENT_LENGTH, TRAILER, TRANSFER_ENCODING, UPGRADE};
use axum::http::{HeaderName, Method, Response, StatusCode};

/// Headers of one connection (RFC 9110, 7.6.1), which are not part of a response.
const HOP_BY_HOP: [HeaderName; 7] = [
    CONNECTION,
    TRANSFER_ENCODING,
    TRAILER,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("te"),
];

/// Removes all headers that frame a response or belong to one connection.
pub(crate) fn remove_framing_headers(response: &mut Response<Body>) {
    remove_hop_by_hop_headers(response);
    response.headers_mut().remove(CONTENT_LENGTH);
}

/// Removes the headers of a router's response that contradict its body or belong to one connection. A length that is
/// right stays, and so does the length in a response to `HEAD`. A switch of protocols that the client wants, for
/// example to WebSocket, is a matter between the router and the server. Other interim responses are no answer.
pub fn correct_framing(response: &mut Response<Body>, method: &Method, wants_upgrade: bool) {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS && wants_upgrade {
        return;
    }
    if response.status().is_informational() {
        *response = Response::new(Body::from("Internal Server Error"));
        *response.status_mut() = StatusCode::BAD_GATEWAY;
    }
    remove_hop_by_hop_headers(response);
    let mut lengths = response.headers().get_all(CONTENT_LENGTH).iter();
    let Some(first) = lengths.next() else { return };
    let is_single = lengths.next().is_none();
    let length = first.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let length = length.and_then(|text| text.parse::<u64>().ok());
    // A `HEAD` response has the length of a body that is not sent.
    let exact = response.body().size_hint().exact();
    let is_right = length.is_some() && (exact == length || (method == Method::HEAD && exact == Some(0)));
    if !is_single || !is_right || response.status() == StatusCode::NO_CONTENT {
        response.headers_mut().remove(CONTENT_LENGTH);
    }
}

fn remove_hop_by_hop_headers(response: &mut Response<Body>) {
    let named = response.headers().get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let named = named.flat_map(|value| value.split(',')).filter_map(|name| name.trim().parse::<HeaderName>().ok());
    let named: Vec<_> = named.collect();
    for name in HOP_BY_HOP.iter().chain(&named) {
        response.headers_mut().remove(name);
    }
    if matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED) {
        *response.body_mut() = Body::empty();
    }
}
