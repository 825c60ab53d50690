//! Tables, topics and event buses of the app: created when a function uses them, and never deleted, because they contain data
//! or are known to others. Queues and buckets are created with the triggers.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TableDescription, TableStatus,
    Tag as TableTag,
};
use aws_sdk_eventbridge::types::Tag as BusTag;
use aws_sdk_sns::types::Tag as TopicTag;
use bedrock_diagnostics::{Error, Result};

use crate::actual::Actual;
use crate::apply::context::{StepError, StepResult};
use crate::aws::{Aws, AwsError, Idempotency, call, ok_if_exists, optional};
use crate::desired::Desired;
use crate::ownership::{UnmanagedResource, is_managed};
use crate::stage::{OWNER_TAG, StageContext};
use crate::step::Change;
use crate::triggers::step::{PlannedTrigger, TriggerStep};
use crate::uses::{AppResources, KeyAttribute, ResourceId, TableKey};

type AwsResult<T> = std::result::Result<T, AwsError>;
type Tags = BTreeMap<String, String>;

/// Pause before AWS is asked again whether a table is ready, and how often it is asked: 5 minutes.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
const MAX_POLLS: usize = 600;

/// Returns the resources that functions use, tables with their keys.
fn desired_resources(stage: &StageContext, desired: &Desired) -> AppResources {
    let mut resources = AppResources::new();
    for used in desired.values().flat_map(|function| &function.resources) {
        if ["table", "topic", "bus"].contains(&used.kind.as_str()) {
            let name = format!("{}{}", stage.prefix(), used.name);
            let id = ResourceId { kind: used.kind.clone(), name, arn: used.arn_in(stage) };
            let key = resources.entry(id).or_default();
            if key.is_none() {
                key.clone_from(&used.key);
            }
        }
    }
    resources
}

/// Adds to `actual` the resources that functions use, and those that belong to others.
pub(crate) async fn read_resources(
    aws: &Aws,
    stage: &StageContext,
    desired: &Desired,
    actual: &mut Actual,
) -> Result<()> {
    for (id, key) in desired_resources(stage, desired) {
        let ResourceId { kind, name, .. } = &id;
        let found = match kind.as_str() {
            "table" => read_table(aws, &id).await,
            "topic" => read_topic(aws, &id).await,
            _ => read_bus(aws, &id).await,
        };
        let found = found.map_err(|error| error.into_app_error(format!("failed to read {kind} `{name}`")))?;
        let Some((tags, actual_key)) = found else { continue };
        if !is_managed(stage, &tags) {
            let resource = format!("{kind} `{name}`");
            actual.unmanaged.push(UnmanagedResource { resource, owner: tags.get(OWNER_TAG).cloned() });
        }
        if let (Some(desired), Some(actual)) = (&key, &actual_key)
            && desired != actual
        {
            let text = |key: &TableKey| {
                let sort = key.sort.as_ref().map(|sort| format!(" and `{}`", sort.name)).unwrap_or_default();
                format!("`{}`{sort}", key.partition.name)
            };
            let message =
                format!("table `{name}` has the key {}, and the settings say {}", text(actual), text(desired));
            return Err(Error::app(message)
                .help("DynamoDB cannot change the key of a table: use a table with another name, or delete this one"));
        }
        actual.resources.insert(id, actual_key);
    }
    Ok(())
}

