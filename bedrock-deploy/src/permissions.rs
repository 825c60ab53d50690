//! Changes the resource policies of functions, one statement after the other: Lambda loses statements of one function that
//! are added at the same time.

use aws_sdk_lambda::operation::add_permission::builders::AddPermissionFluentBuilder;
use aws_sdk_lambda::operation::remove_permission::builders::RemovePermissionFluentBuilder;

use crate::aws::{Aws, AwsError, Idempotency, call, ok_if_exists, optional};

/// Adds a statement to the resource policy of `function`, unless a statement with the same id exists.
pub(crate) async fn add_statement(
    aws: &Aws,
    function: &str,
    statement: &AddPermissionFluentBuilder,
) -> Result<(), AwsError> {
    let request = || statement.clone().function_name(function).send();
    // A repeated request adds nothing, because Lambda rejects an id that exists.
    let added = aws.policy_locks.locked(function, call(Idempotency::Idempotent, request)).await;
    ok_if_exists(added)
}

/// Removes a statement from the resource policy of `function`, if it exists.
pub(crate) async fn remove_statement(
    aws: &Aws,
    function: &str,
    statement: &RemovePermissionFluentBuilder,
) -> Result<(), AwsError> {
    let request = || statement.clone().function_name(function).send();
    let removed = aws.policy_locks.locked(function, call(Idempotency::Idempotent, request)).await;
    optional(removed).map(drop)
}
