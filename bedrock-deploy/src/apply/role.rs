//! Creates, updates and deletes a function's role and its policies.

use aws_sdk_iam::operation::list_attached_role_policies::ListAttachedRolePoliciesOutput;
use aws_sdk_iam::operation::list_role_policies::ListRolePoliciesOutput;
use aws_sdk_iam::types::Tag;
use serde_json::Value;

use super::context::{FunctionContext, StepError, StepResult};
use crate::aws::{Aws, Idempotency, call, ok_if_exists, optional};
use crate::policy::lambda_trust_policy;
use crate::stage::INLINE_POLICY;

pub(super) async fn create(context: &FunctionContext<'_>, name: &str) -> StepResult {
    let document = lambda_trust_policy().to_string();
    let tags = tags(context)?;
    let request = || {
        let role = context.aws.iam.create_role().role_name(name).assume_role_policy_document(&document);
        let role = role.path(context.stage.role_path());
        let role = role.set_permissions_boundary(context.stage.settings.permissions_boundary.clone());
        role.set_tags(Some(tags.clone())).send()
    };
    call(Idempotency::NotIdempotent, request).await?;
    Ok(())
}

/// Creates the role, unless an earlier deploy has done so.
pub(super) async fn create_if_missing(context: &FunctionContext<'_>, name: &str) -> StepResult {
    match create(context, name).await {
        Err(StepError::Aws(error)) if error.already_exists() => Ok(()),
        result => result,
    }
}

pub(super) async fn update_trust_policy(context: &FunctionContext<'_>) -> StepResult {
    let name = context.stage.role_name(context.key);
    let document = lambda_trust_policy().to_string();
    let request = || context.aws.iam.update_assume_role_policy().role_name(&name).policy_document(&document).send();
    call(Idempotency::Idempotent, request).await?;
    Ok(())
}

pub(super) async fn set_permissions_boundary(context: &FunctionContext<'_>, boundary: &str) -> StepResult {
    let name = context.stage.role_name(context.key);
    put_permissions_boundary(context.aws, &name, boundary).await
}

/// Limits the permissions of the role `name`.
pub(crate) async fn put_permissions_boundary(aws: &Aws, name: &str, boundary: &str) -> StepResult {
    let request = || aws.iam.put_role_permissions_boundary().role_name(name).permissions_boundary(boundary).send();
    call(Idempotency::Idempotent, request).await?;
    Ok(())
}

pub(super) async fn put_inline_policy(context: &FunctionContext<'_>, name: &str, document: &Value) -> StepResult {
    let document = document.to_string();
    let request = || {
        let policy = context.aws.iam.put_role_policy().role_name(name).policy_name(INLINE_POLICY);
        policy.policy_document(&document).send()
    };
    call(Idempotency::EventuallyConsistent, request).await?;
    Ok(())
}

/// Creates a managed policy, unless an earlier deploy has done so, and attaches it.
pub(super) async fn attach_managed_policy(context: &FunctionContext<'_>, name: &str, document: &Value) -> StepResult {
    let iam = &context.aws.iam;
    let document = document.to_string();
    let tags = tags(context)?;
    let request = || {
        let policy = iam.create_policy().policy_name(name).path(context.stage.policy_path());
        policy.policy_document(&document).set_tags(Some(tags.clone())).send()
    };
    ok_if_exists(call(Idempotency::NotIdempotent, request).await)?;
    let role = context.stage.role_name(context.key);
    let arn = context.stage.managed_policy_arn(name);
    let request = || iam.attach_role_policy().role_name(&role).policy_arn(&arn).send();
    call(Idempotency::EventuallyConsistent, request).await?;
    Ok(())
}

pub(super) async fn delete_managed_policy(context: &FunctionContext<'_>, name: &str) -> StepResult {
    let iam = &context.aws.iam;
    let role = context.stage.role_name(context.key);
    let arn = context.stage.managed_policy_arn(name);
    let detach = || iam.detach_role_policy().role_name(&role).policy_arn(&arn).send();
    optional(call(Idempotency::Idempotent, detach).await)?;
    optional(call(Idempotency::Idempotent, || iam.delete_policy().policy_arn(&arn).send()).await)?;
    Ok(())
}

/// Deletes the role `role` if it exists, after detaching or deleting all of its policies, including those that the user added.
pub(super) async fn delete(context: &FunctionContext<'_>, role: &str) -> StepResult {
    let iam = &context.aws.iam;
    let list_attached = || iam.list_attached_role_policies().role_name(role).send();
    let attached = optional(call(Idempotency::Idempotent, list_attached).await)?;
    for policy in attached.iter().flat_map(ListAttachedRolePoliciesOutput::attached_policies) {
        let arn = policy.policy_arn().unwrap_or_default();
        let detach = || iam.detach_role_policy().role_name(role).policy_arn(arn).send();
        optional(call(Idempotency::Idempotent, detach).await)?;
    }
    let list_inline = || iam.list_role_policies().role_name(role).send();
    let inline = optional(call(Idempotency::Idempotent, list_inline).await)?;
    for name in inline.iter().flat_map(ListRolePoliciesOutput::policy_names) {
        let delete_policy = || iam.delete_role_policy().role_name(role).policy_name(name).send();
        optional(call(Idempotency::Idempotent, delete_policy).await)?;
    }
    optional(call(Idempotency::Idempotent, || iam.delete_role().role_name(role).send()).await)?;
    Ok(())
}

fn tags(context: &FunctionContext<'_>) -> Result<Vec<Tag>, StepError> {
    let tags = context.stage.all_tags().into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    let tags: Result<Vec<Tag>, _> = tags.collect();
    tags.map_err(|error| StepError::invalid_request(&error))
}
