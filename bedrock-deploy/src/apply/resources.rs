//! Creates tables, topics, event buses and Kinesis streams of the app.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TableStatus, Tag as TableTag,
};
use aws_sdk_eventbridge::types::Tag as BusTag;
use aws_sdk_kinesis::types::{StreamMode, StreamModeDetails, StreamStatus};
use aws_sdk_sns::types::Tag as TopicTag;
use bedrock_diagnostics::Error;

use super::context::{StepError, StepResult};
use crate::aws::{Aws, Idempotency, call, ok_if_exists, optional};
use crate::stage::StageContext;
use crate::uses::TableKey;

/// Pause before AWS is asked again whether a table or a stream is ready, and how often it is asked: 5 minutes.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
const MAX_POLLS: usize = 600;

/// Creates a table that is billed by request, and waits until it can be used.
pub(crate) async fn create_table(aws: &Aws, stage: &StageContext, name: &str, key: &TableKey) -> StepResult {
    let (attributes, schema) = table_schema(key).map_err(|error| StepError::invalid_request(&error))?;
    let tags = stage.all_tags().into_iter().map(|(key, value)| TableTag::builder().key(key).value(value).build());
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

/// Returns the attributes and the key of a table in the types of DynamoDB's API. The error is what the API's model forbids.
pub(crate) fn table_schema(key: &TableKey) -> Result<(Vec<AttributeDefinition>, Vec<KeySchemaElement>), String> {
    let mut attributes = Vec::new();
    let mut schema = Vec::new();
    let keys = [(Some(&key.partition), KeyType::Hash), (key.sort.as_ref(), KeyType::Range)];
    for (attribute, kind) in keys.into_iter().filter_map(|(attribute, kind)| Some((attribute?, kind))) {
        let definition = AttributeDefinition::builder().attribute_name(&attribute.name);
        let definition = definition.attribute_type(ScalarAttributeType::from(attribute.kind.as_str())).build();
        attributes.push(definition.map_err(|error| error.to_string())?);
        let element = KeySchemaElement::builder().attribute_name(&attribute.name).key_type(kind).build();
        schema.push(element.map_err(|error| error.to_string())?);
    }
    Ok((attributes, schema))
}

/// Creates a topic. SNS accepts a repeated request.
pub(crate) async fn create_topic(aws: &Aws, stage: &StageContext, name: &str) -> StepResult {
    let tags =
        collect(stage.all_tags().into_iter().map(|(key, value)| TopicTag::builder().key(key).value(value).build()))?;
    let request = || aws.sns.create_topic().name(name).set_tags(Some(tags.clone())).send();
    call(Idempotency::Idempotent, request).await?;
    Ok(())
}

pub(crate) async fn create_bus(aws: &Aws, stage: &StageContext, name: &str) -> StepResult {
    let tags =
        collect(stage.all_tags().into_iter().map(|(key, value)| BusTag::builder().key(key).value(value).build()))?;
    let request = || aws.events.create_event_bus().name(name).set_tags(Some(tags.clone())).send();
    Ok(ok_if_exists(call(Idempotency::NotIdempotent, request).await)?)
}

/// Creates a Kinesis stream that is billed by its records, and waits until it can be used.
pub(crate) async fn create_stream(aws: &Aws, stage: &StageContext, name: &str) -> StepResult {
    let mode = StreamModeDetails::builder().stream_mode(StreamMode::OnDemand).build();
    let mode = mode.map_err(|error| StepError::invalid_request(&error))?;
    let tags: HashMap<String, String> = stage.all_tags().into_iter().collect();
    let request = || {
        let stream = aws.kinesis.create_stream().stream_name(name).stream_mode_details(mode.clone());
        stream.set_tags(Some(tags.clone())).send()
    };
    ok_if_exists(call(Idempotency::NotIdempotent, request).await)?;
    for _ in 0..MAX_POLLS {
        let request = || aws.kinesis.describe_stream_summary().stream_name(name).send();
        let stream = optional(call(Idempotency::Idempotent, request).await)?;
        let summary = stream.and_then(|response| response.stream_description_summary);
        if summary.is_some_and(|summary| *summary.stream_status() == StreamStatus::Active) {
            // Emulators ignore the tags of a new stream.
            let request = || aws.kinesis.add_tags_to_stream().stream_name(name).set_tags(Some(tags.clone())).send();
            call(Idempotency::Idempotent, request).await?;
            return Ok(());
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    Err(Error::app("AWS has not created the stream within 5 minutes").into())
}

fn collect<T, E: std::fmt::Display>(built: impl IntoIterator<Item = Result<T, E>>) -> Result<Vec<T>, StepError> {
    built.into_iter().collect::<Result<_, _>>().map_err(|error: E| StepError::invalid_request(&error))
}
