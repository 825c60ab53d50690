//! Applies the steps of triggers: each queue, each bucket, and all schedules together; `schedules` has the steps of schedules,
//! `event_sources` those of topics and rules, `streams` those of streams.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use aws_sdk_lambda::types::{Filter, FilterCriteria, FunctionResponseType, ScalingConfig};
use aws_sdk_s3::types::{
    Event, FilterRule, FilterRuleName, LambdaFunctionConfiguration, NotificationConfiguration,
    NotificationConfigurationFilter, S3KeyFilter,
};
use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use bedrock_build::triggers::{dead_letter_queue_name, is_fifo_queue};
use bedrock_diagnostics::{Error, Interrupt, Result};
use serde_json::{Value, json};

use super::desired::{AppQueue, EventSourceMapping, NotificationConfig};
use super::mappings::list_mappings;
use super::notifications::{encode_key_filter, notification_id, own_notifications};
use super::step::{PlannedTrigger, TriggerStep as Step};
use crate::alarms::apply as alarms;
use crate::apply::context::{ApplyContext, StepError, StepResult};
use crate::apply::role::put_permissions_boundary;
use crate::apply::{deletions, resource_tags, resources};
use crate::aws::{Aws, AwsError, Idempotency, call, optional};
use crate::buckets::create_bucket;
use crate::concurrent::map_concurrently;
use crate::http_api::apply as http_api;
use crate::observer::DeployObserver;
use crate::permissions;
use crate::regions::has_mapping_tags;
use crate::stage::{ALIAS, StageContext, TRIGGERS_TAG, bucket_statement_id};

/// Triggers that are changed at the same time.
const MAX_CONCURRENT_TRIGGERS: usize = 4;
/// Pause before AWS is asked again whether a resource is deleted, and how often it is asked: 5 minutes.
pub(super) const DELETION_POLL_INTERVAL: Duration = Duration::from_millis(500);
pub(super) const MAX_DELETION_POLLS: usize = 600;
/// Retention of dead letters: 14 days, the maximum.
const DEAD_LETTER_RETENTION_SECONDS: &str = "1209600";

/// Applies the plans of triggers. Returns the results in their order.
pub(crate) async fn apply_triggers(context: ApplyContext<'_>, planned: &[&PlannedTrigger]) -> Vec<Result<()>> {
    let triggers = planned.iter().copied();
    map_concurrently(triggers, MAX_CONCURRENT_TRIGGERS, |planned| apply_trigger(context, planned)).await
}

/// Applies the steps that make what versions use and what a canary watches. Each can be repeated with the others later.
pub(crate) async fn prepare_for_canary(context: ApplyContext<'_>, planned: &[&PlannedTrigger]) -> Result<()> {
    let step_context = StepContext::new(context);
    for planned in planned {
        for step in planned.steps.iter().filter(|step| step.precedes_canary()) {
            context.interrupt.check()?;
            if let Err(error) = step_context.apply(step).await {
                // Ctrl-C also ends the pauses between the retries of a request.
                context.interrupt.check()?;
                return Err(error.into_error(format!("failed to {}", step.description(&planned.resource))));
            }
        }
    }
    Ok(())
}

async fn apply_trigger(context: ApplyContext<'_>, planned: &PlannedTrigger) -> Result<()> {
    let trigger_started = Instant::now();
    let step_context = StepContext::new(context);
    for step in &planned.steps {
        context.interrupt.check()?;
        let started = Instant::now();
        if let Err(error) = step_context.apply(step).await {
            let error = error.into_error(format!("failed to {}", step.description(&planned.resource)));
            context.observer.failed(&planned.resource, &error);
            // Ctrl-C also ends the pauses between the retries of a request.
            context.interrupt.check()?;
            return Err(error);
        }
        context.observer.trigger_step_finished(planned, step.id(), started.elapsed());
    }
    if let Some(warning) = &planned.warning {
        context.observer.warning(warning);
    }
    context.observer.trigger_finished(planned, trigger_started.elapsed());
    Ok(())
}

pub(super) fn still_deleting(resource: &str) -> StepError {
    Error::app(format!("AWS has not deleted {resource} within 5 minutes")).into()
}

/// What every step needs.
pub(super) struct StepContext<'a> {
    pub(super) aws: &'a Aws,
    pub(super) stage: &'a StageContext,
    pub(super) observer: &'a dyn DeployObserver,
    interrupt: &'a Interrupt,
}

