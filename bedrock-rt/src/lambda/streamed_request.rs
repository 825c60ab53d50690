//! The HTTP request of an invocation whose response is streamed. Only function URLs stream: an API of API Gateway needs the
//! response as a whole, also of an endpoint whose URL streams.

use axum::http::HeaderValue;
use lambda_http::request::LambdaRequest;
use lambda_http::{Request, RequestExt};
use lambda_runtime::Context;

/// What the domain of an HTTP API contains (API Gateway developer guide).
const HTTP_API_DOMAIN: &str = ".execute-api.";

/// Returns the request of a function URL. `None` for any other event.
pub(super) fn request_of_url(event: &[u8], context: &Context) -> Option<Request> {
    let event: LambdaRequest = serde_json::from_slice(event).ok()?;
    let LambdaRequest::ApiGatewayV2(event) = event else { return None };
    if event.request_context.domain_name.as_deref().is_some_and(|domain| domain.contains(HTTP_API_DOMAIN)) {
        return None;
    }
    let mut request: Request = LambdaRequest::ApiGatewayV2(event).into();
    if let Some(Ok(trace)) = context.xray_trace_id.as_deref().map(HeaderValue::from_str) {
        request.headers_mut().insert("x-amzn-trace-id", trace);
    }
    Some(request.with_lambda_context(context.clone()))
}

#[cfg(test)]
mod tests {
    use lambda_runtime::Context;
    use serde_json::{Value, json};

    use super::request_of_url;

    fn event(domain: &str) -> Value {
        json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/a", "rawQueryString": "b=c", "headers": {},
            "isBase64Encoded": false, "requestContext": {
                "accountId": "anonymous", "apiId": "id", "domainName": domain, "domainPrefix": "id", "requestId": "r",
                "routeKey": "$default", "stage": "$default", "time": "25/Nov/2026:00:00:00 +0000", "timeEpoch": 1,
                "http": {
                    "method": "GET", "path": "/a", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "test"
                }
            }
        })
    }

    #[test]
    fn only_requests_of_function_urls_are_streamed() {
        let mut context = Context::default();
        context.xray_trace_id = Some("Root=1-2".to_owned());
        let request = |event: &Value| request_of_url(event.to_string().as_bytes(), &context);
        for domain in ["id.lambda-url.us-east-1.on.aws", "endpoint.localhost:7070", "127.0.0.1:7070"] {
            let request = request(&event(domain)).expect("a request");
            assert_eq!(request.uri().path(), "/a");
            assert_eq!(request.headers()["x-amzn-trace-id"], "Root=1-2");
        }
        assert!(request(&event("id.execute-api.us-east-1.amazonaws.com")).is_none());
        assert!(request(&json!({})).is_none() && request(&json!("text")).is_none());
    }
}
