//! Responses that a function streams: what receives them, and the prelude with which an HTTP response begins.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

/// The type of a streamed response that begins with a prelude: a JSON object with status and headers, then eight zero
/// bytes (Lambda developer guide, "Response streaming with function URLs").
pub const HTTP_RESPONSE_TYPE: &str = "application/vnd.awslambda.http-integration-response";

/// What separates the prelude from the body.
const SEPARATOR: [u8; 8] = [0; 8];

/// The maximum size of a prelude. AWS documents a limit only for API Gateway, 16 KB.
const MAX_PRELUDE_BYTES: usize = 64 * 1024;

/// Number of bytes of a streamed response that the event log gets.
pub const MAX_RECORDED_BYTES: usize = 256 * 1024;

/// Future that completes when a stream can take the next bytes.
pub type Written<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Receives the response of an invocation while the function writes it.
pub trait ResponseStream: Debug + Send + Sync {
    /// Starts the response, whose type is `content_type`. It is empty if the function says none.
    fn open<'a>(&'a self, content_type: &str) -> Written<'a>;

    /// Passes on bytes, and waits while the client reads more slowly than the function writes. Discards the bytes if the
    /// client has gone: Lambda does not end the invocation either.
    fn write(&self, bytes: Bytes) -> Written<'_>;
}

/// Status and headers of a streamed HTTP response. What is not set has its default.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Prelude {
    /// The status, as a number or as text. Null for 200.
    pub status_code: serde_json::Value,
    /// The headers. Their values are strings, numbers or booleans.
    pub headers: Option<BTreeMap<String, serde_json::Value>>,
    /// The values of `set-cookie`.
    pub cookies: Option<Vec<String>>,
}

/// What the first bytes of a streamed HTTP response are.
#[derive(Debug, PartialEq, Eq)]
pub enum PreludeState {
    /// The prelude is not complete.
    Incomplete,
    /// The prelude, and the index at which the body begins.
    Complete(Prelude, usize),
    /// They are not a prelude: not JSON, or too long.
    Invalid,
}

/// Finds the prelude in the first bytes of a response.
pub fn parse_prelude(bytes: &[u8]) -> PreludeState {
    match bytes.windows(SEPARATOR.len()).position(|window| window == SEPARATOR) {
        Some(length) => match serde_json::from_slice(&bytes[..length]) {
            // serde takes an array for a structure, too.
            Ok(prelude) if bytes.trim_ascii_start().starts_with(b"{") => {
                PreludeState::Complete(prelude, length + SEPARATOR.len())
            }
            _ => PreludeState::Invalid,
        },
        None if bytes.len() > MAX_PRELUDE_BYTES => PreludeState::Invalid,
        None => PreludeState::Incomplete,
    }
}

/// Returns the response for the event log, in the format of a response that is not streamed.
pub fn recorded_response(content_type: &str, bytes: &[u8]) -> Bytes {
    let (mut response, body) = match parse_prelude(bytes) {
        PreludeState::Complete(prelude, start) if content_type == HTTP_RESPONSE_TYPE => {
            let status = if prelude.status_code.is_null() { json!(200) } else { prelude.status_code };
            let mut response = json!({ "statusCode": status, "headers": prelude.headers.unwrap_or_default() });
            if let Some(cookies) = prelude.cookies.filter(|cookies| !cookies.is_empty()) {
                response["cookies"] = json!(cookies);
            }
            (response, &bytes[start..])
        }
        _ if content_type == HTTP_RESPONSE_TYPE => return Bytes::copy_from_slice(bytes),
        _ => (json!({ "statusCode": 200, "headers": { "content-type": content_type } }), bytes),
    };
    response["body"] = String::from_utf8_lossy(body).into();
    response.to_string().into()
}

#[cfg(test)]
mod tests {
    use super::{HTTP_RESPONSE_TYPE, MAX_PRELUDE_BYTES, Prelude, PreludeState, parse_prelude, recorded_response};
    use serde_json::json;

    #[test]
    fn prelude_is_found_however_it_is_cut() {
        let text = b"{\"statusCode\":201,\"headers\":{\"a\":\"b\"},\"cookies\":[\"c=d\"]}\0\0\0\0\0\0\0\0body\0";
        let length = text.len() - b"body\0".len();
        for end in 0..length {
            assert_eq!(parse_prelude(&text[..end]), PreludeState::Incomplete, "{end}");
        }
        for end in length..=text.len() {
            let PreludeState::Complete(prelude, body) = parse_prelude(&text[..end]) else { panic!("{end}") };
            assert_eq!((prelude.status_code, body), (json!(201), length));
            assert_eq!(prelude.headers.map(|headers| headers["a"].clone()), Some(json!("b")));
            assert_eq!(prelude.cookies, Some(vec!["c=d".to_owned()]));
        }
    }

    #[test]
    fn prelude_without_members_has_defaults() {
        assert_eq!(parse_prelude(b"{}\0\0\0\0\0\0\0\0"), PreludeState::Complete(Prelude::default(), 10));
    }

    #[test]
    fn other_bytes_are_not_a_prelude() {
        for bytes in [
            &b"\0\0\0\0\0\0\0\0"[..],
            b"text\0\0\0\0\0\0\0\0",
            b"[1]\0\0\0\0\0\0\0\0",
            b"{\"cookies\":1}\0\0\0\0\0\0\0\0",
        ] {
            assert_eq!(parse_prelude(bytes), PreludeState::Invalid, "{bytes:?}");
        }
        assert_eq!(parse_prelude(&vec![b' '; MAX_PRELUDE_BYTES]), PreludeState::Incomplete);
        assert_eq!(parse_prelude(&vec![b' '; MAX_PRELUDE_BYTES + 1]), PreludeState::Invalid);
    }

    #[test]
    fn recorded_response_looks_like_a_whole_one() {
        let recorded = |kind, bytes: &[u8]| String::from_utf8(recorded_response(kind, bytes).to_vec()).expect("text");
        assert_eq!(
            recorded(
                HTTP_RESPONSE_TYPE,
                b"{\"statusCode\":404,\"headers\":{\"a\":\"b\"},\"cookies\":[]}\0\0\0\0\0\0\0\0no"
            ),
            r#"{"body":"no","headers":{"a":"b"},"statusCode":404}"#
        );
        assert_eq!(
            recorded("text/plain", b"hi"),
            r#"{"body":"hi","headers":{"content-type":"text/plain"},"statusCode":200}"#
        );
        assert_eq!(recorded(HTTP_RESPONSE_TYPE, b"no prelude"), "no prelude");
    }
}
