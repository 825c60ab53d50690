//! From the response of a function to an HTTP response, as function URLs do it. How the message is framed is decided by
//! the server (`response_framing`), whatever the function's headers say.

use std::collections::BTreeMap;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use bedrock_model::response_stream::Prelude;

use crate::response_framing::remove_framing_headers;

/// The response of a function that sets HTTP status and headers. Runtimes with typed responses write `null` for what is
/// not set.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HttpFunctionResponse {
    status_code: Value,
    headers: Option<BTreeMap<String, Value>>,
    cookies: Option<Vec<String>>,
    body: Option<Value>,
    is_base64_encoded: Option<bool>,
}

/// Converts the response of a function to an HTTP response. `None` if it is not valid, which is a status of 502.
pub(crate) fn http_response(response: &Bytes) -> Option<Response<Body>> {
    let has_status = |value: &Value| value.get("statusCode").is_some();
    let value: Value = serde_json::from_slice(response).ok()?;
    if !has_status(&value) {
        // A response without a status becomes the body of a successful response. A JSON string becomes plain text.
        let body = value.as_str().map_or_else(|| response.clone(), |text| Bytes::copy_from_slice(text.as_bytes()));
        return Some(json_response(StatusCode::OK, body));
    }
    let given: HttpFunctionResponse = serde_json::from_value(value).ok()?;
    let body = match given.body {
        None | Some(Value::Null) => Bytes::new(),
        Some(Value::String(text)) if given.is_base64_encoded == Some(true) => BASE64_STANDARD.decode(text).ok()?.into(),
        Some(Value::String(text)) => text.into(),
        Some(other) => other.to_string().into(),
    };
    let mut response = json_response(status(&given.status_code)?, body);
    add_headers(response.headers_mut(), given.headers, given.cookies)?;
    remove_framing_headers(&mut response);
    Some(response)
}

/// Returns the response that a prelude begins. `None` if its status or a header is not valid.
pub(super) fn response_of_prelude(prelude: Prelude) -> Option<Response<Body>> {
    let status = if prelude.status_code.is_null() { StatusCode::OK } else { status(&prelude.status_code)? };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/octet-stream"));
    add_headers(response.headers_mut(), prelude.headers, prelude.cookies)?;
    remove_framing_headers(&mut response);
    Some(response)
}

/// Adds the headers of a function. `None` if one is not valid.
fn add_headers(
    target: &mut HeaderMap,
    headers: Option<BTreeMap<String, Value>>,
    cookies: Option<Vec<String>>,
) -> Option<()> {
    for (name, value) in headers.unwrap_or_default() {
        let value = match value {
            Value::Null => continue,
            Value::String(text) => text,
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            Value::Array(_) | Value::Object(_) => return None,
        };
        target.insert(HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?);
    }
    for cookie in cookies.unwrap_or_default() {
        target.append("set-cookie", HeaderValue::try_from(cookie).ok()?);
    }
    Some(())
}

/// Returns the status of the HTTP response of a function, or `None` if the response is not valid.
pub fn http_status(response: &[u8]) -> Option<u16> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct WithStatus {
        status_code: Option<Value>,
    }
    // The rest is not stored: a response may be large.
    let given = serde_json::from_slice::<WithStatus>(response).ok().and_then(|response| response.status_code);
    match given {
        Some(given) => Some(status(&given)?.as_u16()),
        None => serde_json::from_slice::<IgnoredAny>(response).is_ok().then_some(200),
    }
}

/// Returns the status that a function gives as a whole number or as text. `None` for others, and for those of interim
/// responses (1xx), which are no answer.
fn status(value: &Value) -> Option<StatusCode> {
    let whole = |number: f64| (number.fract() == 0.0 && (200.0..1000.0).contains(&number)).then(|| number.to_string());
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => whole(number.as_f64()?)?,
        _ => return None,
    };
    StatusCode::from_bytes(text.as_bytes()).ok().filter(|status| !status.is_informational())
}

