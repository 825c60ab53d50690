//! The schedules of a stage, and the roles with which they invoke functions.

use std::collections::BTreeSet;

use super::super::found::FoundSchedule;
use super::super::step::TriggerStep as Step;
use super::super::wanted::Schedule;
use super::{PlannedTrigger, Scope, planned};
use crate::deploy::plan::Change;
use crate::deploy::policy::{schedule_rights, schedule_trust};
use crate::deploy::version::changed;

pub(super) fn plan(scope: &Scope<'_>) -> Option<PlannedTrigger> {
    let (wanted, found) = (&scope.wanted.schedules, scope.found);
    let ours = |key: &String| scope.keys.contains(key);
    let gone: Vec<&String> = found
        .schedules
        .iter()
        .filter(|(name, found)| !wanted.contains_key(*name) && ours(&found.schedule.key))
        .map(|(name, _)| name)
        .collect();
    let keys: BTreeSet<&String> = wanted.values().map(|schedule| &schedule.key).collect();
    let roles: Vec<&String> = found.roles.keys().filter(|key| !keys.contains(key) && ours(key)).collect();
    let is_last = wanted.is_empty() && found.group && !scope.some;
    if wanted.is_empty() && gone.is_empty() && roles.is_empty() && !is_last {
        return None;
    }
    let (mut steps, mut reasons) = (Vec::new(), Vec::new());
    if !found.group && !wanted.is_empty() {
        steps.push(Step::MakeGroup);
    }
    for key in &keys {
        role(&mut steps, &mut reasons, scope, key);
    }
    for (name, schedule) in wanted {
        one(&mut steps, &mut reasons, (name, schedule), found.schedules.get(name));
    }
    for name in &gone {
        steps.push(Step::DeleteSchedule((*name).clone()));
        reasons.push(format!("-{name}"));
    }
    for key in &roles {
        steps.push(Step::DeleteRole((*key).clone()));
    }
    if is_last {
        steps.push(Step::DeleteGroup);
    }
    let what = format!("schedules {}", scope.site.schedule_group());
    if is_last {
        return Some(PlannedTrigger { what, change: Change::Delete, reasons, steps, warning: None });
    }
    Some(planned(what, found.group, (scope.marks(keys), steps), reasons))
}

fn role(steps: &mut Vec<Step>, reasons: &mut Vec<String>, scope: &Scope<'_>, key: &str) {
    let before = steps.len();
    let found = scope.found.roles.get(key);
    match found {
        None => steps.push(Step::MakeRole(key.to_owned())),
        Some(role) if role.trust != schedule_trust(scope.site) => steps.push(Step::TrustScheduler(key.to_owned())),
        Some(_) => {}
    }
    if found.and_then(|role| role.own.as_ref()) != Some(&schedule_rights(scope.site, key)) {
        steps.push(Step::WriteRights(key.to_owned()));
    }
    if found.is_some() && steps.len() > before {
        reasons.push(format!("role of {key}"));
    }
}

fn one(
    steps: &mut Vec<Step>,
    reasons: &mut Vec<String>,
    (name, wanted): (&String, &Schedule),
    found: Option<&FoundSchedule>,
) {
    let Some(found) = found else {
        steps.push(Step::MakeSchedule(name.clone(), wanted.clone()));
        return reasons.push(format!("+{name}"));
    };
    let old = &found.schedule;
    let differences = [
        changed("", &old.expression, &wanted.expression),
        changed("time zone", &old.timezone, &wanted.timezone),
        (old.input != wanted.input).then(|| "event".to_owned()),
        (!found.sound).then(|| "what it does".to_owned()),
    ];
    let differences: Vec<String> = differences.into_iter().flatten().collect();
    if !differences.is_empty() {
        steps.push(Step::SetSchedule(name.clone(), wanted.clone()));
        reasons.push(format!("{name} {}", differences.iter().map(|text| text.trim()).collect::<Vec<_>>().join(", ")));
    }
}
