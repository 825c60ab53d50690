//! Computes when a schedule is due next, from a given time and without a clock. Changes of daylight saving time follow
//! AWS's page "Schedule types in EventBridge Scheduler": a local time that does not exist is skipped, one that occurs
//! twice counts once.

use std::time::{Duration, SystemTime};

use bedrock_build::Schedule;
use bedrock_build::schedule::{CivilDateTime, Cron, CronDays, days_in_month};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};

/// A schedule in its time zone.
#[derive(Debug, Clone)]
pub(in super::super) struct Calendar {
    schedule: Schedule,
    zone: TimeZone,
    /// Rates are counted from this time.
    started_at: SystemTime,
}

impl Calendar {
    /// Creates a calendar. Returns `None` if the time zone does not exist.
    pub(in super::super) fn new(schedule: &Schedule, zone: &str, started_at: SystemTime) -> Option<Self> {
        Some(Self { schedule: schedule.clone(), zone: TimeZone::get(zone).ok()?, started_at })
    }

    /// Returns the start of the calendar; earlier times are ignored.
    pub(super) fn started_at(&self) -> SystemTime {
        self.started_at
    }

    /// Returns the first due time after `after`, or `None` if there is none.
    pub(super) fn next_due(&self, after: SystemTime) -> Option<SystemTime> {
        match &self.schedule {
            Schedule::Rate { count, unit } => {
                let period = count.checked_mul(unit.seconds())?;
                let passed = after.duration_since(self.started_at).unwrap_or_default().as_secs() / period;
                self.started_at.checked_add(Duration::from_secs(period.checked_mul(passed + 1)?))
            }
            Schedule::At(moment) => self.instant_of(to_datetime(*moment)?).filter(|time| *time > after),
            Schedule::Cron(cron) => self.next_cron(cron, after),
        }
    }

    fn next_cron(&self, cron: &Cron, after: SystemTime) -> Option<SystemTime> {
        let local = self.zone.to_datetime(Timestamp::try_from(after).ok()?);
        let year = u16::try_from(local.year()).ok()?;
        for year in cron.years.range(year..) {
            for month in &cron.months {
                for day in due_days(&cron.days, *year, *month) {
                    let date = Date::new(i16::try_from(*year).ok()?, to_i8(*month), to_i8(day)).ok()?;
                    if date < local.date() {
                        continue;
                    }
                    let minutes =
                        cron.hours.iter().flat_map(|hour| cron.minutes.iter().map(move |minute| (hour, minute)));
                    let mut times = minutes
                        .filter_map(|(hour, minute)| self.instant_of(date.at(to_i8(*hour), to_i8(*minute), 0, 0)));
                    // When an hour occurs twice, the times of a day may be out of order. There are only few per day.
                    if let Some(time) = times.find(|time| *time > after) {
                        return Some(time);
                    }
                }
            }
        }
        None
    }

    /// Returns the first moment at which clocks show `local`, or `None` if they never do.
    fn instant_of(&self, local: DateTime) -> Option<SystemTime> {
        let ambiguous = self.zone.to_ambiguous_timestamp(local);
        match ambiguous.offset() {
            AmbiguousOffset::Gap { .. } => None,
            AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => {
                SystemTime::try_from(ambiguous.earlier().ok()?).ok()
            }
        }
    }
}

/// Returns the days of a month on which a schedule is due, in order.
fn due_days(days: &CronDays, year: u16, month: u16) -> Vec<u16> {
    let last = u16::from(days_in_month(year, u8::try_from(month).unwrap_or_default()));
    // Sunday is 1.
    let weekday = |day: u16| -> u16 {
        let date = i16::try_from(year).ok().and_then(|year| Date::new(year, to_i8(month), to_i8(day)).ok());
        date.map_or(0, |date| date.weekday().to_sunday_one_offset().unsigned_abs().into())
    };
    let all = 1..=last;
    let last_weekday = match weekday(last) {
        1 => last - 2,
        7 => last - 1,
        _ => last,
    };
    match days {
        CronDays::OfMonth(set) => all.filter(|day| set.contains(day)).collect(),
        CronDays::Last => vec![last],
        CronDays::LastWeekday => vec![last_weekday],
        CronDays::BeforeLast(days) => last.checked_sub(*days).filter(|day| *day > 0).into_iter().collect(),
        CronDays::Nearest(day) if *day > last => Vec::new(),
        CronDays::Nearest(day) => vec![match weekday(*day) {
            7 if *day == 1 => 3,
            7 => day - 1,
            1 if *day == last => day - 2,
            1 => day + 1,
            _ => *day,
        }],
        CronDays::OfWeek(set) => all.filter(|day| set.contains(&weekday(*day))).collect(),
        CronDays::LastOfWeek(of) => all.filter(|day| weekday(*day) == *of && day + 7 > last).collect(),
        CronDays::Nth { weekday: of, nth } => {
            all.filter(|day| weekday(*day) == *of && day.div_ceil(7) == *nth).collect()
        }
    }
}

fn to_datetime(moment: CivilDateTime) -> Option<DateTime> {
    let CivilDateTime { year, month, day, hour, minute, second } = moment;
    let date = Date::new(i16::try_from(year).ok()?, to_i8(month.into()), to_i8(day.into())).ok()?;
    Some(date.at(to_i8(hour.into()), to_i8(minute.into()), to_i8(second.into()), 0))
}

/// Converts a number that the settings have already validated.
fn to_i8(number: u16) -> i8 {
    i8::try_from(number).unwrap_or(i8::MAX)
}

#[cfg(test)]
mod tests;
