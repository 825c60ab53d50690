//! The contents of a function version, desired or actual, how two versions differ, and the description that a deploy
//! writes on the versions that it publishes.

use std::fmt;

use crate::environment::Environment;
use crate::lambda_settings::{Members, member_differences};

/// Code and settings of a function, which are frozen together when a version is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    /// SHA-256 of the zip, in base64.
    pub(crate) code_sha256: String,
    pub(crate) architecture: String,
    pub(crate) settings: FunctionSettings,
    /// ARNs of layer versions, in order. `None` if one of them has not been published yet.
    pub(crate) layers: Option<Vec<String>>,
}

/// Settings of a function that can be changed without new code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FunctionSettings {
    pub(crate) runtime: String,
    pub(crate) handler: String,
    pub(crate) memory_mb: i32,
    pub(crate) timeout_seconds: i32,
    pub(crate) role_arn: String,
    pub(crate) environment: Environment,
    /// ARN of the dead-letter queue or topic.
    pub(crate) dead_letter: Option<String>,
    /// Further members of Lambda's API. A desired version has only those that a deploy manages.
    pub(crate) members: Members,
}

/// How one version differs from another, for people: ``memory 128 → 512``.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct VersionDifferences {
    pub(crate) code: Vec<String>,
    pub(crate) settings: Vec<String>,
}

impl Version {
    /// Returns what has to change to turn `self` into `desired`.
    pub(crate) fn differences(&self, desired: &Self) -> VersionDifferences {
        let mut code = Vec::new();
        if self.code_sha256 != desired.code_sha256 {
            code.push("code".to_owned());
        }
        code.extend(change_text("architecture", &self.architecture, &desired.architecture));
        let old = &self.settings;
        let new = &desired.settings;
        let mut settings: Vec<String> = [
            change_text("runtime", &old.runtime, &new.runtime),
            change_text("handler", &old.handler, &new.handler),
            change_text("memory", &old.memory_mb, &new.memory_mb),
            change_text("timeout", &old.timeout_seconds, &new.timeout_seconds),
            (old.role_arn != new.role_arn).then(|| "role".to_owned()),
            old.environment.difference(&new.environment),
            (old.dead_letter != new.dead_letter).then(|| "dead-letter".to_owned()),
        ]
        .into_iter()
        .flatten()
        .collect();
        settings.extend(member_differences(&old.members, &new.members));
        if desired.layers.is_none() || self.layers != desired.layers {
            settings.push("layers".to_owned());
        }
        VersionDifferences { code, settings }
    }
}

impl VersionDifferences {
    pub(crate) fn is_empty(&self) -> bool {
        self.code.is_empty() && self.settings.is_empty()
    }
}

/// Returns ``memory 128 → 512``, or `None` if the values are equal.
pub(crate) fn change_text<T: fmt::Display + PartialEq>(name: &str, old: &T, new: &T) -> Option<String> {
    (old != new).then(|| format!("{name} {old} → {new}"))
}

/// The description of a published version, which `rollback` reads: `deploy 1764064800000 after 6 for live`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct VersionDescription {
    /// Start of the deploy in milliseconds since 1970, the same for all versions that it publishes.
    pub(crate) deploy: u64,
    /// Number of the version that was in use before. `None` for the first deploy of the function.
    pub(crate) previous: Option<u64>,
    /// Whether the version calls the aliases of other functions. Versions of earlier deploys call unqualified functions.
    pub(crate) calls_aliases: bool,
}

/// End of the descriptions of versions that call aliases.
const CALLS_ALIASES_SUFFIX: &str = " for live";

impl VersionDescription {
    /// Returns `None` if the version was not published by a deploy.
    pub(crate) fn parse(description: &str) -> Option<Self> {
        let description = description.strip_prefix("deploy ")?;
        let without_suffix = description.strip_suffix(CALLS_ALIASES_SUFFIX);
        let mut parts = without_suffix.unwrap_or(description).split(" after ");
        let deploy = parts.next()?.parse().ok()?;
        let previous = parts.next().and_then(|number| number.parse().ok());
        Some(Self { deploy, previous, calls_aliases: without_suffix.is_some() })
    }
}

impl fmt::Display for VersionDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "deploy {}", self.deploy)?;
        if let Some(previous) = self.previous {
            write!(f, " after {previous}")?;
        }
        f.write_str(if self.calls_aliases { CALLS_ALIASES_SUFFIX } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_descriptions_can_be_parsed_again() {
        for description in [
            VersionDescription { deploy: 1_764_064_800_000, previous: Some(6), calls_aliases: true },
            VersionDescription { deploy: 1_764_064_800_000, previous: Some(6), calls_aliases: false },
            VersionDescription { deploy: 1, previous: None, calls_aliases: true },
            VersionDescription { deploy: 1, previous: None, calls_aliases: false },
        ] {
            assert_eq!(VersionDescription::parse(&description.to_string()), Some(description));
        }
        assert_eq!(["", "deploy", "deploy x", "manually"].map(VersionDescription::parse), [None; 4]);
    }
}
