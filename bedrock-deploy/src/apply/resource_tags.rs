//! Sets tags of resources. Functions are tagged in `tags`, because that changes their revision.

use std::collections::HashMap;
use std::fmt::Display;
use std::future::Future;

use aws_sdk_lambda::config::http::HttpResponse;
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use serde_json::json;

use super::context::{StepError, StepResult};
use crate::aws::{Aws, Idempotency, call, optional, percent_encode};
use crate::resource_tags::{TagTarget, Tags};
use crate::stage::StageContext;

/// Adds or changes tags. Those that others have set stay. The resource was read before; if it does not exist any more, a step of the
/// same deploy has deleted it.
pub(crate) async fn set(aws: &Aws, stage: &StageContext, target: &TagTarget, tags: &Tags) -> StepResult {
    let map = || -> HashMap<String, String> { tags.clone().into_iter().collect() };
    match target {
        TagTarget::Role(name) => {
            let tags = build(tags, |key, value| aws_sdk_iam::types::Tag::builder().key(key).value(value).build())?;
            send(|| aws.iam.tag_role().role_name(name).set_tags(Some(tags.clone())).send()).await
        }
        TagTarget::Policy(arn) => {
            let tags = build(tags, |key, value| aws_sdk_iam::types::Tag::builder().key(key).value(value).build())?;
            send(|| aws.iam.tag_policy().policy_arn(arn).set_tags(Some(tags.clone())).send()).await
        }
        TagTarget::LogGroup(arn) => {
            send(|| aws.logs.tag_resource().resource_arn(arn).set_tags(Some(map())).send()).await
        }
        TagTarget::ScheduleGroup(arn) => {
            let tags =
                build(tags, |key, value| aws_sdk_scheduler::types::Tag::builder().key(key).value(value).build())?;
            send(|| aws.scheduler.tag_resource().resource_arn(arn).set_tags(Some(tags.clone())).send()).await
        }
        TagTarget::Queue(name) => {
            let find = || aws.sqs.get_queue_url().queue_name(name).send();
            let Some(found) = optional(call(Idempotency::Idempotent, find).await)? else { return Ok(()) };
            let url = found.queue_url().unwrap_or_default();
            send(|| aws.sqs.tag_queue().queue_url(url).set_tags(Some(map())).send()).await
        }
        TagTarget::Mapping(arn) => send(|| aws.lambda.tag_resource().resource(arn).set_tags(Some(map())).send()).await,
        TagTarget::Bucket(name) => set_bucket_tags(aws, stage, name, tags).await,
        TagTarget::Table(arn) => {
            let tags = build(tags, |key, value| aws_sdk_dynamodb::types::Tag::builder().key(key).value(value).build())?;
            send(|| aws.dynamodb.tag_resource().resource_arn(arn).set_tags(Some(tags.clone())).send()).await
        }
        TagTarget::Stream(name) => {
            send(|| aws.kinesis.add_tags_to_stream().stream_name(name).set_tags(Some(map())).send()).await
        }
        TagTarget::Topic(arn) => {
            let tags = build(tags, |key, value| aws_sdk_sns::types::Tag::builder().key(key).value(value).build())?;
            send(|| aws.sns.tag_resource().resource_arn(arn).set_tags(Some(tags.clone())).send()).await
        }
        TagTarget::Events(arn) => {
            let tags =
                build(tags, |key, value| aws_sdk_eventbridge::types::Tag::builder().key(key).value(value).build())?;
            send(|| aws.events.tag_resource().resource_arn(arn).set_tags(Some(tags.clone())).send()).await
        }
        TagTarget::Alarm(arn) => {
            let pairs: Vec<_> = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
            let parameters = json!({ "ResourceARN": arn, "Tags": pairs });
            optional(aws.cloudwatch.call(Idempotency::Idempotent, "TagResource", &parameters).await)?;
            Ok(())
        }
        TagTarget::HttpApi(path) => {
            let arn = format!("arn:{}:apigateway:{}::/{path}", stage.env.partition, stage.env.region);
            let path = format!("/v2/tags/{}", percent_encode(&arn));
            let body = json!({ "tags": tags });
            optional(aws.api_gateway.call(Idempotency::Idempotent, "POST", &path, Some(&body)).await)?;
            Ok(())
        }
    }
}

/// S3 replaces all tags of a bucket, so those that it has are sent again.
pub(crate) async fn set_bucket_tags(aws: &Aws, stage: &StageContext, name: &str, tags: &Tags) -> StepResult {
    let account = &stage.env.account;
    let get = || aws.s3.get_bucket_tagging().bucket(name).expected_bucket_owner(account).send();
    let found = optional(call(Idempotency::Idempotent, get).await)?;
    let found = found.map(|response| response.tag_set).unwrap_or_default();
    let mut all: Tags = found.iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
    all.extend(tags.clone());
    let all = build(&all, |key, value| aws_sdk_s3::types::Tag::builder().key(key).value(value).build())?;
    let tagging = aws_sdk_s3::types::Tagging::builder().set_tag_set(Some(all)).build();
    let tagging = tagging.map_err(|error| StepError::invalid_request(&error))?;
    let put = || {
        let put = aws.s3.put_bucket_tagging().bucket(name).expected_bucket_owner(account);
        put.tagging(tagging.clone()).send()
    };
    call(Idempotency::EventuallyConsistent, put).await?;
    Ok(())
}

async fn send<T, E, F>(request: impl Fn() -> F) -> StepResult
where
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    optional(call(Idempotency::Idempotent, request).await)?;
    Ok(())
}

/// Builds the tags of a service's API.
fn build<T, E: Display>(tags: &Tags, tag: impl Fn(String, String) -> Result<T, E>) -> Result<Vec<T>, StepError> {
    let tags = tags.iter().map(|(key, value)| tag(key.clone(), value.clone()));
    tags.collect::<Result<_, _>>().map_err(|error| StepError::invalid_request(&error))
}
