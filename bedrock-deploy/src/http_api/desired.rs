//! The HTTP API of the settings, and the names of its parts.

use serde::Deserialize;

use crate::aws::percent_encode;
use crate::cors::Cors;
use crate::stage::StageContext;

/// Name of the only stage: requests have no prefix for it.
pub(super) const STAGE: &str = "$default";
/// Name of the JWT authorizer.
pub(super) const AUTHORIZER: &str = "jwt";
/// Prefix of the id of the statement that allows an API to invoke the endpoint.
pub(super) const STATEMENT_PREFIX: &str = "bedrock-http-api-";
/// Tag of an API with the domain name that it has or is about to get.
pub(super) const DOMAIN_TAG: &str = "bedrock:domain";

/// The key `http_api` of the endpoint in the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct HttpApi {
    pub(super) routes: Vec<Route>,
    pub(super) jwt: Option<JwtAuthorizer>,
    pub(super) domain: Option<Domain>,
    pub(super) throttling: Option<Throttling>,
    #[serde(skip)]
    pub(super) cors: Option<Cors>,
}

/// A route of the settings, or one that is deployed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Route {
    /// `$default`, or method and path.
    pub(super) key: String,
    pub(super) auth: RouteAuth,
    pub(super) scopes: Vec<String>,
}

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RouteAuth {
    None,
    Iam,
    Jwt,
}

impl RouteAuth {
    /// Returns the `AuthorizationType` of API Gateway.
    pub(super) fn authorization_type(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Iam => "AWS_IAM",
            Self::Jwt => "JWT",
        }
    }
}

/// Which tokens are accepted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct JwtAuthorizer {
    pub(super) issuer: String,
    pub(super) audience: Vec<String>,
    pub(super) identity_source: String,
}

/// A domain name. Without a certificate, it belongs to the user and only gets a mapping.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Domain {
    pub(super) name: String,
    pub(super) certificate: Option<String>,
}

/// The limits of the stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) struct Throttling {
    pub(super) burst: u64,
    /// Requests per second.
    pub(super) rate: u64,
}

impl HttpApi {
    /// Adds the CORS configuration of the endpoint.
    pub(crate) fn with_cors(self, cors: Option<Cors>) -> Self {
        Self { cors, ..self }
    }

    /// Returns the domain name of the settings.
    pub(crate) fn domain_name(&self) -> Option<&str> {
        self.domain.as_ref().map(|domain| domain.name.as_str())
    }

    /// Returns whether everyone may call a route.
    pub(super) fn is_public(&self) -> bool {
        self.routes.iter().any(|route| route.auth == RouteAuth::None && !route.key.starts_with("OPTIONS "))
    }
}

/// Returns the ARN with which API Gateway invokes the endpoint, for all stages and routes.
pub(super) fn source_arn(stage: &StageContext, id: &str) -> String {
    let env = &stage.env;
    format!("arn:{}:execute-api:{}:{}:{id}/*/*", env.partition, env.region, env.account)
}

/// Returns the path at which API Gateway has the tags of an API.
pub(super) fn tags_path(stage: &StageContext, id: &str) -> String {
    let env = &stage.env;
    let arn = format!("arn:{}:apigateway:{}::/apis/{id}", env.partition, env.region);
    format!("/v2/tags/{}", percent_encode(&arn))
}

pub(super) fn statement_id(id: &str) -> String {
    format!("{STATEMENT_PREFIX}{id}")
}
