//! Applies a plan: several functions at the same time, the steps of each in their order. A failed step ends only the steps of
//! its own function. Nothing is undone: the next plan continues from there.

pub(crate) mod context;
pub(crate) mod function;
mod lambda_settings;
mod layer;
pub(crate) mod resources;
mod role;
mod steps;
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
use steps::{apply_function, apply_steps};
use tally::{MAX_CONCURRENT_FUNCTIONS, Tally};

/// Applies `plan`. Triggers are created after the functions that they invoke, and deleted before them.
pub(crate) async fn apply(context: ApplyContext<'_>, plan: &Plan, desired: &Desired) -> Result<ChangeCount> {
    let triggers: Vec<_> = plan.trigger_changes().collect();
    let count = ChangeCount { functions: plan.function_changes().count(), triggers: triggers.len() };
    let is_after_triggers = |planned: &&PlannedFunction| planned.change == Change::Delete && !triggers.is_empty();
    let (last, first): (Vec<_>, Vec<_>) = plan.function_changes().partition(is_after_triggers);
    let mut tally = Tally::new(if triggers.is_empty() { "functions" } else { "functions and triggers" });
    apply_functions(context, &mut tally, &first, desired).await;
    let names: Vec<String> = triggers.iter().map(|planned| planned.resource.clone()).collect();
    if tally.has_errors() {
        tally.add_remaining(names);
    } else {
        let results = apply_triggers(context, &triggers).await;
        tally.add_results(names, results);
    }
    if tally.has_errors() {
        tally.add_remaining(last.iter().map(|planned| planned.function.clone()));
    } else {
        apply_functions(context, &mut tally, &last, desired).await;
    }
    tally.into_result().map(|_| count)
}

async fn apply_functions(
    context: ApplyContext<'_>,
    tally: &mut Tally,
    planned: &[&PlannedFunction],
    desired: &Desired,
) {
    let functions = planned.iter().copied();
    let mut results = map_concurrently(functions, MAX_CONCURRENT_FUNCTIONS, |planned| {
        apply_function(context, planned, desired.get(&planned.key))
    })
    .await;
    for (planned, result) in planned.iter().zip(&mut results).filter(|(planned, _)| !planned.final_steps.is_empty()) {
        if result.is_ok() {
            *result = apply_steps(context, planned, &planned.final_steps, desired.get(&planned.key)).await;
        }
    }
    tally.add_results(planned.iter().map(|planned| planned.function.clone()), results);
}
