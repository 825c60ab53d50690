//! Points in time as Lambda's durable execution protocol writes them: milliseconds since 1970 in the events of
//! invocations, seconds with a fraction in the responses of the API.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Milliseconds since 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// Returns the time that is `seconds` later.
    #[must_use]
    pub fn plus_seconds(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// Returns the time that is `milliseconds` later.
    #[must_use]
    pub fn plus_milliseconds(self, milliseconds: u64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

impl From<Timestamp> for SystemTime {
    fn from(time: Timestamp) -> Self {
        UNIX_EPOCH + Duration::from_millis(time.0)
    }
}

/// Converts the timestamps of a value from milliseconds to the seconds that the API writes. Text that users wrote is
/// in strings, so every number under a key that ends with `Timestamp` is one.
pub(crate) fn with_api_timestamps(mut value: Value) -> Value {
    convert(&mut value);
    value
}

fn convert(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                match value.as_u64() {
                    Some(milliseconds) if key.ends_with("Timestamp") => *value = seconds(milliseconds),
                    _ => convert(value),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(convert),
        _ => {}
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 have fewer than 53 bits")]
fn seconds(milliseconds: u64) -> Value {
    Value::from(milliseconds as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::{Timestamp, with_api_timestamps};
    use serde_json::json;
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    #[test]
    fn timestamps_of_nested_values_become_seconds() {
        let value = json!({ "EventTimestamp": 1500, "Details": [{ "EndTimestamp": 2000, "Duration": 2000 }] });
        let expected = json!({ "EventTimestamp": 1.5, "Details": [{ "EndTimestamp": 2.0, "Duration": 2000 }] });
        assert_eq!(with_api_timestamps(value), expected);
    }

    #[test]
    fn timestamps_convert_to_system_time_and_back() {
        let time = UNIX_EPOCH + Duration::from_millis(1_795_588_500_042);
        assert_eq!(SystemTime::from(Timestamp::from(time)), time);
        assert_eq!(Timestamp(5).plus_seconds(2), Timestamp(2005));
        assert_eq!(Timestamp(5).plus_seconds(u64::MAX), Timestamp(u64::MAX));
    }
}
