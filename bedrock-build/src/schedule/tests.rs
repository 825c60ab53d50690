//! Tables of valid and invalid schedule expressions, from AWS's page "Schedule types in EventBridge Scheduler".

use super::{CronDays, RateUnit, Schedule};

fn error_of(text: &str) -> String {
    match Schedule::parse(text) {
        Err(reason) => reason,
        Ok(schedule) => panic!("`{text}` was accepted: {schedule:?}"),
    }
}

fn days(fields: &str) -> CronDays {
    match Schedule::parse(&format!("cron(0 0 {fields} *)")) {
        Ok(Schedule::Cron(cron)) => cron.days,
        other => panic!("{fields}: {other:?}"),
    }
}

#[test]
fn schedule_display_returns_the_parsed_text() {
    for text in [
        "rate(1 minute)",
        "rate(5 minutes)",
        "rate(1 hour)",
        "rate(36 hours)",
        "rate(1 day)",
        "rate(7 days)",
        "cron(15 10 ? * 6L 2022-2023)",
        "cron(0 9 ? * MON-FRI *)",
        "cron(0/5 8-17 ? * MON-FRI *)",
        "cron(0,30 0-23/2 L JAN,jul ? 2026/2)",
        "cron(0 0 15W * ? *)",
        "cron(0 0 ? * 6#3 *)",
        "at(2026-12-24T09:00:00)",
        "at(2028-02-29T23:59:59)",
    ] {
        assert_eq!(Schedule::parse(text).map(|schedule| schedule.to_string()), Ok(text.to_owned()));
    }
}

#[test]
fn rate_requires_singular_unit_for_one_only() {
    assert_eq!(Schedule::parse("rate(5 minutes)"), Ok(Schedule::Rate { count: 5, unit: RateUnit::Minute }));
    for (text, reason) in [
        ("rate(1 minutes)", "write `rate(1 minute)`"),
        ("rate(5 minute)", "write `rate(5 minutes)`"),
        ("rate(05 minutes)", "write `rate(5 minutes)`"),
        ("rate(0 minutes)", "a rate starts with a whole number from 1 to 1000000"),
        ("rate(+5 minutes)", "a rate starts with a whole number from 1 to 1000000"),
        ("rate(1.5 hours)", "a rate starts with a whole number from 1 to 1000000"),
        ("rate(30 seconds)", "the unit of a rate is `minutes`, `hours` or `days`"),
        ("rate(5  minutes)", "the unit of a rate is `minutes`, `hours` or `days`"),
        ("rate(minutes)", "a rate is a number and a unit, like `rate(5 minutes)`"),
    ] {
        assert_eq!(error_of(text), reason, "{text}");
    }
}

#[test]
fn cron_fields_are_parsed_to_sets() {
    let Ok(Schedule::Cron(cron)) = Schedule::parse("cron(50/5,3 8-10 ? feb,11-12 sun,6-7 2198/1)") else {
        panic!("a cron")
    };
    assert_eq!(cron.minutes.into_iter().collect::<Vec<_>>(), [3, 50, 55]);
    assert_eq!(cron.hours.into_iter().collect::<Vec<_>>(), [8, 9, 10]);
    assert_eq!(cron.months.into_iter().collect::<Vec<_>>(), [2, 11, 12]);
    assert_eq!(cron.days, CronDays::OfWeek([1, 6, 7].into()));
    assert_eq!(cron.years.into_iter().collect::<Vec<_>>(), [2198, 2199]);
}

#[test]
fn cron_day_fields_are_combined() {
    assert_eq!(days("L * ?"), CronDays::Last);
    assert_eq!(days("LW * ?"), CronDays::LastWeekday);
    assert_eq!(days("L-3 * ?"), CronDays::BeforeLast(3));
    assert_eq!(days("15W * ?"), CronDays::Nearest(15));
    assert_eq!(days("? * L"), CronDays::OfWeek([7].into()));
    assert_eq!(days("? * FRIL"), CronDays::LastOfWeek(6));
    assert_eq!(days("? * 6#3"), CronDays::Nth { weekday: 6, nth: 3 });
    assert_eq!(days("1,31 * ?"), CronDays::OfMonth([1, 31].into()));
}

#[test]
fn cron_error_names_the_invalid_field() {
    for (fields, reason) in [
        (
            "0 9 * * MON",
            "a cron expression has 6 fields (minutes, hours, day of the month, month, day of the week, year), found 5",
        ),
        ("0 9 * * * *", "either the day of the month or the day of the week must be `?`"),
        ("0 9 ? * ? *", "the day of the month and the day of the week cannot both be `?`"),
        ("60 9 ? * MON *", "the minutes must be 0 to 59, found `60`"),
        ("? 9 ? * MON *", "the minutes must be 0 to 59, found `?`"),
        ("0 24 ? * MON *", "the hours must be 0 to 23, found `24`"),
        ("0 9 32 * ? *", "the day of the month must be 1 to 31, found `32`"),
        ("0 9 1,15W * ? *", "the day of the month must be 1 to 31, found `1,15`"),
        ("0 9 ? 0 MON *", "the month must be 1 to 12 or JAN to DEC, found `0`"),
        ("0 9 ? * 0 *", "the day of the week must be 1 to 7 or SUN to SAT, found `0`"),
        ("0 9 ? * MON/2 *", "the day of the week cannot have a `/`, found `MON/2`"),
        ("0 9 ? * FRI-MON *", "the day of the week `FRI-MON` ends before it starts"),
        ("0 9 ? * 2#6 *", "the number after `#` must be 1 to 5, found `2#6`"),
        ("0 9 ? * MON 1969", "the year must be 1970 to 2199, found `1969`"),
        ("*/0 9 ? * MON *", "the number after `/` must be 1 to 59, found `*/0`"),
        ("0,, 9 ? * MON *", "the minutes must be 0 to 59, found ``"),
    ] {
        assert_eq!(error_of(&format!("cron({fields})")), reason, "{fields}");
    }
}

#[test]
fn at_requires_date_in_the_calendar() {
    for text in
        ["at(2026-02-29T00:00:00)", "at(2026-13-01T00:00:00)", "at(2026-12-24T24:00:00)", "at(1969-12-24T09:00:00)"]
    {
        assert_eq!(error_of(text), "the date and time must exist and be from 1970 to 2199", "{text}");
    }
    for text in ["at(2026-12-24)", "at(2026-12-24 09:00:00)", "at(2026-12-24T09:00)", "at(2026-12-24T09:00:00Z)"] {
        assert_eq!(error_of(text), "expected a date and a time, like `at(2026-12-24T09:00:00)`", "{text}");
    }
}

#[test]
fn schedule_error_lists_the_three_kinds() {
    for text in ["", "0 9 * * *", "rate 5 minutes", "rate(5 minutes", "every(5 minutes)", "RATE(5 minutes)"] {
        assert_eq!(
            error_of(text),
            "expected `rate(5 minutes)`, `cron(0 9 ? * MON-FRI *)` or `at(2026-12-24T09:00:00)`",
            "{text}"
        );
    }
}
