//! Tests with the events of AWS's documentation.

use lambda_http::Body;
use lambda_runtime::Context;
use serde_json::{Value, json};

use super::{HeaderForm, ProxyEvent, RequestContext};
use crate::lambda::endpoint_event::EndpointEvent;

/// Returns the event in the API Gateway developer guide ("Input format of a Lambda function for proxy integration").
fn rest_event() -> Value {
    json!({
        "resource": "/my/path",
        "path": "/my/path",
        "httpMethod": "GET",
        "headers": { "header1": "value1", "header2": "value2", "Host": "api.shop.example" },
        "multiValueHeaders": { "header1": ["value1"], "header2": ["value1", "value2"], "Host": ["api.shop.example"] },
        "queryStringParameters": { "parameter1": "value1", "parameter2": "value" },
        "multiValueQueryStringParameters": { "parameter1": ["value1", "value2"], "parameter2": ["value"] },
        "requestContext": {
            "accountId": "123456789012", "apiId": "id", "authorizer": { "claims": null, "scopes": null },
            "domainName": "id.execute-api.us-east-1.amazonaws.com", "domainPrefix": "id",
            "extendedRequestId": "request-id", "httpMethod": "GET",
            "identity": { "accessKey": null, "sourceIp": "IP", "userAgent": "user-agent" },
            "path": "/prod/my/path", "protocol": "HTTP/1.1", "requestId": "id=",
            "requestTime": "04/Mar/2020:19:15:17 +0000", "requestTimeEpoch": 1_583_349_317_135_u64,
            "resourceId": null, "resourcePath": "/my/path", "stage": "prod"
        },
        "pathParameters": null,
        "stageVariables": null,
        "body": "Hello from Lambda!",
        "isBase64Encoded": false
    })
}

/// Returns the event in the user guide of Application Load Balancers ("Receive events from the load balancer").
fn balancer_event() -> Value {
    json!({
        "requestContext": {
            "elb": {
                "targetGroupArn":
                    "arn:aws:elasticloadbalancing:region:123456789012:targetgroup/my-target-group/6d0ecf831eec9f09"
            }
        },
        "httpMethod": "GET",
        "path": "/",
        "queryStringParameters": { "myKey": "%3Fa%26b" },
        "headers": {
            "accept": "text/html,application/xhtml+xml",
            "accept-language": "en-US,en;q=0.8",
            "content-type": "text/plain",
            "cookie": "name1=value1",
            "host": "lambda-846800462-us-east-2.elb.amazonaws.com",
            "user-agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_6)",
            "x-amzn-trace-id": "Root=1-5bdb40ca-556d8b0c50dc66f0511bf520",
            "x-forwarded-for": "72.21.198.66",
            "x-forwarded-port": "80",
            "x-forwarded-proto": "http"
        },
        "isBase64Encoded": false,
        "body": "request_body"
    })
}

fn event(json: &Value) -> ProxyEvent {
    serde_json::from_value(json.clone()).expect("an event")
}

fn uri(json: &Value) -> String {
    event(json).into_request(&Context::default()).expect("a request").uri().to_string()
}

#[test]
fn rest_api_request_has_all_values_of_headers_and_query() {
    let mut context = Context::default();
    context.xray_trace_id = Some("Root=1-2".to_owned());
    assert_eq!(event(&rest_event()).header_form(), HeaderForm::RestApi);
    let request = event(&rest_event()).into_request(&context).expect("a request");
    // The stage is not part of the path: the routes of an app are the same behind everything.
    assert_eq!(request.uri(), "https://api.shop.example/my/path?parameter1=value1&parameter1=value2&parameter2=value");
    let values: Vec<_> = request.headers().get_all("header2").iter().collect();
    assert_eq!(values, ["value1", "value2"]);
    assert_eq!(request.headers()["x-amzn-trace-id"], "Root=1-2");
    assert_eq!(request.body(), &Body::Text("Hello from Lambda!".to_owned()));
}

#[test]
fn requests_have_the_request_context_of_their_event() {
    for json in [rest_event(), balancer_event()] {
        let request = event(&json).into_request(&Context::default()).expect("a request");
        let context = request.extensions().get::<RequestContext>().expect("a context");
        assert_eq!(context.json(), &json["requestContext"]);
    }
    let mut json = rest_event();
    json["requestContext"] = Value::Null;
    assert!(serde_json::from_value::<ProxyEvent>(json).is_err());
}

