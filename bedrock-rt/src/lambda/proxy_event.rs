//! The event of a Lambda proxy integration: a request of a REST API (or of an HTTP API with payload format 1.0) or of an
//! Application Load Balancer. `lambda_http` knows them, too, but keeps only one value of a header, decodes the query of a load
//! balancer twice, and panics if a host is not one.
//!
//! Sources: API Gateway developer guide, "Lambda proxy integrations"; Elastic Load Balancing user guide, "Lambda functions as
//! targets".

use std::collections::BTreeMap;
use std::fmt::Write as _;

use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use lambda_http::aws_lambda_events::encodings::Base64Data;
use lambda_http::{Body, Request, RequestExt};
use lambda_runtime::Context;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::proxy_response::HeaderForm;
use crate::{RequestContext, Result, WorkerError};

/// The error type of an event from which no request can be made.
const BAD_EVENT: &str = "Runtime.BadProxyEvent";

/// The members of the event that make up the request. API Gateway writes `null` for maps without members.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProxyEvent {
    #[serde(default, rename = "version", deserialize_with = "refuse_format_2")]
    _version: (),
    http_method: String,
    path: String,
    headers: Option<BTreeMap<String, String>>,
    multi_value_headers: Option<BTreeMap<String, Vec<String>>>,
    query_string_parameters: Option<BTreeMap<String, String>>,
    multi_value_query_string_parameters: Option<BTreeMap<String, Vec<String>>>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
    request_context: Map<String, Value>,
}

/// Refuses events of payload format 2.0 at their first member, so that they are not read twice.
fn refuse_format_2<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<(), D::Error> {
    let version = String::deserialize(deserializer)?;
    if version == "2.0" { Err(D::Error::custom("payload format 2.0")) } else { Ok(()) }
}

impl ProxyEvent {
    /// Returns the form that the response must have. A load balancer sends and wants either `headers` or, if its target group
    /// says so, `multiValueHeaders`.
    pub(super) fn header_form(&self) -> HeaderForm {
        if !self.is_of_load_balancer() {
            HeaderForm::RestApi
        } else if self.multi_value_headers.is_some() {
            HeaderForm::LoadBalancerLists
        } else {
            HeaderForm::LoadBalancer
        }
    }

    /// Only the request contexts of load balancers have this member.
    fn is_of_load_balancer(&self) -> bool {
        self.request_context.get("elb").is_some_and(|elb| !elb.is_null())
    }

    /// Returns the request. Fails if the method is not one, or if the body is not valid Base64 although the event says so.
    pub(super) fn into_request(self, context: &Context) -> Result<Request> {
        let headers = self.header_map();
        let method = Method::from_bytes(self.http_method.as_bytes());
        let method = method.map_err(|error| WorkerError::new(BAD_EVENT, format!("`httpMethod`: {error}")))?;
        let uri = self.uri(&headers)?;
        let body = match self.body {
            None => Body::Empty,
            Some(text) if self.is_base64_encoded => {
                let decoded = serde_json::from_value::<Base64Data>(Value::String(text));
                Body::Binary(decoded.map_err(|error| WorkerError::new(BAD_EVENT, format!("`body`: {error}")))?.0)
            }
            Some(text) => Body::Text(text),
        };
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        if let Some(Ok(trace)) = context.xray_trace_id.as_deref().map(HeaderValue::from_str) {
            request.headers_mut().insert("x-amzn-trace-id", trace);
        }
        request.extensions_mut().insert(RequestContext::new(Value::Object(self.request_context)));
        Ok(request.with_lambda_context(context.clone()))
    }

    /// Returns all values of each header. `headers` has the last one, and is ignored where `multiValueHeaders` has them all.
    fn header_map(&self) -> HeaderMap {
        let mut map = HeaderMap::new();
        let lists = self.multi_value_headers.iter().flatten();
        for (name, value) in lists.flat_map(|(name, values)| values.iter().map(move |value| (name, value))) {
            append(&mut map, name, value);
        }
        let lists = map.clone();
        for (name, value) in self.headers.iter().flatten().filter(|(name, _)| !lists.contains_key(name.as_str())) {
            append(&mut map, name, value);
        }
        map
    }

    /// Returns the URI, absolute if there is a valid host. Health checks of load balancers have none.
    fn uri(&self, headers: &HeaderMap) -> Result<Uri> {
        let path = if self.path.starts_with('/') { self.path.clone() } else { format!("/{}", self.path) };
        let query = self.query();
        let mut text = escaped(&path, is_path_byte);
        if !query.is_empty() {
            text = format!("{text}?{query}");
        }
        let host = headers.get(HOST).and_then(|host| Authority::try_from(host.as_bytes()).ok());
        let mut uri = Uri::builder().path_and_query(text);
        if let Some(host) = host {
            let scheme = headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "http");
            uri = uri.scheme(if scheme { "http" } else { "https" }).authority(host);
        }
        uri.build().map_err(|error| WorkerError::new(BAD_EVENT, format!("`path`: {error}")))
    }

    /// Returns the query string. API Gateway decodes names and values, and a load balancer passes on what the client sent.
    fn query(&self) -> String {
        let is_decoded = !self.is_of_load_balancer();
        let part = |text: &str| if is_decoded { escaped(text, is_unreserved) } else { escaped(text, is_query_byte) };
        let pairs: Vec<(&String, &String)> = match &self.multi_value_query_string_parameters {
            Some(lists) if !lists.is_empty() => {
                lists.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value))).collect()
            }
            _ => self.query_string_parameters.iter().flatten().collect(),
        };
        let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{}={}", part(name), part(value))).collect();
        pairs.join("&")
    }
}

/// Appends a header. One that HTTP does not allow cannot come from a client, and is left out.
fn append(map: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_bytes())) {
        map.append(name, value);
    }
}

/// Percent-encodes all bytes that are not allowed. What is percent-encoded already stays, unless `%` is not allowed.
fn escaped(text: &str, is_allowed: fn(u8) -> bool) -> String {
    let bytes = text.as_bytes();
    let mut escaped = String::with_capacity(bytes.len());
    for (index, &byte) in bytes.iter().enumerate() {
        let is_escape = || {
            let digits = bytes.get(index + 1..index + 3);
            digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        };
        if is_allowed(byte) && (byte != b'%' || is_escape()) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

/// Whether the byte means itself everywhere in a URI (RFC 3986, unreserved characters).
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// Whether the byte may be in a path (RFC 3986, `pchar`), as itself or as the beginning of an encoded byte.
fn is_path_byte(byte: u8) -> bool {
    is_unreserved(byte) || b"!$&'()*+,;=:@/%".contains(&byte)
}

/// Whether the byte may be in a name or a value of a query that is encoded already. Browsers also send brackets and bars.
fn is_query_byte(byte: u8) -> bool {
    is_path_byte(byte) && !b"&".contains(&byte) || b"?[]|".contains(&byte)
}

#[cfg(test)]
mod tests;
