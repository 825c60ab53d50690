//! EventBridge's cron expressions, with six fields: minutes, hours, day of the month, month, day of the week, year.
//!
//! They differ from the program `cron`: the days of the week are counted from Sunday, which is 1, and one of the two
//! fields for days must be `?`.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use super::number::parse_number;

const MONTH_NAMES: &[&str] = &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAY_NAMES: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// A cron expression, as the set of values of each field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    text: String,
    /// 0 to 59.
    pub minutes: BTreeSet<u16>,
    /// 0 to 23.
    pub hours: BTreeSet<u16>,
    /// The days, from the two fields for days.
    pub days: CronDays,
    /// 1 to 12.
    pub months: BTreeSet<u16>,
    /// 1970 to 2199.
    pub years: BTreeSet<u16>,
}

/// The meaning of the two fields for days. The days of the week are 1 (Sunday) to 7 (Saturday).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CronDays {
    /// CronDays of the month, 1 to 31. CronDays that a month does not have are skipped.
    OfMonth(BTreeSet<u16>),
    /// `L`: the last day of the month.
    Last,
    /// `L-3`: this number of days before the last day of the month; skipped in months that are too short.
    BeforeLast(u16),
    /// `LW`: the last weekday (Monday to Friday) of the month.
    LastWeekday,
    /// `15W`: the weekday (Monday to Friday) closest to that day, within the month.
    Nearest(u16),
    /// CronDays of each week.
    OfWeek(BTreeSet<u16>),
    /// `6L`: the last of that day of the week in the month.
    LastOfWeek(u16),
    /// `6#3`: the third of that day of the week in the month; skipped in months that do not have it.
    Nth {
        /// 1 (Sunday) to 7 (Saturday).
        weekday: u16,
        /// 1 to 5.
        nth: u16,
    },
}

/// The syntax of a field.
struct Field {
    /// The name in messages.
    name: &'static str,
    range: RangeInclusive<u16>,
    /// Names that may replace the numbers 1, 2, ….
    value_names: &'static [&'static str],
    /// Whether the field may have a step, as in `0/5`.
    allows_step: bool,
}

const MINUTES: Field = Field { name: "minutes", range: 0..=59, value_names: &[], allows_step: true };
const HOURS: Field = Field { name: "hours", range: 0..=23, value_names: &[], allows_step: true };
const DAY_OF_MONTH: Field = Field { name: "day of the month", range: 1..=31, value_names: &[], allows_step: true };
const MONTH: Field = Field { name: "month", range: 1..=12, value_names: MONTH_NAMES, allows_step: true };
// EventBridge does not allow steps there.
const DAY_OF_WEEK: Field = Field { name: "day of the week", range: 1..=7, value_names: DAY_NAMES, allows_step: false };
/// Maximum number of days before the last day of a month.
const MAX_DAYS_BEFORE_LAST: u16 = 30;
const YEAR: Field = Field { name: "year", range: 1970..=2199, value_names: &[], allows_step: true };

impl Cron {
    /// Parses the text between the parentheses of `cron(…)`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let [minutes, hours, day_of_month, month, day_of_week, year] = fields[..] else {
            return Err(format!(
                "a cron expression has 6 fields (minutes, hours, day of the month, month, day of the week, year), found {}",
                fields.len()
            ));
        };
        let days = match (day_of_month, day_of_week) {
            ("?", "?") => return Err("the day of the month and the day of the week cannot both be `?`".to_owned()),
            (day_of_month, "?") => parse_days_of_month(day_of_month)?,
            ("?", day_of_week) => parse_days_of_week(day_of_week)?,
            _ => return Err("either the day of the month or the day of the week must be `?`".to_owned()),
        };
        Ok(Self {
            text: fields.join(" "),
            minutes: MINUTES.parse_set(minutes)?,
            hours: HOURS.parse_set(hours)?,
            days,
            months: MONTH.parse_set(month)?,
            years: YEAR.parse_set(year)?,
        })
    }

    /// Returns the six fields, separated by single spaces.
    pub fn text(&self) -> &str {
        &self.text
    }
}

fn parse_days_of_month(text: &str) -> Result<CronDays, String> {
    match text {
        "L" => return Ok(CronDays::Last),
        "LW" => return Ok(CronDays::LastWeekday),
        _ => {}
    }
    if let Some(days) = text.strip_prefix("L-") {
        return parse_number::<u16>(days)
            .filter(|days| (1..=MAX_DAYS_BEFORE_LAST).contains(days))
            .map(CronDays::BeforeLast)
            .ok_or_else(|| format!("the number after `L-` must be 1 to {MAX_DAYS_BEFORE_LAST}, found `{text}`"));
    }
    match text.strip_suffix('W') {
        Some(day) => DAY_OF_MONTH.parse_value(day).map(CronDays::Nearest),
        None => DAY_OF_MONTH.parse_set(text).map(CronDays::OfMonth),
    }
}

fn parse_days_of_week(text: &str) -> Result<CronDays, String> {
    if text == "L" {
        return Ok(CronDays::OfWeek(BTreeSet::from([7])));
    }
    if let Some((weekday, nth)) = text.split_once('#') {
        let nth = parse_number::<u16>(nth)
            .filter(|nth| (1..=5).contains(nth))
            .ok_or_else(|| format!("the number after `#` must be 1 to 5, found `{text}`"))?;
        return Ok(CronDays::Nth { weekday: DAY_OF_WEEK.parse_value(weekday)?, nth });
    }
    match text.strip_suffix('L') {
        Some(day) => DAY_OF_WEEK.parse_value(day).map(CronDays::LastOfWeek),
        None => DAY_OF_WEEK.parse_set(text).map(CronDays::OfWeek),
    }
}

impl Field {
    /// Parses a list of values and ranges.
    fn parse_set(&self, text: &str) -> Result<BTreeSet<u16>, String> {
        let mut set = BTreeSet::new();
        for part in text.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) if self.allows_step => (range, Some(self.parse_step(part, step)?)),
                Some(_) => return Err(format!("the {} cannot have a `/`, found `{part}`", self.name)),
                None => (part, None),
            };
            let (first, last) = if range == "*" {
                (*self.range.start(), *self.range.end())
            } else if let Some((first, last)) = range.split_once('-') {
                (self.parse_value(first)?, self.parse_value(last)?)
            } else {
                let first = self.parse_value(range)?;
                (first, if step.is_some() { *self.range.end() } else { first })
            };
            if first > last {
                return Err(format!("the {} `{part}` ends before it starts", self.name));
            }
            set.extend((first..=last).step_by(usize::from(step.unwrap_or(1))));
        }
        Ok(set)
    }

    fn parse_step(&self, part: &str, step: &str) -> Result<u16, String> {
        parse_number(step)
            .filter(|step| (1..=*self.range.end()).contains(step))
            .ok_or_else(|| format!("the number after `/` must be 1 to {}, found `{part}`", self.range.end()))
    }

    fn parse_value(&self, text: &str) -> Result<u16, String> {
        let named = self.value_names.iter().zip(1..).find(|(name, _)| name.eq_ignore_ascii_case(text));
        let value = named.map(|(_, value)| value).or_else(|| parse_number(text));
        value.filter(|value| self.range.contains(value)).ok_or_else(|| {
            let alternatives = match self.value_names {
                [first, .., last] => format!(" or {first} to {last}"),
                _ => String::new(),
            };
            let (start, end) = self.range.clone().into_inner();
            format!("the {} must be {start} to {end}{alternatives}, found `{}`", self.name, text.escape_debug())
        })
    }
}
