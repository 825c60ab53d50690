//! Tags of the settings that existing resources do not have yet. Only those are set: a tag that others have set stays, and so does one
//! that is not in the settings any more.

use std::collections::BTreeMap;
use std::fmt;

use crate::stage::StageContext;

pub(crate) type Tags = BTreeMap<String, String>;

/// A resource with tags, as its service names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TagTarget {
    /// Name.
    Role(String),
    /// ARN of a managed policy.
    Policy(String),
    /// ARN.
    LogGroup(String),
    /// ARN.
    ScheduleGroup(String),
    /// Name.
    Queue(String),
    /// ARN of an event source mapping.
    Mapping(String),
    /// Name.
    Bucket(String),
    /// ARN.
    Table(String),
    /// Name of a Kinesis stream.
    Stream(String),
    /// ARN.
    Topic(String),
    /// ARN of an event bus or of a rule.
    Events(String),
    /// ARN.
    Alarm(String),
    /// Path of an HTTP API, of its stage or of a domain name: `apis/abc`.
    HttpApi(String),
}

/// A resource that lacks tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UntaggedResource {
    /// What the plan calls the trigger or the resource that it belongs to: `queue shop-dev-jobs`.
    pub(crate) planned: String,
    pub(crate) target: TagTarget,
    /// What it lacks.
    pub(crate) missing: Tags,
}

impl UntaggedResource {
    /// Returns `None` if a resource with these tags has all of the stage.
    pub(crate) fn find(stage: &StageContext, planned: String, target: TagTarget, tags: &Tags) -> Option<Self> {
        let missing = missing_tags(&stage.settings.tags, tags);
        (!missing.is_empty()).then_some(Self { planned, target, missing })
    }
}

/// Returns those of `wanted` that are missing in `actual` or have another value.
pub(crate) fn missing_tags(wanted: &Tags, actual: &Tags) -> Tags {
    let is_missing = |(key, value): &(&String, &String)| actual.get(*key) != Some(*value);
    wanted.iter().filter(is_missing).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Its name for messages: ``queue `shop-dev-jobs` ``.
impl fmt::Display for TagTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, name) = match self {
            Self::Role(name) => ("role", name),
            Self::Policy(arn) => ("policy", arn),
            Self::LogGroup(arn) => ("log group", arn),
            Self::ScheduleGroup(arn) => ("schedule group", arn),
            Self::Queue(name) => ("queue", name),
            Self::Mapping(arn) => ("event source mapping", arn),
            Self::Bucket(name) => ("bucket", name),
            Self::Table(arn) => ("table", arn),
            Self::Stream(name) => ("Kinesis stream", name),
            Self::Topic(arn) => ("topic", arn),
            Self::Events(arn) if arn.contains(":rule/") => ("rule", arn),
            Self::Events(arn) => ("event bus", arn),
            Self::Alarm(arn) => ("alarm", arn),
            Self::HttpApi(path) => ("HTTP API", path),
        };
        write!(f, "{kind} `{name}`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn tags_of_others_are_not_missing() {
        let wanted = tags(&[("team", "shop"), ("cost", "7")]);
        assert_eq!(missing_tags(&wanted, &tags(&[("team", "other"), ("mine", "x")])), wanted);
        assert_eq!(missing_tags(&wanted, &tags(&[("team", "shop")])), tags(&[("cost", "7")]));
        assert_eq!(missing_tags(&tags(&[]), &tags(&[("team", "shop")])), tags(&[]));
    }
}
