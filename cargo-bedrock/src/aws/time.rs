//! Points in time as texts, in UTC.

use std::time::SystemTime;

use aws_sdk_iam::primitives::{DateTime, DateTimeFormat};

/// `2026-11-25T09:54:55.123Z`, of milliseconds since 1970.
pub(crate) fn timestamp(milliseconds: i64) -> String {
    let time = DateTime::from_millis(milliseconds).fmt(DateTimeFormat::DateTimeWithOffset);
    let text = time.unwrap_or_else(|_| milliseconds.to_string());
    // Full seconds come without a fraction, and columns of log lines want one.
    match text.strip_suffix('Z').map(|text| text.split_once('.').unwrap_or((text, ""))) {
        Some((seconds, fraction)) => format!("{seconds}.{fraction:0<3.3}Z"),
        None => text,
    }
}

/// `2026-11-25`.
pub(crate) fn day(time: SystemTime) -> String {
    let text = DateTime::from(time).fmt(DateTimeFormat::DateTime).unwrap_or_default();
    text.chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{day, timestamp};

    #[test]
    fn times_are_written_in_utc_with_milliseconds() {
        assert_eq!(timestamp(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(timestamp(1_764_064_495_120), "2025-11-25T09:54:55.120Z");
        assert_eq!(day(SystemTime::UNIX_EPOCH + Duration::from_secs(1_764_064_495)), "2025-11-25");
    }
}