/// Plans the creation of what does not exist.
pub(crate) fn plan_resources(stage: &StageContext, desired: &Desired, actual: &AppResources) -> Vec<PlannedTrigger> {
    let plan = |(id, key): (ResourceId, Option<TableKey>)| {
        let exists = actual.contains_key(&id);
        let ResourceId { kind, name, .. } = id;
        let step = match kind.as_str() {
            "table" => key.map(|key| TriggerStep::CreateTable(name.clone(), key)),
            "topic" => Some(TriggerStep::CreateTopic(name.clone())),
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
    desired_resources(stage, desired).into_iter().map(plan).collect()
}

async fn read_table(aws: &Aws, id: &ResourceId) -> AwsResult<Option<(Tags, Option<TableKey>)>> {
    let dynamodb = &aws.dynamodb;
    let request = || dynamodb.describe_table().table_name(&id.name).send();
    let Some(response) = optional(call(Idempotency::Idempotent, request).await)? else { return Ok(None) };
    let request = || dynamodb.list_tags_of_resource().resource_arn(&id.arn).send();
    let tags = call(Idempotency::Idempotent, request).await?;
    let tags = tags.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
    Ok(Some((tags, response.table().and_then(table_key))))
}

fn table_key(table: &TableDescription) -> Option<TableKey> {
    let attribute = |kind: &KeyType| {
        let name = table.key_schema().iter().find(|element| element.key_type() == kind)?.attribute_name();
        let definition = table.attribute_definitions().iter().find(|each| each.attribute_name() == name)?;
        Some(KeyAttribute { name: name.to_owned(), kind: definition.attribute_type().as_str().to_owned() })
    };
    Some(TableKey { partition: attribute(&KeyType::Hash)?, sort: attribute(&KeyType::Range) })
}

async fn read_topic(aws: &Aws, id: &ResourceId) -> AwsResult<Option<(Tags, Option<TableKey>)>> {
    let sns = &aws.sns;
    let request = || sns.get_topic_attributes().topic_arn(&id.arn).send();
    if optional(call(Idempotency::Idempotent, request).await)?.is_none() {
        return Ok(None);
    }
    let tags = call(Idempotency::Idempotent, || sns.list_tags_for_resource().resource_arn(&id.arn).send()).await?;
    let tags = tags.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
    Ok(Some((tags, None)))
}

async fn read_bus(aws: &Aws, id: &ResourceId) -> AwsResult<Option<(Tags, Option<TableKey>)>> {
    let events = &aws.events;
    let request = || events.describe_event_bus().name(&id.name).send();
    if optional(call(Idempotency::Idempotent, request).await)?.is_none() {
        return Ok(None);
    }
    let tags = call(Idempotency::Idempotent, || events.list_tags_for_resource().resource_arn(&id.arn).send()).await?;
    let tags = tags.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
    Ok(Some((tags, None)))
}

/// Creates a table that is billed by request, and waits until it can be used.
pub(crate) async fn create_table(aws: &Aws, stage: &StageContext, name: &str, key: &TableKey) -> StepResult {
    let mut attributes = Vec::new();
    let mut schema = Vec::new();
    let keys = [(Some(&key.partition), KeyType::Hash), (key.sort.as_ref(), KeyType::Range)];
    for (attribute, kind) in keys.into_iter().filter_map(|(attribute, kind)| Some((attribute?, kind))) {
        let definition = AttributeDefinition::builder().attribute_name(&attribute.name);
        attributes.push(definition.attribute_type(ScalarAttributeType::from(attribute.kind.as_str())).build());
        schema.push(KeySchemaElement::builder().attribute_name(&attribute.name).key_type(kind).build());
    }
    let attributes = collect(attributes)?;
    let schema = collect(schema)?;
    let tags = stage.tags().into_iter().map(|(key, value)| TableTag::builder().key(key).value(value).build());
    let tags = collect(tags)?;
    let request = || {
        let table = aws.dynamodb.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
        let table = table.set_attribute_definitions(Some(attributes.clone())).set_key_schema(Some(schema.clone()));
        table.set_tags(Some(tags.clone())).send()
    };
    ok_if_exists(call(Idempotency::NotIdempotent, request).await)?;
    for _ in 0..MAX_POLLS {
        let request = || aws.dynamodb.describe_table().table_name(name).send();
        let table = optional(call(Idempotency::Idempotent, request).await)?.and_then(|response| response.table);
        if table.is_some_and(|table| table.table_status() == Some(&TableStatus::Active)) {
            return Ok(());
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    Err(Error::app("AWS has not created the table within 5 minutes").into())
}

/// Creates a topic. SNS accepts a repeated request.
pub(crate) async fn create_topic(aws: &Aws, stage: &StageContext, name: &str) -> StepResult {
    let tags = collect(stage.tags().into_iter().map(|(key, value)| TopicTag::builder().key(key).value(value).build()))?;
    let request = || aws.sns.create_topic().name(name).set_tags(Some(tags.clone())).send();
    call(Idempotency::Idempotent, request).await?;
    Ok(())
}

pub(crate) async fn create_bus(aws: &Aws, stage: &StageContext, name: &str) -> StepResult {
    let tags = collect(stage.tags().into_iter().map(|(key, value)| BusTag::builder().key(key).value(value).build()))?;
    let request = || aws.events.create_event_bus().name(name).set_tags(Some(tags.clone())).send();
    Ok(ok_if_exists(call(Idempotency::NotIdempotent, request).await)?)
}

fn collect<T, E: std::fmt::Display>(
    built: impl IntoIterator<Item = std::result::Result<T, E>>,
) -> std::result::Result<Vec<T>, StepError> {
    built.into_iter().collect::<std::result::Result<_, _>>().map_err(|error: E| StepError::invalid_request(&error))
}
