//! Applies the steps of one function, one after the other.

use std::time::{Duration, Instant};

use bedrock_diagnostics::Result;

use super::context::{ApplyContext, FunctionContext, StepResult};
use super::{function, lambda_settings, layer, renew_grant, resource_tags, role, tags, url};
use crate::aws::pause;
use crate::canary::shift;
use crate::desired::DesiredFunction;
use crate::plan::PlannedFunction;
use crate::step::Step;
use crate::version::{FunctionSettings, VersionDescription};

/// Applies the steps of a function that come before the function itself. Returns how long they took.
pub(super) async fn apply_permissions(
    context: ApplyContext<'_>,
    planned: &PlannedFunction,
    desired: Option<&DesiredFunction>,
) -> Result<Duration> {
    let started = Instant::now();
    let (permissions, _) = planned.steps.split_at(permission_steps(planned));
    apply_steps(context, planned, permissions, desired).await?;
    Ok(started.elapsed())
}

/// Applies the other steps of a function, and reports that it is finished unless it has further steps.
pub(super) async fn apply_function(
    context: ApplyContext<'_>,
    planned: &PlannedFunction,
    desired: Option<&DesiredFunction>,
    before: Duration,
) -> Result<()> {
    let started = Instant::now();
    let (_, steps) = planned.steps.split_at(permission_steps(planned));
    apply_steps(context, planned, steps, desired).await?;
    if planned.final_steps.is_empty() && planned.late_steps.is_empty() {
        context.observer.function_finished(planned, before + started.elapsed());
    }
    Ok(())
}

/// Returns the number of steps that come before the function itself.
fn permission_steps(planned: &PlannedFunction) -> usize {
    planned.steps.iter().take_while(|step| step.is_for_permissions()).count()
}

/// Applies the final steps of a function, and reports that it is finished unless it has late steps.
pub(super) async fn finish_function(
    context: ApplyContext<'_>,
    planned: &PlannedFunction,
    desired: Option<&DesiredFunction>,
) -> Result<()> {
    let started = Instant::now();
    apply_steps(context, planned, &planned.final_steps, desired).await?;
    if planned.late_steps.is_empty() {
        context.observer.function_finished(planned, started.elapsed());
    }
    Ok(())
}

/// Applies the late steps of a function, and reports that it is finished.
pub(super) async fn apply_late_steps(
    context: ApplyContext<'_>,
    planned: &PlannedFunction,
    desired: Option<&DesiredFunction>,
) -> Result<()> {
    let started = Instant::now();
    apply_steps(context, planned, &planned.late_steps, desired).await?;
    context.observer.function_finished(planned, started.elapsed());
    Ok(())
}

/// Applies `steps`, which are some of the steps of `planned`. Stops at the first error and on Ctrl-C.
async fn apply_steps(
    context: ApplyContext<'_>,
    planned: &PlannedFunction,
    steps: &[Step],
    desired: Option<&DesiredFunction>,
) -> Result<()> {
    let previous = planned.live_version.as_deref().and_then(|number| number.parse().ok());
    let mut function_context = FunctionContext {
        aws: context.aws,
        stage: context.stage,
        observer: context.observer,
        published: context.published,
        is_unrecorded: context.is_unrecorded,
        key: &planned.key,
        name: &planned.function,
        desired,
        deploy: context.started_at_ms,
        version_description: VersionDescription { deploy: context.started_at_ms, previous, calls_aliases: true }
            .to_string(),
        live_version: planned.live_version.as_deref(),
        renews_grant: planned.steps.contains(&Step::RenewGrant),
        layer_arn: planned.layer_arn.clone(),
        members: &planned.members,
        revision: planned.revision.clone(),
        role_arn: &planned.role_arn,
    };
    for step in steps {
        context.interrupt.check()?;
        let started = Instant::now();
        if let Err(error) = apply_step(&mut function_context, step).await {
            let error = error.into_error(format!("failed to {}", step.description(&planned.function)));
            context.observer.failed(&planned.function, &error);
            // Ctrl-C also ends the pauses between the retries of a request.
            context.interrupt.check()?;
            return Err(error);
        }
        context.observer.function_step_finished(&planned.function, step.id(), started.elapsed());
    }
    Ok(())
}

