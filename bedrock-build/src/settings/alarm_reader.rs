//! Reads `alarms` of the app, of a stage or of a function, and checks CloudWatch's limits.

use std::ops::RangeInclusive;

use super::alarms::{AlarmEvaluation, AlarmSettings, AlarmThreshold};
use super::arn::is_staged_arn_of;
use super::reader::{Reader, Value};
use super::triggers::{is_fifo_queue, validate_topic_or_bus_name};

const KEYS: &[&str] =
    &["datapoints-to-alarm", "dead-letters", "errors", "evaluation-periods", "notify", "period", "throttles"];
/// Where the limits are.
const REFERENCE: &str = "CloudWatch API reference, `PutMetricAlarm`";
/// The metrics of Lambda and SQS have a data point a minute.
const PERIOD_UNIT_SECONDS: u64 = 60;
/// The longest time that an alarm looks back, in seconds, and the one of an alarm with periods of at least an hour.
const MAX_EVALUATION_SECONDS: u64 = 86_400;
const MAX_LONG_EVALUATION_SECONDS: u64 = 7 * 86_400;
const LONG_PERIOD_SECONDS: u64 = 3_600;
/// Whole numbers that a threshold, which is a floating-point number, represents exactly.
const THRESHOLDS: RangeInclusive<u64> = 1..=(1 << 53);

impl Reader<'_> {
    /// Reads `alarms = true`, `false` or a table.
    pub(super) fn alarms(&mut self, value: &Value<'_>, path: &str) -> AlarmSettings {
        let mut settings = AlarmSettings::default();
        if let Some(is_enabled) = value.get_ref().as_bool() {
            settings.is_enabled = Some(is_enabled);
            return settings;
        }
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_value(value, path, "`true`, `false` or a table, for example `{ notify = \"alerts\" }`");
            return settings;
        };
        settings.is_enabled = Some(true);
        let mut datapoints = None;
        let mut evaluation = AlarmEvaluation::default();
        let problems = self.problems.len();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let full_path = format!("{path}.{name}");
            self.record_origin(&full_path, value);
            match name {
                "notify" => settings.notify = self.alarm_topic(value, &full_path),
                "errors" => settings.errors = self.threshold(value, &full_path),
                "throttles" => settings.throttles = self.threshold(value, &full_path),
                "dead-letters" => settings.dead_letters = self.threshold(value, &full_path),
                "period" => evaluation.period = self.period(value, &full_path).unwrap_or(evaluation.period),
                "evaluation-periods" => {
                    let range = 1..=MAX_LONG_EVALUATION_SECONDS / PERIOD_UNIT_SECONDS;
                    let periods = self.limited_number(value, &full_path, "", &range, REFERENCE);
                    evaluation.evaluation_periods = periods.unwrap_or(evaluation.evaluation_periods);
                }
                "datapoints-to-alarm" => datapoints = Some(value),
                _ => self.unknown_key(name, &key.span(), &format!("[package.metadata.bedrock.{path}]"), KEYS),
            }
        }
        if self.problems.len() > problems {
            return settings;
        }
        evaluation.datapoints_to_alarm = evaluation.evaluation_periods;
        if let Some(value) = datapoints {
            let range = 1..=evaluation.evaluation_periods;
            let path = format!("{path}.datapoints-to-alarm");
            let source = format!("{REFERENCE}; at most `evaluation-periods`");
            let read = self.limited_number(value, &path, "", &range, &source);
            evaluation.datapoints_to_alarm = read.unwrap_or(evaluation.evaluation_periods);
        }
        let is_long = evaluation.period >= LONG_PERIOD_SECONDS;
        let limit = if is_long { MAX_LONG_EVALUATION_SECONDS } else { MAX_EVALUATION_SECONDS };
        let seconds = evaluation.period.saturating_mul(evaluation.evaluation_periods);
        if seconds > limit {
            let reason = format!(
                "look at {seconds} seconds (`period` times `evaluation-periods`), the limit is {limit} (CloudWatch user \
                 guide, \"Evaluating an alarm\")"
            );
            self.not_allowed(value, path, &reason);
        }
        let has_evaluation = ["period", "evaluation-periods", "datapoints-to-alarm"];
        if has_evaluation.into_iter().any(|key| table.contains_key(key)) {
            settings.evaluation = Some(evaluation);
        }
        settings
    }

    fn threshold(&mut self, value: &Value<'_>, path: &str) -> Option<AlarmThreshold> {
        match value.get_ref().as_bool() {
            Some(false) => Some(AlarmThreshold::Off),
            // The default is a word for it.
            Some(true) => None,
            None => self.number(value, path, "", &THRESHOLDS).map(AlarmThreshold::At),
        }
    }

    fn period(&mut self, value: &Value<'_>, path: &str) -> Option<u64> {
        let range = PERIOD_UNIT_SECONDS..=MAX_LONG_EVALUATION_SECONDS;
        let period = self.limited_number(value, path, "seconds", &range, REFERENCE)?;
        if !period.is_multiple_of(PERIOD_UNIT_SECONDS) {
            let reason = format!(
                "be {period}: the metrics of Lambda and SQS have a data point a minute, so it is a multiple of \
                 {PERIOD_UNIT_SECONDS} ({REFERENCE})"
            );
            self.not_allowed(value, path, &reason);
            return None;
        }
        Some(period)
    }

    /// Reads the topic that alarms notify.
    fn alarm_topic(&mut self, value: &Value<'_>, path: &str) -> Option<String> {
        const EXPECTED: &str = "the name of a topic of this app, or the ARN of an existing topic";
        let text = self.string(value, path, EXPECTED)?;
        if text.starts_with("arn:") {
            // A topic has six parts, a subscription has a seventh.
            if !is_staged_arn_of(&text, "sns") || text.split(':').count() != 6 {
                self.wrong_value(value, path, "the ARN of a topic");
            } else if is_fifo_queue(&text) {
                self.not_allowed(value, path, "be a FIFO topic: CloudWatch sends messages without a group");
            }
        } else if let Err(reason) = validate_topic_or_bus_name(&text) {
            self.not_allowed(value, path, &format!("be `{}`: {reason}", text.escape_debug()));
        }
        Some(text)
    }
}

#[cfg(test)]
mod tests;
