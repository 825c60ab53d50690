//! One alarm, desired or deployed, and its name.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::stage::StageContext;

/// Prefix of the ends of names of alarms for dead letters, before the name of the queue.
pub(super) const DEAD_LETTERS: &str = "dead-letters-";
/// Ends of the names of the other alarms.
pub(super) const ERRORS: &str = "errors";
pub(super) const THROTTLES: &str = "throttles";

/// Alarms by their names.
pub(crate) type ActualAlarms = BTreeMap<String, Alarm>;

/// A metric alarm, in the words of `PutMetricAlarm`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::struct_field_names, reason = "the words are those of CloudWatch")]
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
            "Tags": pairs(&stage.all_tags(), "Key"),
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
