//! The alarms that the settings of a function ask for.

use std::collections::{BTreeMap, BTreeSet};

use bedrock_build::triggers::dead_letter_queue_name;

use super::alarm::{Alarm, DEAD_LETTERS, ERRORS, THROTTLES};
use crate::desired::DesiredFunction;
use crate::manifest::Trigger;
use crate::stage::{StageContext, arn_resource};

/// Returns the alarms of a function, sorted by their names.
pub(crate) fn desired_alarms(stage: &StageContext, key: &str, function: &DesiredFunction) -> Vec<Alarm> {
    let Some(settings) = &function.alarms else { return Vec::new() };
    let name = stage.function_name(key);
    let notified = settings.topic(stage).map(|topic| topic.arn).or_else(|| settings.notify.clone());
    let alarm = |kind: &str, namespace: &str, metric: &str, dimension: (&str, &str), threshold: u64| Alarm {
        name: format!("{name}-{kind}"),
        description: format!("{metric} of {}", dimension.1),
        namespace: namespace.to_owned(),
        metric: metric.to_owned(),
        dimensions: BTreeMap::from([(dimension.0.to_owned(), dimension.1.to_owned())]),
        // The number of waiting messages is a level, of which a sum says nothing.
        statistic: if namespace == "AWS/SQS" { "Maximum" } else { "Sum" }.to_owned(),
        comparison: "GreaterThanOrEqualToThreshold".to_owned(),
        // A function without invocations and a queue without messages have no data points.
        treat_missing_data: "notBreaching".to_owned(),
        threshold: threshold.to_string(),
        period: settings.period,
        evaluation_periods: settings.evaluation_periods,
        datapoints_to_alarm: settings.datapoints_to_alarm,
        actions: notified.iter().cloned().collect(),
    };
    let mut alarms = Vec::new();
    if let Some(threshold) = settings.dead_letters {
        alarms.extend(dead_letter_queues(stage, function).iter().map(|queue| {
            let kind = format!("{DEAD_LETTERS}{queue}");
            alarm(&kind, "AWS/SQS", "ApproximateNumberOfMessagesVisible", ("QueueName", queue), threshold)
        }));
    }
    let of_function = [(ERRORS, "Errors", settings.errors), (THROTTLES, "Throttles", settings.throttles)];
    for (kind, metric, threshold) in of_function {
        alarms.extend(threshold.map(|threshold| alarm(kind, "AWS/Lambda", metric, ("FunctionName", &name), threshold)));
    }
    alarms
}

/// Returns the names of the queues that get what a function could not process: those for dead letters of its queues of the app,
/// and its `dead-letter` and `on-failure` queues in this account and region, whose metrics an alarm can read.
fn dead_letter_queues(stage: &StageContext, function: &DesiredFunction) -> BTreeSet<String> {
    let mut queues = BTreeSet::new();
    let mut destinations: Vec<&String> = Vec::new();
    for trigger in &function.triggers {
        match trigger {
            Trigger::Queue { queue, .. } if !queue.starts_with("arn:") => {
                queues.insert(dead_letter_queue_name(&stage.queue_name(queue)));
            }
            Trigger::Stream(stream) => destinations.extend(&stream.on_failure),
            _ => {}
        }
    }
    destinations.extend(&function.version.settings.dead_letter);
    destinations.extend(&function.event_invoke_config.on_failure);
    let prefix = stage.queue_arn("");
    queues.extend(
        destinations.into_iter().filter(|arn| arn.starts_with(&prefix)).map(|arn| arn_resource(arn).to_owned()),
    );
    queues
}
