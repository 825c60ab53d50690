//! Reads the tables, topics, event buses and Kinesis streams of the app that functions use or are invoked by.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::{KeyType, TableDescription};
use bedrock_diagnostics::{Error, Result};

use crate::actual::Actual;
use crate::aws::{Aws, AwsError, Idempotency, call, optional};
use crate::desired::Desired;
use crate::ownership::{UnmanagedResource, is_managed};
use crate::resource_tags::{TagTarget, UntaggedResource};
use crate::resources::desired_resources;
use crate::stage::{OWNER_TAG, StageContext};
use crate::triggers::desired::DesiredTriggers;
use crate::triggers::streams::desired::StreamSource;
use crate::uses::{KeyAttribute, ResourceId, TableKey};

type AwsResult<T> = std::result::Result<T, AwsError>;
type Tags = BTreeMap<String, String>;

/// Adds to `actual` the resources that functions use, and those that belong to others.
pub(crate) async fn read_resources(
    aws: &Aws,
    stage: &StageContext,
    desired: &Desired,
    actual: &mut Actual,
) -> Result<()> {
    let triggers = DesiredTriggers::new(stage, desired);
    for (id, key) in desired_resources(stage, desired) {
        let ResourceId { kind, name, .. } = &id;
        let found = read_resource(aws, &id).await.map_err(|error| read_error(&id, error))?;
        let Some((tags, actual_key)) = found else { continue };
        if !is_managed(stage, &tags) {
            let resource = format!("{kind} `{name}`");
            actual.unmanaged.push(UnmanagedResource { resource, owner: tags.get(OWNER_TAG).cloned() });
        } else if let Some(target) = tag_target(&id) {
            let planned = planned_name(&triggers, &id);
            actual.untagged.extend(UntaggedResource::find(stage, planned, target, &tags));
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

/// Buckets are read with the triggers.
fn tag_target(id: &ResourceId) -> Option<TagTarget> {
    let ResourceId { kind, name, arn } = id;
    match kind.as_str() {
        "table" => Some(TagTarget::Table(arn.clone())),
        "topic" => Some(TagTarget::Topic(arn.clone())),
        "stream" => Some(TagTarget::Stream(name.clone())),
        "bus" => Some(TagTarget::Events(arn.clone())),
        _ => None,
    }
}

/// Returns what the plan calls a resource, or the trigger with which it is created.
fn planned_name(triggers: &DesiredTriggers, id: &ResourceId) -> String {
    let ResourceId { kind, name, .. } = id;
    let source = StreamSource::Table(name.clone());
    let rule = triggers.rules.values().find(|rule| rule.is_app_bus && rule.bus == *name);
    match (kind.as_str(), rule) {
        ("table", _) if triggers.streams.contains_key(&source) => source.title(),
        ("bus", Some(rule)) => format!("rule {}", rule.name),
        _ => format!("{kind} {name}"),
    }
}

/// Adds to `actual` those of `resources` that exist and are managed by this tool: they are to be deleted.
pub(crate) async fn read_deleted(
    aws: &Aws,
    stage: &StageContext,
    resources: &BTreeSet<ResourceId>,
    actual: &mut Actual,
) -> Result<()> {
    for id in resources {
        // Buckets that invoke functions are deleted with their triggers.
        if id.kind == "bucket" && actual.triggers.buckets.contains_key(&id.name) {
            continue;
        }
        let found = match read_resource(aws, id).await {
            Err(error) if id.kind == "bucket" && error.is_denied() => {
                actual.foreign_buckets.insert(id.name.clone());
                continue;
            }
            found => found.map_err(|error| read_error(id, error))?,
        };
        if found.is_some_and(|(tags, _)| is_managed(stage, &tags)) {
            actual.deleted_resources.insert(id.clone());
        }
    }
    Ok(())
}

fn read_error(id: &ResourceId, error: AwsError) -> Error {
    error.into_app_error(format!("failed to read {} `{}`", id.kind, id.name))
}

/// Returns the tags of a resource, and the key of a table. `None` if it does not exist.
async fn read_resource(aws: &Aws, id: &ResourceId) -> AwsResult<Option<(Tags, Option<TableKey>)>> {
    match id.kind.as_str() {
        "table" => read_table(aws, id).await,
        "topic" => read_topic(aws, id).await,
        "stream" => read_stream(aws, id).await,
        "bucket" => read_bucket(aws, id).await,
        _ => read_bus(aws, id).await,
    }
}

async fn read_table(aws: &Aws, id: &ResourceId) -> AwsResult<Option<(Tags, Option<TableKey>)>> {
    let dynamodb = &aws.dynamodb;
    let request = || dynamodb.describe_table().table_name(&id.name).send();
    let Some(response) = optional(call(Idempotency::Idempotent, request).await)? else { return Ok(None) };
    let mut tags = Tags::new();
    let mut token = None::<String>;
    loop {
        let request = || dynamodb.list_tags_of_resource().resource_arn(&id.arn).set_next_token(token.clone()).send();
        let page = call(Idempotency::Idempotent, request).await?;
        tags.extend(page.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())));
        token = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() {
            return Ok(Some((tags, response.table().and_then(table_key))));
        }
    }
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

async fn read_stream(aws: &Aws, id: &ResourceId) -> AwsResult<Option<(Tags, Option<TableKey>)>> {
    let kinesis = &aws.kinesis;
    let request = || kinesis.describe_stream_summary().stream_name(&id.name).send();
    if optional(call(Idempotency::Idempotent, request).await)?.is_none() {
        return Ok(None);
    }
    // A stream has at most 50 tags, which is more than a page without `limit` has.
    let request = || kinesis.list_tags_for_stream().stream_name(&id.name).limit(50).send();
    let tags = call(Idempotency::Idempotent, request).await?;
    let tags =
        tags.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().unwrap_or_default().to_owned())).collect();
    Ok(Some((tags, None)))
}

async fn read_bucket(aws: &Aws, id: &ResourceId) -> AwsResult<Option<(Tags, Option<TableKey>)>> {
    // A bucket without tags, or of another account, is not ours.
    let account = &aws.env.account;
    let request = || aws.s3.get_bucket_tagging().bucket(&id.name).expected_bucket_owner(account).send();
    let Some(tags) = optional(call(Idempotency::Idempotent, request).await)? else { return Ok(None) };
    let tags = tags.tag_set().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
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
