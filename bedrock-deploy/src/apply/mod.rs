//! Applies a plan: several functions at the same time, the steps of each in their order. A failed step ends only the steps of
//! its own function. Nothing is undone: the next plan continues from there.

pub(crate) mod context;
pub(crate) mod function;
mod lambda_settings;
mod layer;
mod renew_grant;
pub(crate) mod resources;
pub(crate) mod role;
mod steps;
pub(crate) mod tags;
pub(crate) mod tally;
pub(crate) mod upload;
mod url;

use bedrock_diagnostics::Result;

use crate::concurrent::map_concurrently;
use crate::desired::Desired;
use crate::observer::ChangeCount;
use crate::plan::{Plan, PlannedFunction};
use crate::step::Change;
use crate::triggers::apply::apply_triggers;
use context::ApplyContext;
use steps::{apply_function, apply_permissions, finish_function};
use tally::{MAX_CONCURRENT_FUNCTIONS, Tally};

/// Applies `plan`. Functions are prepared, then their aliases are moved, then triggers follow. What is deleted is deleted last:
/// until the aliases are moved, it is in use.
pub(crate) async fn apply(context: ApplyContext<'_>, plan: &Plan, desired: &Desired) -> Result<ChangeCount> {
    let triggers: Vec<_> = plan.trigger_changes().collect();
    let count = ChangeCount { functions: plan.function_changes().count(), triggers: triggers.len() };
    let is_deletion = |planned: &&PlannedFunction| planned.change == Change::Delete;
    let (deletions, changes): (Vec<_>, Vec<_>) = plan.function_changes().partition(is_deletion);
    let mut tally = Tally::new(if triggers.is_empty() { "functions" } else { "functions and triggers" });
    change_functions(context, &mut tally, &changes, desired).await;
    let names: Vec<String> = triggers.iter().map(|planned| planned.resource.clone()).collect();
    if tally.has_errors() {
        tally.add_remaining(names);
    } else {
        let results = apply_triggers(context, &triggers).await;
        tally.add_results(names, results);
    }
    if tally.has_errors() {
        tally.add_remaining(function_names(&deletions));
    } else {
        let results = prepare_functions(context, &deletions, desired).await;
        tally.add_results(function_names(&deletions), results);
    }
    tally.into_result().map(|_| count)
}

/// Prepares functions. If all of them are ready, moves their aliases.
async fn change_functions(
    context: ApplyContext<'_>,
    tally: &mut Tally,
    planned: &[&PlannedFunction],
    desired: &Desired,
) {
    let mut results = prepare_functions(context, planned, desired).await;
    let is_complete = results.iter().all(Result::is_ok);
    let has_final_steps = |planned: &PlannedFunction| !planned.final_steps.is_empty();
    if is_complete {
        results = map_concurrently(planned.iter().copied(), MAX_CONCURRENT_FUNCTIONS, async |planned| {
            if has_final_steps(planned) {
                finish_function(context, planned, desired.get(&planned.key)).await
            } else {
                Ok(())
            }
        })
        .await;
    }
    for (planned, result) in planned.iter().zip(results) {
        if !is_complete && result.is_ok() && has_final_steps(planned) {
            tally.add_remaining([planned.function.clone()]);
        } else {
            tally.add_results([planned.function.clone()], vec![result]);
        }
    }
}

/// Creates the roles of all functions before the first function: they become visible to Lambda at the same time.
async fn prepare_functions(
    context: ApplyContext<'_>,
    planned: &[&PlannedFunction],
    desired: &Desired,
) -> Vec<Result<()>> {
    let permissions = map_concurrently(planned.iter().copied(), MAX_CONCURRENT_FUNCTIONS, |planned| {
        apply_permissions(context, planned, desired.get(&planned.key))
    });
    let permissions = permissions.await;
    map_concurrently(planned.iter().copied().zip(permissions), MAX_CONCURRENT_FUNCTIONS, async |(planned, started)| {
        apply_function(context, planned, desired.get(&planned.key), started?).await
    })
    .await
}

fn function_names(planned: &[&PlannedFunction]) -> Vec<String> {
    planned.iter().map(|planned| planned.function.clone()).collect()
}
