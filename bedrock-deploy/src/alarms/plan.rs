//! Plans the alarms of each function. Planning does no I/O; the result is part of the plan for the stage.

use std::collections::BTreeSet;

use super::alarm::{ActualAlarms, Alarm};
use super::desired::desired_alarms;
use crate::actual::Actual;
use crate::desired::Desired;
use crate::stage::{ALARMS_TAG, StageContext};
use crate::step::Change;
use crate::triggers::step::{PlannedTrigger, TriggerStep};
use crate::version::change_text;

/// Plans the alarms of the functions of `desired`, and those of others that exist; `actual` has only those of the operation.
pub(crate) fn plan_alarms(stage: &StageContext, desired: &Desired, actual: &Actual) -> Vec<PlannedTrigger> {
    let keys: BTreeSet<&String> = desired.keys().chain(actual.alarms.keys()).collect();
    let none = ActualAlarms::new();
    let plan = |key: &String| {
        let wanted = desired.get(key).map(|function| desired_alarms(stage, key, function)).unwrap_or_default();
        let existing = actual.alarms.get(key).unwrap_or(&none);
        let deployed = actual.functions.get(key).and_then(|function| function.deployed.as_ref());
        let is_tagged = deployed.is_some_and(|deployed| deployed.tags.contains_key(ALARMS_TAG));
        plan_function(stage, key, &wanted, existing, is_tagged)
    };
    keys.into_iter().filter_map(plan).collect()
}

/// Returns `None` if a function neither has nor gets alarms.
fn plan_function(
    stage: &StageContext,
    key: &str,
    wanted: &[Alarm],
    existing: &ActualAlarms,
    is_tagged: bool,
) -> Option<PlannedTrigger> {
    let resource = format!("alarms {}", stage.function_name(key));
    if wanted.is_empty() && existing.is_empty() {
        // A deploy was killed before the first alarm or after the last one.
        return is_tagged.then(|| PlannedTrigger {
            resource,
            change: Change::Delete,
            reasons: Vec::new(),
            steps: vec![TriggerStep::DeleteAlarms { key: key.to_owned(), names: Vec::new(), is_last: true }],
            warning: None,
        });
    }
    let removed: Vec<&Alarm> =
        existing.values().filter(|old| wanted.iter().all(|alarm| alarm.name != old.name)).collect();
    let changed: Vec<Alarm> = wanted.iter().filter(|alarm| existing.get(&alarm.name) != Some(alarm)).cloned().collect();
    let mut reasons: Vec<String> = changed
        .iter()
        .flat_map(|alarm| match existing.get(&alarm.name) {
            None => vec![format!("+{}", alarm.kind(stage))],
            Some(old) => differences(&alarm.kind(stage), old, alarm),
        })
        .collect();
    reasons.extend(removed.iter().map(|alarm| format!("-{}", alarm.kind(stage))));
    let mut steps = Vec::new();
    if !wanted.is_empty() && (!changed.is_empty() || !is_tagged) {
        if changed.is_empty() {
            reasons.push(format!("tag {ALARMS_TAG}"));
        }
        steps.push(TriggerStep::PutAlarms { key: key.to_owned(), alarms: changed });
    }
    if !removed.is_empty() {
        let names = removed.into_iter().map(|alarm| alarm.name.clone()).collect();
        steps.push(TriggerStep::DeleteAlarms { key: key.to_owned(), names, is_last: wanted.is_empty() });
    }
    let change = match (wanted.is_empty(), existing.is_empty()) {
        _ if steps.is_empty() => Change::Keep,
        (true, _) => Change::Delete,
        (false, true) => Change::Create,
        (false, false) => Change::Update,
    };
    let reasons = if change == Change::Update { reasons } else { Vec::new() };
    Some(PlannedTrigger { resource, change, reasons, steps, warning: None })
}

/// Returns what differs between two alarms of one name: `errors threshold 1 → 5`.
fn differences(kind: &str, old: &Alarm, new: &Alarm) -> Vec<String> {
    let text = |actions: &[String]| if actions.is_empty() { "none".to_owned() } else { actions.join(" ") };
    let known: Vec<String> = [
        change_text("threshold", &old.threshold, &new.threshold),
        change_text("period", &old.period, &new.period),
        change_text("evaluation-periods", &old.evaluation_periods, &new.evaluation_periods),
        change_text("datapoints-to-alarm", &old.datapoints_to_alarm, &new.datapoints_to_alarm),
        change_text("notify", &text(&old.actions), &text(&new.actions)),
    ]
    .into_iter()
    .flatten()
    .collect();
    // What no setting has was changed by hand.
    let known = if known.is_empty() { vec!["definition".to_owned()] } else { known };
    known.into_iter().map(|difference| format!("{kind} {difference}")).collect()
}

#[cfg(test)]
mod tests;
