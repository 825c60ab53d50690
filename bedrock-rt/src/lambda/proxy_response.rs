//! The response of the endpoint to a request of a REST API or of an Application Load Balancer.

use std::collections::BTreeMap;

use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, Response};
use lambda_http::Body;
use serde::Serialize;

/// How the front door wants the headers of a response.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum HeaderForm {
    /// `multiValueHeaders`, which API Gateway merges with `headers`.
    RestApi,
    /// `headers`: a target group without multi-value headers.
    LoadBalancer,
    /// `multiValueHeaders`: a target group with multi-value headers, which then ignores `headers`.
    LoadBalancerLists,
}

/// The JSON of the response.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProxyResponse {
    status_code: u16,
    /// Like `200 OK`, for load balancers only.
    #[serde(skip_serializing_if = "Option::is_none")]
    status_description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_value_headers: Option<BTreeMap<String, Vec<String>>>,
    is_base64_encoded: bool,
    body: Body,
}

impl ProxyResponse {
    pub(super) fn new(response: Response<Body>, form: HeaderForm) -> Self {
        let (head, body) = response.into_parts();
        let description = || {
            let reason = head.status.canonical_reason().unwrap_or("Unknown");
            format!("{} {reason}", head.status.as_u16())
        };
        Self {
            status_code: head.status.as_u16(),
            status_description: (form != HeaderForm::RestApi).then(description),
            headers: (form == HeaderForm::LoadBalancer).then(|| single_values(&head.headers)),
            multi_value_headers: (form != HeaderForm::LoadBalancer).then(|| lists(&head.headers)),
            is_base64_encoded: matches!(body, Body::Binary(_)),
            body: if matches!(body, Body::Empty) { Body::Text(String::new()) } else { body },
        }
    }
}

fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

fn lists(headers: &HeaderMap) -> BTreeMap<String, Vec<String>> {
    let names = headers.keys().map(|name| (name.to_string(), headers.get_all(name).iter().map(text).collect()));
    names.collect()
}

/// Returns one value for each name: several are joined, except cookies, which get names that differ in case only.
fn single_values(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut values = BTreeMap::<String, String>::new();
    for (name, value) in headers.iter().filter(|(name, _)| *name != SET_COOKIE) {
        values.entry(name.to_string()).and_modify(|all| *all += ", ").or_default().push_str(&text(value));
    }
    let cookies = headers.get_all(SET_COOKIE).iter().enumerate();
    values.extend(cookies.map(|(index, value)| (cookie_name(index), text(value))));
    values
}

/// Returns `set-cookie` for 0, `Set-cookie` for 1, and so on: each bit of the index is the case of a letter.
fn cookie_name(index: usize) -> String {
    let mut bits = index;
    let letter = |letter: char| {
        if letter == '-' {
            return letter;
        }
        let is_upper = bits & 1 == 1;
        bits >>= 1;
        if is_upper { letter.to_ascii_uppercase() } else { letter }
    };
    SET_COOKIE.as_str().chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::{HeaderForm, ProxyResponse};
    use axum::http::Response;
    use lambda_http::Body;
    use serde_json::{Value, json};

    fn response(body: Body, form: HeaderForm) -> Value {
        let response = Response::builder()
            .status(404)
            .header("content-type", "text/plain")
            .header("vary", "a")
            .header("vary", "b")
            .header("set-cookie", "c=1")
            .header("set-cookie", "d=2")
            .header("set-cookie", "e=3");
        let response = ProxyResponse::new(response.body(body).expect("a response"), form);
        serde_json::to_value(&response).expect("JSON")
    }

    #[test]
    fn response_to_rest_api_has_lists_of_values_only() {
        let expected = json!({
            "statusCode": 404, "isBase64Encoded": false, "body": "no", "multiValueHeaders": {
                "content-type": ["text/plain"], "vary": ["a", "b"], "set-cookie": ["c=1", "d=2", "e=3"]
            }
        });
        assert_eq!(response("no".into(), HeaderForm::RestApi), expected);
    }

    #[test]
    fn response_to_load_balancer_has_the_form_of_its_target_group() {
        let lists = response(vec![0xff].into(), HeaderForm::LoadBalancerLists);
        let expected = json!({
            "statusCode": 404, "statusDescription": "404 Not Found", "isBase64Encoded": true, "body": "/w==",
            "multiValueHeaders": {
                "content-type": ["text/plain"], "vary": ["a", "b"], "set-cookie": ["c=1", "d=2", "e=3"]
            }
        });
        assert_eq!(lists, expected);
        let single = response(Body::Empty, HeaderForm::LoadBalancer);
        let expected = json!({
            "statusCode": 404, "statusDescription": "404 Not Found", "isBase64Encoded": false, "body": "", "headers": {
                "content-type": "text/plain", "vary": "a, b",
                "set-cookie": "c=1", "Set-cookie": "d=2", "sEt-cookie": "e=3"
            }
        });
        assert_eq!(single, expected);
    }
}
