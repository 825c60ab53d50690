//! Which requests an HTTP API of API Gateway passes on to its function, and what it adds to their events.

use std::collections::BTreeMap;

use crate::function_url::IamIdentity;

/// The route of a request, and who sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoutedRequest {
    /// The event's `routeKey`: `GET /orders/{id}`.
    pub route_key: String,
    /// The event's `pathParameters`. Empty if the route has none.
    pub path_parameters: BTreeMap<String, String>,
    /// `None` if everyone may call the route.
    pub caller: Option<ApiCaller>,
}

/// Who sent a request: the event's `requestContext.authorizer`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiCaller {
    /// Who signed it.
    Iam(IamIdentity),
    /// Whose token it has.
    Jwt {
        /// The claims of the token, each as text.
        claims: BTreeMap<String, String>,
        /// The scopes of the route that the token has. `None` if the route needs none.
        scopes: Option<Vec<String>>,
    },
}

/// Why a request does not reach the function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiError {
    /// No route matches it.
    NoRoute,
    /// It has no token or one that is not accepted, with the reason in the header `www-authenticate`.
    Unauthorized(String),
    /// It is not signed as the route needs it, or its token has no scope of the route.
    Forbidden,
}
