//! The six fields of EventBridge's cron: minutes, hours, day of the month, month, day of the week, year. They are not
//! those of the program `cron`: days of the week count from Sunday, which is 1, and one of the two fields for days is `?`.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use super::digits;

const MONTHS: &[&str] = &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// A cron expression: the sets that its fields stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    text: String,
    /// 0 to 59.
    pub minutes: BTreeSet<u16>,
    /// 0 to 23.
    pub hours: BTreeSet<u16>,
    /// Which days of a month.
    pub days: Days,
    /// 1 to 12.
    pub months: BTreeSet<u16>,
    /// 1970 to 2199.
    pub years: BTreeSet<u16>,
}

/// What the two fields for days say together. Days of the week are 1 (Sunday) to 7 (Saturday).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Days {
    /// 1 to 31; a month that is too short passes over them.
    OfMonth(BTreeSet<u16>),
    /// `L`: the last one of the month.
    Last,
    /// `15W`: the working day nearest to that day, within the month.
    Nearest(u16),
    /// These days of each week.
    OfWeek(BTreeSet<u16>),
    /// `6L`: the last such day of the month.
    LastOfWeek(u16),
    /// `6#3`: the third such day of the month, if it has one.
    Nth {
        /// 1 (Sunday) to 7.
        weekday: u16,
        /// 1 to 5.
        nth: u16,
    },
}

/// A field: its name in messages, its range, and the words that stand for its numbers from the first one on.
struct Field {
    name: &'static str,
    range: RangeInclusive<u16>,
    words: &'static [&'static str],
    may_step: bool,
}

const MINUTES: Field = Field { name: "minutes", range: 0..=59, words: &[], may_step: true };
const HOURS: Field = Field { name: "hours", range: 0..=23, words: &[], may_step: true };
const DAY_OF_MONTH: Field = Field { name: "day of the month", range: 1..=31, words: &[], may_step: true };
const MONTH: Field = Field { name: "month", range: 1..=12, words: MONTHS, may_step: true };
// EventBridge has no `/` there.
const DAY_OF_WEEK: Field = Field { name: "day of the week", range: 1..=7, words: DAYS, may_step: false };
const YEAR: Field = Field { name: "year", range: 1970..=2199, words: &[], may_step: true };

impl Cron {
    /// What the parentheses of `cron(…)` hold.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let [minutes, hours, of_month, month, of_week, year] = fields[..] else {
            return Err(format!(
                "a cron has 6 fields (minutes, hours, day of the month, month, day of the week, year), found {}",
                fields.len()
            ));
        };
        let days = match (of_month, of_week) {
            ("?", "?") => return Err("one of the two fields for days must name days, not `?`".to_owned()),
            (of_month, "?") => days_of_month(of_month)?,
            ("?", of_week) => days_of_week(of_week)?,
            _ => return Err("one of the two fields for days, of the month or of the week, must be `?`".to_owned()),
        };
        Ok(Self {
            text: fields.join(" "),
            minutes: MINUTES.set(minutes)?,
            hours: HOURS.set(hours)?,
            days,
            months: MONTH.set(month)?,
            years: YEAR.set(year)?,
        })
    }

    /// The six fields with one space between them.
    pub fn text(&self) -> &str {
        &self.text
    }
}

fn days_of_month(text: &str) -> Result<Days, String> {
    if text == "L" {
        return Ok(Days::Last);
    }
    match text.strip_suffix('W') {
        Some(day) => DAY_OF_MONTH.number(day).map(Days::Nearest),
        None => DAY_OF_MONTH.set(text).map(Days::OfMonth),
    }
}

fn days_of_week(text: &str) -> Result<Days, String> {
    if text == "L" {
        return Ok(Days::OfWeek(BTreeSet::from([7])));
    }
    if let Some((weekday, nth)) = text.split_once('#') {
        let nth = digits(nth).and_then(|nth| nth.parse().ok()).filter(|nth| (1..=5).contains(nth));
        let nth = nth.ok_or_else(|| format!("behind the `#` of `{text}` is no number from 1 to 5"))?;
        return Ok(Days::Nth { weekday: DAY_OF_WEEK.number(weekday)?, nth });
    }
    match text.strip_suffix('L') {
        Some(day) => DAY_OF_WEEK.number(day).map(Days::LastOfWeek),
        None => DAY_OF_WEEK.set(text).map(Days::OfWeek),
    }
}

impl Field {
    fn set(&self, text: &str) -> Result<BTreeSet<u16>, String> {
        let mut set = BTreeSet::new();
        for part in text.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) if self.may_step => (range, Some(self.step(part, step)?)),
                Some(_) => return Err(format!("the {} cannot have a `/`, found `{part}`", self.name)),
                None => (part, None),
            };
            let (first, last) = if range == "*" {
                (*self.range.start(), *self.range.end())
            } else if let Some((first, last)) = range.split_once('-') {
                (self.number(first)?, self.number(last)?)
            } else {
                let first = self.number(range)?;
                (first, if step.is_some() { *self.range.end() } else { first })
            };
            if first > last {
                return Err(format!("the {} `{part}` ends before it begins", self.name));
            }
            set.extend((first..=last).step_by(usize::from(step.unwrap_or(1))));
        }
        Ok(set)
    }

    fn step(&self, part: &str, step: &str) -> Result<u16, String> {
        let step =
            digits(step).and_then(|step| step.parse().ok()).filter(|step| (1..=*self.range.end()).contains(step));
        step.ok_or_else(|| format!("behind the `/` of `{part}` is no number from 1 to {}", self.range.end()))
    }

    fn number(&self, text: &str) -> Result<u16, String> {
        let word =
            self.words.iter().zip(1..).find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, number)| number);
        let number = word.or_else(|| digits(text)?.parse().ok()).filter(|number| self.range.contains(number));
        number.ok_or_else(|| {
            let words = self.words.first().zip(self.words.last());
            let words = words.map_or_else(String::new, |(first, last)| format!(" or {first} to {last}"));
            let (start, end) = self.range.clone().into_inner();
            format!("the {} must be {start} to {end}{words}, found `{}`", self.name, text.escape_debug())
        })
    }
}
