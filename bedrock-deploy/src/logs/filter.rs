//! Which log events are wanted: of one invocation, with a text, of a level or above. The level of an event is what Lambda's
//! runtimes and the usual loggers write.

use serde_json::Value;

/// Levels, the lowest first, as loggers write them in upper case.
const LEVELS: [&[&str]; 6] =
    [&["TRACE"], &["DEBUG"], &["INFO", "NOTICE"], &["WARN", "WARNING"], &["ERROR"], &["FATAL", "CRITICAL"]];
/// Keys of the level in lines that are JSON.
const LEVEL_KEYS: [&str; 3] = ["level", "levelname", "severity"];
/// Columns of a line, from the left, among which the level may be.
const MAX_LEVEL_COLUMNS: usize = 4;

/// A level of log events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogLevel(usize);

impl LogLevel {
    /// Parses a level in any case: `warn`, `ERROR`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_uppercase();
        LEVELS.iter().position(|names| names.contains(&text.as_str())).map(Self)
    }

    /// Returns the level of a message, or `None` if it has none.
    fn of(message: &str) -> Option<Self> {
        let message = message.trim_start();
        if message.starts_with('{') {
            let line: Value = serde_json::from_str(message.trim_end()).ok()?;
            return LEVEL_KEYS.iter().find_map(|key| Self::parse(line.get(*key)?.as_str()?));
        }
        // `[ERROR]⇥…` of Python, `…⇥…⇥ERROR⇥…` of Node.js, `2026-11-29T10:00:00Z ERROR …` of tracing.
        let first_line = message.lines().next().unwrap_or_default();
        let words = first_line.split(['\t', ' ']).filter(|word| !word.is_empty()).take(MAX_LEVEL_COLUMNS);
        let is_upper = |word: &&str| word.chars().any(|c| c.is_ascii_uppercase());
        words.map(|word| word.trim_matches(['[', ']', ':'])).filter(is_upper).find_map(Self::parse)
    }
}

/// Which events are wanted. The default is all of them.
#[derive(Debug, Clone, Default)]
pub struct LogFilter {
    /// The start of the request id.
    pub request_id: Option<String>,
    /// A text in the message.
    pub text: Option<String>,
    /// The lowest level. Events without a level are not wanted then.
    pub level: Option<LogLevel>,
}

impl LogFilter {
    /// Returns whether an event is wanted.
    pub(super) fn matches(&self, message: &str, request_id: Option<&str>) -> bool {
        let is_request =
            self.request_id.as_ref().is_none_or(|id| request_id.is_some_and(|found| found.starts_with(id.as_str())));
        let has_text = self.text.as_ref().is_none_or(|text| message.contains(text.as_str()));
        let has_level = self.level.is_none_or(|level| LogLevel::of(message).is_some_and(|found| found >= level));
        is_request && has_text && has_level
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(message: &str) -> Option<LogLevel> {
        LogLevel::of(message)
    }

    #[test]
    fn level_is_found_where_loggers_write_it() {
        for (message, expected) in [
            ("[ERROR]\t2026-11-29T10:00:00.000Z\t1111\tboom", "error"),
            ("[WARNING]\t2026-11-29T10:00:00.000Z\t1111\tcareful", "warn"),
            ("2026-11-29T10:00:00.000Z\t1111\tINFO\thello", "info"),
            ("2026-11-29T10:00:00.000000Z ERROR my_app: boom", "error"),
            ("  2026-11-29T10:00:00.000000Z  INFO my_app: ERROR", "info"),
            (r#"{"timestamp":"x","level":"WARN","message":"ERROR"}"#, "warn"),
            (r#"{"severity":"critical"}"#, "fatal"),
            ("ERROR: boom", "error"),
        ] {
            assert_eq!(level(message), LogLevel::parse(expected), "{message}");
        }
        for message in ["printed", "START RequestId: 1", r#"{"message":"x"}"#, "{", "", "an error in lower case"] {
            assert_eq!(level(message), None, "{message}");
        }
    }

    #[test]
    fn levels_are_ordered() {
        let all = ["trace", "debug", "info", "warn", "error", "fatal"].map(LogLevel::parse);
        assert!(all.iter().all(Option::is_some) && all.is_sorted());
        assert_eq!(LogLevel::parse("loud"), None);
    }

    #[test]
    fn filters_are_combined() {
        let filter = LogFilter {
            request_id: Some("1111".to_owned()),
            text: Some("boom".to_owned()),
            level: LogLevel::parse("warn"),
        };
        assert!(filter.matches("[ERROR]\tboom", Some("1111-aaaa")));
        assert!(!filter.matches("[ERROR]\tboom", Some("2222-aaaa")));
        assert!(!filter.matches("[ERROR]\tboom", None));
        assert!(!filter.matches("[ERROR]\tother", Some("1111-aaaa")));
        assert!(!filter.matches("[INFO]\tboom", Some("1111-aaaa")));
        assert!(LogFilter::default().matches("anything", None));
    }
}
