//! Which steps prepare a function, which follow after all functions are prepared, and which after what replaces a front door exists.

use crate::actual::ActualFunction;
use crate::desired::DesiredFunction;
use crate::policy::combined_policy;
use crate::stage::StageContext;
use crate::step::Step;

/// How long calls of the previous version are awaited before its permissions and callees are removed, at most.
const MAX_AWAITED_SECONDS: u64 = 10;

/// Returns whether a step removes the URL of an endpoint that has an HTTP API. The API may not exist yet.
pub(super) fn is_late(step: &Step, desired: &DesiredFunction) -> bool {
    desired.http_api.is_some() && matches!(step, Step::DeleteUrl | Step::RemoveUrlStatement(_))
}

/// Returns the steps that prepare a function, and those that follow after all functions are prepared.
pub(super) fn split_steps(
    stage: &StageContext,
    desired: &DesiredFunction,
    actual: &ActualFunction,
    mut steps: Vec<Step>,
) -> (Vec<Step>, Vec<Step>) {
    // A function that is not called yet gets its alias at once: other functions are about to call it.
    let live = actual.deployed.as_ref().and_then(|deployed| deployed.live.as_ref());
    let is_moved = live.is_some() && steps.contains(&Step::MoveAlias);
    let has_weights = steps.contains(&Step::EndCanary);
    let old_policy = actual.role.as_ref().and_then(|role| role.inline_policy.as_ref());
    let wider_policy = combined_policy(old_policy, &desired.policies.inline).filter(|_| is_moved);
    let mut removals = Vec::new();
    if let Some(policy) = wider_policy
        && let Some(step) = steps.iter_mut().find(|step| **step == Step::PutInlinePolicy)
    {
        *step = Step::WidenInlinePolicy(policy);
        removals.push(Step::PutInlinePolicy);
    }
    let is_final = |step: &Step| match step {
        Step::MoveAlias | Step::EndCanary | Step::DeleteManagedPolicy(_) | Step::DeleteLayerVersions(_) => is_moved,
        // Lambda refuses it while the alias has the weights of a canary.
        Step::SetProvisionedConcurrency => is_moved && has_weights,
        // Lambda rejects destinations that do not exist.
        Step::SetEventInvokeConfig => desired.event_invoke_config.has_destination_in(stage),
        _ => false,
    };
    let (final_steps, mut steps): (Vec<Step>, Vec<Step>) = steps.into_iter().partition(is_final);
    let is_removal = |step: &Step| is_moved && matches!(step, Step::DeleteManagedPolicy(_));
    let (managed, mut final_steps): (Vec<Step>, Vec<Step>) = final_steps.into_iter().partition(is_removal);
    removals.extend(managed);
    let by_order = |step: &Step| match step {
        Step::MoveAlias => 0,
        Step::EndCanary => 1,
        _ => 2,
    };
    final_steps.sort_by_key(by_order);
    if !is_moved && has_weights {
        steps.sort_by_key(|step| *step == Step::SetProvisionedConcurrency);
    }
    if let (Some(live), false) = (live, removals.is_empty()) {
        let timeout = u64::try_from(live.version.settings.timeout_seconds).unwrap_or_default();
        final_steps.push(Step::AwaitRunningCalls(timeout.min(MAX_AWAITED_SECONDS)));
    }
    final_steps.extend(removals);
    (steps, final_steps)
}
