//! Plans the HTTP API of a stage: one step that changes what differs, and the reasons for people.

use super::change::HttpApiChange;
use crate::actual::Actual;
use crate::desired::Desired;
use crate::stage::{ENDPOINT, StageContext};
use crate::step::Change;
use crate::triggers::step::{PlannedTrigger, TriggerStep};

/// What the plan says of an API with a route that everyone may call.
const PUBLIC_NOTE: &str = "open to everyone";

/// Returns `None` if there is no HTTP API, or if it is not part of the operation.
pub(crate) fn plan_http_api(
    stage: &StageContext,
    desired: &Desired,
    actual: &Actual,
    is_partial: bool,
) -> Option<PlannedTrigger> {
    let resource = format!("http api {}", stage.full_name());
    let wanted = desired.get(ENDPOINT).and_then(|endpoint| endpoint.http_api.clone());
    let existing = actual.http_api.clone().filter(|api| !api.id.is_empty());
    let Some(wanted) = wanted else {
        let existing = existing.filter(|_| !is_partial || desired.contains_key(ENDPOINT))?;
        let steps = vec![TriggerStep::DeleteHttpApi(Box::new(existing))];
        return Some(PlannedTrigger { resource, change: Change::Delete, reasons: Vec::new(), steps, warning: None });
    };
    let is_new = existing.is_none();
    let change = HttpApiChange { desired: wanted, actual: actual.http_api.clone().unwrap_or_default() };
    let reasons = if is_new { vec![] } else { change.reasons() };
    if !is_new && reasons.is_empty() {
        return Some(PlannedTrigger { resource, change: Change::Keep, reasons, steps: Vec::new(), warning: None });
    }
    let deployed = actual.functions.get(ENDPOINT).and_then(|function| function.deployed.as_ref());
    let mut steps = Vec::new();
    if !deployed.is_some_and(|deployed| deployed.has_triggers_tag) {
        steps.push(TriggerStep::TagFunction(ENDPOINT.to_owned()));
    }
    let note = (is_new && change.desired.is_public()).then(|| PUBLIC_NOTE.to_owned());
    let reasons = reasons.into_iter().chain(note).collect();
    steps.push(TriggerStep::PutHttpApi(Box::new(change)));
    let change = if is_new { Change::Create } else { Change::Update };
    Some(PlannedTrigger { resource, change, reasons, steps, warning: None })
}
