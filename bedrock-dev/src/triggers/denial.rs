//! The responses that deny a request, in the protocol of the service.

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Response, StatusCode};
use serde_json::json;

use super::aws_api::{escape_xml, new_uuid};

/// The protocol of a request to a service that is none of this server's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WireProtocol {
    /// AWS JSON 1.0 and 1.1: the operation is in a header.
    Json,
    /// The same with CBOR instead of JSON, an option of Kinesis.
    JsonAsCbor,
    /// Smithy RPC v2 CBOR: the operation is in the path.
    RpcCbor,
    /// Forms with the parameter `Action`, answered in XML.
    Query,
    /// Method and path say the operation; answered in JSON.
    RestJson,
    /// Method and path say the operation; answered in XML.
    RestXml,
}

impl WireProtocol {
    /// Finds the protocol of a request that was signed for `service`.
    pub(super) fn of(head: &Parts, service: &str) -> Self {
        let content_type = content_type(head);
        if head.headers.get("smithy-protocol").is_some_and(|value| value == "rpc-v2-cbor") {
            Self::RpcCbor
        } else if head.headers.contains_key("x-amz-target") {
            if content_type.starts_with("application/x-amz-cbor") { Self::JsonAsCbor } else { Self::Json }
        } else if content_type.starts_with("application/x-www-form-urlencoded")
            || head.uri.query().is_some_and(|query| query.split('&').any(|pair| pair.starts_with("Action=")))
        {
            Self::Query
        } else if ["route53", "cloudfront", "s3"].contains(&service) {
            Self::RestXml
        } else {
            Self::RestJson
        }
    }

    /// Returns whether the body of a request says what it is about.
    pub(super) fn has_action_in_body(self) -> bool {
        matches!(self, Self::Json | Self::Query)
    }

    /// Returns an error response. `status` is that of the protocols that do not answer every error of the client with 400.
    pub(super) fn error(self, head: &Parts, status: StatusCode, code: &str, message: &str) -> Response<Body> {
        let id = new_uuid();
        let text = escape_xml(message);
        let is_of_server = status.is_server_error();
        let status_of_json = if is_of_server { status } else { StatusCode::BAD_REQUEST };
        let (status, kind, body) = match self {
            Self::Json => {
                let kind = content_type(head);
                let kind = if kind.starts_with("application/x-amz-json") { kind } else { "application/x-amz-json-1.1" };
                let json = json!({ "__type": format!("com.amazon.coral.service#{code}"), "message": message });
                (status_of_json, kind, json.to_string().into_bytes())
            }
            Self::JsonAsCbor => (status_of_json, content_type(head), cbor_error(code, message)),
            Self::RpcCbor => (status_of_json, "application/cbor", cbor_error(code, message)),
            Self::Query | Self::RestXml => {
                let fault = if is_of_server { "Receiver" } else { "Sender" };
                let error = format!("<Type>{fault}</Type><Code>{code}</Code><Message>{text}</Message>");
                let xml = format!("<ErrorResponse><Error>{error}</Error><RequestId>{id}</RequestId></ErrorResponse>");
                (status, "text/xml", xml.into_bytes())
            }
            Self::RestJson => (status, "application/json", json!({ "message": message }).to_string().into_bytes()),
        };
        let mut response = response(status, kind, body, "x-amzn-requestid", &id);
        let headers = response.headers_mut();
        match self {
            Self::RestJson => {
                if let Ok(code) = HeaderValue::from_str(code) {
                    headers.insert("x-amzn-errortype", code);
                }
            }
            Self::RpcCbor => {
                headers.insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
            }
            Self::Json | Self::JsonAsCbor | Self::Query | Self::RestXml => {}
        }
        response
    }

    /// Returns the response to a request that is not allowed.
    pub(super) fn denial(self, head: &Parts, message: &str) -> Response<Body> {
        let code = match self {
            Self::Query | Self::RestXml => "AccessDenied",
            Self::Json | Self::JsonAsCbor | Self::RpcCbor | Self::RestJson => "AccessDeniedException",
        };
        self.error(head, StatusCode::FORBIDDEN, code, message)
    }
}

/// Returns the response that denies an action of SQS, S3, SNS or EventBridge.
pub(super) fn denial(action: &str, message: &str) -> Response<Body> {
    let id = new_uuid();
    let text = escape_xml(message);
    let (status, kind, body) = match action.split(':').next() {
        Some("s3") => {
            let code = "<Code>AccessDenied</Code>";
            let xml =
                format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>{code}<Message>{text}</Message></Error>");
            (StatusCode::FORBIDDEN, "application/xml", xml)
        }
        Some("sns") => {
            let error = format!("<Type>Sender</Type><Code>AuthorizationError</Code><Message>{text}</Message>");
            let xml = format!("<ErrorResponse><Error>{error}</Error><RequestId>{id}</RequestId></ErrorResponse>");
            (StatusCode::FORBIDDEN, "text/xml", xml)
        }
        service => {
            let is_sqs = service == Some("sqs");
            let status = if is_sqs { StatusCode::FORBIDDEN } else { StatusCode::BAD_REQUEST };
            let kind = if is_sqs { "application/x-amz-json-1.0" } else { "application/x-amz-json-1.1" };
            let json = json!({ "__type": "com.amazon.coral.service#AccessDeniedException", "message": message });
            (status, kind, json.to_string())
        }
    };
    let name = if action.starts_with("s3:") { "x-amz-request-id" } else { "x-amzn-requestid" };
    let mut response = response(status, kind, body.into_bytes(), name, &id);
    if action.starts_with("sqs:") {
        response.headers_mut().insert("x-amzn-query-error", HeaderValue::from_static("AccessDenied;Sender"));
    }
    response
}

