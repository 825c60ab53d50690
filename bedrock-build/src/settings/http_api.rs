//! The HTTP API of API Gateway in front of the endpoint: its routes, who may call them, its domain and its throttling.

/// The route that catches every request that no other route matches.
pub(super) const DEFAULT_ROUTE: &str = "$default";
/// Routes that let preflight requests through without a token, because `$default` would catch them (API Gateway developer
/// guide, "Configure CORS for HTTP APIs"). `{proxy+}` does not match the empty path.
const PREFLIGHT_ROUTES: [&str; 2] = ["OPTIONS /", "OPTIONS /{proxy+}"];

/// `{ routes = ["$default"], jwt = { issuer = "https://…", audience = ["shop"] } }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpApi {
    /// At least one, each with another key.
    pub routes: Vec<HttpRoute>,
    /// The JWT authorizer. `None` if no route needs a token.
    pub jwt: Option<JwtAuthorizer>,
    /// `None`: the API has only the domain name that AWS gives it.
    pub domain: Option<ApiDomain>,
    /// `None`: the limits of the account and region apply.
    pub throttling: Option<Throttling>,
}

/// A route of an HTTP API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRoute {
    /// `$default`, or a method or `ANY` and a path: `GET /orders/{id}`.
    pub key: String,
    /// Who may call it.
    pub auth: RouteAuth,
    /// A token must have one of these scopes. Empty: any valid token will do.
    pub scopes: Vec<String>,
}

/// The authorization of a route (API Gateway's `AuthorizationType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteAuth {
    /// Everyone.
    None,
    /// Principals that IAM permits, by signed requests.
    Iam,
    /// Callers with a token that the JWT authorizer accepts.
    Jwt,
}

impl RouteAuth {
    /// Returns the word in the settings: `none`, `iam` or `jwt`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Iam => "iam",
            Self::Jwt => "jwt",
        }
    }
}

/// What tokens are accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwtAuthorizer {
    /// Claim `iss` of tokens, and the URL below which the issuer publishes its keys.
    pub issuer: String,
    /// Claim `aud` or `client_id` of tokens must be one of these.
    pub audience: Vec<String>,
    /// Where the token is: `$request.header.Authorization` or `$request.querystring.token`.
    pub identity_source: String,
    /// File with the issuer's keys as a JSON Web Key Set, relative to the app. Only `dev` reads it.
    pub jwks: Option<String>,
}

/// A domain name for an HTTP API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiDomain {
    /// `api.shop.example`
    pub name: String,
    /// ARN of a certificate in ACM. `None`: the domain name exists in API Gateway already, and only gets a mapping.
    pub certificate: Option<String>,
}

/// The limits of the stage of an HTTP API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throttling {
    /// Requests at the same time.
    pub burst: u64,
    /// Requests per second.
    pub rate: u64,
}

impl HttpApi {
    /// Returns the routes, with those that CORS needs if `has_cors`.
    #[must_use]
    pub fn routes_with_preflight(&self, has_cors: bool) -> Vec<HttpRoute> {
        let is_protected = |route: &HttpRoute| route.key == DEFAULT_ROUTE && route.auth != RouteAuth::None;
        let mut routes = self.routes.clone();
        if has_cors && self.routes.iter().any(is_protected) {
            let added = PREFLIGHT_ROUTES.into_iter().filter(|key| self.routes.iter().all(|route| route.key != *key));
            routes.extend(added.map(|key| HttpRoute {
                key: key.to_owned(),
                auth: RouteAuth::None,
                scopes: Vec::new(),
            }));
        }
        routes
    }
}
