//! The alarms of a function in the manifest.

use bedrock_build::settings::{AlarmEvaluation, Alarms};
use serde::Serialize;

/// The key `alarms` of a function.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    /// The name of a topic of the app, or an ARN.
    notify: Option<String>,
    /// Thresholds. `None`: there is no such alarm.
    errors: Option<u64>,
    throttles: Option<u64>,
    dead_letters: Option<u64>,
    /// In seconds.
    period: u64,
    evaluation_periods: u64,
    datapoints_to_alarm: u64,
}

impl From<Alarms> for Entry {
    fn from(alarms: Alarms) -> Self {
        let Alarms { notify, errors, throttles, dead_letters, evaluation } = alarms;
        let AlarmEvaluation { period, evaluation_periods, datapoints_to_alarm } = evaluation;
        Self { notify, errors, throttles, dead_letters, period, evaluation_periods, datapoints_to_alarm }
    }
}
