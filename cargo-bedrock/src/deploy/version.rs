//! What a version of a function is made of, the same for what is wanted and for what there is, and how two differ.

use std::fmt;

use super::environment::Environment;

/// Code and settings of a function, which change together when a version is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    /// SHA-256 of the zip, in base64.
    pub(crate) code: String,
    pub(crate) architecture: String,
    pub(crate) settings: Settings,
    /// ARNs of layer versions, in order; none if one of them is still to be published.
    pub(crate) layers: Option<Vec<String>>,
}

/// What can be changed without new code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) runtime: String,
    pub(crate) handler: String,
    /// Megabytes.
    pub(crate) memory: i32,
    /// Seconds.
    pub(crate) timeout: i32,
    /// ARN of the role.
    pub(crate) role: String,
    pub(crate) environment: Environment,
    /// ARN of where events go themselves that failed for good.
    pub(crate) dead_letter: Option<String>,
}

/// How one version differs from another, in words: ``memory 128 → 512``.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Differences {
    pub(crate) code: Vec<String>,
    pub(crate) settings: Vec<String>,
}

impl Version {
    /// What has to change for `self` to be `wanted`.
    pub(crate) fn differences(&self, wanted: &Self) -> Differences {
        let mut code = Vec::new();
        if self.code != wanted.code {
            code.push("code".to_owned());
        }
        code.extend(changed("architecture", &self.architecture, &wanted.architecture));
        let (old, new) = (&self.settings, &wanted.settings);
        let mut settings: Vec<String> = [
            changed("runtime", &old.runtime, &new.runtime),
            changed("handler", &old.handler, &new.handler),
            changed("memory", &old.memory, &new.memory),
            changed("timeout", &old.timeout, &new.timeout),
            (old.role != new.role).then(|| "role".to_owned()),
            old.environment.difference(&new.environment),
            (old.dead_letter != new.dead_letter).then(|| "dead-letter".to_owned()),
        ]
        .into_iter()
        .flatten()
        .collect();
        if wanted.layers.is_none() || self.layers != wanted.layers {
            settings.push("layers".to_owned());
        }
        Differences { code, settings }
    }
}

/// ``memory 128 → 512``, if there is a difference.
pub(super) fn changed<T: fmt::Display + PartialEq>(what: &str, old: &T, new: &T) -> Option<String> {
    (old != new).then(|| format!("{what} {old} → {new}"))
}

impl Differences {
    pub(crate) fn is_empty(&self) -> bool {
        self.code.is_empty() && self.settings.is_empty()
    }
}