#[test]
fn rest_api_query_and_path_are_encoded_again() {
    let mut json = rest_event();
    json["multiValueQueryStringParameters"] = json!({ "a b": ["100% & ü", "x=y"] });
    json["path"] = "/two words/100%/%2F/ü".into();
    json["headers"] = Value::Null;
    json["multiValueHeaders"] = Value::Null;
    assert_eq!(uri(&json), "/two%20words/100%25/%2F/%C3%BC?a%20b=100%25%20%26%20%C3%BC&a%20b=x%3Dy");
    // As the console of API Gateway sends it.
    json["multiValueQueryStringParameters"] = Value::Null;
    json["queryStringParameters"] = Value::Null;
    json["body"] = Value::Null;
    assert_eq!(uri(&json), "/two%20words/100%25/%2F/%C3%BC");
}

#[test]
fn http_api_event_of_format_1_is_one_of_a_rest_api() {
    let mut json = rest_event();
    json["version"] = "1.0".into();
    assert_eq!(event(&json).header_form(), HeaderForm::RestApi);
    json["version"] = "2.0".into();
    assert!(serde_json::from_value::<ProxyEvent>(json).is_err());
}

#[test]
fn load_balancer_request_keeps_its_encoding() {
    let json = balancer_event();
    assert_eq!(event(&json).header_form(), HeaderForm::LoadBalancer);
    assert_eq!(uri(&json), "http://lambda-846800462-us-east-2.elb.amazonaws.com/?myKey=%3Fa%26b");
    let mut lists = json;
    lists.as_object_mut().expect("an object").retain(|name, _| name != "headers" && name != "queryStringParameters");
    lists["multiValueHeaders"] = json!({ "cookie": ["name1=value1", "name2=value2"], "host": ["a b"] });
    lists["multiValueQueryStringParameters"] = json!({ "myKey": ["val1", "{2}"], "x[]": ["%"] });
    assert_eq!(event(&lists).header_form(), HeaderForm::LoadBalancerLists);
    let request = event(&lists).into_request(&Context::default()).expect("a request");
    // A host that is not one does not fail the request.
    assert_eq!(request.uri(), "/?myKey=val1&myKey=%7B2%7D&x[]=%25");
    assert_eq!(request.headers().get_all("cookie").iter().count(), 2);
}

#[test]
fn health_check_of_a_load_balancer_is_a_request() {
    let json = json!({
        "requestContext": { "elb": { "targetGroupArn": "arn:aws:elasticloadbalancing:region:1:targetgroup/g/6d" } },
        "httpMethod": "GET", "path": "/health", "queryStringParameters": {},
        "headers": { "user-agent": "ELB-HealthChecker/2.0" }, "body": "", "isBase64Encoded": false
    });
    let request = event(&json).into_request(&Context::default()).expect("a request");
    assert_eq!((request.uri().to_string().as_str(), request.body().is_empty()), ("/health", true));
    assert_eq!(request.headers()["user-agent"], "ELB-HealthChecker/2.0");
}

#[test]
fn body_in_base64_is_decoded_or_refused() {
    let mut json = balancer_event();
    json["isBase64Encoded"] = true.into();
    json["body"] = "/wA=".into();
    let request = event(&json).into_request(&Context::default()).expect("a request");
    assert_eq!(request.body(), &Body::Binary(vec![0xff, 0]));
    json["body"] = "ü".into();
    let error = event(&json).into_request(&Context::default()).expect_err("no request");
    assert!(error.error_type == "Runtime.BadProxyEvent" && error.message.starts_with("`body`: "), "{error}");
    json["httpMethod"] = "GET /".into();
    let error = event(&json).into_request(&Context::default()).expect_err("no request");
    assert!(error.message.starts_with("`httpMethod`: "), "{error}");
}

#[test]
fn endpoint_event_is_told_apart_by_its_members() {
    let kind = |event: &Value| match serde_json::from_str(&event.to_string()) {
        Ok(EndpointEvent::Proxy(_)) => "proxy",
        Ok(EndpointEvent::Url(_)) => "url",
        Err(_) => "error",
    };
    let url = json!({
        "version": "2.0", "rawPath": "/a", "headers": {}, "isBase64Encoded": false,
        "requestContext": { "http": { "method": "GET" }, "timeEpoch": 1 }
    });
    assert_eq!([kind(&rest_event()), kind(&balancer_event()), kind(&url)], ["proxy", "proxy", "url"]);
    // An event of a WebSocket API has neither method nor path, and a worker's event is no request.
    let socket = json!({ "requestContext": { "routeKey": "$connect" }, "isBase64Encoded": false });
    assert_eq!([kind(&socket), kind(&json!({ "name": "Ada" })), kind(&json!(1))], ["error"; 3]);
}
