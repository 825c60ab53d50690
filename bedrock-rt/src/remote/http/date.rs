//! Times in the two forms that AWS writes them: `20261125T063500Z` in signatures, RFC 3339 in credentials.
//! The calendar is Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms".

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAY: u64 = 86_400;

/// `20261125T063500Z`. Before 1970 there was no Lambda.
pub(super) fn basic(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (year, month, day) = civil(seconds / DAY);
    let of_day = seconds % DAY;
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", of_day / 3600, of_day / 60 % 60, of_day % 60)
}

/// Reads `2026-11-25T06:35:00Z`, with or without a fraction. Nothing for other zones than UTC: AWS writes none.
pub(crate) fn parse(text: &str) -> Option<SystemTime> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(time.split('.').next()?, ':')?;
    let legal = (1970..10_000).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    let seconds = days(year, month, day) * DAY + hour * 3600 + minute * 60 + second;
    legal.then(|| UNIX_EPOCH + Duration::from_secs(seconds))
}

fn numbers(text: &str, between: char) -> Option<[u64; 3]> {
    let mut parts = text.split(between).map(|part| part.parse().ok());
    let all = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(all)
}

/// Days since 1970 as year, month, day. Years begin in March, so that a leap day is the last.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march_based = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_based + 2) / 5 + 1;
    let month = if march_based < 10 { march_based + 3 } else { march_based - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

/// Year, month, day as days since 1970.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let year = year - u64::from(month <= 2);
    let (era, of_era) = (year / 400, year % 400);
    let march_based = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * march_based + 2) / 5 + day - 1;
    (era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year).saturating_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::{basic, parse};
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn both_forms_name_the_same_second() {
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
    fn every_day_of_four_centuries_reads_as_it_was_written() {
        for day in 0..146_097 {
            let time = UNIX_EPOCH + Duration::from_secs(day * 86_400);
            let text = basic(time);
            let long = format!("{}-{}-{}T00:00:00Z", &text[..4], &text[4..6], &text[6..8]);
            assert_eq!(parse(&long), Some(time), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_in_utc_is_refused() {
        let wrong = ["", "2026-11-25", "2026-11-25T06:35:00", "2026-11-25T06:35:00+01:00", "2026-13-25T06:35:00Z"];
        let more = ["2026-11-25T24:00:00Z", "2026-11-25-1T06:35:00Z", "x-11-25T06:35:00Z", "1969-12-31T00:00:00Z"];
        for text in wrong.into_iter().chain(more) {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
