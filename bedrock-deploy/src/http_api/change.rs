//! What differs between the HTTP API of the settings and the one that is deployed.

use std::collections::BTreeSet;

use super::actual::{ActualDomain, ActualHttpApi, ActualRoute, ActualStage};
use super::desired::{DOMAIN_TAG, Domain, HttpApi, Route, RouteAuth, STAGE, statement_id};
use crate::version::change_text;

/// From what is deployed to what is desired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HttpApiChange {
    pub(super) desired: HttpApi,
    /// Has an empty id if there is no API yet.
    pub(super) actual: ActualHttpApi,
}

impl HttpApiChange {
    /// Returns what differs, for people. Empty if nothing does.
    pub(super) fn reasons(&self) -> Vec<String> {
        let Self { desired, actual } = self;
        let mut reasons = Vec::new();
        if actual.integration.is_none() || !actual.other_integrations.is_empty() {
            reasons.push("integration".to_owned());
        }
        if !self.is_cors_same() {
            reasons.push("CORS".to_owned());
        }
        if desired.jwt.as_ref() != actual.authorizer.as_ref().map(|authorizer| &authorizer.jwt) {
            reasons.push("JWT authorizer".to_owned());
        }
        reasons.extend(self.route_reason());
        let throttling = |stage: Option<ActualStage>| {
            let throttling = stage.and_then(|stage| stage.throttling);
            throttling.map_or("none".to_owned(), |limits| format!("{}/{}", limits.burst, limits.rate))
        };
        let wanted = ActualStage { deploys: true, throttling: desired.throttling };
        match actual.stage {
            Some(stage) if stage.deploys => {
                reasons.extend(change_text("throttling", &throttling(Some(stage)), &throttling(Some(wanted))));
            }
            _ => reasons.push(format!("stage {STAGE}")),
        }
        if actual.statement_ids != [statement_id(&actual.id)] {
            reasons.push("permission".to_owned());
        }
        if !self.is_domain_same() {
            let name = desired.domain_name().unwrap_or("none");
            reasons.push(format!("domain name {name}"));
        }
        reasons
    }

    pub(super) fn is_cors_same(&self) -> bool {
        match (&self.desired.cors, &self.actual.cors) {
            (Some(desired), Some(actual)) => desired.is_same(actual),
            (desired, actual) => desired.is_none() && actual.is_none(),
        }
    }

    /// Returns the route that is deployed for `key`.
    pub(super) fn actual_route(&self, key: &str) -> Option<&ActualRoute> {
        self.actual.routes.iter().find(|route| route.key == key)
    }

    /// Returns whether a deployed route has this integration and authorizer, and the settings of `desired`.
    pub(super) fn is_route_same(
        route: &ActualRoute,
        desired: &Route,
        integration: Option<&str>,
        authorizer: Option<&str>,
    ) -> bool {
        let sorted = |route: &Route| -> BTreeSet<String> { route.scopes.iter().cloned().collect() };
        let needs_authorizer = desired.auth == RouteAuth::Jwt;
        let is_target = integration.is_some_and(|id| route.target == format!("integrations/{id}"));
        is_target
            && route
                .route
                .as_ref()
                .is_some_and(|actual| actual.auth == desired.auth && sorted(actual) == sorted(desired))
            && (!needs_authorizer || route.authorizer.as_deref() == authorizer)
    }

    /// Returns `routes +GET /a ~GET /b -GET /c`.
    fn route_reason(&self) -> Option<String> {
        let integration = self.actual.integration.as_deref();
        let authorizer = self.actual.authorizer.as_ref().map(|authorizer| authorizer.id.as_str());
        let changed = self.desired.routes.iter().filter_map(|desired| match self.actual_route(&desired.key) {
            None => Some(format!("+{}", desired.key)),
            Some(route) if Self::is_route_same(route, desired, integration, authorizer) => None,
            Some(_) => Some(format!("~{}", desired.key)),
        });
        // API Gateway returns routes in an order of its own.
        let mut removed: Vec<String> = self.removed_routes().map(|route| format!("-{}", route.key)).collect();
        removed.sort();
        let words: Vec<String> = changed.chain(removed).collect();
        (!words.is_empty()).then(|| format!("routes {}", words.join(" ")))
    }

    pub(super) fn removed_routes(&self) -> impl Iterator<Item = &ActualRoute> {
        let is_desired = |route: &&ActualRoute| self.desired.routes.iter().all(|desired| desired.key != route.key);
        self.actual.routes.iter().filter(is_desired)
    }

    /// Returns the domain names that the API has and should not have.
    pub(super) fn removed_domains(&self) -> impl Iterator<Item = &ActualDomain> {
        let wanted = self.desired.domain_name();
        self.actual.domains.iter().filter(move |domain| Some(domain.name.as_str()) != wanted)
    }

    /// Returns the deployed domain name that is desired.
    pub(super) fn actual_domain(&self, domain: &Domain) -> Option<&ActualDomain> {
        self.actual.domains.iter().find(|actual| actual.name == domain.name)
    }

    fn is_domain_same(&self) -> bool {
        let wanted = self.desired.domain.as_ref();
        let is_mapped = |actual: &ActualDomain| {
            let mapping = actual.mapping.as_ref();
            mapping.is_some_and(|mapping| mapping.api == self.actual.id && mapping.stage == STAGE)
        };
        let has_certificate = |actual: &ActualDomain, domain: &Domain| {
            domain.certificate.is_none() || domain.certificate == actual.certificate
        };
        let is_same = wanted.is_none_or(|domain| {
            self.actual_domain(domain).is_some_and(|actual| is_mapped(actual) && has_certificate(actual, domain))
        });
        let tag = self.actual.tags.get(DOMAIN_TAG).map(String::as_str);
        is_same && self.removed_domains().next().is_none() && tag == self.desired.domain_name()
    }
}

#[cfg(test)]
mod tests;
