//! Tables of schedules and the times at which they are due.

use super::Calendar;
use bedrock_build::Schedule;
use bedrock_model::date::rfc3339;
use jiff::Timestamp;
use std::time::SystemTime;

fn time(text: &str) -> SystemTime {
    text.parse::<Timestamp>().expect(text).try_into().expect(text)
}

/// Returns the next due times after `after`, which is also the start of rates.
fn due(schedule: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
    let schedule = Schedule::parse(schedule).expect(schedule);
    let calendar = Calendar::new(&schedule, zone, time(after)).expect(zone);
    let mut times = Vec::new();
    let mut last = time(after);
    while let Some(next) = calendar.next_due(last).filter(|_| times.len() < count) {
        times.push(rfc3339(next).replace(":00.000Z", "Z"));
        last = next;
    }
    times
}

#[test]
fn rates_count_from_their_start_in_any_time_zone() {
    assert_eq!(due("rate(5 minutes)", "UTC", "2026-11-26T16:00:00Z", 2), ["2026-11-26T16:05Z", "2026-11-26T16:10Z"]);
    // Always 24 hours, also across the day that has 23.
    assert_eq!(
        due("rate(1 day)", "Europe/Berlin", "2026-03-28T12:00:00Z", 2),
        ["2026-03-29T12:00Z", "2026-03-30T12:00Z"]
    );
}

#[test]
fn cron_schedules_are_due_in_their_time_zone() {
    for (cron, zone, after, expected) in [
        ("* * ? * * *", "UTC", "2026-11-26T16:00:30Z", ["2026-11-26T16:01Z", "2026-11-26T16:02Z"]),
        ("0/15 * ? * * *", "UTC", "2026-11-26T23:31:00Z", ["2026-11-26T23:45Z", "2026-11-27T00:00Z"]),
        ("0 9 ? * MON-FRI *", "Europe/Berlin", "2026-11-27T08:00:00Z", ["2026-11-30T08:00Z", "2026-12-01T08:00Z"]),
        ("0 9 ? * MON-FRI *", "America/New_York", "2026-07-03T14:00:00Z", ["2026-07-06T13:00Z", "2026-07-07T13:00Z"]),
        ("0 0 ? * 1 *", "UTC", "2026-11-26T00:00:00Z", ["2026-11-29T00:00Z", "2026-12-06T00:00Z"]),
        ("0 12 L * ? *", "UTC", "2028-01-31T12:00:00Z", ["2028-02-29T12:00Z", "2028-03-31T12:00Z"]),
        ("0 12 31 * ? *", "UTC", "2026-08-31T12:00:00Z", ["2026-10-31T12:00Z", "2026-12-31T12:00Z"]),
        ("0 12 29 2 ? *", "UTC", "2026-01-01T00:00:00Z", ["2028-02-29T12:00Z", "2032-02-29T12:00Z"]),
        ("15 10 ? * 6L *", "UTC", "2026-11-01T00:00:00Z", ["2026-11-27T10:15Z", "2026-12-25T10:15Z"]),
        ("0 8 ? * 3#1 *", "UTC", "2026-11-04T00:00:00Z", ["2026-12-01T08:00Z", "2027-01-05T08:00Z"]),
        // A month with four Mondays has no fifth.
        ("0 8 ? * MON#5 *", "UTC", "2026-11-01T00:00:00Z", ["2026-11-30T08:00Z", "2027-03-29T08:00Z"]),
        // The 15th of August 2026 is a Saturday, that of November a Sunday.
        ("0 8 15W 8,11 ? *", "UTC", "2026-08-01T00:00:00Z", ["2026-08-14T08:00Z", "2026-11-16T08:00Z"]),
        // The first is a Saturday, the last a Sunday: the working day nearest to it within the month.
        ("0 8 1W 8 ? *", "UTC", "2026-07-01T00:00:00Z", ["2026-08-03T08:00Z", "2027-08-02T08:00Z"]),
        ("0 8 31W 1,5 ? *", "UTC", "2026-02-01T00:00:00Z", ["2026-05-29T08:00Z", "2027-01-29T08:00Z"]),
    ] {
        assert_eq!(due(&format!("cron({cron})"), zone, after, 2), expected, "{cron} {zone}");
    }
}

#[test]
fn skipped_local_times_are_skipped_and_repeated_ones_count_once() {
    // Berlin: 02:00 to 03:00 does not exist on 29 March 2026, and occurs twice on 25 October.
    assert_eq!(
        due("cron(30 2 ? * * *)", "Europe/Berlin", "2026-03-28T00:00:00Z", 2),
        ["2026-03-28T01:30Z", "2026-03-30T00:30Z"]
    );
    assert_eq!(
        due("cron(30 2 ? * * *)", "Europe/Berlin", "2026-10-24T12:00:00Z", 2),
        ["2026-10-25T00:30Z", "2026-10-26T01:30Z"]
    );
    assert_eq!(
        due("cron(0/30 1-3 25 10 ? 2026)", "Europe/Berlin", "2026-10-24T00:00:00Z", 9),
        [
            "2026-10-24T23:00Z",
            "2026-10-24T23:30Z",
            "2026-10-25T00:00Z",
            "2026-10-25T00:30Z",
            "2026-10-25T02:00Z",
            "2026-10-25T02:30Z"
        ]
    );
    assert_eq!(due("at(2026-03-29T02:30:00)", "Europe/Berlin", "2026-03-01T00:00:00Z", 2), [""; 0]);
}

#[test]
fn schedules_can_end() {
    assert_eq!(due("at(2026-12-24T09:00:00)", "Europe/Berlin", "2026-11-26T00:00:00Z", 2), ["2026-12-24T08:00Z"]);
    assert_eq!(due("at(2026-12-24T09:00:00)", "Europe/Berlin", "2026-12-24T08:00:00Z", 2), [""; 0]);
    assert_eq!(due("cron(0 0 1 1 ? 2026-2027)", "UTC", "2026-11-26T00:00:00Z", 3), ["2027-01-01T00:00Z"]);
    assert_eq!(due("cron(0 0 30 2 ? *)", "UTC", "2026-11-26T00:00:00Z", 1), [""; 0]);
}

#[test]
fn unknown_time_zone_is_none() {
    let schedule = Schedule::parse("rate(1 day)").expect("a schedule");
    assert!(Calendar::new(&schedule, "Europe/Nowhere", SystemTime::UNIX_EPOCH).is_none());
}
