//! The HTTP API of the endpoint, as API Gateway has it: which route a request reaches, and whose requests a route accepts.

mod jwt;
mod routes;

use std::time::{SystemTime, UNIX_EPOCH};

use bedrock_build::App;
use bedrock_build::settings::{HttpRoute, RouteAuth};
use bedrock_model::{ApiCaller, ApiError, RoutedRequest, UrlRequest};

use crate::function_url::UrlAccess;
use crate::running_server::CREDENTIALS;
use jwt::TokenVerifier;
use routes::find_route;

/// The HTTP API of an app.
pub(crate) struct HttpApi {
    routes: Vec<HttpRoute>,
    verifier: Option<TokenVerifier>,
}

impl HttpApi {
    /// Returns the API of the settings. `None` if the endpoint has none.
    pub(crate) fn new(app: &App) -> Option<Self> {
        let endpoint = &app.settings.endpoint;
        let api = endpoint.http_api.as_ref()?;
        let verifier = api.jwt.clone().map(|jwt| TokenVerifier::new(jwt, &app.root));
        Some(Self { routes: api.routes_with_preflight(endpoint.cors.is_some()), verifier })
    }

    /// Returns the route of a request to a path of the API, and who sent it. `signers` knows who has an access key.
    pub(crate) fn route(
        &self,
        request: &UrlRequest<'_>,
        path: &str,
        signers: &UrlAccess,
        now: SystemTime,
    ) -> Result<RoutedRequest, ApiError> {
        let (route, path_parameters) = find_route(&self.routes, request.method, path).ok_or(ApiError::NoRoute)?;
        let authorization = request.headers.iter().find(|(name, _)| *name == "authorization");
        let is_own_program = authorization.is_some_and(|(_, value)| *value == CREDENTIALS.as_bytes());
        let caller = match (route.auth, &self.verifier) {
            // `cargo bedrock invoke` has neither a token nor a signature.
            (RouteAuth::None, _) => None,
            (RouteAuth::Iam | RouteAuth::Jwt, _) if is_own_program => None,
            (RouteAuth::Iam, _) => {
                Some(ApiCaller::Iam(signers.signer_of_api(request, now).map_err(|_| ApiError::Forbidden)?))
            }
            (RouteAuth::Jwt, Some(verifier)) => {
                let seconds = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
                Some(verifier.verify(request, &route.scopes, seconds)?)
            }
            (RouteAuth::Jwt, None) => return Err(ApiError::Unauthorized("there is no authorizer".to_owned())),
        };
        Ok(RoutedRequest { route_key: route.key.clone(), path_parameters, caller })
    }
}
