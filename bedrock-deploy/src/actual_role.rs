//! An IAM role as it is on AWS: the role of a function, or that of its schedules.

use std::collections::BTreeMap;

use serde_json::Value;

/// A role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ActualRole {
    pub(crate) arn: String,
    /// Seconds since 1970. `None` if IAM does not say it.
    pub(crate) created_at: Option<i64>,
    /// ARN of a policy.
    pub(crate) permissions_boundary: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) trust_policy: Value,
    pub(crate) inline_policy: Option<Value>,
}
