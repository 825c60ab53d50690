//! What a deploy writes on the versions that it publishes, for going back: when it was, and which version was in use before.

use std::fmt;

/// The description of a version: `deploy 1764064800000 after 6`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Milliseconds since 1970, the same for all versions of a deploy.
    pub(crate) deploy: u64,
    /// None for the first one.
    pub(crate) before: Option<u64>,
}

impl Mark {
    /// None if somebody else published the version.
    pub(crate) fn parse(description: &str) -> Option<Self> {
        let mut words = description.strip_prefix("deploy ")?.split(" after ");
        let deploy = words.next()?.parse().ok()?;
        Some(Self { deploy, before: words.next().and_then(|number| number.parse().ok()) })
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "deploy {}", self.deploy)?;
        self.before.map_or(Ok(()), |before| write!(f, " after {before}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_read_as_they_are_written() {
        for mark in [Mark { deploy: 1_764_064_800_000, before: Some(6) }, Mark { deploy: 1, before: None }] {
            assert_eq!(Mark::parse(&mark.to_string()), Some(mark));
        }
        assert_eq!(["", "deploy", "deploy x", "by hand"].map(Mark::parse), [None; 4]);
    }
}
