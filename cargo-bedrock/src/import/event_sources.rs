//! The events of SAM that are topics, rules of event buses and streams: `SNS`, `EventBridgeRule`, `CloudWatchEvent`, `DynamoDB`
//! and `Kinesis`.

use std::time::{Duration, UNIX_EPOCH};

use bedrock_build::triggers::StreamService;
use bedrock_model::date::rfc3339;
use toml_edit::{Datetime, InlineTable, Value};

use super::event_literals::{dashed, is_disabled, partial_failures, patterns, toml_value};
use super::values::Template;
use super::yaml::{self, Node};

/// The properties of an event that became settings.
type ReadProperties = Result<&'static [&'static str], String>;

/// Adds the settings of a subscription of a topic.
pub(super) fn topic(template: &Template<'_>, properties: &Node, trigger: &mut InlineTable) -> ReadProperties {
    let topic = properties.get("Topic").ok_or("it names no topic")?;
    if properties.get("SqsSubscription").is_some_and(|node| node.text() != Some("false")) {
        return Err("its messages go through a queue: subscribe the queue, and use it as the trigger".to_owned());
    }
    trigger.insert("topic", source(template, topic, "AWS::SNS::Topic", "TopicName", "Topic")?.into());
    if let Some(policy) = properties.get("FilterPolicy") {
        trigger.insert("filter", literal_table(template, policy).ok_or("TOML cannot hold its filter policy")?);
        if properties.get("FilterPolicyScope").and_then(Node::text) == Some("MessageBody") {
            trigger.insert("filter-scope", "body".into());
        }
    }
    Ok(&["Topic", "FilterPolicy", "FilterPolicyScope", "SqsSubscription"])
}

/// Adds the settings of a rule of an event bus.
pub(super) fn bus(template: &Template<'_>, properties: &Node, trigger: &mut InlineTable) -> ReadProperties {
    if is_disabled(properties) || properties.get("State").and_then(Node::text) == Some("DISABLED") {
        return Err("it is disabled".to_owned());
    }
    let bus = match properties.get("EventBusName") {
        None => "default".to_owned(),
        Some(node) if node.text() == Some("default") => "default".to_owned(),
        Some(node) => source(template, node, "AWS::Events::EventBus", "Name", "Bus")?,
    };
    let pattern = properties.get("Pattern").ok_or("it has no pattern")?;
    trigger.insert("bus", bus.into());
    trigger.insert("pattern", literal_table(template, pattern).ok_or("TOML cannot hold its pattern")?);
    Ok(&["EventBusName", "Pattern", "Enabled", "State", "RuleName"])
}

/// Adds the settings of an event source mapping of a stream.
pub(super) fn stream(
    template: &Template<'_>,
    properties: &Node,
    service: StreamService,
    trigger: &mut InlineTable,
) -> ReadProperties {
    let node = properties.get("Stream").ok_or("it names no stream")?;
    if is_disabled(properties) {
        return Err("it is disabled".to_owned());
    }
    let source = match service {
        StreamService::Kinesis => source(template, node, "AWS::Kinesis::Stream", "Name", "Stream")?,
        StreamService::Dynamodb => {
            let arn = template.literal(node).ok().filter(|arn| arn.starts_with("arn:"));
            arn.ok_or(
                "a table of the app needs a key: add `triggers = [{ dynamodb = \"NAME\" }]`, and `uses = [{ table = \"NAME\", \
                 access = \"write\", key = \"id\" }]` to a function that writes to it",
            )?
        }
    };
    trigger.insert(service.as_str(), source.into());
    if let Some(position) = properties.get("StartingPosition") {
        match template.literal(position)?.as_str() {
            // The default.
            "TRIM_HORIZON" => {}
            "LATEST" => {
                trigger.insert("starting-position", "LATEST".into());
            }
            _ => {
                let start = timestamp(template, properties).map_or("LATEST".into(), Value::from);
                trigger.insert("starting-position", start);
            }
        }
    }
    for (key, setting) in [
        ("BatchSize", "batch-size"),
        ("MaximumBatchingWindowInSeconds", "batch-window"),
        ("MaximumRecordAgeInSeconds", "maximum-record-age"),
        ("MaximumRetryAttempts", "maximum-retry-attempts"),
        ("ParallelizationFactor", "parallelization-factor"),
        ("TumblingWindowInSeconds", "tumbling-window"),
    ] {
        if let Some(node) = properties.get(key) {
            let number = template.literal(node)?;
            trigger.insert(setting, number.parse::<i64>().map_err(|_| format!("`{number}` is not a number"))?.into());
        }
    }
    if properties.get("BisectBatchOnFunctionError").and_then(Node::text) == Some("true") {
        trigger.insert("bisect-batch-on-function-error", true.into());
    }
    patterns(template, properties, trigger)?;
    partial_failures(properties, trigger);
    let destination = properties.at(&["DestinationConfig", "OnFailure", "Destination"]);
    let arn = destination.map(|node| template.literal(node)).transpose().ok().flatten();
    let read = &[
        "Stream",
        "StartingPosition",
        "StartingPositionTimestamp",
        "BatchSize",
        "MaximumBatchingWindowInSeconds",
        "MaximumRecordAgeInSeconds",
        "MaximumRetryAttempts",
        "ParallelizationFactor",
        "TumblingWindowInSeconds",
        "BisectBatchOnFunctionError",
        "FilterCriteria",
        "FunctionResponseTypes",
        "Enabled",
        "DestinationConfig",
    ];
    match arn {
        Some(arn) => {
            trigger.insert("on-failure", arn.into());
            Ok(read)
        }
        // One that only a deployment knows is listed.
        None => Ok(&read[..read.len() - 1]),
    }
}

