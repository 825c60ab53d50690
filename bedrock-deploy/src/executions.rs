//! Executions of durable functions that have not ended. The versions that they run on must not be deleted.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_lambda::types::ExecutionStatus;

use crate::actual::{Actual, ActualFunction};
use crate::aws::{Aws, AwsError, Idempotency, call, optional};
use crate::concurrent::map_concurrently;
use crate::durable::is_durable;
use crate::stage::StageContext;

/// Functions whose executions are listed at the same time.
const MAX_CONCURRENT_FUNCTIONS: usize = 6;
/// Executions in one response (API model, `ItemCount`).
const MAX_ITEMS: i32 = 1_000;
/// The states of executions that have not ended (API model, `ExecutionStatus`), each in a request of its own: Lambda rejects
/// a request with two of them ("Cannot filter by more than one status"). The first one again, because an execution may be
/// resumed between the requests.
const RUNNING: [&str; 4] = ["RUNNING", "PAUSING", "PAUSED", "RUNNING"];

/// The number of executions that have not ended, by the number of the version or `$LATEST`.
pub(crate) type RunningExecutions = BTreeMap<String, usize>;

/// Counts the executions of the durable functions that `is_asked` selects by their keys.
pub(crate) async fn read_running_executions(
    aws: &Aws,
    stage: &StageContext,
    actual: &mut Actual,
    is_asked: impl Fn(&str) -> bool,
) -> bedrock_diagnostics::Result<()> {
    let is_deployed_durable = |function: &ActualFunction| {
        function.deployed.as_ref().is_some_and(|deployed| is_durable(&deployed.latest.settings.members))
    };
    let asked = actual.functions.iter().filter(|(key, function)| is_asked(key) && is_deployed_durable(function));
    let keys: Vec<String> = asked.map(|(key, _)| key.clone()).collect();
    let counts = map_concurrently(&keys, MAX_CONCURRENT_FUNCTIONS, async |key| {
        let name = stage.function_name(key);
        let listed = count(aws, &name).await;
        listed.map_err(|error| error.into_app_error(format!("failed to list the executions of function `{name}`")))
    });
    for (key, count) in keys.iter().zip(counts.await) {
        let count = count?;
        if let Some(deployed) = actual.functions.get_mut(key).and_then(|function| function.deployed.as_mut()) {
            deployed.running_executions = count;
        }
    }
    Ok(())
}

/// Returns whether executions run on a version.
pub(crate) async fn has_running(aws: &Aws, function: &str, version: &str) -> Result<bool, AwsError> {
    let mut arns = BTreeSet::new();
    for status in RUNNING {
        let mut marker = None;
        loop {
            marker = list_page(aws, function, Some(version), Some(status), marker, &mut arns).await?;
            if !arns.is_empty() {
                return Ok(true);
            }
            if marker.is_none() {
                break;
            }
        }
    }
    Ok(false)
}

/// Counts the executions of all versions that have not ended.
async fn count(aws: &Aws, function: &str) -> Result<RunningExecutions, AwsError> {
    let mut counts = RunningExecutions::new();
    for arn in list_running(aws, function).await? {
        *counts.entry(version_of(&arn).to_owned()).or_default() += 1;
    }
    Ok(counts)
}

/// Returns the ARNs of the executions of all versions that have not ended.
pub(crate) async fn list_running(aws: &Aws, function: &str) -> Result<BTreeSet<String>, AwsError> {
    let mut arns = BTreeSet::new();
    for status in RUNNING {
        list_into(aws, function, Some(status), &mut arns).await?;
    }
    Ok(arns)
}

/// Returns the ARNs of all executions.
pub(crate) async fn list_all(aws: &Aws, function: &str) -> Result<BTreeSet<String>, AwsError> {
    let mut arns = BTreeSet::new();
    list_into(aws, function, None, &mut arns).await?;
    Ok(arns)
}

async fn list_into(
    aws: &Aws,
    function: &str,
    status: Option<&str>,
    arns: &mut BTreeSet<String>,
) -> Result<(), AwsError> {
    let mut marker = None;
    loop {
        marker = list_page(aws, function, None, status, marker, arns).await?;
        if marker.is_none() {
            return Ok(());
        }
    }
}

/// Lists the executions of all versions, or of one, in all states, or in one. Returns where the next page begins.
async fn list_page(
    aws: &Aws,
    function: &str,
    version: Option<&str>,
    status: Option<&str>,
    marker: Option<String>,
    arns: &mut BTreeSet<String>,
) -> Result<Option<String>, AwsError> {
    let request = || {
        let list = aws.lambda.list_durable_executions_by_function().function_name(function);
        let list = list.set_qualifier(version.map(str::to_owned)).set_marker(marker.clone()).max_items(MAX_ITEMS);
        list.set_statuses(status.map(|status| vec![ExecutionStatus::from(status)])).send()
    };
    // The function may be deleted meanwhile.
    let Some(page) = optional(call(Idempotency::Idempotent, request).await)? else { return Ok(None) };
    arns.extend(page.durable_executions().iter().map(|execution| execution.durable_execution_arn().to_owned()));
    Ok(page.next_marker().filter(|marker| !marker.is_empty()).map(str::to_owned))
}

/// Returns the version in the ARN of an execution: `arn:aws:lambda:REGION:ACCOUNT:function:NAME:VERSION/durable-execution/…`.
fn version_of(arn: &str) -> &str {
    arn.split('/').next().and_then(|function| function.split(':').nth(7)).unwrap_or("$LATEST")
}

/// Returns the number of all executions.
pub(crate) fn total(executions: &RunningExecutions) -> usize {
    executions.values().sum()
}

/// Returns for example `3 executions run`. `None` if there are none.
pub(crate) fn running_text(executions: &RunningExecutions) -> Option<String> {
    match total(executions) {
        0 => None,
        1 => Some("1 execution runs".to_owned()),
        count => Some(format!("{count} executions run")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_is_in_the_arn_of_an_execution() {
        let arn = "arn:aws:lambda:eu-west-1:123456789012:function:shop-dev-flow";
        assert_eq!(version_of(&format!("{arn}:7/durable-execution/order-7/0b1c")), "7");
        assert_eq!(version_of(&format!("{arn}:$LATEST/durable-execution/a:b/0b1c")), "$LATEST");
        assert_eq!(version_of(&format!("{arn}/durable-execution/order-7/0b1c")), "$LATEST");
    }

    #[test]
    fn text_counts_all_versions() {
        let counts = |counts: &[(&str, usize)]| -> RunningExecutions {
            counts.iter().map(|(version, count)| ((*version).to_owned(), *count)).collect()
        };
        assert_eq!(running_text(&counts(&[])), None);
        assert_eq!(running_text(&counts(&[("7", 1)])).as_deref(), Some("1 execution runs"));
        assert_eq!(running_text(&counts(&[("6", 2), ("7", 1)])).as_deref(), Some("3 executions run"));
    }
}
