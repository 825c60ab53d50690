//! Schedules as EventBridge Scheduler writes them: `rate(5 minutes)`, `cron(0 9 ? * MON-FRI *)`, `at(2026-12-24T09:00:00)`.
//!
//! Their syntax and ranges alone. When a schedule is due next needs a calendar and time zones, which are not here.

mod cron;

use std::fmt;

pub use cron::{Cron, Days};

/// When a worker is invoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    /// Again and again, with that much time in between. Time zones do not matter to it.
    Rate {
        /// One or more.
        count: u64,
        /// Of what.
        unit: Unit,
    },
    /// At certain minutes of certain days.
    Cron(Cron),
    /// Once.
    At(Moment),
}

/// What a rate counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// 60 seconds.
    Minute,
    /// 60 minutes.
    Hour,
    /// 24 hours, also where the clocks are changed.
    Day,
}

/// A date and a time without a time zone. It exists in the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
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
    /// Takes what EventBridge Scheduler takes; otherwise says what is wrong with it, to follow "`TEXT` is no schedule: ".
    pub fn parse(text: &str) -> Result<Self, String> {
        let inner = |word: &str| text.strip_prefix(word)?.strip_prefix('(')?.strip_suffix(')');
        if let Some(rate) = inner("rate") {
            parse_rate(rate)
        } else if let Some(fields) = inner("cron") {
            Cron::parse(fields).map(Self::Cron)
        } else if let Some(moment) = inner("at") {
            parse_moment(moment).map(Self::At)
        } else {
            Err("it is none of `rate(5 minutes)`, `cron(0 9 ? * MON-FRI *)` and `at(2026-12-24T09:00:00)`".to_owned())
        }
    }
}

impl Unit {
    /// How many seconds it has.
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

/// The text that AWS takes.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rate { count, unit } => {
                write!(f, "rate({count} {}{})", unit.as_str(), if *count == 1 { "" } else { "s" })
            }
            Self::Cron(cron) => write!(f, "cron({})", cron.text()),
            Self::At(m) => {
                write!(f, "at({:04}-{:02}-{:02}T{:02}:{:02}:{:02})", m.year, m.month, m.day, m.hour, m.minute, m.second)
            }
        }
    }
}

fn parse_rate(text: &str) -> Result<Schedule, String> {
    let (count, word) = text.split_once(' ').ok_or("a rate is a number and a unit, like `rate(5 minutes)`")?;
    let count =
        digits(count).and_then(|count| count.parse().ok()).filter(|count: &u64| (1..=1_000_000).contains(count));
    let count = count.ok_or("a rate begins with a whole number from 1 to 1000000")?;
    let unit = [Unit::Minute, Unit::Hour, Unit::Day]
        .into_iter()
        .find(|unit| word.strip_suffix('s').unwrap_or(word) == unit.as_str())
        .ok_or("a rate is in `minutes`, `hours` or `days`")?;
    let schedule = Schedule::Rate { count, unit };
    let right = schedule.to_string();
    if right == format!("rate({text})") { Ok(schedule) } else { Err(format!("it is written `{right}`")) }
}

fn parse_moment(text: &str) -> Result<Moment, String> {
    let fault = || "a moment is a date and a time, like `at(2026-12-24T09:00:00)`".to_owned();
    let (date, time) = text.split_once('T').ok_or_else(fault)?;
    let parts = |text: &str, separator: char, lengths: [usize; 3]| -> Option<[u16; 3]> {
        let parts: Vec<&str> = text.split(separator).collect();
        let [a, b, c] = parts[..] else { return None };
        let number = |part: &str, length| digits(part).filter(|p| p.len() == length)?.parse().ok();
        Some([number(a, lengths[0])?, number(b, lengths[1])?, number(c, lengths[2])?])
    };
    let [year, month, day] = parts(date, '-', [4, 2, 2]).ok_or_else(fault)?;
    let [hour, minute, second] = parts(time, ':', [2, 2, 2]).ok_or_else(fault)?;
    let small = |number: u16| u8::try_from(number).unwrap_or(u8::MAX);
    let moment = Moment {
        year,
        month: small(month),
        day: small(day),
        hour: small(hour),
        minute: small(minute),
        second: small(second),
    };
    let exists = (1970..=2199).contains(&year)
        && (1..=12).contains(&month)
        && (1..=u16::from(days_of(year, moment.month))).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if exists { Ok(moment) } else { Err("there is no such moment from 1970 to 2199".to_owned()) }
}

/// How many days a month of that year has.
pub fn days_of(year: u16, month: u8) -> u8 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 => 28 + u8::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The text if it has digits and nothing else. `u64::from_str` would take a `+` as well.
fn digits(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests;
