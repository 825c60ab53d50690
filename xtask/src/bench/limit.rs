//! Limits of figures, and a table of them. A figure over its limit is not an error: on a busy machine all of them are.

use std::fmt::Write;

/// A limit and the figure that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Limit {
    pub(super) what: String,
    pub(super) found: String,
    pub(super) allowed: String,
    /// `None` if it was not measured.
    pub(super) holds: Option<bool>,
}

impl Limit {
    /// Returns a limit that holds up to and including `allowed`. `show` formats a figure with its unit.
    pub(super) fn at_most(what: impl Into<String>, found: Option<f64>, allowed: f64, show: fn(f64) -> String) -> Self {
        let holds = found.map(|found| found <= allowed);
        Self { what: what.into(), found: shown(found, show), allowed: format!("≤ {}", show(allowed)), holds }
    }

    /// Returns a limit that holds for `allowed` and more.
    pub(super) fn at_least(what: impl Into<String>, found: Option<f64>, allowed: f64, show: fn(f64) -> String) -> Self {
        let holds = found.map(|found| found >= allowed);
        Self { what: what.into(), found: shown(found, show), allowed: format!("≥ {}", show(allowed)), holds }
    }
}

fn shown(found: Option<f64>, show: fn(f64) -> String) -> String {
    found.map_or("–".to_owned(), show)
}

/// Formats a ratio.
pub(super) fn times(ratio: f64) -> String {
    format!("{ratio:.2} ×")
}

/// Returns a table of the limits and the figures that were found.
pub(super) fn table(limits: &[Limit]) -> String {
    let mut text = "| limit | found | allowed | |\n|---|---|---|---|\n".to_owned();
    for Limit { what, found, allowed, holds } in limits {
        let verdict = match holds {
            Some(true) => "ok",
            Some(false) => "over",
            None => "not measured",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {what} | {found} | {allowed} | {verdict} |");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limit_is_ok_or_over_or_not_measured() {
        let limit = |found| Limit::at_most("w", found, 1.0, |n| format!("{n}"));
        let text = table(&[limit(Some(1.0)), limit(Some(2.0)), limit(None)]);
        assert_eq!(
            text,
            "| limit | found | allowed | |\n|---|---|---|---|\n| w | 1 | ≤ 1 | ok |\n| w | 2 | ≤ 1 | over |\n| w | – | ≤ 1 | not measured |\n"
        );
        let least = Limit::at_least("w", Some(2.5), 3.0, times);
        assert_eq!((least.found.as_str(), least.allowed.as_str(), least.holds), ("2.50 ×", "≥ 3.00 ×", Some(false)));
    }
}
