//! Shifts a part of the calls to the new versions, watches the alarms, and shifts back if one of them fires, if something fails,
//! or on Ctrl-C. The steps that follow end a canary that was good.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use aws_sdk_lambda::types::AliasRoutingConfiguration;
use bedrock_diagnostics::{Error, ExitKind, Interrupt, Result};

use super::{CanaryPlan, CanaryTag, ShiftedFunction};
use crate::alarms::read::{AlarmState, read_states};
use crate::apply::context::{ApplyContext, StepError, StepResult};
use crate::apply::function::point_alias;
use crate::apply::tally::MAX_CONCURRENT_FUNCTIONS;
use crate::aws::{Aws, Idempotency, call, optional, pause, with_interrupt};
use crate::concurrent::map_concurrently;
use crate::observer::CanaryProgress;
use crate::stage::{ALIAS, CANARY_TAG, StageContext};

/// The state of an alarm that has fired.
const ALARM: &str = "ALARM";
/// Pause before the states of the alarms are read again. CloudWatch evaluates alarms once a minute.
const POLL_INTERVAL: Duration = Duration::from_secs(10);
/// How often the progress is reported.
const REPORT_INTERVAL: Duration = Duration::from_secs(60);

/// Why a canary ended before its time.
enum CanaryEnd {
    Firing(AlarmState),
    Interrupted,
    Failed(Error),
}

impl From<Error> for CanaryEnd {
    fn from(error: Error) -> Self {
        if error.kind == ExitKind::Interrupted { Self::Interrupted } else { Self::Failed(error) }
    }
}

impl CanaryEnd {
    /// Returns the error of the command. `calls` says where the calls go now.
    fn into_error(self, calls: &str) -> Error {
        match self {
            Self::Firing(alarm) => firing_error(&alarm, &format!("during the canary, {calls}")).help(
                "`cargo bedrock logs --level error` shows what went wrong, and the next deploy begins a new canary",
            ),
            Self::Interrupted => Error::new(ExitKind::Interrupted, format!("interrupted during the canary, {calls}")),
            Self::Failed(error) => with_reports(error, Error::app(calls)),
        }
    }
}

/// Adds the reports of another error, also to that of an interrupt.
fn with_reports(error: Error, other: Error) -> Error {
    Error { kind: error.kind, reports: error.reports.into_iter().chain(other.reports).collect() }
}

/// Runs a canary. After an error, all calls go to the old versions, unless the error says something else.
pub(crate) async fn run(context: ApplyContext<'_>, canary: &CanaryPlan) -> Result<()> {
    for function in &canary.unwatched {
        context.observer.warning(&format!("no alarm watches `{function}` during the canary"));
    }
    if let Some(firing) = find_firing(context.aws, canary).await? {
        return Err(firing_error(&firing, "before the canary, no calls were shifted")
            .help("repair what is deployed first, or deploy without `--canary`"));
    }
    let Err(end) = shift_and_watch(context, canary).await else { return Ok(()) };
    // Ctrl-C also ends the pauses between the retries of a request.
    let is_aborted = matches!(end, CanaryEnd::Failed(_)) && context.interrupt.check().is_err();
    let end = if is_aborted { CanaryEnd::Interrupted } else { end };
    match shift_back(context, canary).await {
        Ok(()) => {
            context.observer.canary_progress(&CanaryProgress { canary, elapsed: None });
            Err(end.into_error("all calls go to the old versions again"))
        }
        Err(failure) => {
            // An interrupted command prints no other errors.
            context.observer.warning(
                "some calls still go to the new versions: `cargo bedrock rollback` gives all of them to the old ones",
            );
            for report in &failure.reports {
                context.observer.warning(&format!("{}: {}", report.message, report.causes.join(": ")));
            }
            let error = end.into_error("some calls still go to the new versions");
            Err(with_reports(error, failure))
        }
    }
}

