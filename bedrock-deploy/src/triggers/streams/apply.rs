//! Enables streams of tables, and creates and updates their event source mappings.

use aws_sdk_dynamodb::types::{StreamSpecification, StreamViewType};
use aws_sdk_lambda::primitives::{DateTime, DateTimeFormat};
use aws_sdk_lambda::types::{DestinationConfig, EventSourcePosition, FunctionResponseType, OnFailure};
use bedrock_diagnostics::Error;

use super::super::apply::{DELETION_POLL_INTERVAL, MAX_DELETION_POLLS, StepContext, filter_criteria, still_deleting};
use super::super::mappings::list_mappings;
use super::desired::{StreamMapping, StreamSource};
use crate::apply::context::{StepError, StepResult};
use crate::aws::{Idempotency, call, optional};
use crate::regions::has_mapping_tags;

impl StepContext<'_> {
    pub(in super::super) async fn enable_table_stream(&self, table: &str, view_type: &str) -> StepResult {
        if self.table_stream_arn(table).await?.is_some() {
            return Ok(());
        }
        let specification = StreamSpecification::builder().stream_enabled(true);
        let specification = specification.stream_view_type(StreamViewType::from(view_type)).build();
        let specification = specification.map_err(|error| StepError::invalid_request(&error))?;
        let request =
            || self.aws.dynamodb.update_table().table_name(table).stream_specification(specification.clone()).send();
        call(Idempotency::Idempotent, request).await?;
        for _ in 0..MAX_DELETION_POLLS {
            if self.table_stream_arn(table).await?.is_some() {
                return Ok(());
            }
            tokio::time::sleep(DELETION_POLL_INTERVAL).await;
        }
        Err(Error::app("DynamoDB has not enabled the stream within 5 minutes").into())
    }

    /// Returns the ARN of the stream of a table. `None` if it is not enabled.
    async fn table_stream_arn(&self, table: &str) -> Result<Option<String>, StepError> {
        let request = || self.aws.dynamodb.describe_table().table_name(table).send();
        let table = call(Idempotency::Idempotent, request).await?.table;
        let enabled =
            table.filter(|table| table.stream_specification().is_some_and(StreamSpecification::stream_enabled));
        Ok(enabled.and_then(|table| table.latest_stream_arn))
    }

    async fn source_arn(&self, source: &StreamSource) -> Result<String, StepError> {
        match source {
            StreamSource::Existing(arn) => Ok(arn.clone()),
            StreamSource::Kinesis(name) => Ok(self.stage.stream_arn(name)),
            StreamSource::Table(name) => {
                let arn = self.table_stream_arn(name).await?;
                arn.ok_or_else(|| Error::app(format!("table `{name}` has no stream")).into())
            }
        }
    }

    pub(in super::super) async fn create_stream_mapping(
        &self,
        key: &str,
        source: &StreamSource,
        mapping: &StreamMapping,
    ) -> StepResult {
        let arn = self.source_arn(source).await?;
        let timestamp = mapping.starting_position_timestamp.as_deref();
        let timestamp = timestamp.map(|text| DateTime::from_str(text, DateTimeFormat::DateTimeWithOffset)).transpose();
        let timestamp = timestamp.map_err(|error| StepError::invalid_request(&error))?;
        let request = || {
            let create = self.aws.lambda.create_event_source_mapping().function_name(self.stage.live_arn(key));
            let create = create.event_source_arn(&arn).batch_size(mapping.batch_size);
            let create = create.starting_position(EventSourcePosition::from(mapping.starting_position.as_str()));
            let create = create.set_starting_position_timestamp(timestamp);
            let create = create.maximum_batching_window_in_seconds(mapping.batch_window_seconds);
            let create = create.parallelization_factor(mapping.parallelization_factor);
            let create = create.maximum_retry_attempts(mapping.maximum_retry_attempts);
            let create = create.maximum_record_age_in_seconds(mapping.maximum_record_age_seconds);
            let create = create.bisect_batch_on_function_error(mapping.bisects_batches);
            let window = mapping.tumbling_window_seconds;
            let create = create.set_tumbling_window_in_seconds((window > 0).then_some(window));
            let filters = &mapping.filters;
            let create = create.set_filter_criteria((!filters.is_empty()).then(|| filter_criteria(filters)));
            let destination = mapping.on_failure.is_some().then(|| destination_config(mapping));
            let create = create.set_destination_config(destination);
            let create = create.set_tags(has_mapping_tags(&self.stage.env.partition).then(|| self.tags()));
            create.set_function_response_types(Some(response_types(mapping))).send()
        };
        for _ in 0..MAX_DELETION_POLLS {
            match call(Idempotency::NotIdempotent, &request).await {
                // Either another deploy created it, or it is still being deleted.
                Err(error) if error.already_exists() => {
                    let mappings = list_mappings(self.aws, self.stage, key, Some(&arn)).await?;
                    let existing = mappings.iter().find(|mapping| mapping.state() != Some("Deleting"));
                    if let Some(id) = existing.and_then(|mapping| mapping.uuid()) {
                        return self.update_stream_mapping(id, key, mapping, None).await;
                    }
                }
                created => return Ok(created.map(drop)?),
            }
            tokio::time::sleep(DELETION_POLL_INTERVAL).await;
        }
        Err(still_deleting("the old event source mapping"))
    }

    /// Updates a mapping whose settings were `old`; `None` if they are not known. Filters and destination are only sent if the
    /// mapping has or had them.
    pub(in super::super) async fn update_stream_mapping(
        &self,
        id: &str,
        key: &str,
        mapping: &StreamMapping,
        old: Option<&StreamMapping>,
    ) -> StepResult {
        let has_filters = !mapping.filters.is_empty() || old.is_none_or(|old| !old.filters.is_empty());
        let has_destination = mapping.on_failure.is_some() || old.is_none_or(|old| old.on_failure.is_some());
        let has_window = mapping.tumbling_window_seconds > 0 || old.is_none_or(|old| old.tumbling_window_seconds > 0);
        let request = || {
            let update = self.aws.lambda.update_event_source_mapping().uuid(id).enabled(true);
            let update = update.function_name(self.stage.live_arn(key)).batch_size(mapping.batch_size);
            let update = update.maximum_batching_window_in_seconds(mapping.batch_window_seconds);
            let update = update.parallelization_factor(mapping.parallelization_factor);
            let update = update.maximum_retry_attempts(mapping.maximum_retry_attempts);
            let update = update.maximum_record_age_in_seconds(mapping.maximum_record_age_seconds);
            let update = update.bisect_batch_on_function_error(mapping.bisects_batches);
            let update = update.set_tumbling_window_in_seconds(has_window.then_some(mapping.tumbling_window_seconds));
            let update = update.set_filter_criteria(has_filters.then(|| filter_criteria(&mapping.filters)));
            let update = update.set_destination_config(has_destination.then(|| destination_config(mapping)));
            update.set_function_response_types(Some(response_types(mapping))).send()
        };
        optional(call(Idempotency::Idempotent, request).await)?;
        Ok(())
    }
}

/// Returns the destination. A configuration without one removes that of a mapping.
fn destination_config(mapping: &StreamMapping) -> DestinationConfig {
    let on_failure = OnFailure::builder().set_destination(mapping.on_failure.clone()).build();
    DestinationConfig::builder().on_failure(on_failure).build()
}

fn response_types(mapping: &StreamMapping) -> Vec<FunctionResponseType> {
    let reported = mapping.reports_partial_failures.then_some(FunctionResponseType::ReportBatchItemFailures);
    reported.into_iter().collect()
}
