//! Deletes tables, topics, event buses and Kinesis streams of the app with their data, and buckets with their objects. Only
//! `destroy` deletes data, if the user wants it.

use std::time::Duration;

use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use bedrock_diagnostics::{Error, Interrupt};

use super::context::{StepError, StepResult};
use crate::aws::{Aws, AwsError, Idempotency, call, optional, pause};
use crate::stage::StageContext;
use crate::uses::ResourceId;

/// Pause before AWS is asked again whether a table or a stream is deleted, and how often it is asked: 5 minutes.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
const MAX_POLLS: usize = 600;

/// Deletes a table, a topic, an event bus, a Kinesis stream or a bucket. Waits until a table or a stream is gone: until then, the next
/// deploy would find it.
pub(crate) async fn delete_resource(
    aws: &Aws,
    stage: &StageContext,
    id: &ResourceId,
    interrupt: &Interrupt,
) -> StepResult {
    let ResourceId { kind, name, arn } = id;
    match kind.as_str() {
        "table" => {
            let request = || aws.dynamodb.delete_table().table_name(name).send();
            optional(call(Idempotency::Idempotent, request).await)?;
            let describe = || aws.dynamodb.describe_table().table_name(name).send();
            wait_until_deleted(id, interrupt, async || call(Idempotency::Idempotent, &describe).await.map(drop)).await
        }
        "stream" => {
            let request = || aws.kinesis.delete_stream().stream_name(name).enforce_consumer_deletion(true).send();
            optional(call(Idempotency::Idempotent, request).await)?;
            let describe = || aws.kinesis.describe_stream_summary().stream_name(name).send();
            wait_until_deleted(id, interrupt, async || call(Idempotency::Idempotent, &describe).await.map(drop)).await
        }
        "bucket" => {
            empty_bucket(aws, stage, name, interrupt).await?;
            delete_bucket(aws, stage, name).await
        }
        "topic" => {
            let request = || aws.sns.delete_topic().topic_arn(arn).send();
            optional(call(Idempotency::Idempotent, request).await)?;
            Ok(())
        }
        _ => {
            let request = || aws.events.delete_event_bus().name(name).send();
            optional(call(Idempotency::Idempotent, request).await)?;
            Ok(())
        }
    }
}

/// Asks for a resource with `describe` until AWS does not find it any more.
async fn wait_until_deleted(
    id: &ResourceId,
    interrupt: &Interrupt,
    describe: impl AsyncFn() -> Result<(), AwsError>,
) -> StepResult {
    for _ in 0..MAX_POLLS {
        if optional(describe().await)?.is_none() {
            return Ok(());
        }
        if !pause(POLL_INTERVAL).await {
            interrupt.check()?;
            break;
        }
    }
    Err(Error::app(format!("AWS has not deleted {} `{}` within 5 minutes", id.kind, id.name))
        .help("run the same command again: AWS goes on deleting it")
        .into())
}

/// Deletes a bucket. S3 refuses it if the bucket is not empty.
pub(crate) async fn delete_bucket(aws: &Aws, stage: &StageContext, name: &str) -> StepResult {
    let account = &stage.env.account;
    let request = || aws.s3.delete_bucket().bucket(name).expected_bucket_owner(account).send();
    optional(call(Idempotency::Idempotent, request).await)?;
    Ok(())
}

/// Deletes all versions of all objects, page by page.
pub(crate) async fn empty_bucket(aws: &Aws, stage: &StageContext, name: &str, interrupt: &Interrupt) -> StepResult {
    let account = &stage.env.account;
    loop {
        interrupt.check()?;
        let request = || aws.s3.list_object_versions().bucket(name).expected_bucket_owner(account).send();
        let Some(page) = optional(call(Idempotency::Idempotent, request).await)? else { return Ok(()) };
        let versions = page.versions().iter().map(|version| (version.key(), version.version_id()));
        let markers = page.delete_markers().iter().map(|marker| (marker.key(), marker.version_id()));
        let objects = versions.chain(markers).map(|(key, version)| {
            let object = ObjectIdentifier::builder().key(key.unwrap_or_default());
            object.set_version_id(version.map(str::to_owned)).build()
        });
        let objects = objects.collect::<Result<Vec<_>, _>>();
        let objects = objects.map_err(|error| StepError::invalid_request(&error))?;
        if objects.is_empty() {
            return Ok(());
        }
        let delete = Delete::builder().set_objects(Some(objects)).quiet(true).build();
        let delete = delete.map_err(|error| StepError::invalid_request(&error))?;
        let request = || {
            let deletion = aws.s3.delete_objects().bucket(name).expected_bucket_owner(account);
            deletion.delete(delete.clone()).send()
        };
        let deleted = call(Idempotency::Idempotent, request).await?;
        // S3 reports what it refuses for single objects in a successful response.
        if let Some(error) = deleted.errors().first() {
            let key = error.key().unwrap_or_default().escape_debug().to_string();
            let reason = error.message().or(error.code()).unwrap_or_default();
            return Err(Error::app(format!("S3 has not deleted the object `{key}`")).cause(reason.to_owned()).into());
        }
    }
}
