//! The HTTP API of the endpoint in the manifest.

use bedrock_build::settings::{ApiDomain, HttpApi, HttpRoute, JwtAuthorizer, Throttling};
use serde::Serialize;

/// The key `http_api` of the endpoint.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    routes: Vec<RouteEntry>,
    jwt: Option<JwtEntry>,
    domain: Option<DomainEntry>,
    throttling: Option<ThrottlingEntry>,
}

/// A route, for example `GET /orders/{id}`.
#[derive(Debug, Serialize)]
struct RouteEntry {
    key: String,
    /// `none`, `iam` or `jwt`.
    auth: &'static str,
    scopes: Vec<String>,
}

/// The JWT authorizer.
#[derive(Debug, Serialize)]
struct JwtEntry {
    issuer: String,
    audience: Vec<String>,
    identity_source: String,
}

/// A domain name. Without a certificate, it exists already.
#[derive(Debug, Serialize)]
struct DomainEntry {
    name: String,
    certificate: Option<String>,
}

/// The limits of the stage `$default` of the API.
#[derive(Debug, Serialize)]
struct ThrottlingEntry {
    burst: u64,
    /// Requests per second.
    rate: u64,
}

impl Entry {
    /// Returns the entry of an API. With CORS settings it has the routes that preflight requests need.
    pub(super) fn of(api: &HttpApi, has_cors: bool) -> Self {
        let route = |HttpRoute { key, auth, scopes }| RouteEntry { key, auth: auth.as_str(), scopes };
        let jwt = |JwtAuthorizer { issuer, audience, identity_source, jwks: _ }| JwtEntry {
            issuer,
            audience,
            identity_source,
        };
        Self {
            routes: api.routes_with_preflight(has_cors).into_iter().map(route).collect(),
            jwt: api.jwt.clone().map(jwt),
            domain: api.domain.clone().map(|ApiDomain { name, certificate }| DomainEntry { name, certificate }),
            throttling: api.throttling.map(|Throttling { burst, rate }| ThrottlingEntry { burst, rate }),
        }
    }
}
