//! What the endpoint's function is invoked with and responds with, in the format of whatever is in front of it.

use lambda_http::request::LambdaRequest;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::proxy_event::ProxyEvent;
use super::proxy_response::ProxyResponse;

/// The event of an HTTP request.
pub(super) enum EndpointEvent {
    /// Of a REST API or of an Application Load Balancer.
    Proxy(Box<ProxyEvent>),
    /// Of a function URL or of an HTTP API, which `lambda_http` answers.
    Url(Box<LambdaRequest>),
}

impl<'de> Deserialize<'de> for EndpointEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let event = <&RawValue>::deserialize(deserializer)?.get();
        if let Ok(event) = serde_json::from_str(event) {
            return Ok(Self::Proxy(event));
        }
        serde_json::from_str(event).map(Self::Url).map_err(D::Error::custom)
    }
}

/// The response, in the format of the event.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum EndpointResponse<R> {
    Proxy(ProxyResponse),
    Url(R),
}
