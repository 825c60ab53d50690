//! Method, path and status of invocations that are HTTP requests, which come from a function URL.

use bedrock_local::lambda_api::http_status;
use bedrock_model::Error;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// An HTTP request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HttpRequest {
    /// `GET`
    pub method: String,
    /// The path without the query, percent-encoded as it was sent.
    pub path: String,
}

/// Returns the request of an event of payload format 2.0, or `None` for another event.
pub(super) fn request(event: &[u8]) -> Option<HttpRequest> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Event {
        raw_path: String,
        request_context: Context,
    }
    #[derive(Deserialize)]
    struct Context {
        http: Http,
    }
    #[derive(Deserialize)]
    struct Http {
        method: String,
    }
    // Most events are none: they are not parsed.
    let has = |key: &[u8]| event.windows(key.len()).any(|part| part == key);
    if event.first() != Some(&b'{') || !has(b"\"rawPath\"") {
        return None;
    }
    let Event { raw_path, request_context } = serde_json::from_slice(event).ok()?;
    Some(HttpRequest { method: request_context.http.method, path: raw_path })
}

/// Returns the status that the client of a function URL gets.
pub(super) fn status(result: &Result<Bytes, Error>) -> u16 {
    match result {
        // A response that is not valid is an error for the client.
        Ok(response) => http_status(response).unwrap_or(502),
        Err(Error::Throttled { .. }) => 429,
        Err(_) => 502,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{HttpRequest, request, status};

    #[test]
    fn requests_are_recognized() {
        let event = br#"{"version":"2.0","rawPath":"/a%20b","rawQueryString":"secret=1","requestContext":{"http":{"method":"PUT","path":"/"}},"body":"x"}"#;
        let expected = HttpRequest { method: "PUT".to_owned(), path: "/a%20b".to_owned() };
        assert_eq!(request(event), Some(expected));
        for other in [&b"{}"[..], br#"{"rawPath":"/"}"#, br#""rawPath""#, br#"{"text":"\"rawPath\""}"#, b"", b"\xff"] {
            assert_eq!(request(other), None);
        }
    }

    #[test]
    fn status_is_what_the_client_gets() {
        let of = |response: &'static str| status(&Ok(Bytes::from_static(response.as_bytes())));
        assert_eq!((of("{\"statusCode\":422}"), of("{}"), of("{\"statusCode\":1}")), (422, 200, 502));
    }
}
