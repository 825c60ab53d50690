//! The schedule expressions of EventBridge Scheduler: `rate(5 minutes)`, `cron(0 9 ? * MON-FRI *)`,
//! `at(2026-12-24T09:00:00)`.
//!
//! This module checks only syntax and ranges. Computing the next due time needs a calendar and time zones, which this
//! crate does not have.

mod cron;
mod number;

use std::fmt;

pub use cron::{Cron, CronDays};
use number::parse_number;

/// When a worker is invoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    /// Repeatedly, at a fixed interval. Independent of time zones.
    Rate {
        /// The number of units, at least 1.
        count: u64,
        /// The unit of the interval.
        unit: RateUnit,
    },
    /// At certain minutes of certain days.
    Cron(Cron),
    /// Once.
    At(CivilDateTime),
}

/// The unit of a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateUnit {
    /// 60 seconds.
    Minute,
    /// 60 minutes.
    Hour,
    /// 24 hours, including on days with a daylight saving time change.
    Day,
}

/// A date and a time without a time zone. The date exists in the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CivilDateTime {
    /// 1970 to 2199.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
}

impl Schedule {
    /// Parses an expression that EventBridge Scheduler accepts. The error is the reason, to follow "`TEXT`: ".
    pub fn parse(text: &str) -> Result<Self, String> {
        let arguments_of = |kind: &str| text.strip_prefix(kind)?.strip_prefix('(')?.strip_suffix(')');
        if let Some(rate) = arguments_of("rate") {
            parse_rate(rate)
        } else if let Some(fields) = arguments_of("cron") {
            Cron::parse(fields).map(Self::Cron)
        } else if let Some(date_time) = arguments_of("at") {
            parse_date_time(date_time).map(Self::At)
        } else {
            Err("expected `rate(5 minutes)`, `cron(0 9 ? * MON-FRI *)` or `at(2026-12-24T09:00:00)`".to_owned())
        }
    }
}

impl RateUnit {
    /// Returns the length of the unit in seconds.
    pub fn seconds(self) -> u64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3600,
            Self::Day => 86_400,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }
}

/// Writes the expression in the form that AWS accepts.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rate { count, unit } => {
                write!(f, "rate({count} {}{})", unit.as_str(), if *count == 1 { "" } else { "s" })
            }
            Self::Cron(cron) => write!(f, "cron({})", cron.text()),
            Self::At(at) => write!(
                f,
                "at({:04}-{:02}-{:02}T{:02}:{:02}:{:02})",
                at.year, at.month, at.day, at.hour, at.minute, at.second
            ),
        }
    }
}

fn parse_rate(text: &str) -> Result<Schedule, String> {
    let (count, unit) = text.split_once(' ').ok_or("a rate is a number and a unit, like `rate(5 minutes)`")?;
    let count = parse_number::<u64>(count)
        .filter(|count| (1..=1_000_000).contains(count))
        .ok_or("a rate starts with a whole number from 1 to 1000000")?;
    let unit = [RateUnit::Minute, RateUnit::Hour, RateUnit::Day]
        .into_iter()
        .find(|known| unit.strip_suffix('s').unwrap_or(unit) == known.as_str())
        .ok_or("the unit of a rate is `minutes`, `hours` or `days`")?;
    let schedule = Schedule::Rate { count, unit };
    let canonical = schedule.to_string();
    if canonical == format!("rate({text})") { Ok(schedule) } else { Err(format!("write `{canonical}`")) }
}

fn parse_date_time(text: &str) -> Result<CivilDateTime, String> {
    let syntax_error = || "expected a date and a time, like `at(2026-12-24T09:00:00)`".to_owned();
    let (date, time) = text.split_once('T').ok_or_else(syntax_error)?;
    let [year, month, day] = parse_parts(date, '-', [4, 2, 2]).ok_or_else(syntax_error)?;
    let [hour, minute, second] = parse_parts(time, ':', [2, 2, 2]).ok_or_else(syntax_error)?;
    // All parts but the year have two digits.
    let narrow = |number: u16| u8::try_from(number).unwrap_or(u8::MAX);
    let date_time = CivilDateTime {
        year,
        month: narrow(month),
        day: narrow(day),
        hour: narrow(hour),
        minute: narrow(minute),
        second: narrow(second),
    };
    let is_valid = (1970..=2199).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_in_month(year, date_time.month)).contains(&date_time.day)
        && hour < 24
        && minute < 60
        && second < 60;
    if is_valid { Ok(date_time) } else { Err("the date and time must exist and be from 1970 to 2199".to_owned()) }
}

/// Parses three numbers between separators. `lengths` are their numbers of digits.
fn parse_parts(text: &str, separator: char, lengths: [usize; 3]) -> Option<[u16; 3]> {
    let parts: Vec<&str> = text.split(separator).collect();
    let [first, second, third] = parts[..] else { return None };
    let number = |part: &str, length: usize| if part.len() == length { parse_number(part) } else { None };
    Some([number(first, lengths[0])?, number(second, lengths[1])?, number(third, lengths[2])?])
}

/// Returns the names of all time zones (IANA Time Zone Database).
pub fn time_zones() -> impl Iterator<Item = &'static str> {
    include_str!("schedule/time_zones.txt").lines()
}

/// Returns the number of days of a month, which is 1 to 12.
pub fn days_in_month(year: u16, month: u8) -> u8 {
    let is_leap_year = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 => 28 + u8::from(is_leap_year),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests;