async fn apply_step(context: &mut FunctionContext<'_>, step: &Step) -> StepResult {
    let role_name = context.stage.role_name(context.key);
    match step {
        Step::DeleteFunction => return function::delete(context).await,
        Step::DeleteLayerVersions(numbers) => return layer::delete_versions(context, numbers).await,
        Step::DeleteRole => {
            // A deploy that was killed while it renewed a grant leaves it.
            role::delete(context, &context.stage.temporary_role_name(context.key)).await?;
            return role::delete(context, &role_name).await;
        }
        Step::DeleteManagedPolicy(name) => return role::delete_managed_policy(context, name).await,
        Step::DeleteLogGroup => return function::delete_log_group(context).await,
        Step::AwaitRunningCalls(seconds) => {
            pause(Duration::from_secs(*seconds)).await;
            return Ok(());
        }
        _ => {}
    }
    // All other steps are planned only for desired functions.
    let Some(desired) = context.desired else { return Ok(()) };
    match step {
        Step::TagResource(target, tags) => resource_tags::set(context.aws, context.stage, target, tags).await,
        Step::CreateLogGroup => function::create_log_group(context, desired).await,
        Step::SetLogRetention => function::set_log_retention(context, desired).await,
        Step::CreateRole => role::create(context, &role_name).await,
        Step::UpdateTrustPolicy => role::update_trust_policy(context).await,
        Step::SetPermissionsBoundary(boundary) => role::set_permissions_boundary(context, boundary).await,
        Step::PutInlinePolicy => role::put_inline_policy(context, &role_name, &desired.policies.inline).await,
        Step::WidenInlinePolicy(policy) => role::put_inline_policy(context, &role_name, policy).await,
        Step::AttachManagedPolicy(name, document) => role::attach_managed_policy(context, name, document).await,
        Step::PublishLayer => {
            let arn = layer::publish(context, desired).await?;
            context.published.insert_layer(context.key, &arn);
            context.layer_arn = Some(arn);
            Ok(())
        }
        Step::CreateFunction => function::create(context, desired).await,
        Step::RenewGrant => renew_grant::renew(context, desired).await,
        Step::UpdateSettings => {
            let layers = desired.layers(context.layer_arn.as_deref());
            let settings =
                FunctionSettings { role_arn: context.role_arn.to_owned(), ..desired.version.settings.clone() };
            let revision = context.revision.as_deref();
            let updated =
                function::update_settings(context.aws, context.name, &settings, &layers, context.members, revision)
                    .await?;
            context.revision = updated;
            Ok(())
        }
        Step::UpdateCode => {
            context.revision = function::upload_code(context, desired).await?;
            Ok(())
        }
        Step::SetConcurrency => function::set_concurrency(context, desired).await,
        Step::SetEventInvokeConfig => function::set_event_invoke_config(context, desired).await,
        Step::SetRecursiveLoop => function::set_recursive_loop(context, desired).await,
        Step::SetTags => tags::set_tags(context, desired).await,
        Step::SetCodeSigning => lambda_settings::set_code_signing(context, desired).await,
        Step::SetRuntimeManagement => lambda_settings::set_runtime_management(context, desired).await,
        Step::SetProvisionedConcurrency => lambda_settings::set_provisioned_concurrency(context, desired).await,
        Step::PublishVersion => function::publish_version(context, desired).await,
        Step::MoveAlias => function::move_alias(context).await,
        Step::EndCanary => {
            let version = context.published.get(context.key).or_else(|| context.live_version.map(str::to_owned));
            shift::end(context.aws, context.stage, context.key, &version.unwrap_or_default()).await
        }
        Step::CreateUrl => url::create(context, desired).await,
        Step::SetUrlAuth => url::set_auth(context, desired).await,
        Step::SetInvokeMode => url::set_invoke_mode(context, desired).await,
        Step::SetUrlCors => url::set_cors(context, desired).await,
        Step::DeleteUrl => url::delete(context).await,
        Step::AddUrlStatement(statement) => url::add_statement(context, *statement).await,
        Step::RemoveUrlStatement(statement) => url::remove_statement(context, *statement).await,
        Step::DeleteLayerVersions(_)
        | Step::DeleteManagedPolicy(_)
        | Step::DeleteFunction
        | Step::DeleteRole
        | Step::AwaitRunningCalls(_)
        | Step::DeleteLogGroup => Ok(()),
    }
}