/// Returns a response whose type is JSON, which is the default of function URLs.
pub(super) fn json_response(status: StatusCode, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use super::http_response;
    use axum::body::Bytes;
    use axum::http::Response;
    use serde_json::{Value, json};

    fn head(response: &Value) -> Option<Response<()>> {
        http_response(&Bytes::from(response.to_string())).map(|response| response.map(drop))
    }

    fn status(response: &Value) -> Option<u16> {
        head(response).map(|response| response.status().as_u16())
    }

    #[test]
    fn header_with_a_line_feed_is_not_a_response() {
        for (name, value) in
            [("x-a", "1\r\nset-cookie: b=2"), ("x-a", "1\n"), ("x-a\r\nx-b", "1"), ("x a", "1"), ("", "1")]
        {
            let headers = json!({ "statusCode": 200, "headers": { name: value } });
            assert_eq!(status(&headers), None, "{name:?}: {value:?}");
        }
        assert_eq!(status(&json!({ "statusCode": 200, "cookies": ["a=1\r\nset-cookie: b=2"] })), None);
        assert_eq!(status(&json!({ "statusCode": 200, "headers": { "x-a": "1" }, "cookies": ["a=1"] })), Some(200));
    }

    #[test]
    fn status_may_be_number_or_text() {
        for (given, expected) in [
            (json!(200), Some(200)),
            (json!(200.0), Some(200)),
            (json!("418"), Some(418)),
            (json!(599), Some(599)),
            (json!(200.5), None),
            (json!("2OO"), None),
            (json!(""), None),
            (json!(null), None),
            (json!(true), None),
            (json!([200]), None),
            (json!(99), None),
            (json!(-200), None),
            (json!(1e300), None),
            (json!(100), None),
            (json!("101"), None),
            (json!(103), None),
        ] {
            assert_eq!(status(&json!({ "statusCode": given })), expected, "{given}");
        }
    }

    #[test]
    fn status_is_found_without_the_rest() {
        for (response, expected) in [
            (r#"{"statusCode":404,"body":"x"}"#, Some(404)),
            (r#"{"body":"x","statusCode":"503"}"#, Some(503)),
            (r#"{"statusCode":100}"#, None),
            (r#"{"message":"hello"}"#, Some(200)),
            ("\"text\"", Some(200)),
            ("{\"a\":NaN}", None),
        ] {
            assert_eq!(super::http_status(response.as_bytes()), expected, "{response}");
        }
    }

    #[test]
    fn members_that_are_null_are_not_set() {
        let response = json!({
            "statusCode": 200, "headers": null, "cookies": null, "body": null, "isBase64Encoded": null,
        });
        assert_eq!(status(&response), Some(200));
        let mixed = json!({ "a-null": null, "a-number": 1.5, "a-boolean": true, "content-type": "text/plain" });
        let response = head(&json!({ "statusCode": 200, "headers": mixed })).expect("a response");
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        assert_eq!([header("a-null"), header("a-number"), header("a-boolean")], [None, Some("1.5"), Some("true")]);
        assert_eq!(header("content-type"), Some("text/plain"));
    }

    #[test]
    fn members_of_wrong_types_are_not_valid() {
        for wrong in [
            json!({ "statusCode": 200, "headers": [] }),
            json!({ "statusCode": 200, "headers": "a: b" }),
            json!({ "statusCode": 200, "headers": { "a": ["b"] } }),
            json!({ "statusCode": 200, "headers": { "a": {} } }),
            json!({ "statusCode": 200, "headers": { "a": "b\r\nc: d" } }),
            json!({ "statusCode": 200, "headers": { "a b": "c" } }),
            json!({ "statusCode": 200, "cookies": "a=b" }),
            json!({ "statusCode": 200, "cookies": [1] }),
            json!({ "statusCode": 200, "isBase64Encoded": "true" }),
            json!({ "statusCode": 200, "isBase64Encoded": true, "body": "%" }),
        ] {
            assert_eq!(status(&wrong), None, "{wrong}");
        }
    }

    #[tokio::test]
    async fn body_that_is_not_text_becomes_json() {
        for (body, expected) in [
            (json!({}), "{}"),
            (json!({ "a": 1 }), "{\"a\":1}"),
            (json!([1]), "[1]"),
            (json!(1.5), "1.5"),
            (json!(false), "false"),
            (json!("ä"), "ä"),
            (json!(null), ""),
        ] {
            let response = json!({ "statusCode": "302", "body": body, "headers": { "content-type": "a; charset=x" } });
            let response = http_response(&Bytes::from(response.to_string())).expect("a response");
            let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
            assert_eq!(bytes, expected.as_bytes(), "{body}");
        }
    }
}