impl<'a> StepContext<'a> {
    fn new(context: ApplyContext<'a>) -> Self {
        let ApplyContext { aws, stage, observer, interrupt, .. } = context;
        Self { aws, stage, observer, interrupt }
    }

    async fn apply(&self, step: &Step) -> StepResult {
        match step {
            Step::TagFunction(key) => self.tag_function(key).await,
            Step::CreateScheduleGroup => self.create_schedule_group().await,
            Step::CreateScheduleRole(key) => self.create_schedule_role(key).await,
            Step::UpdateScheduleTrustPolicy(key) => self.update_schedule_trust_policy(key).await,
            Step::SetSchedulePermissionsBoundary(key, boundary) => {
                put_permissions_boundary(self.aws, &self.stage.schedule_role_name(key), boundary).await
            }
            Step::PutSchedulePolicy(key) => self.put_schedule_policy(key).await,
            Step::CreateSchedule(name, schedule) => self.create_schedule(name, schedule).await,
            Step::UpdateSchedule(name, schedule) => self.update_schedule(name, schedule).await,
            Step::DeleteSchedule(name) => self.delete_schedule(name).await,
            Step::DeleteScheduleRole(key) => self.delete_schedule_role(key).await,
            Step::DeleteScheduleGroup => self.delete_schedule_group().await,
            Step::CreateQueue(queue) => self.create_queue_pair(queue).await,
            Step::UpdateQueue(queue) => self.update_queue(queue).await,
            Step::CreateMapping { key, queue_arn, mapping } => self.create_mapping(key, queue_arn, mapping).await,
            Step::UpdateMapping { id, key, mapping, old } => self.update_mapping(id, key, mapping, Some(old)).await,
            Step::DeleteMapping(id) => self.delete_mapping(id).await,
            Step::DeleteQueue(name) => self.delete_queue_pair(name).await,
            Step::CreateBucket(name) => self.create_bucket(name).await,
            Step::AddBucketPermission { key, bucket } => self.add_bucket_permission(key, bucket).await,
            Step::PutNotifications { bucket, keys, notifications } => {
                self.put_notifications(bucket, keys, notifications).await
            }
            Step::RemoveBucketPermission { key, bucket, qualifier } => {
                self.remove_bucket_permission(key, bucket, *qualifier).await
            }
            Step::TagResource(target, tags) => resource_tags::set(self.aws, self.stage, target, tags).await,
            Step::EmptyBucket(name) => deletions::empty_bucket(self.aws, self.stage, name, self.interrupt).await,
            Step::DeleteResource(id) => deletions::delete_resource(self.aws, self.stage, id, self.interrupt).await,
            Step::DeleteBucket(name) => deletions::delete_bucket(self.aws, self.stage, name).await,
            Step::AddSourcePermission { key, source_arn } => self.add_source_permission(key, source_arn).await,
            Step::RemoveSourcePermission { key, source_arn } => self.remove_source_permission(key, source_arn).await,
            Step::Subscribe { key, topic_arn, filter } => self.subscribe(key, topic_arn, filter).await,
            Step::UpdateSubscription { arn, filter, .. } => self.set_subscription_filter(arn, filter).await,
            Step::Unsubscribe { arn, .. } => self.unsubscribe(arn).await,
            Step::PutRule(rule) => self.put_rule(rule).await,
            Step::PutTarget(rule) => self.put_target(rule).await,
            Step::DeleteRule(arn) => self.delete_rule(arn).await,
            Step::PutHttpApi(change) => http_api::put(self.aws, self.stage, self.observer, change).await,
            Step::DeleteHttpApi(actual) => http_api::delete(self.aws, self.stage, actual).await,
            Step::PutAlarms { key, alarms } => alarms::put(self.aws, self.stage, key, alarms).await,
            Step::DeleteAlarms { key, names, is_last } => {
                alarms::delete(self.aws, self.stage, key, names, *is_last).await
            }
            Step::CreateTable(name, key) => resources::create_table(self.aws, self.stage, name, key).await,
            Step::CreateTopic(name) => resources::create_topic(self.aws, self.stage, name).await,
            Step::CreateBus(name) => resources::create_bus(self.aws, self.stage, name).await,
            Step::CreateStream(name) => resources::create_stream(self.aws, self.stage, name).await,
            Step::EnableTableStream { table, view_type } => self.enable_table_stream(table, view_type).await,
            Step::CreateStreamMapping { key, source, mapping } => {
                self.create_stream_mapping(key, source, mapping).await
            }
            Step::UpdateStreamMapping { id, key, mapping, old } => {
                self.update_stream_mapping(id, key, mapping, Some(old)).await
            }
        }
    }

