//! How grave a log line says it is, in the forms that the loggers of the three languages write.

use serde::{Deserialize, Serialize};

/// How grave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Of no interest.
    Trace,
    /// For whoever looks for a fault.
    Debug,
    /// As it should be.
    Info,
    /// Perhaps not as it should be.
    Warn,
    /// Not as it should be.
    Error,
    /// Worse.
    Fatal,
}

/// Words that may stand before the level: a time, a date, a request id.
const BEFORE: usize = 3;

impl Level {
    /// Of a line: `[ERROR] …`, `2026-11-25T06:35:00Z INFO …`, `… WARN …`, or a JSON object with `level`.
    pub fn of(line: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Written {
            #[serde(alias = "levelname", alias = "severity")]
            level: String,
        }
        if line.starts_with('{')
            && let Ok(written) = serde_json::from_str::<Written>(line)
        {
            return Self::named(&written.level.to_ascii_uppercase());
        }
        // A line's beginning may be far from its end.
        let words = line.split_ascii_whitespace().take(BEFORE + 1);
        words.map(|word| word.trim_matches(['[', ']', ':'])).find_map(Self::named)
    }

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "TRACE" => Self::Trace,
            "DEBUG" => Self::Debug,
            "INFO" => Self::Info,
            "WARN" | "WARNING" => Self::Warn,
            "ERROR" => Self::Error,
            "FATAL" | "CRITICAL" => Self::Fatal,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Level;

    #[test]
    fn levels_are_read_from_the_lines_of_usual_loggers() {
        for (line, level) in [
            ("[ERROR] KeyError: 'width'", Some(Level::Error)),
            ("[WARNING]\t2026-11-25T06:35:00.000Z\tid\tslow", Some(Level::Warn)),
            ("2026-11-25T06:35:00.000Z\t6f1c\tINFO\tready", Some(Level::Info)),
            ("2026-11-25T06:35:00.000000Z DEBUG worker: connected", Some(Level::Debug)),
            ("CRITICAL:root:disk", None),
            ("CRITICAL: disk", Some(Level::Fatal)),
            (r#"{"timestamp":"now","level":"warn","message":"x"}"#, Some(Level::Warn)),
            (r#"{"level":40}"#, None),
            ("an ERROR of mine comes late", Some(Level::Error)),
            ("no information", None),
            ("a b c d ERROR", None),
            ("", None),
        ] {
            assert_eq!(Level::of(line), level, "{line}");
        }
    }
}
