//! Applies a plan: several functions at the same time, the steps of each in their order. A failed step ends only the steps of
//! its own function. Nothing is undone: the next plan continues from there.

pub(crate) mod context;
pub(crate) mod deletions;
pub(crate) mod function;
mod lambda_settings;
mod layer;
mod renew_grant;
pub(crate) mod resource_tags;
pub(crate) mod resources;
pub(crate) mod role;
mod steps;
pub(crate) mod tags;
pub(crate) mod tally;
pub(crate) mod upload;
mod url;

use bedrock_diagnostics::{ExitKind, Result};

use crate::canary::{CanaryPlan, shift};
use crate::concurrent::map_concurrently;
use crate::desired::Desired;
use crate::observer::ChangeCount;
use crate::plan::{Plan, PlannedFunction};
use crate::step::Change;
use crate::triggers::apply::{apply_triggers, prepare_for_canary};
use context::ApplyContext;
use steps::{apply_function, apply_late_steps, apply_permissions, finish_function};
use tally::{MAX_CONCURRENT_FUNCTIONS, Tally};

/// Applies `plan`. Functions are prepared, then their aliases are moved, then triggers follow. What is deleted is deleted last:
/// until the aliases are moved, it is in use, and a URL until the HTTP API that replaces it exists.
pub(crate) async fn apply(context: ApplyContext<'_>, plan: &Plan, desired: &Desired) -> Result<ChangeCount> {
    let count = ChangeCount { functions: plan.function_changes().count(), triggers: plan.trigger_changes().count() };
    let (resources, triggers): (Vec<_>, Vec<_>) = plan.trigger_changes().partition(|planned| planned.deletes_data());
    let is_deletion = |planned: &&PlannedFunction| planned.change == Change::Delete;
    let (deletions, changes): (Vec<_>, Vec<_>) = plan.function_changes().partition(is_deletion);
    let mut tally = Tally::new(if count.triggers == 0 { "functions" } else { "functions and triggers" });
    let unfinished = change_functions(context, &mut tally, plan, &changes, desired).await;
    let names: Vec<String> = triggers.iter().map(|planned| planned.resource.clone()).collect();
    if tally.has_errors() {
        tally.add_remaining(names);
    } else {
        let results = apply_triggers(context, &triggers).await;
        tally.add_results(names, results);
    }
    for planned in unfinished {
        if tally.has_errors() {
            tally.add_remaining([planned.function.clone()]);
        } else {
            let result = apply_late_steps(context, planned, desired.get(&planned.key)).await;
            tally.add_results([planned.function.clone()], vec![result]);
        }
    }
    if tally.has_errors() {
        tally.add_remaining(function_names(&deletions));
    } else {
        let results = prepare_functions(context, &deletions, desired).await;
        tally.add_results(function_names(&deletions), results);
    }
    // An event bus cannot be deleted before its rules.
    let names: Vec<String> = resources.iter().map(|planned| planned.resource.clone()).collect();
    if tally.has_errors() {
        tally.add_remaining(names);
    } else {
        let results = apply_triggers(context, &resources).await;
        tally.add_results(names, results);
    }
    tally.into_result().map(|_| count)
}

/// Prepares functions. If all of them are ready, and no alarm fires during a canary, moves their aliases. Returns those with late
/// steps, which are not counted yet.
async fn change_functions<'a>(
    context: ApplyContext<'_>,
    tally: &mut Tally,
    plan: &Plan,
    planned: &[&'a PlannedFunction],
    desired: &Desired,
) -> Vec<&'a PlannedFunction> {
    let mut results = prepare_functions(context, planned, desired).await;
    let mut is_complete = results.iter().all(Result::is_ok);
    let has_final_steps = |planned: &PlannedFunction| !planned.final_steps.is_empty();
    if is_complete
        && let Some(canary) = &plan.canary
        && let Err(error) = run_canary(context, plan, canary).await
    {
        is_complete = false;
        tally.add_error(error);
    }
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
    let mut unfinished = Vec::new();
    for (planned, result) in planned.iter().copied().zip(results) {
        if !is_complete && result.is_ok() && has_final_steps(planned) {
            tally.add_remaining([planned.function.clone()]);
        } else if result.is_ok() && !planned.late_steps.is_empty() {
            unfinished.push(planned);
        } else {
            tally.add_results([planned.function.clone()], vec![result]);
        }
    }
    unfinished
}

/// Makes what the new versions use, then runs the canary.
async fn run_canary(context: ApplyContext<'_>, plan: &Plan, canary: &CanaryPlan) -> Result<()> {
    let triggers: Vec<_> = plan.trigger_changes().collect();
    let result = match prepare_for_canary(context, &triggers).await {
        Ok(()) => shift::run(context, canary).await,
        Err(error) => Err(error),
    };
    if let Err(error) = &result
        && error.kind != ExitKind::Interrupted
    {
        context.observer.failed("canary", error);
    }
    result
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
