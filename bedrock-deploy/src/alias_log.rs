//! The log in the description of the alias `live`: which versions it has pointed to, newest first, and which deploy pointed it
//! there: `deploys 4@1764064900000 -3@1764064800000 1@1764064700000`. A minus is before what was rolled back.
//!
//! Lambda sets a description in the same request that moves the alias, so the log says neither more nor less than what has happened.
//! The description of a version cannot say it: a version is published before a canary, which may end with the old version.

use std::fmt;

use crate::aws::AwsError;
use crate::lock::reason_of;

/// Characters of a description (API reference of Lambda, `UpdateAlias`).
const MAX_CHARS: usize = 256;
const START: &str = "deploys";
const UNDONE: char = '-';

/// A version that the alias has pointed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogEntry {
    pub(crate) version: u64,
    /// Start of the deploy in milliseconds since 1970. 0 if it is not known.
    pub(crate) deploy: u64,
    is_undone: bool,
}

/// Returns the warning for a caller that may not read an alias, as with a policy of an earlier version of this tool.
pub(crate) fn denied_warning(function: &str, error: &AwsError) -> String {
    format!(
        "the alias `live` of function `{function}` cannot be read, and the descriptions of the versions say which one was in use \
         before: {}",
        reason_of(error)
    )
}

/// The log of one function. Empty if the alias was made by an earlier version of this tool, which wrote none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AliasLog(Vec<LogEntry>);

impl AliasLog {
    /// Returns an empty log for a description that someone else has written.
    pub(crate) fn parse(description: &str) -> Self {
        let entry = |word: &str| {
            let undone = word.strip_prefix(UNDONE);
            let (version, deploy) = undone.unwrap_or(word).split_once('@')?;
            Some(LogEntry { version: version.parse().ok()?, deploy: deploy.parse().ok()?, is_undone: undone.is_some() })
        };
        let words = description.strip_prefix(START).into_iter().flat_map(str::split_whitespace);
        Self(words.map(entry).collect::<Option<Vec<_>>>().unwrap_or_default())
    }

    /// Returns the log of an alias that points to `version`, which `deploy` published. A higher number was deployed, and a lower
    /// one rolled back to: a deploy always ends with the newest version.
    #[must_use]
    pub(crate) fn at(mut self, version: u64, deploy: u64) -> Self {
        for entry in self.0.iter_mut().filter(|entry| entry.version > version) {
            entry.is_undone = true;
        }
        if self.current().is_none_or(|entry| entry.version != version) {
            self.0.insert(0, LogEntry { version, deploy, is_undone: false });
        }
        self
    }

    /// Returns the log of an alias that points to `version` now, which `deploy` published. The log says nothing of what came before
    /// if something else has moved the alias to a version that is not in it, for example an earlier version of this tool.
    #[must_use]
    pub(crate) fn now_at(self, version: u64, deploy: u64) -> Self {
        let log = if self.in_use().any(|entry| entry.version == version) { self } else { Self::default() };
        log.at(version, deploy)
    }

    /// Returns the versions in use one after the other, the present one first, without what was rolled back.
    pub(crate) fn in_use(&self) -> impl Iterator<Item = &LogEntry> {
        self.0.iter().filter(|entry| !entry.is_undone)
    }

    pub(crate) fn current(&self) -> Option<&LogEntry> {
        self.in_use().next()
    }

    /// Returns whether a deploy pointed the alias to a version, even if that was rolled back.
    pub(crate) fn has_deploy(&self, deploy: u64) -> bool {
        self.0.iter().any(|entry| entry.deploy == deploy)
    }
}

/// The oldest entries are left out if there is no room for them.
impl fmt::Display for AliasLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = START.to_owned();
        for LogEntry { version, deploy, is_undone } in &self.0 {
            let minus = if *is_undone { UNDONE.to_string() } else { String::new() };
            let word = format!(" {minus}{version}@{deploy}");
            if text.len() + word.len() > MAX_CHARS {
                break;
            }
            text += &word;
        }
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(log: &AliasLog) -> String {
        log.to_string()
    }

    #[test]
    fn log_is_read_as_it_is_written() {
        let log = AliasLog::default().at(1, 100).at(2, 200).at(1, 100).at(3, 300);
        assert_eq!(text(&log), "deploys 3@300 -2@200 1@100");
        assert_eq!(AliasLog::parse(&text(&log)), log);
        for other in ["", "deploys", "my alias", "deploys 3", "deploys 3@300 x@1", "deploys 3@300 -@2"] {
            assert_eq!(AliasLog::parse(other), AliasLog::default(), "{other}");
        }
    }

    #[test]
    fn log_says_what_was_in_use() {
        let versions = |log: &AliasLog| log.in_use().map(|entry| entry.version).collect::<Vec<_>>();
        let log = AliasLog::default().at(1, 100).at(2, 200).at(4, 400);
        assert_eq!(versions(&log), [4, 2, 1]);
        // The same version once more changes nothing, in any deploy.
        assert_eq!(log.clone().at(4, 900), log);
        assert_eq!(versions(&log.clone().at(1, 100)), [1]);
        // Rolled back to a version of an earlier tool, which the log does not have.
        assert_eq!(text(&log.clone().at(3, 0)), "deploys 3@0 -4@400 2@200 1@100");
        // What was rolled back and deployed again is in use again.
        let again = log.at(2, 200).at(4, 500);
        assert_eq!((versions(&again), again.has_deploy(400)), (vec![4, 2, 1], true));
    }

    #[test]
    fn log_fits_into_a_description() {
        let log = (0..50).fold(AliasLog::default(), |log, number| log.at(1_000 + number, 1_764_064_800_000 + number));
        let text = text(&log);
        assert!(text.len() <= MAX_CHARS && text.starts_with("deploys 1049@1764064800049 1048@"), "{text}");
        // As many as versions are kept.
        assert!(AliasLog::parse(&text).in_use().count() > 10, "{text}");
    }
}
