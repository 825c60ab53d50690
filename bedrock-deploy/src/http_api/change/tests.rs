//! What differs from what is deployed, in words.

use serde_json::{Value, json};

use super::super::actual::{ActualAuthorizer, ActualMapping};
use super::super::plan::plan_http_api;
use super::*;
use crate::actual::Actual;
use crate::cors::Cors;
use crate::desired::Desired;
use crate::step::Change;
use crate::test_fixtures::stage;

fn desired() -> HttpApi {
    http_api(&json!({
        "routes": [
            { "key": "$default", "auth": "jwt", "scopes": ["read", "write"] },
            { "key": "GET /health", "auth": "none", "scopes": [] }
        ],
        "jwt": { "issuer": "https://a", "audience": ["shop"], "identity_source": "$request.header.Authorization" },
        "domain": { "name": "api.shop.example", "certificate": "arn" },
        "throttling": { "burst": 20, "rate": 10 }
    }))
}

fn http_api(value: &Value) -> HttpApi {
    serde_json::from_value(value.clone()).expect("an HTTP API")
}

/// What is deployed after [`desired`] was.
fn actual() -> ActualHttpApi {
    let HttpApi { routes, jwt, throttling, .. } = desired();
    let route = |(index, route): (usize, &Route)| ActualRoute {
        id: index.to_string(),
        key: route.key.clone(),
        route: Some(Route { scopes: route.scopes.iter().rev().cloned().collect(), ..route.clone() }),
        target: "integrations/i".to_owned(),
        authorizer: (index == 0).then(|| "a".to_owned()),
    };
    let mapping = ActualMapping { id: "m".to_owned(), api: "abc".to_owned(), stage: STAGE.to_owned() };
    ActualHttpApi {
        id: "abc".to_owned(),
        endpoint: "https://abc.example".to_owned(),
        cors: None,
        tags: [(DOMAIN_TAG.to_owned(), "api.shop.example".to_owned())].into(),
        integration: Some("i".to_owned()),
        other_integrations: Vec::new(),
        authorizer: jwt.map(|jwt| ActualAuthorizer { id: "a".to_owned(), jwt }),
        routes: routes.iter().enumerate().map(route).collect(),
        stage: Some(ActualStage { deploys: true, throttling }),
        domains: vec![ActualDomain {
            name: "api.shop.example".to_owned(),
            certificate: Some("arn".to_owned()),
            is_managed: true,
            mapping: Some(mapping),
        }],
        statement_ids: vec![statement_id("abc")],
    }
}

fn reasons(change: impl Fn(&mut HttpApi, &mut ActualHttpApi)) -> String {
    let mut desired = desired();
    let mut actual = actual();
    change(&mut desired, &mut actual);
    HttpApiChange { desired, actual }.reasons().join(", ")
}

#[test]
fn plan_says_what_differs_from_the_settings() {
    assert_eq!(reasons(|_, _| {}), "");
    assert_eq!(reasons(|_, actual| actual.integration = None), "integration, routes ~$default ~GET /health");
    assert_eq!(reasons(|_, actual| actual.other_integrations.push("x".to_owned())), "integration");
    assert_eq!(reasons(|desired, _| desired.cors = Some(Cors::default())), "CORS");
    assert_eq!(reasons(|_, actual| actual.authorizer = None), "JWT authorizer, routes ~$default");
    assert_eq!(reasons(|desired, _| desired.routes[1].auth = RouteAuth::Iam), "routes ~GET /health");
    assert_eq!(reasons(|desired, _| desired.routes[0].key = "GET /x".to_owned()), "routes +GET /x -$default");
    assert_eq!(reasons(|_, actual| actual.routes[0].route = None), "routes ~$default");
    assert_eq!(reasons(|desired, _| desired.throttling = None), "throttling 20/10 → none");
    assert_eq!(reasons(|_, actual| actual.stage = None), "stage $default");
    assert_eq!(reasons(|_, actual| actual.statement_ids[0] = statement_id("old")), "permission");
    assert_eq!(reasons(|desired, _| desired.domain = None), "domain name none");
    assert_eq!(reasons(|_, actual| actual.domains[0].mapping = None), "domain name api.shop.example");
    assert_eq!(reasons(|_, actual| actual.domains[0].certificate = None), "domain name api.shop.example");
}

#[test]
fn api_of_a_function_outside_of_the_operation_is_kept() {
    let actual = Actual { http_api: Some(actual()), ..Actual::default() };
    assert!(plan_http_api(&stage(), &Desired::new(), &actual, true).is_none());
    let planned = plan_http_api(&stage(), &Desired::new(), &actual, false).expect("a plan");
    assert_eq!((planned.change, planned.resource.as_str()), (Change::Delete, "http api shop-dev"));
}
