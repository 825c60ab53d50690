//! Events of the other front doors of an endpoint, REST APIs of API Gateway and Application Load Balancers, and the requests
//! in them (API Gateway developer guide, "Lambda proxy integrations"; Elastic Load Balancing user guide, "Lambda functions as
//! targets").

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bedrock_model::date::rfc3339;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::aws_api::new_uuid;
use crate::running_server::HttpRequest;

/// What is not allowed in a path of HTTP. What is percent-encoded already stays.
const NOT_IN_PATH: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'?').add(b'`').add(b'{').add(b'}');

/// Returns the event of a REST API for a `GET` request without a body.
pub(super) fn rest_api_event(path: &str, now: SystemTime) -> Value {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let host = "id.execute-api.us-east-1.amazonaws.com";
    json!({
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": "GET",
        "headers": { "Accept": "*/*", "Host": host, "X-Forwarded-Proto": "https" },
        "multiValueHeaders": { "Accept": ["*/*"], "Host": [host], "X-Forwarded-Proto": ["https"] },
        "queryStringParameters": null,
        "multiValueQueryStringParameters": null,
        "pathParameters": { "proxy": path.trim_start_matches('/') },
        "stageVariables": null,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "id",
            "domainName": host,
            "domainPrefix": "id",
            "extendedRequestId": "id=",
            "httpMethod": "GET",
            "identity": { "accessKey": null, "sourceIp": "127.0.0.1", "userAgent": "cargo-bedrock" },
            "path": format!("/prod{path}"),
            "protocol": "HTTP/1.1",
            "requestId": new_uuid(),
            "requestTime": rfc3339(now),
            "requestTimeEpoch": u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
            "resourceId": "123456",
            "resourcePath": "/{proxy+}",
            "stage": "prod",
        },
        "body": null,
        "isBase64Encoded": false,
    })
}

/// Returns the event of an Application Load Balancer for a `GET` request without a body.
pub(super) fn load_balancer_event(path: &str) -> Value {
    json!({
        "requestContext": {
            "elb": {
                "targetGroupArn":
                    "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/endpoint/6d0ecf831eec9f09"
            }
        },
        "httpMethod": "GET",
        "path": path,
        "queryStringParameters": {},
        "headers": {
            "accept": "*/*",
            "host": "endpoint-1.us-east-1.elb.amazonaws.com",
            "user-agent": "cargo-bedrock",
            "x-forwarded-for": "127.0.0.1",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "body": "",
        "isBase64Encoded": false,
    })
}

/// Returns the request of an event of a REST API, of an HTTP API with payload format 1.0, or of a load balancer. `None` if it is
/// not such an event.
pub(super) fn request_of_proxy_event(event: &Value) -> Option<HttpRequest> {
    let method = event.get("httpMethod")?.as_str()?.to_owned();
    let context = event.get("requestContext")?.as_object()?;
    // API Gateway decodes the query, and a load balancer passes on what the client sent.
    let is_decoded = context.get("elb").is_none_or(Value::is_null);
    let path = event.get("path")?.as_str()?;
    let mut path = utf8_percent_encode(path, NOT_IN_PATH).to_string();
    if !path.starts_with('/') {
        path.insert(0, '/');
    }
    let query = pairs(event, "multiValueQueryStringParameters", "queryStringParameters");
    if !query.is_empty() {
        let query = if is_decoded {
            form_urlencoded::Serializer::new(String::new()).extend_pairs(&query).finish()
        } else {
            let pairs: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
            pairs.join("&")
        };
        path = format!("{path}?{query}");
    }
    // These belong to the connection, not to the event.
    let is_own = |name: &str| !["host", "content-length", "connection", "transfer-encoding"].contains(&name);
    let mut headers = pairs(event, "multiValueHeaders", "headers");
    headers.retain(|(name, _)| is_own(&name.to_ascii_lowercase()));
    let text = event.get("body").and_then(Value::as_str).unwrap_or_default();
    let body = if event.get("isBase64Encoded").and_then(Value::as_bool).unwrap_or_default() {
        STANDARD.decode(text).ok()?.into()
    } else {
        text.to_owned().into()
    };
    Some(HttpRequest { method, path, headers, body })
}

/// Returns the names and values of a map of lists, or of the map of single values if there is no such map.
fn pairs(event: &Value, lists: &str, singles: &str) -> Vec<(String, String)> {
    let members = |name: &str| event.get(name).and_then(Value::as_object).filter(|members| !members.is_empty());
    let of = |members: &Map<String, Value>| {
        let values = |(name, value): (&String, &Value)| {
            let values = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
            let texts = values.iter().filter_map(Value::as_str);
            texts.map(|text| (name.clone(), text.to_owned())).collect::<Vec<_>>()
        };
        members.iter().flat_map(values).collect()
    };
    members(lists).or_else(|| members(singles)).map(of).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{load_balancer_event, request_of_proxy_event, rest_api_event};
    use serde_json::json;
    use std::time::UNIX_EPOCH;

    #[test]
    fn proxy_events_become_requests() {
        let mut event = rest_api_event("/a b", UNIX_EPOCH);
        event["multiValueQueryStringParameters"] = json!({ "x": ["1", "&"], "ü": ["="] });
        event["multiValueHeaders"]["Cookie"] = json!(["a=1", "b=2"]);
        event["body"] = "/w==".into();
        event["isBase64Encoded"] = true.into();
        let request = request_of_proxy_event(&event).expect("a request");
        assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/a%20b?x=1&x=%26&%C3%BC=%3D"));
        assert_eq!(request.body, vec![0xff]);
        let cookies = request.headers.iter().filter(|(name, _)| name == "Cookie").count();
        assert!(cookies == 2 && !request.headers.iter().any(|(name, _)| name == "Host"), "{:?}", request.headers);
        let mut event = load_balancer_event("/a%20b");
        event["queryStringParameters"] = json!({ "x": "%26" });
        let request = request_of_proxy_event(&event).expect("a request");
        assert_eq!((request.path.as_str(), request.body.len()), ("/a%20b?x=%26", 0));
        assert!(request_of_proxy_event(&json!({ "httpMethod": "GET", "path": "/" })).is_none());
        event["isBase64Encoded"] = true.into();
        event["body"] = "ü".into();
        assert!(request_of_proxy_event(&event).is_none());
    }
}
