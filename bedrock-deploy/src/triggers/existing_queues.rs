//! Queues that the deploy does not create: whether Lambda will accept them as event sources.

use std::collections::BTreeMap;

use aws_sdk_sqs::types::QueueAttributeName as Attribute;
use bedrock_diagnostics::{Error, ExitKind, Report, Result};

use super::desired::{DesiredQueue, DesiredTriggers};
use crate::aws::{Aws, Idempotency, call};
use crate::desired::Desired;
use crate::regions::queue_url;
use crate::stage::{StageContext, arn_resource, function_label};

/// Reads the visibility timeouts of the existing queues that invoke functions, in seconds, by the ARNs of the queues. Those that
/// the caller may not read are left out.
async fn read_visibility_timeouts(aws: &Aws, triggers: &DesiredTriggers) -> BTreeMap<String, i32> {
    let mut timeouts = BTreeMap::new();
    let existing = triggers.queues.iter().filter(|(_, queue)| queue.app_queue.is_none() && queue.mapping.is_some());
    for (arn, _) in existing {
        let Some(url) = queue_url(arn) else { continue };
        let request =
            || aws.sqs.get_queue_attributes().queue_url(&url).attribute_names(Attribute::VisibilityTimeout).send();
        let Ok(response) = call(Idempotency::Idempotent, request).await else { continue };
        let text = response.attributes().and_then(|attributes| attributes.get(&Attribute::VisibilityTimeout));
        if let Some(seconds) = text.and_then(|text| text.parse().ok()) {
            timeouts.insert(arn.clone(), seconds);
        }
    }
    timeouts
}

/// Returns an error if an existing queue shows messages again while its worker may still run: Lambda refuses the event source
/// mapping, after everything else is deployed (developer guide of Lambda, "Using Lambda with Amazon SQS").
pub(crate) async fn check_existing_queues(aws: &Aws, stage: &StageContext, desired: &Desired) -> Result<()> {
    let triggers = DesiredTriggers::new(stage, desired);
    let timeouts = read_visibility_timeouts(aws, &triggers).await;
    check_visibility_timeouts(&triggers, desired, &timeouts)
}

fn check_visibility_timeouts(
    triggers: &DesiredTriggers,
    desired: &Desired,
    timeouts: &BTreeMap<String, i32>,
) -> Result<()> {
    let report = |(arn, queue): (&String, &DesiredQueue)| {
        let visibility = *timeouts.get(arn)?;
        let timeout = desired.get(&queue.key)?.version.settings.timeout_seconds;
        (visibility < timeout).then(|| Report {
            message: format!(
                "queue `{}` has a visibility timeout of {visibility} s, and {} may run for {timeout} s, nothing was changed",
                arn_resource(arn),
                function_label(&queue.key)
            ),
            causes: vec!["Lambda refuses an event source mapping whose queue shows a message again too soon".to_owned()],
            help: vec![format!("raise the visibility timeout of the queue, to {} s for example, or lower `timeout`", timeout * 6)],
        })
    };
    let reports: Vec<Report> = triggers.queues.iter().filter_map(report).collect();
    if reports.is_empty() { Ok(()) } else { Err(Error { kind: ExitKind::App, reports }) }
}