/// Returns the time of `StartingPositionTimestamp`, which is in seconds since 1970. `None` if it is missing, or only a deployment
/// knows it.
fn timestamp(template: &Template<'_>, properties: &Node) -> Option<Datetime> {
    let text = template.literal(properties.get("StartingPositionTimestamp")?).ok()?;
    let seconds: u32 = text.split('.').next()?.parse().ok()?;
    rfc3339(UNIX_EPOCH + Duration::from_secs(u64::from(seconds))).replace(".000Z", "Z").parse().ok()
}

/// Returns what is to do for the starting position of a stream, if it is a time that is not taken over.
pub(super) fn missing_timestamp(template: &Template<'_>, properties: &Node) -> Option<String> {
    let position = properties.get("StartingPosition")?;
    let is_at_timestamp = template.literal(position).is_ok_and(|position| position == "AT_TIMESTAMP");
    let is_missing = is_at_timestamp && timestamp(template, properties).is_none();
    is_missing.then(|| {
        format!(
            "{}: `StartingPosition: AT_TIMESTAMP` has no time here and became `LATEST`, write the time instead: \
             `starting-position = 2026-12-24T09:00:00Z`",
            position.line
        )
    })
}

/// Returns the name of a resource of the template, which becomes one of the app, or an ARN.
fn source(
    template: &Template<'_>,
    node: &Node,
    kind: &str,
    name_property: &str,
    suffix: &str,
) -> Result<String, String> {
    let Some(id) = template.resource_id(node) else {
        let arn = template.literal(node).ok().filter(|arn| arn.starts_with("arn:"));
        return arn.ok_or_else(|| format!("its {} is not in the template", suffix.to_lowercase()));
    };
    let resource = template.resource(id, kind).ok_or_else(|| format!("`{id}` is not a {}", suffix.to_lowercase()))?;
    let name = resource.at(&["Properties", name_property]).map(|node| template.literal(node)).and_then(Result::ok);
    let short = id.strip_suffix(suffix).filter(|id| !id.is_empty()).unwrap_or(id);
    Ok(name.unwrap_or_else(|| dashed(short)))
}

/// Returns a map of literals as a table. `None` if it has a null, or a value that only a deployment knows.
fn literal_table(template: &Template<'_>, node: &Node) -> Option<Value> {
    json(template, node).filter(serde_json::Value::is_object).as_ref().and_then(toml_value)
}

/// Returns a value as JSON. Text that is not in quotes may be a number, `true` or `null`.
fn json(template: &Template<'_>, node: &Node) -> Option<serde_json::Value> {
    if node.tag.is_none() {
        match &node.value {
            yaml::Value::List(items) => return items.iter().map(|item| json(template, item)).collect(),
            // A function of CloudFormation has one key with this prefix, or `Ref`.
            yaml::Value::Map(entries) if !entries.iter().any(|(key, _)| key == "Ref" || key.starts_with("Fn::")) => {
                return entries.iter().map(|(key, node)| Some((key.clone(), json(template, node)?))).collect();
            }
            yaml::Value::Scalar { text, is_plain: true } => {
                let plain = serde_json::from_str::<serde_json::Value>(text).ok();
                return Some(plain.unwrap_or_else(|| text.clone().into()));
            }
            _ => {}
        }
    }
    template.literal(node).ok().map(serde_json::Value::String)
}
