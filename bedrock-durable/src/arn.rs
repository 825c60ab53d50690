//! ARNs of executions: the qualified ARN of the function, the name of the execution, and its id.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::DurableError;

/// The pattern of the API model, for messages.
const PATTERN: &str = "arn:([a-zA-Z0-9-]+):lambda:([a-zA-Z0-9-]+):(\\d{12}):function:([a-zA-Z0-9_-]+):(\\$LATEST(?:\\.PUBLISHED)?|[0-9]+)/durable-execution/([a-zA-Z0-9_-]+)/([a-zA-Z0-9_-]+)";
const SEPARATOR: &str = "/durable-execution/";
const MAX_ARN_LENGTH: usize = 1024;
const MAX_NAME_LENGTH: usize = 64;

/// The ARN of an execution.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExecutionArn(String);

impl ExecutionArn {
    /// Returns the ARN of the execution `name` with `id` of the function with the unqualified ARN `function_arn`.
    pub fn new(function_arn: &str, version: &str, name: &str, id: &str) -> Self {
        Self(format!("{function_arn}:{version}{SEPARATOR}{name}/{id}"))
    }

    /// Reads an ARN that a caller sent.
    pub fn parse(text: &str) -> Result<Self, DurableError> {
        if text.is_empty() || text.len() > MAX_ARN_LENGTH || !matches_pattern(text) {
            let constraint = format!("Member must satisfy regular expression pattern: {PATTERN}");
            return Err(DurableError::validation("durableExecutionArn", text, &constraint));
        }
        Ok(Self(text.to_owned()))
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the ARN of the function with its version.
    pub fn function_arn(&self) -> &str {
        self.0.split_once(SEPARATOR).map_or(&self.0, |(function, _)| function)
    }

    /// Returns the version of the function.
    pub fn version(&self) -> &str {
        self.function_arn().rsplit(':').next().unwrap_or_default()
    }

    /// Returns the name of the execution.
    pub fn name(&self) -> &str {
        let rest = self.0.split_once(SEPARATOR).map_or("", |(_, rest)| rest);
        rest.split_once('/').map_or(rest, |(name, _)| name)
    }

    /// Returns the id of the execution, which is also the id of its first operation: SDKs find it by that.
    pub fn id(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

impl fmt::Display for ExecutionArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Checks the name of an execution.
pub fn validate_name(name: &str) -> Result<(), DurableError> {
    if !name.is_empty() && name.len() <= MAX_NAME_LENGTH && is_word(name) {
        return Ok(());
    }
    let constraint = if is_word(name) && !name.is_empty() {
        format!("Member must have length less than or equal to {MAX_NAME_LENGTH}")
    } else {
        "Member must satisfy regular expression pattern: [a-zA-Z0-9-_]+".to_owned()
    };
    Err(DurableError::validation("durableExecutionName", name, &constraint))
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn matches_pattern(text: &str) -> bool {
    let is_named = |text: &str| !text.is_empty() && is_word(text);
    let is_plain = |text: &str| is_named(text) && !text.contains('_');
    let Some((function, execution)) = text.split_once(SEPARATOR) else { return false };
    let parts: Vec<&str> = function.split(':').collect();
    let ["arn", partition, "lambda", region, account, "function", name, version] = parts[..] else { return false };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_version = matches!(version, "$LATEST" | "$LATEST.PUBLISHED") || is_number(version);
    let is_execution = execution.split_once('/').is_some_and(|(name, id)| is_named(name) && is_named(id));
    is_plain(partition)
        && is_plain(region)
        && account.len() == 12
        && is_number(account)
        && is_named(name)
        && is_version
        && is_execution
}

#[cfg(test)]
mod tests {
    use super::{ExecutionArn, validate_name};

    const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:shop-local-order";

    #[test]
    fn arn_contains_function_version_name_and_id() {
        let arn = ExecutionArn::new(FUNCTION, "$LATEST", "order-7", "f00d");
        assert_eq!(arn.as_str(), format!("{FUNCTION}:$LATEST/durable-execution/order-7/f00d"));
        let found = (arn.function_arn(), arn.version(), arn.name(), arn.id());
        assert_eq!(found, (format!("{FUNCTION}:$LATEST").as_str(), "$LATEST", "order-7", "f00d"));
        assert_eq!(ExecutionArn::parse(arn.as_str()).expect("valid"), arn);
        assert!(ExecutionArn::parse(&format!("{FUNCTION}:7/durable-execution/a/b")).is_ok());
    }

    #[test]
    fn malformed_arns_are_validation_errors() {
        for wrong in [
            "",
            FUNCTION,
            "arn:aws:lambda:us-east-1:000000000000:function:x:live/durable-execution/a/b",
            "arn:aws:lambda:us-east-1:1:function:x:1/durable-execution/a/b",
            "arn:aws:lambda:us-east-1:000000000000:function:x:1/durable-execution/a",
            "arn:aws:lambda:us-east-1:000000000000:function:x:1/durable-execution/a/b/c",
            "arn:aws:lambda:us-east-1:000000000000:function:x:1/durable-execution/a b/c",
            "arn:aws:sqs:us-east-1:000000000000:function:x:1/durable-execution/a/b",
        ] {
            let error = ExecutionArn::parse(wrong).expect_err(wrong);
            assert_eq!(error.kind.name(), "ValidationException", "{wrong}");
        }
    }

    #[test]
    fn execution_names_have_1_to_64_word_characters() {
        assert!(validate_name("order-7_a").is_ok() && validate_name(&"a".repeat(64)).is_ok());
        for wrong in ["", "has space", "ä", "a/b", &"a".repeat(65)] {
            assert_eq!(validate_name(wrong).expect_err(wrong).kind.name(), "ValidationException", "{wrong}");
        }
    }
}
