//! CloudWatch alarms of functions: for errors, throttles and dead letters. Settings of a function replace those of the app, key
//! by key. This file has the types and how they are combined; `alarm_reader.rs` reads them.

/// The number of errors, throttles or dead letters that is reported unless the settings say otherwise.
const DEFAULT_THRESHOLD: u64 = 1;

/// What one table says: that of the app, of a stage, or of a function. `None` leaves a value to the next table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlarmSettings {
    /// Whether there are alarms at all. Default false.
    pub is_enabled: Option<bool>,
    /// The topic that is notified: the name of a topic of the app, or an ARN.
    pub notify: Option<String>,
    /// Errors within a period.
    pub errors: Option<AlarmThreshold>,
    /// Throttled invocations within a period.
    pub throttles: Option<AlarmThreshold>,
    /// Messages that wait in a queue for dead letters.
    pub dead_letters: Option<AlarmThreshold>,
    /// When an alarm fires. These three values belong together.
    pub evaluation: Option<AlarmEvaluation>,
}

/// The value from which a metric is too high.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlarmThreshold {
    /// There is no such alarm.
    Off,
    /// An alarm for this value and higher ones.
    At(u64),
}

/// How many data points of which length make an alarm (`Period`, `EvaluationPeriods` and `DatapointsToAlarm`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlarmEvaluation {
    /// In seconds.
    pub period: u64,
    /// Number of the last periods that are looked at.
    pub evaluation_periods: u64,
    /// How many of them must be too high.
    pub datapoints_to_alarm: u64,
}

impl Default for AlarmEvaluation {
    fn default() -> Self {
        Self { period: 60, evaluation_periods: 1, datapoints_to_alarm: 1 }
    }
}

/// The alarms of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarms {
    /// The topic that is notified: the name of a topic of the app, or an ARN. `None`: no topic is notified.
    pub notify: Option<String>,
    /// Errors within a period. `None`: there is no such alarm.
    pub errors: Option<u64>,
    /// Throttled invocations within a period. `None`: there is no such alarm.
    pub throttles: Option<u64>,
    /// Messages that wait in a queue for dead letters. `None`: there is no such alarm.
    pub dead_letters: Option<u64>,
    /// When an alarm fires.
    pub evaluation: AlarmEvaluation,
}

impl AlarmSettings {
    /// Combines tables, of which the first one with a value decides. Returns `None` if there are no alarms.
    pub(super) fn combine(tables: &[&Self]) -> Option<Alarms> {
        if !tables.iter().find_map(|table| table.is_enabled).unwrap_or_default() {
            return None;
        }
        let threshold = |of: fn(&Self) -> Option<AlarmThreshold>| match tables.iter().find_map(|table| of(table)) {
            None => Some(DEFAULT_THRESHOLD),
            Some(AlarmThreshold::At(threshold)) => Some(threshold),
            Some(AlarmThreshold::Off) => None,
        };
        Some(Alarms {
            notify: tables.iter().find_map(|table| table.notify.clone()),
            errors: threshold(|table| table.errors),
            throttles: threshold(|table| table.throttles),
            dead_letters: threshold(|table| table.dead_letters),
            evaluation: tables.iter().find_map(|table| table.evaluation).unwrap_or_default(),
        })
    }
}
