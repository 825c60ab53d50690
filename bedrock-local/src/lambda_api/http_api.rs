//! What an HTTP API of API Gateway does otherwise than a function URL: its refusals, its errors, and what it adds to events.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, StatusCode};
use bedrock_model::{ApiCaller, ApiError, Error, IamIdentity, Reply, RoutedRequest};
use serde_json::{Value, json};

use super::function_url_response::{http_response, json_response};

/// How long an API waits for its function (API Gateway developer guide, HTTP API quotas).
pub(super) const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(30);

/// Adds the route and the caller to an event.
pub(super) fn add_route(event: &mut Value, routed: RoutedRequest) {
    let RoutedRequest { route_key, path_parameters, caller } = routed;
    event["routeKey"] = json!(route_key);
    event["requestContext"]["routeKey"] = json!(route_key);
    if !path_parameters.is_empty() {
        event["pathParameters"] = json!(path_parameters);
    }
    match caller {
        Some(ApiCaller::Iam(identity)) => add_identity(&mut event["requestContext"], identity),
        Some(ApiCaller::Jwt { claims, scopes }) => {
            event["requestContext"]["authorizer"] = json!({ "jwt": { "claims": claims, "scopes": scopes } });
        }
        None => {}
    }
}

/// Adds who signed the request. The function belongs to the same account.
pub(super) fn add_identity(context: &mut Value, identity: IamIdentity) {
    let IamIdentity { access_key, account, id, arn } = identity;
    context["accountId"] = json!(account);
    context["authorizer"] = json!({ "iam": {
        "accessKey": access_key,
        "accountId": account,
        "callerId": id,
        "cognitoIdentity": null,
        "principalOrgId": null,
        "userArn": arn,
        "userId": id,
    } });
}

/// Returns the response to a request that does not reach the function.
pub(super) fn refusal(error: ApiError) -> Response<Body> {
    match error {
        ApiError::NoRoute => message(StatusCode::NOT_FOUND, "Not Found"),
        ApiError::Forbidden => message(StatusCode::FORBIDDEN, "Forbidden"),
        ApiError::Unauthorized(reason) => {
            let mut response = message(StatusCode::UNAUTHORIZED, "Unauthorized");
            let header = match reason.as_str() {
                "" => "Bearer".to_owned(),
                reason => format!("Bearer scope=\"\" error=\"invalid_token\" error_description=\"{reason}\""),
            };
            if let Ok(header) = HeaderValue::try_from(header) {
                response.headers_mut().insert("www-authenticate", header);
            }
            response
        }
    }
}

/// Returns the response of a function. A function that takes too long runs on.
pub(super) async fn response(reply: Reply, timeout: Duration) -> Response<Body> {
    let running = tokio::spawn(reply);
    match tokio::time::timeout(timeout, running).await {
        Ok(Ok(Ok(response))) => http_response(&response).unwrap_or_else(failed),
        Err(_) | Ok(Ok(Err(Error::Throttled { .. }))) => {
            message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
        }
        Ok(_) => failed(),
    }
}

/// Returns the response to a request whose body is too large.
pub(super) fn too_large() -> Response<Body> {
    message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large")
}

fn failed() -> Response<Body> {
    message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
}

fn message(status: StatusCode, text: &str) -> Response<Body> {
    json_response(status, Bytes::from(json!({ "message": text }).to_string()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn routes_and_claims_are_in_the_event() {
        let mut event = json!({ "routeKey": "$default", "requestContext": { "routeKey": "$default" } });
        let claims = BTreeMap::from([("sub".to_owned(), "ada".to_owned())]);
        let caller = Some(ApiCaller::Jwt { claims, scopes: None });
        let path_parameters = BTreeMap::from([("id".to_owned(), "5".to_owned())]);
        add_route(&mut event, RoutedRequest { route_key: "GET /{id}".to_owned(), path_parameters, caller });
        let expected = json!({
            "routeKey": "GET /{id}", "pathParameters": { "id": "5" },
            "requestContext": {
                "routeKey": "GET /{id}", "authorizer": { "jwt": { "claims": { "sub": "ada" }, "scopes": null } }
            }
        });
        assert_eq!(event, expected);
    }

    #[tokio::test]
    async fn slow_and_failing_functions_have_the_statuses_of_an_api() {
        let ended = |result: Result<Bytes, Error>| -> Reply { Box::pin(std::future::ready(result)) };
        let status = async |reply: Reply, timeout: Duration| response(reply, timeout).await.status();
        assert_eq!(status(ended(Ok("{}".into())), INTEGRATION_TIMEOUT).await, StatusCode::OK);
        let slow: Reply = Box::pin(std::future::pending());
        assert_eq!(status(slow, Duration::ZERO).await, StatusCode::SERVICE_UNAVAILABLE);
        let failure = Error::Transport { worker: "x".to_owned(), message: "x".to_owned(), may_have_run: true };
        assert_eq!(status(ended(Err(failure)), INTEGRATION_TIMEOUT).await, StatusCode::INTERNAL_SERVER_ERROR);
        let refused = refusal(ApiError::Unauthorized("the token has expired".to_owned()));
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
        assert!(refused.headers()["www-authenticate"].to_str().is_ok_and(|text| text.contains("has expired")));
    }
}
