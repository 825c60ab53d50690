//! The settings of a durable worker, and durations such as `30d`.

use std::ops::RangeInclusive;

use super::reader::{Reader, Value};

/// The timeout of an execution in seconds (API model, `ExecutionTimeout`).
const TIMEOUT_SECONDS: RangeInclusive<u64> = 1..=31_622_400;
/// The retention period in days (API model, `RetentionPeriodInDays`).
const RETENTION_DAYS: RangeInclusive<u64> = 1..=90;
/// The retention period of a worker that does not set one.
const DEFAULT_RETENTION_DAYS: u64 = 14;
const SECONDS_PER_DAY: u64 = 86_400;
const KEYS: &[&str] = &["retention", "timeout"];

/// The configuration of a durable function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DurableSettings {
    /// The timeout of an execution, in seconds.
    pub timeout: u64,
    /// How long an ended execution is stored, in days.
    pub retention: u64,
}

impl Reader<'_> {
    /// Reads `durable = { timeout = "30d", retention = "14d" }`.
    pub(super) fn durable(&mut self, value: &Value<'_>, path: &str) -> Option<DurableSettings> {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_value(value, path, "a table, for example `{ timeout = \"30d\", retention = \"14d\" }`");
            return None;
        };
        let problems = self.problems.len();
        let mut timeout = None;
        let mut retention = DEFAULT_RETENTION_DAYS;
        for (key, value) in table {
            let full_path = format!("{path}.{}", key.get_ref());
            let seconds = value.get_ref().as_str().and_then(parse_duration);
            match key.get_ref().as_ref() {
                "timeout" => match seconds.filter(|seconds| TIMEOUT_SECONDS.contains(seconds)) {
                    Some(seconds) => timeout = Some(seconds),
                    None => self.wrong_value(value, &full_path, "a duration from `\"1s\"` to `\"366d\"`"),
                },
                "retention" => {
                    let days = seconds.filter(|seconds| seconds % SECONDS_PER_DAY == 0);
                    match days.map(|seconds| seconds / SECONDS_PER_DAY).filter(|days| RETENTION_DAYS.contains(days)) {
                        Some(days) => retention = days,
                        None => self.wrong_value(value, &full_path, "whole days from `\"1d\"` to `\"90d\"`"),
                    }
                }
                name => self.unknown_key(name, &key.span(), &format!("[package.metadata.bedrock.{path}]"), KEYS),
            }
        }
        if timeout.is_none() && self.problems.len() == problems {
            self.wrong_value(value, path, "a table with a `timeout`, for example `{ timeout = \"30d\" }`");
        }
        Some(DurableSettings { timeout: timeout?, retention })
    }
}

/// Reads a duration in seconds, minutes, hours or days: `45s`, `15m`, `2h`, `30d`.
fn parse_duration(text: &str) -> Option<u64> {
    let unit = text.chars().next_back()?;
    let seconds_per_unit = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => SECONDS_PER_DAY,
        _ => return None,
    };
    let number = text.strip_suffix(unit)?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse::<u64>().ok().filter(|_| is_number)?.checked_mul(seconds_per_unit)
}

#[cfg(test)]
mod tests {
    use super::parse_duration;

    #[test]
    fn durations_have_one_unit() {
        let table = [("45s", Some(45)), ("15m", Some(900)), ("2h", Some(7200)), ("30d", Some(2_592_000))];
        let wrong = ["", "d", "30", "30 d", "-1d", "+1d", "1.5h", "1d2h", "30ä", "99999999999999999999d"];
        for (text, seconds) in table.into_iter().chain(wrong.map(|text| (text, None))) {
            assert_eq!(parse_duration(text), seconds, "{text}");
        }
    }
}
