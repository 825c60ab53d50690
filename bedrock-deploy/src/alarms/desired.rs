//! The alarms of a function: their names, and what CloudWatch needs to know about them.

use std::collections::{BTreeMap, BTreeSet};

use bedrock_build::triggers::dead_letter_queue_name;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::desired::DesiredFunction;
use crate::manifest::Trigger;
use crate::stage::{StageContext, arn_resource};
use crate::uses::ResourceId;

/// Prefix of the ends of names of alarms for dead letters, before the name of the queue.
const DEAD_LETTERS: &str = "dead-letters-";
/// Ends of the names of the other alarms.
const ERRORS: &str = "errors";
const THROTTLES: &str = "throttles";

/// The key `alarms` of a function in the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct AlarmSettings {
    /// Name of a topic of the app, or ARN. `None`: nobody is notified.
    pub(crate) notify: Option<String>,
    /// Threshold. `None`: there is no such alarm.
    errors: Option<u64>,
    /// Threshold. `None`: there is no such alarm.
    throttles: Option<u64>,
    /// Threshold. `None`: there is no such alarm.
    dead_letters: Option<u64>,
    /// In seconds.
    period: u64,
    evaluation_periods: u64,
    datapoints_to_alarm: u64,
}

/// A metric alarm, in the words of `PutMetricAlarm`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alarm {
    pub(crate) name: String,
    pub(super) description: String,
    pub(super) namespace: String,
    pub(super) metric: String,
    pub(super) dimensions: BTreeMap<String, String>,
    pub(super) statistic: String,
    pub(super) comparison: String,
    pub(super) treat_missing_data: String,
    /// A number as text: CloudWatch returns `1.0` for 1.
    pub(super) threshold: String,
    pub(super) period: u64,
    pub(super) evaluation_periods: u64,
    pub(super) datapoints_to_alarm: u64,
    /// ARNs of topics.
    pub(super) actions: Vec<String>,
}

impl AlarmSettings {
    /// Returns the topic of the app that alarms notify. `None` if there is none, or if it is not one of the app.
    pub(crate) fn topic(&self, stage: &StageContext) -> Option<ResourceId> {
        let name = self.topic_of_app().map(|name| format!("{}{name}", stage.prefix()))?;
        Some(ResourceId { kind: "topic".to_owned(), arn: stage.topic_arn(&name), name })
    }

    /// Returns the name of that topic in the settings.
    pub(crate) fn topic_of_app(&self) -> Option<&str> {
        self.notify.as_deref().filter(|topic| !topic.starts_with("arn:"))
    }
}

impl Alarm {
    /// Returns the parameters of `PutMetricAlarm`. Tags are only set on new alarms.
    pub(super) fn parameters(&self, stage: &StageContext) -> Value {
        let pairs = |map: &BTreeMap<String, String>, name: &str| -> Vec<Value> {
            map.iter().map(|(key, value)| json!({ name: key, "Value": value })).collect()
        };
        json!({
            "AlarmName": self.name,
            "AlarmDescription": self.description,
            "Namespace": self.namespace,
            "MetricName": self.metric,
            "Dimensions": pairs(&self.dimensions, "Name"),
            "Statistic": self.statistic,
            "ComparisonOperator": self.comparison,
            "TreatMissingData": self.treat_missing_data,
            "Threshold": self.threshold.parse::<f64>().unwrap_or_default(),
            "Period": self.period,
            "EvaluationPeriods": self.evaluation_periods,
            "DatapointsToAlarm": self.datapoints_to_alarm,
            "AlarmActions": self.actions,
            "Tags": pairs(&stage.tags(), "Key"),
        })
    }

    /// Returns the end of the name: `errors`, or `dead-letters-` and a queue.
    pub(super) fn kind(&self, stage: &StageContext) -> String {
        alarm_key(stage, &self.name).map_or_else(|| self.name.clone(), |(_, kind)| kind.to_owned())
    }
}

/// Returns the key of the function and the end of the name of an alarm, if it is a name of this stage. Keys contain no `-`.
pub(super) fn alarm_key<'a>(stage: &StageContext, name: &'a str) -> Option<(&'a str, &'a str)> {
    let (key, kind) = name.strip_prefix(&stage.prefix())?.split_once('-')?;
    let is_kind = kind == ERRORS || kind == THROTTLES || kind.starts_with(DEAD_LETTERS);
    (is_kind && !key.is_empty()).then_some((key, kind))
}

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
