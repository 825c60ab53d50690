//! Tables, topics, event buses and Kinesis streams of the app: created when a function or an alarm uses them or is invoked by them,
//! and deleted only by `destroy`, and only on request, because they contain data or are known to others. Queues and buckets are
//! created with the triggers.

use std::collections::BTreeSet;

use bedrock_build::triggers::TriggerSource;
use bedrock_build::{App, Trigger, Use};

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

/// Returns the resources that the settings of the app name in a stage: those that functions use, those that invoke
/// them, and the topics of alarms.
pub(crate) fn resources_in_settings(app: &App, stage: &StageContext) -> BTreeSet<ResourceId> {
    let name = stage.name.as_str();
    let workers = app.workers.iter().map(|worker| app.settings.worker_in(name, &worker.name));
    let functions = std::iter::once(app.settings.endpoint_in(name).clone()).chain(workers);
    let mut resources = BTreeSet::new();
    for function in functions {
        let uses = function.uses.iter().flatten().filter_map(|used| match used {
            Use::Resource(used) if !used.name.starts_with("arn:") => Some((used.kind.as_str(), used.name.as_str())),
            _ => None,
        });
        let triggers = function.triggers.iter().filter_map(|trigger| {
            let (kind, source) = match trigger {
                Trigger::Topic(topic) => ("topic", &topic.topic),
                Trigger::Bus(bus) => ("bus", &bus.bus),
                Trigger::Stream(stream) if stream.table_of_app().is_some() => ("table", &stream.source),
                Trigger::Stream(stream) => ("stream", &stream.source),
                Trigger::Bucket(bucket) => ("bucket", &bucket.bucket),
                Trigger::Schedule(_) | Trigger::Queue(_) => return None,
            };
            matches!(source, TriggerSource::Own(_)).then(|| (kind, source.as_str()))
        });
        resources.extend(uses.chain(triggers).filter_map(|(kind, name)| resource_id(stage, kind, name)));
    }
    let alarms = app.workers.iter().map(|worker| app.settings.worker_alarms(Some(name), &worker.name));
    let alarms = alarms.chain([app.settings.endpoint_alarms(Some(name))]).flatten();
    let topics = alarms.filter_map(|alarms| alarms.notify).filter(|topic| !topic.starts_with("arn:"));
    resources.extend(topics.filter_map(|topic| resource_id(stage, "topic", &topic)));
    resources
}

/// Returns `None` for another kind, and for the event bus that every account has.
fn resource_id(stage: &StageContext, kind: &str, name: &str) -> Option<ResourceId> {
    let full_name = if kind == "bucket" { stage.bucket_name(name) } else { format!("{}{name}", stage.prefix()) };
    let arn = match kind {
        "bucket" => stage.bucket_arn(&full_name),
        "table" => stage.table_arn(&full_name),
        "topic" => stage.topic_arn(&full_name),
        "stream" => stage.stream_arn(&full_name),
        "bus" if name != "default" => stage.bus_arn(&full_name),
        _ => return None,
    };
    Some(ResourceId { kind: kind.to_owned(), name: full_name, arn })
}

/// Plans the deletion of resources with their data.
pub(crate) fn plan_resource_deletions(resources: &BTreeSet<ResourceId>) -> Vec<PlannedTrigger> {
    let plan = |id: &ResourceId| PlannedTrigger {
        resource: format!("{} {}", id.kind, id.name),
        change: Change::Delete,
        reasons: match id.kind.as_str() {
            "table" => vec!["with its items".to_owned()],
            "stream" => vec!["with its records".to_owned()],
            "bucket" => vec!["with its objects".to_owned()],
            _ => Vec::new(),
        },
        steps: vec![TriggerStep::DeleteResource(id.clone())],
        warning: None,
    };
    resources.iter().map(plan).collect()
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
