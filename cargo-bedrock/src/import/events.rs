//! The events of a function of SAM as triggers: `Schedule`, `ScheduleV2`, `SQS` and `S3`; `event_sources.rs` has the others.

use bedrock_build::Schedule;
use bedrock_build::triggers::StreamService;
use toml_edit::{InlineTable, Value};

use super::event_literals::{dashed, is_disabled, partial_failures, patterns, toml_value};
use super::event_sources;
use super::values::Template;
use super::yaml::Node;

/// Returns the trigger that an event becomes, and what of it is not taken over. An event without a trigger is an error with the
/// reason.
pub(super) fn trigger(template: &Template<'_>, event: &Node) -> Result<(InlineTable, Vec<String>), String> {
    let kind = event.get("Type").and_then(Node::text).unwrap_or_default();
    let Some(properties) = event.get("Properties") else { return Err("it has no `Properties`".to_owned()) };
    let mut trigger = InlineTable::new();
    let read: &[&str] = match kind {
        "Schedule" | "ScheduleV2" => schedule(template, properties, &mut trigger)?,
        "SQS" => queue(template, properties, &mut trigger)?,
        "S3" => bucket(template, properties, &mut trigger)?,
        "SNS" => event_sources::topic(template, properties, &mut trigger)?,
        "EventBridgeRule" | "CloudWatchEvent" => event_sources::bus(template, properties, &mut trigger)?,
        "DynamoDB" => event_sources::stream(template, properties, StreamService::Dynamodb, &mut trigger)?,
        "Kinesis" => event_sources::stream(template, properties, StreamService::Kinesis, &mut trigger)?,
        "Api" | "HttpApi" => {
            let text = |key: &str| properties.get(key).and_then(Node::text).unwrap_or("?");
            let route = format!("{} {}", text("Method").to_uppercase(), text("Path"));
            return Err(format!("`{route}` is a route of the endpoint: add it to `src/endpoints` and call the worker"));
        }
        kind => return Err(format!("there is no trigger for events of type `{kind}`")),
    };
    let left = properties.entries().iter().filter(|(key, _)| !read.contains(&key.as_str()));
    let left = left.map(|(key, node)| format!("{}: `{key}` has no setting of a trigger", node.line));
    Ok((trigger, left.chain(event_sources::missing_timestamp(template, properties)).collect()))
}

fn schedule(
    template: &Template<'_>,
    properties: &Node,
    trigger: &mut InlineTable,
) -> Result<&'static [&'static str], String> {
    let expression = properties.get("Schedule").or_else(|| properties.get("ScheduleExpression"));
    let expression = template.literal(expression.ok_or("it has no expression")?)?;
    Schedule::parse(&expression).map_err(|error| format!("`{expression}`: {error}"))?;
    let is_off = properties.get("Enabled").and_then(Node::text) == Some("false")
        || properties.get("State").and_then(Node::text) == Some("DISABLED");
    if is_off {
        return Err("it is disabled".to_owned());
    }
    trigger.insert("schedule", expression.into());
    if let Some(zone) = properties.get("ScheduleExpressionTimezone") {
        trigger.insert("timezone", template.literal(zone)?.into());
    }
    if let Some(input) = properties.get("Input") {
        let text = template.literal(input)?;
        let event = serde_json::from_str::<serde_json::Value>(&text).ok();
        let event = event.filter(serde_json::Value::is_object).as_ref().and_then(toml_value);
        trigger.insert("event", event.ok_or("its `Input` is not a JSON object that TOML can hold")?);
    }
    Ok(&[
        "Schedule",
        "ScheduleExpression",
        "ScheduleExpressionTimezone",
        "Input",
        "Enabled",
        "State",
        "Name",
        "Description",
    ])
}

