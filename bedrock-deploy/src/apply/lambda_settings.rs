//! Requests for settings that not every function has: members of Lambda's API that are added to other requests, code signing, runtime management and provisioned concurrency.

use aws_sdk_lambda::config::http::HttpRequest;
use aws_sdk_lambda::primitives::SdkBody;
use aws_sdk_lambda::types::UpdateRuntimeOn;
use serde_json::{Map, Value};

use super::context::{FunctionContext, StepResult};
use crate::aws::{Idempotency, call, optional};
use crate::desired::DesiredFunction;
use crate::lambda_settings::Members;
use crate::stage::ALIAS;

/// Adds members to the JSON body of a request. The SDK has no way to send members that it does not know.
pub(super) fn add_members(request: &mut HttpRequest, members: &Members) {
    if members.is_empty() {
        return;
    }
    let Some(Ok(mut body)) = request.body().bytes().map(serde_json::from_slice::<Map<String, Value>>) else { return };
    body.extend(members.iter().map(|(name, value)| (name.clone(), value.clone())));
    let text = Value::Object(body).to_string();
    request.headers_mut().insert("content-length", text.len().to_string());
    *request.body_mut() = SdkBody::from(text);
}

pub(super) async fn set_code_signing(context: &FunctionContext<'_>, desired: &DesiredFunction) -> StepResult {
    let lambda = &context.aws.lambda;
    if let Some(arn) = &desired.lambda.code_signing {
        let request = || {
            let config = lambda.put_function_code_signing_config().function_name(context.name);
            config.code_signing_config_arn(arn).send()
        };
        call(Idempotency::Idempotent, request).await?;
    } else {
        let request = || lambda.delete_function_code_signing_config().function_name(context.name).send();
        optional(call(Idempotency::Idempotent, request).await)?;
    }
    Ok(())
}

/// Sets it for the unpublished version, which the next published one takes it from, and for the version in use.
pub(super) async fn set_runtime_management(context: &FunctionContext<'_>, desired: &DesiredFunction) -> StepResult {
    let management = desired.lambda.runtime_management.clone().unwrap_or_default();
    for qualifier in [None, context.live_version] {
        let request = || {
            let config = context.aws.lambda.put_runtime_management_config().function_name(context.name);
            let config = config.set_qualifier(qualifier.map(str::to_owned));
            let config = config.update_runtime_on(UpdateRuntimeOn::from(management.mode.as_str()));
            config.set_runtime_version_arn(management.version.clone()).send()
        };
        call(Idempotency::Idempotent, request).await?;
        if context.live_version.is_none() {
            break;
        }
    }
    Ok(())
}

/// Sets it for the alias, so that it follows the version in use.
pub(super) async fn set_provisioned_concurrency(
    context: &FunctionContext<'_>,
    desired: &DesiredFunction,
) -> StepResult {
    let lambda = &context.aws.lambda;
    if let Some(count) = desired.lambda.provisioned_concurrency {
        let request = || {
            let config = lambda.put_provisioned_concurrency_config().function_name(context.name).qualifier(ALIAS);
            config.provisioned_concurrent_executions(count).send()
        };
        call(Idempotency::Idempotent, request).await?;
    } else {
        let request =
            || lambda.delete_provisioned_concurrency_config().function_name(context.name).qualifier(ALIAS).send();
        optional(call(Idempotency::Idempotent, request).await)?;
    }
    Ok(())
}
