//! A canary: for some time, a part of the calls of the alias `live` goes to the new versions. If an alarm fires, all calls go to
//! the old versions again.
//!
//! | module | holds |
//! | --- | --- |
//! | `plan` | which functions are shifted, which alarms are watched, and what makes it impossible |
//! | `shift` | how calls are shifted and shifted back |
//!
//! A function has the tag `bedrock:canary` before its alias has a weight, and loses it after. So what a killed deploy has left is
//! known from the tags, which every operation reads.

pub(crate) mod plan;
pub(crate) mod shift;

use std::time::Duration;

use bedrock_diagnostics::{Error, Result};

/// The parts of all calls that a canary can get, in percent: the others are none and all.
const PERCENT: std::ops::RangeInclusive<u8> = 1..=99;
/// The longest canary.
const MAX_DURATION: Duration = Duration::from_secs(24 * 3_600);

/// What part of the calls goes to the new versions, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Canary {
    /// In percent, from 1 to 99.
    pub percent: u8,
    /// At most a day.
    pub duration: Duration,
}

impl Canary {
    /// Parses `10%/10m`: percent, and seconds (`s`), minutes (`m`) or hours (`h`).
    pub fn parse(text: &str) -> Result<Self> {
        let invalid = |reason: String| {
            Error::call(format!("`{}` is not a valid canary: {reason}", text.escape_debug()))
                .help("write the part of the calls and the time: `--canary 10%/10m`")
        };
        let parts = text.split_once("%/").and_then(|(percent, time)| {
            let (digits, unit) = time.split_at_checked(time.len().checked_sub(1)?)?;
            let unit_seconds = match unit {
                "s" => 1,
                "m" => 60,
                "h" => 3_600,
                _ => return None,
            };
            let number: u64 = digits.parse().ok()?;
            Some((percent.parse::<u64>().ok()?, Duration::from_secs(number.saturating_mul(unit_seconds))))
        });
        let Some((percent, duration)) = parts else {
            return Err(invalid("it is not a percentage, a slash and a time with `s`, `m` or `h`".to_owned()));
        };
        let Some(percent) = u8::try_from(percent).ok().filter(|percent| PERCENT.contains(percent)) else {
            let start = PERCENT.start();
            let end = PERCENT.end();
            return Err(invalid(format!("{percent} % of the calls, and {start} to {end} are possible")));
        };
        if duration.is_zero() || duration > MAX_DURATION {
            return Err(invalid("the time is not from 1 second to 24 hours".to_owned()));
        }
        Ok(Self { percent, duration })
    }
}

/// The canary of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanaryPlan {
    /// The part of the calls that goes to the new versions, in percent.
    pub percent: u8,
    /// How long it does.
    pub duration: Duration,
    /// The functions with an old version and a new one. Not empty.
    pub functions: Vec<ShiftedFunction>,
    /// The names of the alarms that are watched. Not empty.
    pub alarms: Vec<String>,
    /// Functions that are shifted although no alarm watches them.
    pub(crate) unwatched: Vec<String>,
}

/// A function whose calls are shifted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShiftedFunction {
    pub(crate) key: String,
    /// Name of the function.
    pub function: String,
    /// Number of the version that the alias points to.
    pub from: String,
}

impl CanaryPlan {
    /// Returns the line of the plan for people.
    pub(crate) fn render(&self) -> String {
        let Self { percent, duration, functions, alarms, .. } = self;
        let list = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
        format!(
            "\ncanary: {percent} % of the calls of {} go to the new versions for {} s, watched by {}\n",
            list(functions.len(), "function"),
            duration.as_secs(),
            list(alarms.len(), "alarm"),
        )
    }
}

/// What the tag of a function says: a version, and the part of the calls that it gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CanaryTag {
    pub(crate) version: u64,
    pub(crate) percent: u8,
}

impl CanaryTag {
    /// Reads `8:10`. A value that someone else has changed still says that there is a canary.
    pub(crate) fn parse(value: &str) -> Self {
        let (version, percent) = value.split_once(':').unwrap_or_default();
        Self { version: version.parse().unwrap_or_default(), percent: percent.parse().unwrap_or_default() }
    }

    pub(crate) fn value(&self) -> String {
        format!("{}:{}", self.version, self.percent)
    }

    /// Returns why a deploy has something to do, for people.
    pub(crate) fn reason(&self) -> String {
        format!("{} % of the calls go to version {}", self.percent, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        Canary::parse(text).expect_err(text).reports.remove(0).message
    }

    #[test]
    fn canaries_have_a_part_and_a_time() {
        for (text, percent, seconds) in [("10%/10m", 10, 600), ("1%/1s", 1, 1), ("99%/24h", 99, 86_400)] {
            assert_eq!(Canary::parse(text).expect(text), Canary { percent, duration: Duration::from_secs(seconds) });
        }
        for text in ["", "10%", "10/10m", "10%/10", "10%/m", "ten%/10m", "10%/10d", "10%/5µ", "10%/-5m"] {
            assert!(message(text).contains("it is not a percentage"), "{text}");
        }
        assert!(message("0%/10m").contains("0 % of the calls, and 1 to 99 are possible"));
        assert!(message("300%/10m").contains("300 %"));
        for text in ["10%/0s", "10%/25h", "10%/18446744073709551615h"] {
            assert!(message(text).contains("not from 1 second to 24 hours"), "{text}");
        }
    }

    #[test]
    fn tag_says_version_and_part() {
        let tag = CanaryTag { version: 8, percent: 10 };
        assert_eq!(CanaryTag::parse(&tag.value()), tag);
        assert_eq!(tag.reason(), "10 % of the calls go to version 8");
        assert_eq!(CanaryTag::parse("yes"), CanaryTag { version: 0, percent: 0 });
    }
}