fn queue(
    template: &Template<'_>,
    properties: &Node,
    trigger: &mut InlineTable,
) -> Result<&'static [&'static str], String> {
    let queue = properties.get("Queue").ok_or("it names no queue")?;
    if let Some(id) = template.resource_id(queue) {
        let resource = template.resource(id, "AWS::SQS::Queue").ok_or(format!("`{id}` is not a queue"))?;
        queue_of_app(id, resource, trigger);
    } else {
        let arn = template.literal(queue).ok().filter(|arn| arn.starts_with("arn:"));
        trigger.insert("queue", arn.ok_or("its queue is not in the template")?.into());
    }
    let is_fifo = trigger.get("queue").and_then(Value::as_str).is_some_and(bedrock_build::triggers::is_fifo_queue);
    for (keys, setting) in [
        (&["BatchSize"][..], "batch-size"),
        (&["MaximumBatchingWindowInSeconds"], "batch-window"),
        (&["ScalingConfig", "MaximumConcurrency"], "maximum-concurrency"),
    ] {
        // Lambda refuses to wait for more messages of a FIFO queue.
        let is_refused = is_fifo && setting == "batch-window";
        if let Some(node) = properties.at(keys).filter(|_| !is_refused) {
            let number = template.literal(node)?;
            trigger.insert(setting, number.parse::<i64>().map_err(|_| format!("`{number}` is not a number"))?.into());
        }
    }
    patterns(template, properties, trigger)?;
    partial_failures(properties, trigger);
    if is_disabled(properties) {
        return Err("it is disabled".to_owned());
    }
    // What a FIFO queue cannot have is last.
    let read = &[
        "Queue",
        "BatchSize",
        "ScalingConfig",
        "FilterCriteria",
        "FunctionResponseTypes",
        "Enabled",
        "MaximumBatchingWindowInSeconds",
    ];
    Ok(if is_fifo { &read[..read.len() - 1] } else { read })
}

/// Adds the settings of a queue of the template, which becomes one of the app.
fn queue_of_app(id: &str, resource: &Node, trigger: &mut InlineTable) {
    let property = |key: &str| resource.at(&["Properties", key]).and_then(Node::text);
    let name = property("QueueName");
    let is_fifo = property("FifoQueue") == Some("true");
    let has_suffix = name.is_some_and(|name| name.rsplit_once('.').is_some_and(|(_, suffix)| suffix == "fifo"));
    let suffix = if is_fifo && !has_suffix { ".fifo" } else { "" };
    let short = || dashed(id.strip_suffix("Queue").filter(|id| !id.is_empty()).unwrap_or(id));
    trigger.insert("queue", (name.map_or_else(short, str::to_owned) + suffix).into());
    if property("ContentBasedDeduplication") == Some("true") {
        trigger.insert("content-based-deduplication", true.into());
    }
}

fn bucket(
    template: &Template<'_>,
    properties: &Node,
    trigger: &mut InlineTable,
) -> Result<&'static [&'static str], String> {
    let node = properties.get("Bucket").ok_or("it names no bucket")?;
    let id = template.resource_id(node).ok_or("its bucket is not in the template")?;
    let resource = template.resource(id, "AWS::S3::Bucket").ok_or(format!("`{id}` is not a bucket"))?;
    let name = resource.at(&["Properties", "BucketName"]).map(|node| template.literal(node)).and_then(Result::ok);
    let short = id.strip_suffix("Bucket").filter(|id| !id.is_empty()).unwrap_or(id);
    trigger.insert("bucket", name.unwrap_or_else(|| dashed(short)).into());
    let listed = properties.get("Events").ok_or("it lists no events")?;
    let texts: Vec<&str> = listed.text().into_iter().chain(listed.items().iter().filter_map(Node::text)).collect();
    let mut events: Vec<&str> = Vec::new();
    for text in texts {
        events.push(match text {
            "s3:ObjectCreated:*" => "created",
            "s3:ObjectRemoved:*" => "removed",
            other => {
                return Err(format!(
                    "`{other}` has no event of a trigger: only `s3:ObjectCreated:*` and `s3:ObjectRemoved:*`"
                ));
            }
        });
    }
    if events != ["created"] {
        trigger.insert("events", Value::Array(events.into_iter().collect()));
    }
    let rules = properties.at(&["Filter", "S3Key", "Rules"]).map(Node::items).unwrap_or_default();
    for rule in rules {
        let value = template.literal(rule.get("Value").ok_or("a rule has no value")?)?;
        match rule.get("Name").and_then(Node::text).unwrap_or_default().to_ascii_lowercase().as_str() {
            "prefix" => trigger.insert("prefix", value.into()),
            "suffix" => trigger.insert("suffix", value.into()),
            other => return Err(format!("`{other}` is not a rule of a filter")),
        };
    }
    Ok(&["Bucket", "Events", "Filter"])
}

#[cfg(test)]
mod tests;
