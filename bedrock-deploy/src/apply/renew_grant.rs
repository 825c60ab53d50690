//! Renews the KMS grant of a function whose role was deleted and created again under the same name.
//!
//! Lambda creates the grant for its key of environment variables when a function gets a role. The grant names the unique id of
//! the role, and an update with the same ARN does not renew it. Therefore the function gets another role and its own again.

use super::context::{FunctionContext, StepResult, wait_until_ready};
use super::function::accept_repetition;
use super::role;
use crate::aws::{Idempotency, call};
use crate::desired::DesiredFunction;

/// Gives the function a temporary role with the same permissions, then its own role, and deletes the temporary role. It can be
/// repeated: callers invoke the alias `live`, which does not change.
pub(super) async fn renew(context: &mut FunctionContext<'_>, desired: &DesiredFunction) -> StepResult {
    let temporary = context.stage.temporary_role_name(context.key);
    role::create_if_missing(context, &temporary).await?;
    role::put_inline_policy(context, &temporary, &desired.policies.inline).await?;
    let temporary_arn = context.stage.temporary_role_arn(context.key);
    set_role(context, &temporary_arn).await?;
    set_role(context, context.role_arn).await?;
    role::delete(context, &temporary).await
}

async fn set_role(context: &mut FunctionContext<'_>, arn: &str) -> StepResult {
    let update = || {
        let function = context.aws.lambda.update_function_configuration().function_name(context.name).role(arn);
        function.set_revision_id(context.revision.clone()).send()
    };
    let updated = call(Idempotency::Idempotent, update).await;
    accept_repetition(context.aws, context.name, updated, |version| version.settings.role_arn == arn).await?;
    context.revision = wait_until_ready(context.aws, context.name, None).await?;
    Ok(())
}