async fn shift_and_watch(context: ApplyContext<'_>, canary: &CanaryPlan) -> std::result::Result<(), CanaryEnd> {
    let shifts = map_concurrently(&canary.functions, MAX_CONCURRENT_FUNCTIONS, async |shifted| {
        let message = || format!("failed to shift calls of function `{}`", shifted.function);
        context.interrupt.check()?;
        shift(context, shifted, canary.percent).await.map_err(|error| error.into_error(message()))
    });
    shifts.await.into_iter().collect::<Result<Vec<()>>>()?;
    let started = Instant::now();
    let mut reported = None::<Duration>;
    loop {
        let elapsed = started.elapsed().min(canary.duration);
        if let Some(firing) = find_firing(context.aws, canary).await? {
            return Err(CanaryEnd::Firing(firing));
        }
        if reported.is_none_or(|last| elapsed.saturating_sub(last) >= REPORT_INTERVAL) || elapsed == canary.duration {
            context.observer.canary_progress(&CanaryProgress { canary, elapsed: Some(elapsed) });
            reported = Some(elapsed);
        }
        let remaining = canary.duration.saturating_sub(elapsed);
        if remaining.is_zero() {
            // The steps that follow would not begin.
            context.interrupt.check()?;
            return Ok(());
        }
        if !pause(remaining.min(POLL_INTERVAL)).await {
            return Err(CanaryEnd::Interrupted);
        }
    }
}

/// Tags a function, then gives its new version a part of the calls.
async fn shift(context: ApplyContext<'_>, shifted: &ShiftedFunction, percent: u8) -> StepResult {
    let Some(number) = context.published.get(&shifted.key) else {
        return Err(StepError::Local(Error::app("no version was published")));
    };
    let lambda = &context.aws.lambda;
    let tag = CanaryTag { version: number.parse().unwrap_or_default(), percent }.value();
    let arn = context.stage.function_arn(&shifted.key);
    call(Idempotency::Idempotent, || lambda.tag_resource().resource(&arn).tags(CANARY_TAG, &tag).send()).await?;
    // The version was published before under the same number: nothing would be divided.
    if number == shifted.from {
        return Ok(());
    }
    let weights = HashMap::from([(number, f64::from(percent) / 100.0)]);
    let routing = AliasRoutingConfiguration::builder().set_additional_version_weights(Some(weights)).build();
    let request = || {
        let alias = lambda.update_alias().function_name(&shifted.function).name(ALIAS);
        alias.function_version(&shifted.from).routing_config(routing.clone()).send()
    };
    call(Idempotency::Idempotent, request).await?;
    Ok(())
}

async fn shift_back(context: ApplyContext<'_>, canary: &CanaryPlan) -> Result<()> {
    let backs = map_concurrently(&canary.functions, MAX_CONCURRENT_FUNCTIONS, async |shifted| {
        let ended = end(context.aws, context.stage, &shifted.key, &shifted.from).await;
        ended.map_err(|error| {
            let function = &shifted.function;
            let message =
                format!("failed to shift the calls of function `{function}` back to version {}", shifted.from);
            error
                .into_error(message)
                .help("`cargo bedrock rollback` does it: a part of the calls goes to the new version")
        })
    });
    // The Ctrl-C that ended the canary must not end the retries of this.
    let backs = with_interrupt(&Interrupt::default(), backs).await;
    let errors: Vec<Error> = backs.into_iter().filter_map(Result::err).collect();
    if errors.is_empty() { Ok(()) } else { Err(Error::combine(errors)) }
}

/// Sends all calls of a function to one version, and removes the tag.
pub(crate) async fn end(aws: &Aws, stage: &StageContext, key: &str, version: &str) -> StepResult {
    point_alias(aws, &stage.function_name(key), version, None).await?;
    let arn = stage.function_arn(key);
    optional(
        call(Idempotency::Idempotent, || aws.lambda.untag_resource().resource(&arn).tag_keys(CANARY_TAG).send()).await,
    )?;
    Ok(())
}

async fn find_firing(aws: &Aws, canary: &CanaryPlan) -> Result<Option<AlarmState>> {
    let states = read_states(aws, &canary.alarms).await;
    let states = states.map_err(|error| error.into_app_error("failed to read the alarms of the canary".to_owned()))?;
    Ok(states.into_iter().find(|alarm| alarm.state == ALARM))
}

fn firing_error(firing: &AlarmState, when: &str) -> Error {
    Error::app(format!("alarm `{}` is in the state ALARM {when}", firing.name)).cause(firing.reason.clone())
}
