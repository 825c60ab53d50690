//! Changes the resource policies of functions, one statement after the other: Lambda loses statements of one function that
//! are added at the same time.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_lambda::operation::add_permission::builders::AddPermissionFluentBuilder;
use aws_sdk_lambda::operation::remove_permission::builders::RemovePermissionFluentBuilder;
use tokio::sync::Mutex as AsyncMutex;

use crate::aws::{Aws, AwsError, Idempotency, call, ok_if_exists, optional};

/// One lock for each function whose resource policy is changed. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct PolicyLocks(Arc<Mutex<HashMap<String, Arc<AsyncMutex<()>>>>>);

impl PolicyLocks {
    /// Runs `work` when no other work for this function runs.
    async fn locked<T>(&self, function: &str, work: impl Future<Output = T>) -> T {
        let lock = {
            let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(locks.entry(function.to_owned()).or_default())
        };
        let _guard = lock.lock().await;
        work.await
    }
}

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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn changes_of_one_function_do_not_overlap() {
        let locks = PolicyLocks::default();
        let running = Cell::new(0);
        let work = || async {
            running.set(running.get() + 1);
            tokio::task::yield_now().await;
            let overlapping = running.get();
            running.set(running.get() - 1);
            overlapping
        };
        let same = tokio::join!(locks.locked("a", work()), locks.locked("a", work()));
        assert_eq!(same, (1, 1));
        let different = tokio::join!(locks.locked("a", work()), locks.locked("b", work()));
        assert_eq!(different.0.max(different.1), 2);
    }
}
