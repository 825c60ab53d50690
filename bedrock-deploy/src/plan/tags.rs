//! Plans the tags of the settings on resources that exist. Functions have steps of their own for that.

use super::policies::managed_policies;
use super::step_list::StepList;
use crate::actual::ActualFunction;
use crate::desired::DesiredFunction;
use crate::resource_tags::{TagTarget, UntaggedResource, missing_tags};
use crate::stage::StageContext;
use crate::step::{Change, Step};
use crate::triggers::step::{PlannedTrigger, TriggerStep};

const REASON: &str = "tags";

/// Plans the tags of the role, of its log group and its managed policies. Only those of the role are read, so it gets its own last: an
/// interrupted deploy is continued.
pub(super) fn plan_role_tags(
    steps: &mut StepList,
    stage: &StageContext,
    key: &str,
    desired: &DesiredFunction,
    actual: &ActualFunction,
) {
    let missing = match &actual.role {
        Some(role) => missing_tags(&desired.stage_tags, &role.tags),
        // A role that was deleted says nothing of the others.
        None => desired.stage_tags.clone(),
    };
    if missing.is_empty() {
        return;
    }
    let mut targets = Vec::new();
    // Otherwise the step that creates the log group tags it.
    if actual.log_group.is_some() && actual.deployed.is_some() {
        targets.push(TagTarget::LogGroup(stage.log_group_arn(key)));
    }
    let desired_policies = managed_policies(stage, key, desired);
    let kept = actual.managed_policies.keys().filter(|name| desired_policies.contains_key(*name));
    targets.extend(kept.map(|name| TagTarget::Policy(stage.managed_policy_arn(name))));
    if actual.role.is_some() {
        targets.push(TagTarget::Role(stage.role_name(key)));
    }
    for target in targets {
        steps.add(Step::TagResource(target, missing.clone()), REASON);
    }
}

/// Adds the tags that resources lack to the plans of their triggers, unless these are deleted or not part of the operation. They come
/// before the other steps, which may delete a part of a trigger: an alarm, a mapping, a domain name.
pub(super) fn plan_resource_tags(triggers: &mut [PlannedTrigger], untagged: &[UntaggedResource]) {
    for UntaggedResource { planned, target, missing } in untagged {
        let mut kept = triggers.iter_mut().filter(|trigger| trigger.change != Change::Delete);
        let Some(trigger) = kept.find(|trigger| trigger.resource == *planned) else { continue };
        let is_tag = |step: &&TriggerStep| matches!(step, TriggerStep::TagResource(..));
        let position = trigger.steps.iter().take_while(is_tag).count();
        trigger.steps.insert(position, TriggerStep::TagResource(target.clone(), missing.clone()));
        if trigger.change == Change::Keep {
            trigger.change = Change::Update;
        }
        if trigger.change == Change::Update && !trigger.reasons.iter().any(|reason| reason == REASON) {
            trigger.reasons.push(REASON.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::PlannedFunction;
    use crate::resource_tags::Tags;
    use crate::test_fixtures::{actual_function, desired_function, stage};

    fn planned(change: Change) -> PlannedTrigger {
        let is_update = change == Change::Update;
        let reasons = if is_update { vec!["batch size 10 → 1".to_owned()] } else { Vec::new() };
        let steps = if is_update { vec![TriggerStep::DeleteMapping("x".to_owned())] } else { Vec::new() };
        PlannedTrigger { resource: "queue shop-dev-jobs".to_owned(), change, reasons, steps, warning: None }
    }

    #[test]
    fn changed_tags_reach_what_is_kept() {
        let missing = Tags::from([("team".to_owned(), "shop".to_owned())]);
        let of = |target: TagTarget| UntaggedResource {
            planned: "queue shop-dev-jobs".to_owned(),
            target,
            missing: missing.clone(),
        };
        let untagged =
            [TagTarget::Queue("shop-dev-jobs".to_owned()), TagTarget::Queue("shop-dev-jobs-dead".to_owned())].map(of);
        let plan = |change| {
            let mut triggers = [planned(change)];
            plan_resource_tags(&mut triggers, &untagged);
            let [trigger] = triggers;
            (trigger.change, trigger.reasons.join(", "), trigger.step_ids().join(" "))
        };
        let both = "tag-resource tag-resource";
        assert_eq!(plan(Change::Keep), (Change::Update, "tags".to_owned(), both.to_owned()));
        let with_others = (Change::Update, "batch size 10 → 1, tags".to_owned(), format!("{both} unmap"));
        assert_eq!(plan(Change::Update), with_others);
        assert_eq!(plan(Change::Create), (Change::Create, String::new(), both.to_owned()));
        assert_eq!(plan(Change::Delete), (Change::Delete, String::new(), String::new()));
        // Another worker's queue in a deploy of one worker.
        let mut others: [PlannedTrigger; 0] = [];
        plan_resource_tags(&mut others, &untagged);
    }

    #[test]
    fn role_gets_its_tags_after_its_log_group() {
        let mut desired = desired_function("counter");
        let mut actual = actual_function("counter", &desired);
        desired.stage_tags = Tags::from([("team".to_owned(), "shop".to_owned())]);
        let targets = |desired: &DesiredFunction, actual: &ActualFunction| -> Vec<String> {
            let PlannedFunction { steps, .. } = crate::plan::plan_function(&stage(), "counter", desired, actual);
            let target = |step: &Step| match step {
                Step::TagResource(target, _) => Some(target.to_string()),
                _ => None,
            };
            steps.iter().filter_map(target).collect()
        };
        let log_group = "log group `arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/shop-dev-counter`";
        let role = "role `shop-dev-counter-eu-west-1`";
        assert_eq!(targets(&desired, &actual), [log_group, role]);
        if let Some(role) = &mut actual.role {
            role.tags.insert("team".to_owned(), "shop".to_owned());
            role.tags.insert("mine".to_owned(), "x".to_owned());
        }
        assert_eq!(targets(&desired, &actual), Vec::<String>::new());
        actual.role = None;
        assert_eq!(targets(&desired, &actual), [log_group]);
        // Everything that is created gets all tags.
        assert_eq!(targets(&desired, &ActualFunction::default()), Vec::<String>::new());
    }
}
