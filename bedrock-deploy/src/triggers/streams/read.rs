//! Reads the event source mappings of streams, and the streams of tables of the app.

use aws_sdk_dynamodb::types::StreamViewType;
use aws_sdk_lambda::types::{EventSourceMappingConfiguration, FunctionResponseType};
use bedrock_diagnostics::{Error, Result};

use super::super::actual::{ActualStreamMapping, ActualTableStream};
use super::super::read::{TriggerReader, mapping_filters};
use super::desired::{StreamMapping, StreamSource};
use crate::aws::{Idempotency, call, optional};

impl TriggerReader<'_> {
    /// Reads the streams of the tables that invoke functions. Returns an error if one has another view type, which DynamoDB
    /// cannot change.
    pub(in super::super) async fn read_table_streams(&mut self) -> Result<()> {
        for (source, desired) in self.desired.streams.clone() {
            let StreamSource::Table(name) = source else { continue };
            let request = || self.aws.dynamodb.describe_table().table_name(&name).send();
            let table = optional(call(Idempotency::Idempotent, request).await)
                .map_err(|error| error.into_app_error(format!("failed to read the stream of table `{name}`")))?
                .and_then(|response| response.table);
            let Some(table) = table else { continue };
            let specification = table.stream_specification().filter(|stream| stream.stream_enabled());
            let (Some(specification), Some(arn)) = (specification, table.latest_stream_arn()) else { continue };
            let view_type = specification.stream_view_type().map(StreamViewType::as_str).unwrap_or_default();
            if let Some(wanted) = desired.view_type.filter(|wanted| wanted != view_type) {
                let message = format!(
                    "the stream of table `{name}` has the view type {view_type}, and the settings say {wanted}"
                );
                return Err(Error::app(message)
                    .help(format!("set `stream-view-type = \"{view_type}\"`: DynamoDB cannot change it"))
                    .help(format!(
                        "or end the stream with its unread records: `aws dynamodb update-table --table-name {name} \
                         --stream-specification StreamEnabled=false`"
                    )));
            }
            self.actual.table_streams.insert(name, ActualTableStream { arn: arn.to_owned() });
        }
        Ok(())
    }

    /// Returns what the plan calls the stream with this ARN. `None` if no trigger names it.
    pub(in super::super) fn desired_stream(&self, arn: &str) -> Option<String> {
        self.desired.streams.keys().find(|source| source.has_arn(self.stage, arn)).map(StreamSource::title)
    }

    /// Returns `None` if the mapping is being deleted, if its source is not a stream, or if it invokes another alias or a version:
    /// then it belongs to the user.
    pub(in super::super) fn stream_mapping(
        &self,
        key: &str,
        configuration: &EventSourceMappingConfiguration,
    ) -> Option<ActualStreamMapping> {
        let stage = self.stage;
        let is_stream = |arn: &&str| ["dynamodb", "kinesis"].contains(&arn.split(':').nth(2).unwrap_or_default());
        let arn = configuration.event_source_arn().filter(is_stream)?;
        let mapping_state = configuration.state().filter(|state| *state != "Deleting")?;
        let function_arn = configuration.function_arn()?;
        let invokes_alias = function_arn == stage.live_arn(key);
        if !invokes_alias && function_arn != stage.function_arn(key) {
            return None;
        }
        let on_failure = configuration.destination_config().and_then(|config| config.on_failure()?.destination());
        let response_types = configuration.function_response_types();
        Some(ActualStreamMapping {
            id: configuration.uuid()?.to_owned(),
            key: key.to_owned(),
            source_arn: arn.to_owned(),
            mapping: StreamMapping {
                starting_position: configuration
                    .starting_position()
                    .map(|each| each.as_str().to_owned())
                    .unwrap_or_default(),
                starting_position_timestamp: None,
                batch_size: configuration.batch_size().unwrap_or(100),
                batch_window_seconds: configuration.maximum_batching_window_in_seconds().unwrap_or_default(),
                parallelization_factor: configuration.parallelization_factor().unwrap_or(1),
                maximum_retry_attempts: configuration.maximum_retry_attempts().unwrap_or(-1),
                maximum_record_age_seconds: configuration.maximum_record_age_in_seconds().unwrap_or(-1),
                bisects_batches: configuration.bisect_batch_on_function_error().unwrap_or_default(),
                tumbling_window_seconds: configuration.tumbling_window_in_seconds().unwrap_or_default(),
                reports_partial_failures: response_types.contains(&FunctionResponseType::ReportBatchItemFailures),
                filters: mapping_filters(configuration),
                on_failure: on_failure.filter(|arn| !arn.is_empty()).map(str::to_owned),
            },
            is_enabled: !["Disabled", "Disabling"].contains(&mapping_state),
            invokes_alias,
        })
    }
}
