//! Decides whose requests the endpoint's URL accepts. Every known access key may call it: there are no policies here.

use std::time::SystemTime;

use bedrock_build::App;
use bedrock_build::settings::Auth;
use bedrock_model::backend::{WORKER_SECRET_KEY, worker_of_access_key};
use bedrock_model::{IamIdentity, UrlError, UrlRequest};

use super::signature::Signature;
use crate::ENDPOINT;
use crate::running_server::CREDENTIALS;
use crate::triggers::LocalResources;

/// The access key for requests of the developer's own programs. Its secret is that of the workers' keys.
const DEVELOPER_ACCESS_KEY: &str = "local";

/// Names of services in signatures of requests: of function URLs, and of HTTP APIs.
const URL_SERVICE: &str = "lambda";
const API_SERVICE: &str = "execute-api";

/// Whose requests a URL accepts.
pub(crate) struct UrlAccess {
    has_url: bool,
    auth: Auth,
    app: String,
    account: String,
    region: String,
    /// The functions, whose access keys are known.
    functions: Vec<String>,
}

impl UrlAccess {
    /// Returns the access to the endpoint's URL.
    pub(crate) fn new(app: &App, resources: &LocalResources) -> Self {
        let workers = app.workers.iter().map(|worker| worker.name.to_string());
        Self {
            has_url: app.settings.endpoint.has_http_address(),
            auth: app.settings.endpoint.auth,
            app: app.name.to_string(),
            account: resources.account.clone(),
            region: resources.region.clone(),
            functions: workers.chain([ENDPOINT.to_owned()]).collect(),
        }
    }

    /// Returns who signed a request, or `None` if requests need no signature.
    pub(crate) fn authorize(&self, request: &UrlRequest<'_>, now: SystemTime) -> Result<Option<IamIdentity>, UrlError> {
        let authorization = request.headers.iter().find(|(name, _)| *name == "authorization");
        let is_own_program = authorization.is_some_and(|(_, value)| *value == CREDENTIALS.as_bytes());
        match self.auth {
            // `cargo bedrock invoke` calls the endpoint also without a URL.
            _ if !self.has_url && !is_own_program => Err(UrlError::NoUrl(
                "The resource you requested does not exist. (the endpoint has no URL: its setting `url` is `false`)"
                    .to_owned(),
            )),
            Auth::None => Ok(None),
            Auth::Iam if is_own_program => Ok(self.identity(DEVELOPER_ACCESS_KEY)),
            Auth::Iam => self.signer(URL_SERVICE, request, now).map(Some),
        }
    }

    /// Returns who signed a request of the HTTP API.
    pub(crate) fn signer_of_api(&self, request: &UrlRequest<'_>, now: SystemTime) -> Result<IamIdentity, UrlError> {
        self.signer(API_SERVICE, request, now)
    }

    fn signer(&self, service: &str, request: &UrlRequest<'_>, now: SystemTime) -> Result<IamIdentity, UrlError> {
        let signature = Signature::read(request)?.ok_or(UrlError::Unsigned)?;
        let identity = self.identity(&signature.access_key).ok_or_else(|| UrlError::Signature {
            exception: "UnrecognizedClientException",
            message: "The security token included in the request is invalid.".to_owned(),
        })?;
        signature.check(service, request, &self.region, WORKER_SECRET_KEY, now)?;
        Ok(identity)
    }

    /// Returns who has an access key: the role of a function, or the developer as a user. `None` for other keys.
    fn identity(&self, access_key: &str) -> Option<IamIdentity> {
        let account = &self.account;
        let (id, arn) = match worker_of_access_key(access_key) {
            Some(function) if self.functions.iter().any(|known| known == function) => {
                let role = format!("{}-local-{function}", self.app);
                (format!("{access_key}:{role}"), format!("arn:aws:sts::{account}:assumed-role/{role}/{role}"))
            }
            None if access_key == DEVELOPER_ACCESS_KEY => {
                (access_key.to_owned(), format!("arn:aws:iam::{account}:user/{access_key}"))
            }
            _ => return None,
        };
        Some(IamIdentity { access_key: access_key.to_owned(), account: account.clone(), id, arn })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(has_url: bool, auth: Auth) -> UrlAccess {
        UrlAccess {
            has_url,
            auth,
            app: "shop".to_owned(),
            account: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            functions: vec!["greeter".to_owned(), ENDPOINT.to_owned()],
        }
    }

    fn authorize(access: &UrlAccess, authorization: Option<&str>) -> Result<Option<IamIdentity>, UrlError> {
        let headers = authorization.map(|value| ("authorization", value.as_bytes()));
        let headers = headers.into_iter().chain([("x-amz-date", b"20261130T101500Z".as_slice())]).collect();
        let request = UrlRequest { method: "GET", path: "/", query: "", headers, body: b"" };
        access.authorize(&request, SystemTime::now())
    }

    #[test]
    fn public_url_accepts_every_request() {
        for authorization in [None, Some("Bearer of-the-app"), Some("AWS4-HMAC-SHA256 nonsense")] {
            assert_eq!(authorize(&access(true, Auth::None), authorization), Ok(None));
        }
    }

    #[test]
    fn function_without_url_answers_only_own_programs() {
        for auth in [Auth::None, Auth::Iam] {
            let refused = authorize(&access(false, auth), None);
            assert!(matches!(&refused, Err(UrlError::NoUrl(reason)) if reason.contains("`url`")), "{refused:?}");
            assert!(authorize(&access(false, auth), Some(CREDENTIALS)).is_ok());
        }
    }

    #[test]
    fn requests_need_a_signature_with_a_known_key() {
        let access = access(true, Auth::Iam);
        for unsigned in [None, Some("Bearer x"), Some("Bedrock LOCAL_greeter")] {
            assert_eq!(authorize(&access, unsigned), Err(UrlError::Unsigned), "{unsigned:?}");
        }
        for key in ["AKIDEXAMPLE", "LOCAL_other", "LOCAL"] {
            let scope = format!("{key}/20261130/us-east-1/lambda/aws4_request");
            let header = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
            let refused = authorize(&access, Some(&header));
            assert!(
                matches!(refused, Err(UrlError::Signature { exception: "UnrecognizedClientException", .. })),
                "{key}: {refused:?}"
            );
        }
    }

    #[test]
    fn signers_are_roles_of_functions_or_the_developer() {
        let access = access(true, Auth::Iam);
        let arn = |key: &str| access.identity(key).map(|identity| (identity.id, identity.arn));
        assert_eq!(
            arn("LOCAL_greeter"),
            Some((
                "LOCAL_greeter:shop-local-greeter".to_owned(),
                "arn:aws:sts::000000000000:assumed-role/shop-local-greeter/shop-local-greeter".to_owned()
            ))
        );
        assert_eq!(arn("local"), Some(("local".to_owned(), "arn:aws:iam::000000000000:user/local".to_owned())));
        assert_eq!(authorize(&access, Some(CREDENTIALS)).expect("accepted").expect("an identity").access_key, "local");
    }
}
