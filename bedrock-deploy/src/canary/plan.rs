//! Plans a canary: no I/O. What cannot work is an error before anything is changed.

use bedrock_diagnostics::{Error, Result};

use super::{Canary, CanaryPlan, ShiftedFunction};
use crate::actual::Actual;
use crate::alarms::desired::desired_alarms;
use crate::desired::{Desired, DesiredFunction};
use crate::plan::PlannedFunction;
use crate::stage::{StageContext, function_label};
use crate::step::Step;

/// Plans a canary for the functions of `planned` that get a new version, and adds the steps that end it. Returns `None` if
/// there are no such functions: then everything is deployed at once.
pub(crate) fn plan_canary(
    stage: &StageContext,
    canary: Canary,
    planned: &mut [PlannedFunction],
    desired: &Desired,
    actual: &Actual,
) -> Result<Option<CanaryPlan>> {
    let mut functions = Vec::new();
    let mut alarms = Vec::new();
    let mut unwatched = Vec::new();
    for planned in planned.iter_mut() {
        let moved = planned.final_steps.iter().position(|step| *step == Step::MoveAlias);
        let (Some(moved), Some(from), Some(function)) = (moved, &planned.live_version, desired.get(&planned.key))
        else {
            continue;
        };
        check_versions(planned, function, actual)?;
        let of_function = desired_alarms(stage, &planned.key, function);
        if of_function.is_empty() {
            unwatched.push(planned.function.clone());
        }
        alarms.extend(of_function.into_iter().map(|alarm| alarm.name));
        functions.push(ShiftedFunction {
            key: planned.key.clone(),
            function: planned.function.clone(),
            from: from.clone(),
        });
        if !planned.final_steps.contains(&Step::EndCanary) {
            planned.final_steps.insert(moved + 1, Step::EndCanary);
        }
    }
    if functions.is_empty() {
        return Ok(None);
    }
    if alarms.is_empty() {
        let names: Vec<String> = functions.iter().map(|shifted| format!("`{}`", shifted.function)).collect();
        let message = format!("no alarm watches the functions of the canary: {}", names.join(", "));
        return Err(Error::app(message)
            .help("add `alarms = { notify = \"alerts\" }` to `[package.metadata.bedrock]` in `Cargo.toml`, and build")
            .help("or deploy everything at once, without `--canary`"));
    }
    let Canary { percent, duration } = canary;
    Ok(Some(CanaryPlan { percent, duration, functions, alarms, unwatched }))
}

/// Lambda divides calls only between versions with the same role and the same dead-letter queue or topic (Lambda developer guide,
/// "Implement Lambda canary deployments using a weighted alias").
fn check_versions(planned: &PlannedFunction, desired: &DesiredFunction, actual: &Actual) -> Result<()> {
    let key = planned.key.as_str();
    let deployed = actual.functions.get(key).and_then(|function| function.deployed.as_ref());
    let Some(live) = deployed.and_then(|deployed| deployed.live.as_ref()) else { return Ok(()) };
    let old = &live.version.settings;
    let new = &desired.version.settings;
    let setting = if old.dead_letter != new.dead_letter {
        "dead-letter"
    } else if old.role_arn != planned.role_arn {
        "role"
    } else {
        return Ok(());
    };
    let function = function_label(key);
    Err(Error::app(format!("a canary of {function} is not possible: its {setting} changes"))
        .cause("Lambda divides calls only between versions with the same role and the same dead-letter queue or topic")
        .help("deploy this change without `--canary`"))
}
