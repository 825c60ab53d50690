//! An HTTP API as it is deployed. Parts of it may be missing, because a deploy may have been stopped between two requests.

use std::collections::BTreeMap;

use super::desired::{JwtAuthorizer, Route, Throttling};
use crate::cors::Cors;

/// An API of this stage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ActualHttpApi {
    pub(super) id: String,
    /// `https://abc.execute-api.eu-west-1.amazonaws.com`
    pub(super) endpoint: String,
    pub(super) cors: Option<Cors>,
    /// Its tags, with those of the stage.
    pub(super) tags: BTreeMap<String, String>,
    /// The integration for the endpoint's alias.
    pub(super) integration: Option<String>,
    /// Ids of other integrations.
    pub(super) other_integrations: Vec<String>,
    /// The first authorizer, by its id.
    pub(super) authorizer: Option<ActualAuthorizer>,
    pub(super) routes: Vec<ActualRoute>,
    pub(super) stage: Option<ActualStage>,
    /// The domain name of its tag or of the settings, if it exists.
    pub(super) domains: Vec<ActualDomain>,
    /// Statements that allow APIs to invoke the endpoint.
    pub(super) statement_ids: Vec<String>,
}

/// A JWT authorizer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ActualAuthorizer {
    pub(super) id: String,
    pub(super) jwt: JwtAuthorizer,
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ActualRoute {
    pub(super) id: String,
    /// `None` if its authorization is one that no setting has.
    pub(super) route: Option<Route>,
    pub(super) key: String,
    /// `integrations/ID`
    pub(super) target: String,
    pub(super) authorizer: Option<String>,
}

/// The stage `$default`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ActualStage {
    pub(super) deploys: bool,
    pub(super) throttling: Option<Throttling>,
}

/// A domain name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ActualDomain {
    pub(super) name: String,
    pub(super) certificate: Option<String>,
    /// Whether this tool created it for this stage.
    pub(super) is_managed: bool,
    /// The mapping of the empty path.
    pub(super) mapping: Option<ActualMapping>,
}

/// What a domain name serves at the empty path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ActualMapping {
    pub(super) id: String,
    pub(super) api: String,
    pub(super) stage: String,
}

impl ActualHttpApi {
    /// Returns the URL for people: with the domain name that is mapped to the API, or with the one of AWS. `None` if only a
    /// domain name exists.
    pub(crate) fn url(&self) -> Option<String> {
        let is_mapped = |domain: &&ActualDomain| domain.mapping.as_ref().is_some_and(|mapping| mapping.api == self.id);
        let url = match self.domains.iter().find(is_mapped) {
            Some(domain) => format!("https://{}/", domain.name),
            None => format!("{}/", self.endpoint),
        };
        (!self.id.is_empty()).then_some(url)
    }
}
