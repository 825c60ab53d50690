//! What has to be done so that functions are invoked by what they are to be invoked by: the schedules of the stage together,
//! each queue and each bucket. A pure function, like the plan for functions that it is part of.

mod buckets;
mod queues;
mod schedules;

use std::collections::BTreeSet;

use super::found::FoundTriggers;
use super::step::TriggerStep;
use super::wanted::{Wanted, wanted};
use crate::deploy::actual::Actual;
use crate::deploy::desired::Desired;
use crate::deploy::plan::Change;
use crate::deploy::stage::Site;

/// What is done about one queue, one bucket, or the schedules of the stage.
#[derive(Debug, Clone)]
pub(crate) struct PlannedTrigger {
    /// `queue shop-dev-jobs`
    pub(crate) what: String,
    pub(crate) change: Change,
    /// For people: `batch size 10 → 5`.
    pub(crate) reasons: Vec<String>,
    pub(crate) steps: Vec<TriggerStep>,
    /// What stays although it looks as if it should not, and what to do about it.
    pub(crate) warning: Option<String>,
}

/// What a plan is about.
struct Scope<'a> {
    site: &'a Site,
    wanted: Wanted,
    found: &'a FoundTriggers,
    /// The functions of this deploy; others may have triggers that are none of its business.
    keys: BTreeSet<String>,
    /// Whether there may be other functions, so that nothing of the stage is deleted.
    some: bool,
}

/// From what there is to what `desired` says.
pub(in crate::deploy) fn plan(site: &Site, desired: &Desired, actual: &Actual, some: bool) -> Vec<PlannedTrigger> {
    let keys = desired.keys().chain(actual.functions.keys().filter(|_| !some)).cloned().collect();
    let scope = Scope { site, wanted: wanted(site, desired), found: &actual.triggers, keys, some };
    let mut planned: Vec<PlannedTrigger> = schedules::plan(&scope).into_iter().collect();
    planned.extend(queues::plan(&scope));
    planned.extend(buckets::plan(&scope));
    planned
}

impl Scope<'_> {
    /// Marks functions before anything is made for them: that is how it is found again.
    fn marks<'k>(&self, keys: impl IntoIterator<Item = &'k String>) -> Vec<TriggerStep> {
        let keys: BTreeSet<&String> = keys.into_iter().filter(|key| !self.found.marked.contains(*key)).collect();
        keys.into_iter().map(|key| TriggerStep::Mark(key.clone())).collect()
    }
}

/// A planned trigger that is made, updated or kept; marks come first, and alone they are no change.
fn planned(
    what: String,
    exists: bool,
    (marks, steps): (Vec<TriggerStep>, Vec<TriggerStep>),
    reasons: Vec<String>,
) -> PlannedTrigger {
    let change = match (exists, steps.is_empty()) {
        (_, true) => Change::Keep,
        (true, false) => Change::Update,
        (false, false) => Change::Create,
    };
    let steps = if steps.is_empty() { steps } else { [marks, steps].concat() };
    let reasons = if change == Change::Update { reasons } else { Vec::new() };
    PlannedTrigger { what, change, reasons, steps, warning: None }
}

#[cfg(test)]
mod tests;
