//! Durable functions: their configuration, and the rights of their roles.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::stage::StageContext;

/// The member of Lambda's API.
pub(crate) const DURABLE_CONFIG: &str = "DurableConfig";
/// What AWS's SDK in the function calls.
const ACTIONS: [&str; 2] = ["lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState"];

/// The key `durable` of a function in the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct DurableConfig {
    /// Timeout of an execution in seconds.
    pub(crate) timeout: i32,
    /// How long an ended execution is stored, in days.
    pub(crate) retention: i32,
}

impl DurableConfig {
    /// Returns the value of the member.
    pub(crate) fn member(self) -> Value {
        json!({ "ExecutionTimeout": self.timeout, "RetentionPeriodInDays": self.retention })
    }
}

/// Returns how the member of a durable function differs from the desired one: `durable timeout 86400 → 3600`.
pub(crate) fn config_changes(old: Option<&Value>, new: &Value) -> Vec<String> {
    let Some(old) = old else { return vec!["durable".to_owned()] };
    let parts = [("ExecutionTimeout", "durable timeout"), ("RetentionPeriodInDays", "durable retention")];
    let change = |(member, setting): (&str, &str)| {
        (old[member] != new[member]).then(|| format!("{setting} {} → {}", old[member], new[member]))
    };
    parts.into_iter().filter_map(change).collect()
}

/// Returns the statements of the role of the function `key`. AWS checks these rights against the execution, whose ARN begins
/// with that of the version; an alias is never part of it (AWS Lambda Developer Guide, "Security and permissions for Lambda
/// durable functions"). The managed policy `AWSLambdaBasicDurableExecutionRolePolicy` permits them for all functions.
pub(crate) fn statements(stage: &StageContext, key: &str, config: Option<DurableConfig>) -> Vec<Value> {
    let executions = format!("{}:*", stage.function_arn(key));
    let statement = json!({ "Sid": "Checkpoint", "Effect": "Allow", "Action": ACTIONS, "Resource": executions });
    config.map(|_| statement).into_iter().collect()
}

/// Returns whether a function with these members is durable.
pub(crate) fn is_durable(members: &BTreeMap<String, Value>) -> bool {
    members.contains_key(DURABLE_CONFIG)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_fixtures::stage;

    const CONFIG: DurableConfig = DurableConfig { timeout: 86_400, retention: 14 };

    #[test]
    fn changes_name_what_differs() {
        let new = DurableConfig { timeout: 3600, ..CONFIG }.member();
        assert_eq!(config_changes(Some(&CONFIG.member()), &new), ["durable timeout 86400 → 3600"]);
        let new = DurableConfig { retention: 1, ..CONFIG }.member();
        assert_eq!(config_changes(Some(&CONFIG.member()), &new), ["durable retention 14 → 1"]);
        assert_eq!(config_changes(None, &new), ["durable"]);
    }

    #[test]
    fn role_may_checkpoint_executions_of_all_versions() {
        assert_eq!(statements(&stage(), "flow", None), Vec::<Value>::new());
        assert_eq!(
            json!(statements(&stage(), "flow", Some(CONFIG))),
            json!([{
                "Sid": "Checkpoint", "Effect": "Allow",
                "Action": ["lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState"],
                "Resource": "arn:aws:lambda:eu-west-1:123456789012:function:shop-dev-flow:*"
            }])
        );
    }
}
