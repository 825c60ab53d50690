//! Deleting what may be gone already.

use super::chain::{Chain, Stop};
use crate::aws::{Failure, Repeat, call};

type Done = Result<(), Stop>;

/// None if what was asked for is not there, which is as good.
pub(super) fn present<T>(answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(failure) if failure.is_missing() => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// With its versions, its alias, its URL and who may call it.
pub(super) async fn function(chain: &Chain) -> Done {
    let request = || chain.aws.lambda.delete_function().function_name(&chain.name).send();
    present(call(Repeat::Always, request).await)?;
    Ok(())
}

pub(super) async fn log_group(chain: &Chain) -> Done {
    let name = chain.site.log_group(&chain.key);
    present(call(Repeat::Always, || chain.aws.logs.delete_log_group().log_group_name(&name).send()).await)?;
    Ok(())
}
