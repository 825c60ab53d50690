//! Dates in the formats that AWS uses: `20261125T063500Z` in signatures, RFC 3339 in credentials and logs, and the
//! format of web server logs in events of function URLs. The calendar is Howard Hinnant's "chrono-Compatible Low-Level
//! Date Algorithms".

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAY: u64 = 86_400;
const DIGITS: [char; 10] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

/// Formats a time as `20261125T063500Z`.
pub fn basic(time: SystemTime) -> String {
    let ([year, month, day], [hour, minute, second], _) = parts(time);
    write_pairs(
        16,
        [(year / 100, ""), (year % 100, ""), (month, ""), (day, "T"), (hour, ""), (minute, ""), (second, "Z")],
    )
}

/// Formats a time as `2026-11-25T06:35:00.000Z`.
pub fn rfc3339(time: SystemTime) -> String {
    let ([year, month, day], [hour, minute, second], milliseconds) = parts(time);
    let milliseconds = u64::from(milliseconds);
    let pairs =
        [(year / 100, ""), (year % 100, "-"), (month, "-"), (day, "T"), (hour, ":"), (minute, ":"), (second, ".")];
    let mut text = write_pairs(24, pairs);
    text.extend([milliseconds / 100, milliseconds / 10, milliseconds].map(digit));
    text.push('Z');
    text
}

/// Formats a time as `25/Nov/2026:06:35:00 +0000`.
pub fn web_log(time: SystemTime) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let ([year, month, day], [hour, minute, second], _) = parts(time);
    let month = usize::try_from(month).ok().and_then(|month| MONTHS.get(month - 1)).copied().unwrap_or_default();
    format!("{day:02}/{month}/{year:04}:{hour:02}:{minute:02}:{second:02} +0000")
}

/// Writes numbers of two digits, each followed by a text. Some times are written once per request or more often, so
/// this does without the overhead of `format!`.
fn write_pairs(length: usize, pairs: [(u64, &str); 7]) -> String {
    let mut text = String::with_capacity(length);
    for (number, after) in pairs {
        text.extend([number / 10, number].map(digit));
        text.push_str(after);
    }
    text
}

/// Returns the last decimal digit of a number.
fn digit(number: u64) -> char {
    DIGITS[(number % 10) as usize]
}

/// Splits a time into date, time of day and milliseconds. Times before 1970 become 1970.
fn parts(time: SystemTime) -> ([u64; 3], [u64; 3], u32) {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let of_day = since.as_secs() % DAY;
    let (year, month, day) = civil(since.as_secs() / DAY);
    ([year, month, day], [of_day / 3600, of_day / 60 % 60, of_day % 60], since.subsec_millis())
}

/// Reads `2026-11-25T06:35:00Z`, with or without a fraction, which is ignored. Returns `None` for other time zones than
/// UTC, which AWS does not write.
pub fn parse(text: &str) -> Option<SystemTime> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(time.split('.').next()?, ':')?;
    let legal = (1970..10_000).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    // Other numbers would overflow. A day that its month does not have is one of the next month.
    legal.then(|| days(year, month, day)).filter(|days| civil(*days) == (year, month, day)).map(|days| {
        let seconds = days * DAY + hour * 3600 + minute * 60 + second;
        UNIX_EPOCH + Duration::from_secs(seconds)
    })
}

fn numbers(text: &str, between: char) -> Option<[u64; 3]> {
    let mut parts = text.split(between).map(|part| part.parse().ok());
    let all = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(all)
}

/// Converts days since 1970 to year, month, day. Years begin in March here, so that a leap day is the last day.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march_based = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_based + 2) / 5 + 1;
    let month = if march_based < 10 { march_based + 3 } else { march_based - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

/// Converts year, month, day to days since 1970. All begin with 1.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let year = year - u64::from(month <= 2);
    let era = year / 400;
    let of_era = year % 400;
    let march_based = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * march_based + 2) / 5 + day - 1;
    (era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year).saturating_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::{basic, parse, rfc3339, web_log};
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn basic_and_rfc3339_forms_name_the_same_second() {
        let table = [
            (0, "19700101T000000Z", "1970-01-01T00:00:00Z"),
            (951_782_399, "20000228T235959Z", "2000-02-28T23:59:59.999Z"),
            (951_868_799, "20000229T235959Z", "2000-02-29T23:59:59Z"),
            (1_440_938_160, "20150830T123600Z", "2015-08-30T12:36:00.000000Z"),
            (1_795_588_500, "20261125T063500Z", "2026-11-25T06:35:00Z"),
            (4_107_542_400, "21000301T000000Z", "2100-03-01T00:00:00Z"),
        ];
        for (seconds, short, long) in table {
            let time = UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(basic(time), short);
            assert_eq!(parse(long), Some(time), "{long}");
        }
    }

    #[test]
    fn rfc3339_and_web_log_forms_are_written() {
        let time = UNIX_EPOCH + Duration::from_millis(1_795_588_500_042);
        assert_eq!(rfc3339(time), "2026-11-25T06:35:00.042Z");
        assert_eq!(web_log(time), "25/Nov/2026:06:35:00 +0000");
    }

    #[test]
    fn every_day_of_four_centuries_survives_a_round_trip() {
        for day in 0..146_097 {
            let time = UNIX_EPOCH + Duration::from_secs(day * 86_400);
            let text = basic(time);
            let long = format!("{}-{}-{}T00:00:00Z", &text[..4], &text[4..6], &text[6..8]);
            assert_eq!(parse(&long), Some(time), "{text}");
        }
    }

    #[test]
    fn parse_rejects_numbers_out_of_range() {
        let huge = u64::MAX;
        for date in ["0000-00-00", "2026-00-01", "2026-13-01", "2026-03-00", "2026-03-32", "0-01-01", "10000-01-01"] {
            assert_eq!(parse(&format!("{date}T00:00:00Z")), None, "{date}");
        }
        for date in [format!("{huge}-01-01"), format!("2026-{huge}-01"), format!("2026-01-{huge}")] {
            assert_eq!(parse(&format!("{date}T00:00:00Z")), None, "{date}");
        }
        for time in ["24:00:00", "00:60:00", "00:00:61"] {
            assert_eq!(parse(&format!("2026-03-01T{time}Z")), None, "{time}");
        }
        for time in [format!("{huge}:00:00"), format!("00:{huge}:00"), format!("00:00:{huge}")] {
            assert_eq!(parse(&format!("2026-03-01T{time}Z")), None, "{time}");
        }
        assert!(parse("2026-01-01T00:00:00Z").is_some());
    }

    #[test]
    fn parse_rejects_invalid_dates_and_other_time_zones() {
        let wrong = ["", "2026-11-25", "2026-11-25T06:35:00", "2026-11-25T06:35:00+01:00", "2026-13-25T06:35:00Z"];
        let more = ["2026-11-25T24:00:00Z", "2026-11-25-1T06:35:00Z", "x-11-25T06:35:00Z", "1969-12-31T00:00:00Z"];
        let days = ["2026-02-29T00:00:00Z", "2024-02-30T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-32T00:00:00Z"];
        for text in wrong.into_iter().chain(more).chain(days) {
            assert_eq!(parse(text), None, "{text}");
        }
        assert!(parse("2024-02-29T00:00:00Z").is_some());
    }
}
