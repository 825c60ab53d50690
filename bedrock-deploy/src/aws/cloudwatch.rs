//! Requests to CloudWatch in its JSON protocol: each is a POST whose header names the operation.

use aws_config::SdkConfig;
use bedrock_diagnostics::Result as AppResult;
use serde_json::Value;

use super::error::AwsError;
use super::retry::{Idempotency, call_service};
use super::service_api::{RequestBody, ServiceApi};

/// Name of the service in signatures and host names.
const SERVICE: &str = "monitoring";
/// Name of the service in the words of IAM.
const ACTION_PREFIX: &str = "cloudwatch";
/// What the names of operations follow (service model of CloudWatch, `targetPrefix`).
const TARGET_PREFIX: &str = "GraniteServiceVersion20100801";

/// CloudWatch in one region. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct CloudWatch(ServiceApi);

impl CloudWatch {
    pub(super) fn new(sdk: &SdkConfig, region: &str, partition: &str) -> AppResult<Self> {
        Ok(Self(ServiceApi::new(sdk, SERVICE, region, partition)?))
    }

    /// Calls an operation, and retries it as `idempotency` allows. Returns null for a response without a body.
    pub(crate) async fn call(
        &self,
        idempotency: Idempotency,
        operation: &str,
        parameters: &Value,
    ) -> Result<Value, AwsError> {
        let target = format!("{TARGET_PREFIX}.{operation}");
        let action = format!("{ACTION_PREFIX}:{operation}");
        let body = || RequestBody {
            content_type: "application/x-amz-json-1.0",
            target: Some(target.clone()),
            text: parameters.to_string(),
        };
        call_service(idempotency, || self.0.send("POST", "/", body(), action.clone())).await
    }
}