    async fn tag_function(&self, key: &str) -> StepResult {
        let arn = self.stage.function_arn(key);
        let request = || self.aws.lambda.tag_resource().resource(&arn).tags(TRIGGERS_TAG, "yes").send();
        call(Idempotency::Idempotent, request).await?;
        Ok(())
    }

    pub(super) fn tags(&self) -> HashMap<String, String> {
        self.stage.all_tags().into_iter().collect()
    }
}

/// Queues, their dead-letter queues, and event source mappings.
impl StepContext<'_> {
    async fn create_queue_pair(&self, queue: &AppQueue) -> StepResult {
        self.create_dead_letter_queue(queue).await?;
        self.create_queue(&queue.name, self.new_queue_attributes(queue)).await
    }

    /// Updates the queue. Either of the two queues may be missing.
    async fn update_queue(&self, queue: &AppQueue) -> StepResult {
        self.create_dead_letter_queue(queue).await?;
        let Some(url) = self.queue_url(&queue.name).await? else {
            return self.create_queue(&queue.name, self.new_queue_attributes(queue)).await;
        };
        let request = || {
            let update = self.aws.sqs.set_queue_attributes().queue_url(&url);
            update.set_attributes(Some(self.queue_attributes(queue))).send()
        };
        call(Idempotency::Idempotent, request).await?;
        Ok(())
    }

    async fn create_dead_letter_queue(&self, queue: &AppQueue) -> StepResult {
        let name = dead_letter_queue_name(&queue.name);
        // SQS rejects the creation of a queue that exists with other attributes, which may have been set by hand.
        if self.queue_url(&name).await?.is_some() {
            return Ok(());
        }
        let retention = DEAD_LETTER_RETENTION_SECONDS.to_owned();
        let mut attributes = HashMap::from([(Attribute::MessageRetentionPeriod, retention)]);
        if is_fifo_queue(&name) {
            attributes.insert(Attribute::FifoQueue, "true".to_owned());
        }
        self.create_queue(&name, attributes).await
    }

    /// Creates a queue. SQS accepts a repeated request with the same attributes.
    async fn create_queue(&self, name: &str, attributes: HashMap<Attribute, String>) -> StepResult {
        let request = || {
            let queue = self.aws.sqs.create_queue().queue_name(name).set_attributes(Some(attributes.clone()));
            queue.set_tags(Some(self.tags())).send()
        };
        call(Idempotency::Idempotent, request).await?;
        Ok(())
    }

    /// Returns the attributes with those that only a new queue can get.
    fn new_queue_attributes(&self, queue: &AppQueue) -> HashMap<Attribute, String> {
        let mut attributes = self.queue_attributes(queue);
        if is_fifo_queue(&queue.name) {
            attributes.insert(Attribute::FifoQueue, "true".to_owned());
        }
        attributes
    }

    fn queue_attributes(&self, queue: &AppQueue) -> HashMap<Attribute, String> {
        let dead_letter_arn = self.stage.queue_arn(&dead_letter_queue_name(&queue.name));
        let redrive_policy = json!({ "deadLetterTargetArn": dead_letter_arn, "maxReceiveCount": queue.max_receives });
        let mut attributes = HashMap::from([
            (Attribute::VisibilityTimeout, queue.visibility_timeout_seconds.to_string()),
            (Attribute::RedrivePolicy, redrive_policy.to_string()),
        ]);
        // SQS refuses it for standard queues, whatever its value.
        if is_fifo_queue(&queue.name) {
            let deduplication = queue.content_based_deduplication.to_string();
            attributes.insert(Attribute::ContentBasedDeduplication, deduplication);
        }
        attributes
    }

    async fn queue_url(&self, name: &str) -> std::result::Result<Option<String>, AwsError> {
        let request = || self.aws.sqs.get_queue_url().queue_name(name).send();
        let response = optional(call(Idempotency::Idempotent, request).await)?;
        Ok(response.and_then(|response| response.queue_url))
    }

    /// Deletes the dead-letter queue last: it is how a deletion that was stopped is found again.
    async fn delete_queue_pair(&self, name: &str) -> StepResult {
        for name in [name.to_owned(), dead_letter_queue_name(name)] {
            if let Some(url) = self.queue_url(&name).await? {
                let request = || self.aws.sqs.delete_queue().queue_url(&url).send();
                optional(call(Idempotency::Idempotent, request).await)?;
            }
        }
        Ok(())
    }

    async fn create_mapping(&self, key: &str, queue_arn: &str, mapping: &EventSourceMapping) -> StepResult {
        let request = || {
            let create = self.aws.lambda.create_event_source_mapping().function_name(self.stage.live_arn(key));
            let create = create.event_source_arn(queue_arn).batch_size(mapping.batch_size);
            let create = create.maximum_batching_window_in_seconds(mapping.batch_window_seconds);
            let create =
                create.set_filter_criteria((!mapping.filters.is_empty()).then(|| filter_criteria(&mapping.filters)));
            let create = create.set_scaling_config(mapping.maximum_concurrency.map(|_| scaling_config(mapping)));
            let create = create.set_tags(has_mapping_tags(&self.stage.env.partition).then(|| self.tags()));
            create.set_function_response_types(Some(response_types(mapping))).send()
        };
        for _ in 0..MAX_DELETION_POLLS {
            match call(Idempotency::NotIdempotent, &request).await {
                // Either another deploy created it, or it is still being deleted.
                Err(error) if error.already_exists() => {
                    if let Some(id) = self.existing_mapping(key, queue_arn).await? {
                        return self.update_mapping(&id, key, mapping, None).await;
                    }
                }
                created => return Ok(created.map(drop)?),
            }
            tokio::time::sleep(DELETION_POLL_INTERVAL).await;
        }
        Err(still_deleting("the old event source mapping"))
    }

    /// Returns the id of the mapping from a queue to a worker, unless it is being deleted.
    async fn existing_mapping(&self, key: &str, queue_arn: &str) -> std::result::Result<Option<String>, AwsError> {
        let mappings = list_mappings(self.aws, self.stage, key, Some(queue_arn)).await?;
        let existing = mappings.iter().find(|mapping| mapping.state() != Some("Deleting"));
        Ok(existing.and_then(|mapping| mapping.uuid()).map(str::to_owned))
    }

    /// Updates a mapping whose settings were `old`; `None` if they are not known. Filters and concurrency are only sent if the
    /// mapping has or had them.
    async fn update_mapping(
        &self,
        id: &str,
        key: &str,
        mapping: &EventSourceMapping,
        old: Option<&EventSourceMapping>,
    ) -> StepResult {
        let has_filters = !mapping.filters.is_empty() || old.is_none_or(|old| !old.filters.is_empty());
        let has_limit =
            mapping.maximum_concurrency.is_some() || old.is_none_or(|old| old.maximum_concurrency.is_some());
        let request = || {
            let update = self.aws.lambda.update_event_source_mapping().uuid(id).enabled(true);
            let update = update.function_name(self.stage.live_arn(key)).batch_size(mapping.batch_size);
            let update = update.maximum_batching_window_in_seconds(mapping.batch_window_seconds);
            let update = update.set_filter_criteria(has_filters.then(|| filter_criteria(&mapping.filters)));
            let update = update.set_scaling_config(has_limit.then(|| scaling_config(mapping)));
            update.set_function_response_types(Some(response_types(mapping))).send()
        };
        call(Idempotency::Idempotent, request).await?;
        Ok(())
    }

    async fn delete_mapping(&self, id: &str) -> StepResult {
        let request = || self.aws.lambda.delete_event_source_mapping().uuid(id).send();
        optional(call(Idempotency::Idempotent, request).await)?;
        Ok(())
    }
}

