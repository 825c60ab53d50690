//! Checkpoint tokens and callback ids: base64 of what they refer to. They are no secrets, because every program on this
//! machine that can call the API may also read the store.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::arn::ExecutionArn;
use crate::error::DurableError;

/// Permits one checkpoint of one invocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CheckpointToken {
    pub(crate) arn: ExecutionArn,
    pub(crate) sequence: u64,
    /// The request id of the invocation.
    pub(crate) invocation: String,
}

/// Identifies a callback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackId {
    /// The execution that waits for the callback.
    pub arn: ExecutionArn,
    /// The operation in this execution.
    pub operation: String,
}

impl CheckpointToken {
    pub(crate) fn encode(&self) -> String {
        encode(self)
    }

    /// Reads a token. One that this service did not write is as invalid as one that was used.
    pub(crate) fn decode(text: &str) -> Result<Self, DurableError> {
        decode(text).ok_or_else(DurableError::stale_token)
    }
}

impl CallbackId {
    pub(crate) fn encode(&self) -> String {
        encode(self)
    }

    /// Reads the id of a callback.
    pub fn decode(text: &str) -> Result<Self, DurableError> {
        let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
        if text.is_empty() || text.len() > 1024 || !text.bytes().all(is_legal) {
            let constraint = "Member must satisfy regular expression pattern: [A-Za-z0-9+/]+={0,2}";
            return Err(DurableError::validation("callbackId", text, constraint));
        }
        decode(text).ok_or_else(|| DurableError::invalid("Invalid callback id"))
    }
}

fn encode(value: &impl Serialize) -> String {
    // Strings and numbers always serialize.
    BASE64_STANDARD.encode(serde_json::to_vec(value).unwrap_or_default())
}

fn decode<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(&BASE64_STANDARD.decode(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::{CallbackId, CheckpointToken};
    use crate::arn::ExecutionArn;

    #[test]
    fn tokens_survive_a_round_trip_and_nothing_else_is_read() {
        let arn = ExecutionArn::new("arn:aws:lambda:r-1:000000000000:function:x", "$LATEST", "a", "b");
        let token = CheckpointToken { arn: arn.clone(), sequence: 7, invocation: "i".to_owned() };
        assert_eq!(CheckpointToken::decode(&token.encode()).expect("valid"), token);
        let callback = CallbackId { arn, operation: "1".to_owned() };
        assert_eq!(CallbackId::decode(&callback.encode()).expect("valid"), callback);
        assert_eq!(CheckpointToken::decode(&callback.encode()).expect_err("wrong").message, "Invalid checkpoint token");
        assert_eq!(CallbackId::decode("a b").expect_err("wrong").kind.name(), "ValidationException");
        assert_eq!(CallbackId::decode("QUJD").expect_err("wrong").kind.name(), "InvalidParameterValueException");
    }
}
