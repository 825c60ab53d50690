//! Severity of a log line, in the formats that the loggers of the three languages write.

use serde::{Deserialize, Serialize};

/// Severity of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Fine-grained diagnostics.
    Trace,
    /// Diagnostics.
    Debug,
    /// Normal operation.
    Info,
    /// A possible problem.
    Warn,
    /// A failure.
    Error,
    /// A failure that ends the program.
    Fatal,
}

/// Number of words that may precede the level: a date, a time, a request id.
const MAX_WORDS_BEFORE_LEVEL: usize = 3;

impl Level {
    /// Reads the level of a line: `[ERROR] …`, `2026-11-25T06:35:00Z INFO …`, `… WARN …`, or a JSON object with the key
    /// `level`, `levelname` or `severity`. Returns `None` if the line has none.
    pub fn of(line: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct JsonLine {
            #[serde(alias = "levelname", alias = "severity")]
            level: String,
        }
        if line.starts_with('{')
            && let Ok(json_line) = serde_json::from_str::<JsonLine>(line)
        {
            return Self::named(&json_line.level.to_ascii_uppercase());
        }
        // Only the first words are split: a line may be very long.
        let words = line.split_ascii_whitespace().take(MAX_WORDS_BEFORE_LEVEL + 1);
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
    fn levels_are_read_from_common_log_formats() {
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
