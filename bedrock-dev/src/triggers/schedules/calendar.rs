//! When a schedule is due next. Pure: a time in, a time out. The rules where clocks are changed are those of AWS's page
//! "Schedule types in EventBridge Scheduler": a time that is left out is left out, one that comes twice counts once.

use std::time::{Duration, SystemTime};

use bedrock_build::Schedule;
use bedrock_build::schedule::{Cron, Days, Moment, days_of};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};

/// A schedule in its time zone.
#[derive(Debug, Clone)]
pub(in super::super) struct Calendar {
    schedule: Schedule,
    zone: TimeZone,
    /// What rates count from.
    began: SystemTime,
}

impl Calendar {
    /// Nothing if there is no time zone of that name.
    pub(in super::super) fn new(schedule: &Schedule, zone: &str, began: SystemTime) -> Option<Self> {
        Some(Self { schedule: schedule.clone(), zone: TimeZone::get(zone).ok()?, began })
    }

    /// Since when it counts: what was due before is nobody's business.
    pub(super) fn began(&self) -> SystemTime {
        self.began
    }

    /// The first time behind `after`; nothing if there is none any more.
    pub(super) fn next(&self, after: SystemTime) -> Option<SystemTime> {
        match &self.schedule {
            Schedule::Rate { count, unit } => {
                let period = count.checked_mul(unit.seconds())?;
                let passed = after.duration_since(self.began).unwrap_or_default().as_secs() / period;
                self.began.checked_add(Duration::from_secs(period.checked_mul(passed + 1)?))
            }
            Schedule::At(moment) => self.time(civil(*moment)?).filter(|time| *time > after),
            Schedule::Cron(cron) => self.next_of(cron, after),
        }
    }

    fn next_of(&self, cron: &Cron, after: SystemTime) -> Option<SystemTime> {
        let local = self.zone.to_datetime(Timestamp::try_from(after).ok()?);
        let year = u16::try_from(local.year()).ok()?;
        for year in cron.years.range(year..) {
            for month in &cron.months {
                for day in days(&cron.days, *year, *month) {
                    let date = Date::new(i16::try_from(*year).ok()?, small(*month), small(day)).ok()?;
                    if date < local.date() {
                        continue;
                    }
                    let minutes =
                        cron.hours.iter().flat_map(|hour| cron.minutes.iter().map(move |minute| (hour, minute)));
                    let mut times =
                        minutes.filter_map(|(hour, minute)| self.time(date.at(small(*hour), small(*minute), 0, 0)));
                    // Where an hour comes twice, times of a day need not be in their order; within a day they are few.
                    if let Some(time) = times.find(|time| *time > after) {
                        return Some(time);
                    }
                }
            }
        }
        None
    }

    /// The moment at which clocks show `local`, for the first time; nothing if they never do.
    fn time(&self, local: DateTime) -> Option<SystemTime> {
        let ambiguous = self.zone.to_ambiguous_timestamp(local);
        match ambiguous.offset() {
            AmbiguousOffset::Gap { .. } => None,
            AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => {
                SystemTime::try_from(ambiguous.earlier().ok()?).ok()
            }
        }
    }
}

/// The days of a month on which a schedule is due, in their order.
fn days(days: &Days, year: u16, month: u16) -> Vec<u16> {
    let last = u16::from(days_of(year, u8::try_from(month).unwrap_or_default()));
    // 1 is Sunday.
    let weekday = |day: u16| -> u16 {
        let date = i16::try_from(year).ok().and_then(|year| Date::new(year, small(month), small(day)).ok());
        date.map_or(0, |date| date.weekday().to_sunday_one_offset().unsigned_abs().into())
    };
    let all = 1..=last;
    match days {
        Days::OfMonth(set) => all.filter(|day| set.contains(day)).collect(),
        Days::Last => vec![last],
        Days::Nearest(day) if *day > last => Vec::new(),
        Days::Nearest(day) => vec![match weekday(*day) {
            7 if *day == 1 => 3,
            7 => day - 1,
            1 if *day == last => day - 2,
            1 => day + 1,
            _ => *day,
        }],
        Days::OfWeek(set) => all.filter(|day| set.contains(&weekday(*day))).collect(),
        Days::LastOfWeek(of) => all.filter(|day| weekday(*day) == *of && day + 7 > last).collect(),
        Days::Nth { weekday: of, nth } => all.filter(|day| weekday(*day) == *of && day.div_ceil(7) == *nth).collect(),
    }
}

fn civil(moment: Moment) -> Option<DateTime> {
    let Moment { year, month, day, hour, minute, second } = moment;
    let date = Date::new(i16::try_from(year).ok()?, small(month.into()), small(day.into())).ok()?;
    Some(date.at(small(hour.into()), small(minute.into()), small(second.into()), 0))
}

/// Of a number that the settings have checked to be one of a calendar.
fn small(number: u16) -> i8 {
    i8::try_from(number).unwrap_or(i8::MAX)
}

#[cfg(test)]
mod tests;
