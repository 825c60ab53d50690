//! Lists the event source mappings of a function.

use std::collections::BTreeMap;

use aws_sdk_lambda::types::EventSourceMappingConfiguration;

use crate::aws::{Aws, AwsError, Idempotency, call, optional};
use crate::stage::StageContext;

/// Returns the mappings of a function, with or without the alias as qualifier: an earlier deploy created them without. Empty
/// if the function does not exist.
pub(crate) async fn list_mappings(
    aws: &Aws,
    stage: &StageContext,
    key: &str,
    queue_arn: Option<&str>,
) -> Result<Vec<EventSourceMappingConfiguration>, AwsError> {
    // The list of the unqualified function may contain those of the alias.
    let mut mappings = BTreeMap::new();
    for function in [stage.live_arn(key), stage.function_name(key)] {
        let mut marker = None::<String>;
        loop {
            let request = || {
                let list = aws.lambda.list_event_source_mappings().function_name(&function);
                list.set_event_source_arn(queue_arn.map(str::to_owned)).set_marker(marker.clone()).send()
            };
            let Some(page) = optional(call(Idempotency::Idempotent, request).await)? else { break };
            marker = page.next_marker().filter(|marker| !marker.is_empty()).map(str::to_owned);
            for mapping in page.event_source_mappings.unwrap_or_default() {
                mappings.insert(mapping.uuid().unwrap_or_default().to_owned(), mapping);
            }
            if marker.is_none() {
                break;
            }
        }
    }
    Ok(mappings.into_values().collect())
}
