//! Plans the function URL of the endpoint.

use std::collections::BTreeSet;

use super::step_list::StepList;
use crate::actual::DeployedFunction;
use crate::cors::CORS;
use crate::desired::{DesiredFunction, INVOKE_MODE, UrlAuth};
use crate::step::{PUBLIC_URL_STATEMENTS, Step};

/// What the plan says of an endpoint with `auth = "none"`.
const PUBLIC_URL_NOTE: &str = "URL open to everyone";

pub(super) fn plan_url(steps: &mut StepList, desired: &DesiredFunction, deployed: &DeployedFunction) {
    match (desired.url, deployed.url.as_ref().map(|url| url.auth)) {
        (Some(_), None) => steps.add(Step::CreateUrl, "URL"),
        (None, Some(_)) => steps.add(Step::DeleteUrl, "no URL"),
        (Some(desired), Some(actual)) if desired != actual => steps.add(Step::SetUrlAuth, "URL access"),
        _ => {}
    }
    let is_managed = desired.cors.is_some() || deployed.managed.contains(CORS);
    if let (Some(_), Some(url), true) = (desired.url, &deployed.url, is_managed)
        && !desired.cors.clone().unwrap_or_default().is_same(&url.cors)
    {
        steps.add(Step::SetUrlCors, "CORS");
    }
    let is_managed = desired.streams || deployed.managed.contains(INVOKE_MODE);
    if let (Some(_), Some(url), true) = (desired.url, &deployed.url, is_managed)
        && desired.streams != url.streams
    {
        steps.add(Step::SetInvokeMode, if desired.streams { "URL streams" } else { "URL does not stream" });
    }
    plan_url_statements(steps, desired.url.unwrap_or(UrlAuth::Iam), &deployed.statement_ids);
}

pub(super) fn plan_url_statements(steps: &mut StepList, auth: UrlAuth, statement_ids: &BTreeSet<String>) {
    for statement in PUBLIC_URL_STATEMENTS {
        match (auth, statement_ids.contains(statement.id())) {
            (UrlAuth::Public, false) => {
                steps.add(Step::AddUrlStatement(statement), "URL access");
                if !steps.notes.iter().any(|note| note == PUBLIC_URL_NOTE) {
                    steps.notes.push(PUBLIC_URL_NOTE.to_owned());
                }
            }
            (UrlAuth::Iam, true) => steps.add(Step::RemoveUrlStatement(statement), "URL access"),
            _ => {}
        }
    }
}
