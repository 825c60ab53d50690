//! What is in front of the endpoint says about a request: the `requestContext` of the event, for handlers of the router.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use axum::http::{Extensions, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The `requestContext` of a request of a function URL, an HTTP API, a REST API or an Application Load Balancer: who signed
/// it, the claims of its token, the stage, the target group. The format is AWS's.
///
/// It is an extractor of axum. On Lambda and in `cargo bedrock dev` every request has it; a request of `cargo run` and of
/// tests has none, so a handler that also runs there takes an `Option`:
///
/// ```no_run
/// use bedrock::RequestContext;
///
/// async fn user(context: Option<RequestContext>) -> String {
///     let name = context.and_then(|context| context.get("/authorizer/jwt/claims/sub"));
///     name.unwrap_or_else(|| "anonymous".to_owned())
/// }
/// ```
///
/// A test adds one to a request as an extension: `request.extensions_mut().insert(RequestContext::new(json))`.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestContext(Arc<Value>);

/// The response to a request without [`RequestContext`]: 500.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MissingRequestContext;

impl RequestContext {
    /// Returns the context of a request in a test.
    pub fn new(json: Value) -> Self {
        Self(Arc::new(json))
    }

    /// Returns all of it.
    pub fn json(&self) -> &Value {
        &self.0
    }

    /// Returns the value at a JSON pointer (RFC 6901), for example `/identity/sourceIp`. `None` if there is none, or if it is
    /// not of that type.
    pub fn get<T: DeserializeOwned>(&self, pointer: &str) -> Option<T> {
        T::deserialize(self.0.pointer(pointer)?).ok()
    }

    fn of(extensions: &Extensions) -> Option<Self> {
        let own = extensions.get::<Self>().cloned();
        #[cfg(any(bedrock_lambda, feature = "aws-sdk", test))]
        let own = own.or_else(|| {
            // `lambda_http` reads the events of function URLs and HTTP APIs.
            let read = extensions.get::<lambda_http::request::RequestContext>()?;
            serde_json::to_value(read).ok().map(Self::new)
        });
        own
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RequestContext {
    type Rejection = MissingRequestContext;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, MissingRequestContext> {
        Self::of(&parts.extensions).ok_or(MissingRequestContext)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for RequestContext {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(Self::of(&parts.extensions))
    }
}

impl IntoResponse for MissingRequestContext {
    fn into_response(self) -> Response {
        let text = "the request has no request context: it did not come through a function URL, API Gateway or a load balancer";
        (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::{MissingRequestContext, RequestContext};
    use axum::extract::{FromRequestParts, OptionalFromRequestParts};
    use axum::http::Request;
    use axum::response::IntoResponse as _;
    use lambda_http::request::LambdaRequest;
    use serde_json::json;

    type Extracted = (Result<RequestContext, MissingRequestContext>, Option<RequestContext>);

    async fn extracted<B>(request: Request<B>) -> Extracted {
        let (mut parts, _) = request.into_parts();
        let required = <RequestContext as FromRequestParts<()>>::from_request_parts(&mut parts, &()).await;
        let Ok(optional) = <RequestContext as OptionalFromRequestParts<()>>::from_request_parts(&mut parts, &()).await;
        (required, optional)
    }

    #[tokio::test]
    async fn request_context_of_a_url_is_that_of_its_event() {
        let event = json!({
            "version": "2.0", "rawPath": "/a", "headers": {}, "isBase64Encoded": false, "requestContext": {
                "http": { "method": "GET", "sourceIp": "1.2.3.4" }, "timeEpoch": 1, "stage": "$default",
                "authorizer": { "jwt": { "claims": { "sub": "ada" }, "scopes": null } }
            }
        });
        let event: LambdaRequest = serde_json::from_value(event).expect("an event");
        let (required, optional) = extracted(Request::from(event)).await;
        let context = required.expect("a context");
        assert_eq!(optional.as_ref(), Some(&context));
        assert_eq!(context.get::<String>("/authorizer/jwt/claims/sub").as_deref(), Some("ada"));
        assert_eq!(context.get::<u64>("/stage"), None);
        assert_eq!(context.json()["http"]["sourceIp"], "1.2.3.4");
    }

    #[tokio::test]
    async fn request_without_context_is_refused_or_none() {
        let (required, optional) = extracted(Request::new(())).await;
        assert_eq!((&required, &optional), (&Err(MissingRequestContext), &None));
        assert_eq!(MissingRequestContext.into_response().status(), 500);
        let mut request = Request::new(());
        request.extensions_mut().insert(RequestContext::new(json!({ "stage": "test" })));
        assert_eq!(extracted(request).await.0.expect("a context").get::<String>("/stage").as_deref(), Some("test"));
    }
}