fn response(status: StatusCode, kind: &str, body: Vec<u8>, id_name: &'static str, id: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    for (name, value) in [("content-type", kind), (id_name, id)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn content_type(head: &Parts) -> &str {
    head.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Returns the map of an error in CBOR (RFC 8949).
fn cbor_error(code: &str, message: &str) -> Vec<u8> {
    let kind = format!("com.amazon.coral.service#{code}");
    // A map of two pairs.
    let mut bytes = vec![0xa2];
    for text in ["__type", &kind, "message", message] {
        let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
        let text = text.get(..usize::from(length)).unwrap_or_default();
        // A text whose length is in the next two bytes.
        bytes.push(0x79);
        bytes.extend(u16::try_from(text.len()).unwrap_or_default().to_be_bytes());
        bytes.extend(text.as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::WireProtocol;
    use axum::body::to_bytes;
    use axum::http::request::Parts;
    use axum::http::{Request, StatusCode};

    fn head(uri: &str, headers: &[(&str, &str)]) -> Parts {
        let request =
            headers.iter().fold(Request::builder().uri(uri), |request, (name, value)| request.header(*name, *value));
        request.body(()).expect("a request").into_parts().0
    }

    async fn denial(head: &Parts, service: &str) -> (u16, String, Vec<u8>) {
        let response = WireProtocol::of(head, service).denial(head, "User: a < b");
        let status = response.status().as_u16();
        let kind = response.headers()["content-type"].to_str().expect("a text").to_owned();
        (status, kind, to_bytes(response.into_body(), 1000).await.expect("a body").to_vec())
    }

    #[tokio::test]
    async fn denials_have_the_shape_of_each_protocol() {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("a text");
        let json = r#"{"__type":"com.amazon.coral.service#AccessDeniedException","message":"User: a < b"}"#;
        for version in ["application/x-amz-json-1.0", "application/x-amz-json-1.1"] {
            let head = head("/", &[("x-amz-target", "DynamoDB_20120810.Scan"), ("content-type", version)]);
            let (status, kind, body) = denial(&head, "dynamodb").await;
            assert_eq!((status, kind.as_str(), text(body).as_str()), (400, version, json));
        }
        let (status, kind, body) = denial(&head("/?Action=GetUser", &[]), "iam").await;
        let xml = text(body);
        assert_eq!((status, kind.as_str()), (403, "text/xml"));
        assert!(xml.contains("<Code>AccessDenied</Code><Message>User: a &lt; b</Message>"), "{xml}");
        let (status, _, body) = denial(&head("/2013-04-01/hostedzone", &[]), "route53").await;
        assert!(status == 403 && text(body).contains("<Code>AccessDenied</Code>"));

        let rest = head("/v2/email/outbound-emails", &[]);
        let response = WireProtocol::of(&rest, "ses").denial(&rest, "no");
        assert_eq!(response.status().as_u16(), 403);
        assert_eq!(response.headers()["x-amzn-errortype"], "AccessDeniedException");
    }

    #[tokio::test]
    async fn services_that_are_down_are_errors_of_the_server() {
        let json = [("x-amz-target", "DynamoDB_20120810.Scan"), ("content-type", "application/x-amz-json-1.0")];
        let cbor = [("x-amz-target", "Kinesis_20131202.PutRecord"), ("content-type", "application/x-amz-cbor-1.1")];
        for (head, service) in [
            (head("/", &json), "dynamodb"),
            (head("/", &cbor), "kinesis"),
            (head("/", &[("smithy-protocol", "rpc-v2-cbor")]), "monitoring"),
            (head("/v2/email/outbound-emails", &[]), "ses"),
            (head("/?Action=GetUser", &[]), "iam"),
            (head("/2013-04-01/hostedzone", &[]), "route53"),
        ] {
            let protocol = WireProtocol::of(&head, service);
            let response = protocol.error(&head, StatusCode::BAD_GATEWAY, "ServiceUnavailable", "down");
            assert_eq!(response.status(), StatusCode::BAD_GATEWAY, "{protocol:?}");
            let body = to_bytes(response.into_body(), 1000).await.expect("a body");
            let is_xml = matches!(protocol, WireProtocol::Query | WireProtocol::RestXml);
            let has_fault = String::from_utf8_lossy(&body).contains("<Type>Receiver</Type>");
            assert_eq!(has_fault, is_xml, "{protocol:?}");
        }
    }

    #[tokio::test]
    async fn denials_in_cbor_are_maps_of_texts() {
        let rpc =
            head("/service/GraniteServiceVersion20100801/operation/ListMetrics", &[("smithy-protocol", "rpc-v2-cbor")]);
        let kinesis = head(
            "/",
            &[("x-amz-target", "Kinesis_20131202.PutRecord"), ("content-type", "application/x-amz-cbor-1.1")],
        );
        for (head, expected) in [(rpc, "application/cbor"), (kinesis, "application/x-amz-cbor-1.1")] {
            let (status, kind, body) = denial(&head, "monitoring").await;
            assert_eq!((status, kind.as_str()), (400, expected));
            let mut expected = vec![0xa2];
            for text in ["__type", "com.amazon.coral.service#AccessDeniedException", "message", "User: a < b"] {
                expected.extend([0x79, 0, u8::try_from(text.len()).expect("short")]);
                expected.extend(text.as_bytes());
            }
            assert_eq!(body, expected);
        }
    }
}