/// Returns the filters. Criteria without filters remove those of a mapping.
pub(super) fn filter_criteria(patterns: &[Value]) -> FilterCriteria {
    let filters = patterns.iter().map(|pattern| Filter::builder().pattern(pattern.to_string()).build());
    FilterCriteria::builder().set_filters((!patterns.is_empty()).then(|| filters.collect())).build()
}

/// Returns the limit of concurrent batches. A configuration without limit removes that of a mapping.
fn scaling_config(mapping: &EventSourceMapping) -> ScalingConfig {
    ScalingConfig::builder().set_maximum_concurrency(mapping.maximum_concurrency).build()
}

fn response_types(mapping: &EventSourceMapping) -> Vec<FunctionResponseType> {
    if mapping.reports_partial_failures { vec![FunctionResponseType::ReportBatchItemFailures] } else { Vec::new() }
}

/// Buckets and their notifications.
impl StepContext<'_> {
    async fn create_bucket(&self, name: &str) -> StepResult {
        create_bucket(self.aws, name).await?;
        resource_tags::set_bucket_tags(self.aws, self.stage, name, &self.stage.all_tags()).await
    }

    /// Allows a bucket to invoke a function, only as long as the bucket belongs to this account: after it is deleted, another
    /// account may create a bucket with the same name.
    async fn add_bucket_permission(&self, key: &str, bucket: &str) -> StepResult {
        let permission = self.aws.lambda.add_permission().qualifier(ALIAS);
        let permission = permission.statement_id(bucket_statement_id(bucket, Some(ALIAS)));
        let permission = permission.action("lambda:InvokeFunction").principal("s3.amazonaws.com");
        let permission = permission.source_arn(self.stage.bucket_arn(bucket)).source_account(&self.stage.env.account);
        Ok(permissions::add_statement(self.aws, &self.stage.function_name(key), &permission).await?)
    }

    async fn remove_bucket_permission(&self, key: &str, bucket: &str, qualifier: Option<&str>) -> StepResult {
        let permission = self.aws.lambda.remove_permission().statement_id(bucket_statement_id(bucket, qualifier));
        let permission = permission.set_qualifier(qualifier.map(str::to_owned));
        Ok(permissions::remove_statement(self.aws, &self.stage.function_name(key), &permission).await?)
    }

    /// A bucket has only one notification configuration, so the parts that do not concern the functions `keys` are copied.
    async fn put_notifications(
        &self,
        bucket: &str,
        keys: &[String],
        notifications: &[NotificationConfig],
    ) -> StepResult {
        let s3 = &self.aws.s3;
        let account = &self.stage.env.account;
        let get = || s3.get_bucket_notification_configuration().bucket(bucket).expected_bucket_owner(account).send();
        let old = call(Idempotency::EventuallyConsistent, get).await?;
        let arns: Vec<String> =
            keys.iter().flat_map(|key| [self.stage.function_arn(key), self.stage.live_arn(key)]).collect();
        let all = old.lambda_function_configurations.unwrap_or_default();
        let own: Vec<_> = own_notifications(&all, |function| arns.iter().any(|arn| arn == function)).collect();
        let mut functions: Vec<_> = all.iter().filter(|each| !own.contains(each)).cloned().collect();
        let has_others =
            !functions.is_empty() || old.topic_configurations.is_some() || old.queue_configurations.is_some();
        for notification in notifications {
            functions.push(self.lambda_function_configuration(notification)?);
        }
        let new = NotificationConfiguration::builder()
            .set_topic_configurations(old.topic_configurations)
            .set_queue_configurations(old.queue_configurations)
            .set_event_bridge_configuration(old.event_bridge_configuration)
            .set_lambda_function_configurations(Some(functions))
            .build();
        let put = || {
            let put = s3.put_bucket_notification_configuration().bucket(bucket).expected_bucket_owner(account);
            // S3 would reject ours because of a destination of others that was deleted.
            let put = put.set_skip_destination_validation(has_others.then_some(true));
            put.notification_configuration(new.clone()).send()
        };
        call(Idempotency::Idempotent, put).await?;
        Ok(())
    }

    fn lambda_function_configuration(
        &self,
        notification: &NotificationConfig,
    ) -> std::result::Result<LambdaFunctionConfiguration, StepError> {
        let rule = |name: FilterRuleName, value: &String| {
            (!value.is_empty()).then(|| FilterRule::builder().name(name).value(encode_key_filter(value)).build())
        };
        let prefix = rule(FilterRuleName::Prefix, &notification.prefix);
        let suffix = rule(FilterRuleName::Suffix, &notification.suffix);
        let rules: Vec<FilterRule> = [prefix, suffix].into_iter().flatten().collect();
        let filter = (!rules.is_empty()).then(|| {
            let key = S3KeyFilter::builder().set_filter_rules(Some(rules)).build();
            NotificationConfigurationFilter::builder().key(key).build()
        });
        let events = notification.events.iter().map(|event| Event::from(event.as_str())).collect();
        let configuration = LambdaFunctionConfiguration::builder().id(notification_id(notification));
        let configuration = configuration.lambda_function_arn(self.stage.live_arn(&notification.key));
        let configuration = configuration.set_events(Some(events)).set_filter(filter).build();
        configuration.map_err(|error| StepError::invalid_request(&error))
    }
}
