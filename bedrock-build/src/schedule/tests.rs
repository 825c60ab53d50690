//! Tables of schedules that are taken and refused, after AWS's pages "Schedule types in EventBridge Scheduler".

use super::{Days, Schedule, Unit};

fn refusal(text: &str) -> String {
    match Schedule::parse(text) {
        Err(reason) => reason,
        Ok(schedule) => panic!("`{text}` was taken: {schedule:?}"),
    }
}

fn days(fields: &str) -> Days {
    match Schedule::parse(&format!("cron(0 0 {fields} *)")) {
        Ok(Schedule::Cron(cron)) => cron.days,
        other => panic!("{fields}: {other:?}"),
    }
}

#[test]
fn schedules_of_each_kind_are_taken_and_written_as_they_were() {
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
fn a_rate_has_the_unit_in_the_number_of_its_count() {
    assert_eq!(Schedule::parse("rate(5 minutes)"), Ok(Schedule::Rate { count: 5, unit: Unit::Minute }));
    for (text, reason) in [
        ("rate(1 minutes)", "it is written `rate(1 minute)`"),
        ("rate(5 minute)", "it is written `rate(5 minutes)`"),
        ("rate(05 minutes)", "it is written `rate(5 minutes)`"),
        ("rate(0 minutes)", "a rate begins with a whole number from 1 to 1000000"),
        ("rate(+5 minutes)", "a rate begins with a whole number from 1 to 1000000"),
        ("rate(1.5 hours)", "a rate begins with a whole number from 1 to 1000000"),
        ("rate(30 seconds)", "a rate is in `minutes`, `hours` or `days`"),
        ("rate(5  minutes)", "a rate is in `minutes`, `hours` or `days`"),
        ("rate(minutes)", "a rate is a number and a unit, like `rate(5 minutes)`"),
    ] {
        assert_eq!(refusal(text), reason, "{text}");
    }
}

#[test]
fn fields_of_a_cron_become_sets() {
    let Ok(Schedule::Cron(cron)) = Schedule::parse("cron(50/5,3 8-10 ? feb,11-12 sun,6-7 2198/1)") else {
        panic!("a cron")
    };
    assert_eq!(cron.minutes.into_iter().collect::<Vec<_>>(), [3, 50, 55]);
    assert_eq!(cron.hours.into_iter().collect::<Vec<_>>(), [8, 9, 10]);
    assert_eq!(cron.months.into_iter().collect::<Vec<_>>(), [2, 11, 12]);
    assert_eq!(cron.days, Days::OfWeek([1, 6, 7].into()));
    assert_eq!(cron.years.into_iter().collect::<Vec<_>>(), [2198, 2199]);
}

#[test]
fn the_two_fields_for_days_say_one_thing() {
    assert_eq!(days("L * ?"), Days::Last);
    assert_eq!(days("15W * ?"), Days::Nearest(15));
    assert_eq!(days("? * L"), Days::OfWeek([7].into()));
    assert_eq!(days("? * FRIL"), Days::LastOfWeek(6));
    assert_eq!(days("? * 6#3"), Days::Nth { weekday: 6, nth: 3 });
    assert_eq!(days("1,31 * ?"), Days::OfMonth([1, 31].into()));
}

#[test]
fn a_cron_that_aws_refuses_is_refused_with_the_field() {
    for (fields, reason) in [
        (
            "0 9 * * MON",
            "a cron has 6 fields (minutes, hours, day of the month, month, day of the week, year), found 5",
        ),
        ("0 9 * * * *", "one of the two fields for days, of the month or of the week, must be `?`"),
        ("0 9 ? * ? *", "one of the two fields for days must name days, not `?`"),
        ("60 9 ? * MON *", "the minutes must be 0 to 59, found `60`"),
        ("? 9 ? * MON *", "the minutes must be 0 to 59, found `?`"),
        ("0 24 ? * MON *", "the hours must be 0 to 23, found `24`"),
        ("0 9 32 * ? *", "the day of the month must be 1 to 31, found `32`"),
        ("0 9 1,15W * ? *", "the day of the month must be 1 to 31, found `1,15`"),
        ("0 9 ? 0 MON *", "the month must be 1 to 12 or JAN to DEC, found `0`"),
        ("0 9 ? * 0 *", "the day of the week must be 1 to 7 or SUN to SAT, found `0`"),
        ("0 9 ? * MON/2 *", "the day of the week cannot have a `/`, found `MON/2`"),
        ("0 9 ? * FRI-MON *", "the day of the week `FRI-MON` ends before it begins"),
        ("0 9 ? * 2#6 *", "behind the `#` of `2#6` is no number from 1 to 5"),
        ("0 9 ? * MON 1969", "the year must be 1970 to 2199, found `1969`"),
        ("*/0 9 ? * MON *", "behind the `/` of `*/0` is no number from 1 to 59"),
        ("0,, 9 ? * MON *", "the minutes must be 0 to 59, found ``"),
    ] {
        assert_eq!(refusal(&format!("cron({fields})")), reason, "{fields}");
    }
}

#[test]
fn a_moment_must_be_in_the_calendar() {
    for text in
        ["at(2026-02-29T00:00:00)", "at(2026-13-01T00:00:00)", "at(2026-12-24T24:00:00)", "at(1969-12-24T09:00:00)"]
    {
        assert_eq!(refusal(text), "there is no such moment from 1970 to 2199", "{text}");
    }
    for text in ["at(2026-12-24)", "at(2026-12-24 09:00:00)", "at(2026-12-24T09:00)", "at(2026-12-24T09:00:00Z)"] {
        assert_eq!(refusal(text), "a moment is a date and a time, like `at(2026-12-24T09:00:00)`", "{text}");
    }
}

#[test]
fn what_is_no_schedule_is_told_the_three_kinds() {
    for text in ["", "0 9 * * *", "rate 5 minutes", "rate(5 minutes", "every(5 minutes)", "RATE(5 minutes)"] {
        assert_eq!(
            refusal(text),
            "it is none of `rate(5 minutes)`, `cron(0 9 ? * MON-FRI *)` and `at(2026-12-24T09:00:00)`",
            "{text}"
        );
    }
}
