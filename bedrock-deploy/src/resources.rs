//! Tables, topics, event buses and Kinesis streams of the app: created when a function or an alarm uses them or is invoked by them, and
//! never deleted, because they contain data or are known to others. Queues and buckets are created with the triggers.

use std::collections::BTreeSet;

use crate::desired::Desired;
use crate::stage::StageContext;
use crate::step::Change;
use crate::triggers::desired::DesiredTriggers;
use crate::triggers::step::{PlannedTrigger, TriggerStep};
use crate::triggers::streams::desired::StreamSource;
use crate::uses::{AppResources, ResourceId, TableKey};

/// Returns the resources that functions use, tables with their keys, those that invoke functions, and the topics that alarms
/// notify.
pub(crate) fn desired_resources(stage: &StageContext, desired: &Desired) -> AppResources {
    let mut resources = AppResources::new();
    for used in desired.values().flat_map(|function| &function.resources) {
        if ["table", "topic", "bus", "stream"].contains(&used.kind.as_str()) {
            let name = format!("{}{}", stage.prefix(), used.name);
            let id = ResourceId { kind: used.kind.clone(), name, arn: used.arn_in(stage) };
            let key = resources.entry(id).or_default();
            if key.is_none() {
                key.clone_from(&used.key);
            }
        }
    }
    let of_alarms = desired.values().filter_map(|function| function.alarms.as_ref()?.topic(stage));
    for id in of_alarms.chain(trigger_sources(stage, desired)) {
        resources.entry(id).or_default();
    }
    resources
}

/// Returns the topics, event buses, tables and Kinesis streams of the app that invoke functions. They are created with their
/// triggers.
fn trigger_sources(stage: &StageContext, desired: &Desired) -> BTreeSet<ResourceId> {
    let triggers = DesiredTriggers::new(stage, desired);
    let topics = triggers
        .topics
        .into_iter()
        .filter_map(|(arn, topic)| Some(ResourceId { kind: "topic".to_owned(), name: topic.app_topic?, arn }));
    let buses = triggers.rules.into_values().filter(|rule| rule.is_app_bus);
    let buses = buses.map(|rule| {
        let arn = stage.bus_arn(&rule.bus);
        ResourceId { kind: "bus".to_owned(), name: rule.bus, arn }
    });
    let streams = triggers.streams.into_keys().filter_map(|source| match source {
        StreamSource::Table(name) => Some(ResourceId { kind: "table".to_owned(), arn: stage.table_arn(&name), name }),
        StreamSource::Kinesis(name) => {
            Some(ResourceId { kind: "stream".to_owned(), arn: stage.stream_arn(&name), name })
        }
        StreamSource::Existing(_) => None,
    });
    topics.chain(buses).chain(streams).collect()
}

/// Plans the creation of what does not exist.
pub(crate) fn plan_resources(stage: &StageContext, desired: &Desired, actual: &AppResources) -> Vec<PlannedTrigger> {
    let plan = |(id, key): (ResourceId, Option<TableKey>)| {
        let exists = actual.contains_key(&id);
        let ResourceId { kind, name, .. } = id;
        let step = match kind.as_str() {
            "table" => key.map(|key| TriggerStep::CreateTable(name.clone(), key)),
            "topic" => Some(TriggerStep::CreateTopic(name.clone())),
            "stream" => Some(TriggerStep::CreateStream(name.clone())),
            _ => Some(TriggerStep::CreateBus(name.clone())),
        };
        let steps: Vec<TriggerStep> = step.into_iter().filter(|_| !exists).collect();
        PlannedTrigger {
            resource: format!("{kind} {name}"),
            change: if steps.is_empty() { Change::Keep } else { Change::Create },
            reasons: Vec::new(),
            steps,
            warning: None,
        }
    };
    let of_triggers = trigger_sources(stage, desired);
    let resources = desired_resources(stage, desired).into_iter();
    resources.filter(|(id, _)| !of_triggers.contains(id)).map(plan).collect()
}
