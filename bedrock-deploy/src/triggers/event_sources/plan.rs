//! Plans each topic to which workers subscribe, and each rule that invokes a worker.

use std::collections::BTreeSet;

use super::super::actual::{ActualRule, ActualTopic};
use super::super::desired::{DesiredRule, DesiredTopic};
use super::super::plan::{Planner, StepList};
use super::super::step::{PlannedTrigger, TriggerStep as Step};
use crate::stage::arn_resource;
use crate::step::Change;
use crate::uses::ResourceId;

/// Topics.
impl Planner<'_> {
    pub(in super::super) fn plan_topics(&self) -> Vec<PlannedTrigger> {
        let nothing = ActualTopic::default();
        let actual = |arn: &String| self.actual.topics.get(arn).unwrap_or(&nothing);
        let desired = self.desired.topics.iter().map(|(arn, topic)| self.plan_topic(arn, topic, actual(arn)));
        let removed = self.actual.topics.iter().filter(|(arn, _)| !self.desired.topics.contains_key(*arn));
        desired.chain(removed.filter_map(|(arn, actual)| self.plan_topic_removal(arn, actual))).collect()
    }

    fn plan_topic(&self, arn: &str, desired: &DesiredTopic, actual: &ActualTopic) -> PlannedTrigger {
        let mut list = StepList::default();
        let mut exists = !actual.subscriptions.is_empty();
        if let Some(name) = &desired.app_topic {
            exists = self.has_resource("topic", name, arn);
            list.steps.extend((!exists).then(|| Step::CreateTopic(name.clone())));
        }
        for (key, filter) in &desired.subscriptions {
            if !actual.permitted.contains(key) {
                list.steps.push(Step::AddSourcePermission { key: key.clone(), source_arn: arn.to_owned() });
            }
            match actual.subscriptions.get(key) {
                None => {
                    let filter = filter.clone();
                    list.steps.push(Step::Subscribe { key: key.clone(), topic_arn: arn.to_owned(), filter });
                    list.reasons.push(format!("+{key}"));
                }
                Some(actual) if actual.filter != *filter => {
                    let arn = actual.arn.clone();
                    list.steps.push(Step::UpdateSubscription { arn, key: key.clone(), filter: filter.clone() });
                    list.reasons.push(format!("filter of {key}"));
                }
                Some(_) if actual.permitted.contains(key) => {}
                Some(_) => list.reasons.push(format!("permission of {key}")),
            }
        }
        self.end_subscriptions(&mut list, arn, actual, &desired.subscriptions.keys().collect());
        list.into_planned(self, format!("topic {}", arn_resource(arn)), exists, desired.subscriptions.keys())
    }

    /// Deletes the subscriptions of functions of this deploy that are not desired.
    fn end_subscriptions(&self, list: &mut StepList, arn: &str, actual: &ActualTopic, desired: &BTreeSet<&String>) {
        let is_obsolete = |key: &&String| !desired.contains(key) && self.keys.contains(*key);
        for (key, subscription) in actual.subscriptions.iter().filter(|(key, _)| is_obsolete(key)) {
            list.steps.push(Step::Unsubscribe { arn: subscription.arn.clone(), key: key.clone() });
        }
        for key in actual.permitted.iter().filter(is_obsolete) {
            list.steps.push(Step::RemoveSourcePermission { key: key.clone(), source_arn: arn.to_owned() });
            list.reasons.push(format!("-{key}"));
        }
    }

    /// Plans a topic that no longer invokes functions of this deploy. It is kept, because others may publish to it.
    fn plan_topic_removal(&self, arn: &str, actual: &ActualTopic) -> Option<PlannedTrigger> {
        let mut list = StepList::default();
        self.end_subscriptions(&mut list, arn, actual, &BTreeSet::new());
        let resource = format!("topic {}", arn_resource(arn));
        let reasons = vec!["no longer invokes a worker".to_owned()];
        let planned = PlannedTrigger { resource, change: Change::Update, reasons, steps: list.steps, warning: None };
        (!planned.steps.is_empty()).then_some(planned)
    }

    /// Returns whether a resource of the app exists.
    pub(in super::super) fn has_resource(&self, kind: &str, name: &str, arn: &str) -> bool {
        let id = ResourceId { kind: kind.to_owned(), name: name.to_owned(), arn: arn.to_owned() };
        self.resources.contains_key(&id)
    }
}

/// Rules.
impl Planner<'_> {
    pub(in super::super) fn plan_rules(&self) -> Vec<PlannedTrigger> {
        let desired = self.desired.rules.iter().map(|(arn, rule)| self.plan_rule(arn, rule));
        let is_removed = |(arn, actual): &(&String, &ActualRule)| {
            !self.desired.rules.contains_key(*arn) && self.keys.contains(&actual.key)
        };
        let removed = self.actual.rules.iter().filter(is_removed).map(|(arn, actual)| plan_rule_removal(arn, actual));
        desired.chain(removed).collect()
    }

    fn plan_rule(&self, arn: &str, desired: &DesiredRule) -> PlannedTrigger {
        let mut list = StepList::default();
        let bus_arn = self.stage.bus_arn(&desired.bus);
        if desired.is_app_bus && !self.has_resource("bus", &desired.bus, &bus_arn) {
            list.steps.push(Step::CreateBus(desired.bus.clone()));
        }
        let actual = self.actual.rules.get(arn);
        if !actual.is_some_and(|actual| actual.is_permitted) {
            let key = desired.key.clone();
            list.steps.push(Step::AddSourcePermission { key, source_arn: arn.to_owned() });
            list.reasons.push("permission".to_owned());
        }
        let exists = actual.is_some_and(|actual| actual.exists);
        let has_pattern = actual.is_some_and(|actual| actual.exists && actual.pattern == desired.pattern);
        let is_effective = actual.is_some_and(|actual| actual.exists && actual.is_effective);
        if !has_pattern || !is_effective {
            list.steps.push(Step::PutRule(desired.clone()));
            list.reasons.extend((!has_pattern).then(|| "pattern".to_owned()));
        }
        if !is_effective {
            list.steps.push(Step::PutTarget(desired.clone()));
            list.reasons.push("state or target".to_owned());
        }
        list.into_planned(self, format!("rule {}", desired.name), exists, [&desired.key])
    }
}

fn plan_rule_removal(arn: &str, actual: &ActualRule) -> PlannedTrigger {
    let mut steps = Vec::new();
    steps.extend(actual.exists.then(|| Step::DeleteRule(arn.to_owned())));
    steps.push(Step::RemoveSourcePermission { key: actual.key.clone(), source_arn: arn.to_owned() });
    let name = arn.rsplit('/').next().unwrap_or_default();
    PlannedTrigger {
        resource: format!("rule {name}"),
        change: Change::Delete,
        reasons: Vec::new(),
        steps,
        warning: None,
    }
}
