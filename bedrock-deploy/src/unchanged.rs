//! Finds out with few requests that a stage is up to date: two for each function, which show its code, settings, tags,
//! reserved concurrency and the version in use. Everything else is as the record of the last deployment says.
//!
//! Who takes the lock deletes the record, so no lock is needed to read it.

use crate::actual::{ActualFunction, ActualLogGroup, DeployedFunction, FunctionUrl, LayerVersion};
use crate::actual_role::ActualRole;
use crate::aws::Aws;
use crate::concurrent::map_concurrently;
use crate::deployment_record::DeploymentRecord;
use crate::desired::{Desired, DesiredFunction, UrlAuth};
use crate::ownership::is_managed;
use crate::plan::{Plan, managed_policies, plan_function};
use crate::policy::lambda_trust_policy;
use crate::read::read_versions;
use crate::stage::{StageContext, UNRECORDED_TAG};
use crate::step::{Change, PUBLIC_URL_STATEMENTS};
use crate::triggers::step::PlannedTrigger;

/// Functions that are read at the same time. Lambda allows 100 `GetFunction` requests a second for an account.
const MAX_CONCURRENT_FUNCTIONS: usize = 10;

/// A stage that needs no change.
#[derive(Debug)]
pub(crate) struct UnchangedStage {
    /// The plan, which keeps everything.
    pub(crate) plan: Plan,
    /// URL of the endpoint.
    pub(crate) url: Option<String>,
}

/// Returns `None` if something differs or if it is not certain that nothing does: then everything has to be read, which also
/// reports what is wrong.
pub(crate) async fn read_unchanged(aws: &Aws, stage: &StageContext, desired: &Desired) -> Option<UnchangedStage> {
    let record = DeploymentRecord::read(aws, stage).await.filter(|record| record.is_of(desired))?;
    let functions = map_concurrently(desired, MAX_CONCURRENT_FUNCTIONS, async |(key, desired)| {
        let deployed = read_versions(aws, stage, key).await.ok().flatten()?;
        if !is_managed(stage, &deployed.tags) || deployed.tags.contains_key(UNRECORDED_TAG) {
            return None;
        }
        if deployed.live.as_ref().map(|live| &live.number) != record.versions.get(key) {
            return None;
        }
        let layer = record.layers.get(key).cloned();
        Some(plan_function(stage, key, desired, &as_recorded(stage, key, desired, layer, deployed)))
    });
    let functions = functions.await.into_iter().collect::<Option<Vec<_>>>()?;
    let trigger = |resource: String| PlannedTrigger {
        resource,
        change: Change::Keep,
        reasons: Vec::new(),
        steps: Vec::new(),
        warning: None,
    };
    let triggers = record.triggers.into_iter().map(trigger).collect();
    let plan = Plan { functions, triggers, ..Plan::default() };
    plan.is_empty().then_some(UnchangedStage { plan, url: record.url })
}

/// Completes what was read of a function with what is desired and, by the record, was deployed.
fn as_recorded(
    stage: &StageContext,
    key: &str,
    desired: &DesiredFunction,
    layer_arn: Option<String>,
    deployed: DeployedFunction,
) -> ActualFunction {
    let cors = desired.cors.clone().unwrap_or_default();
    let url = desired.url.map(|auth| FunctionUrl { auth, cors, streams: desired.streams, url: String::new() });
    let statements = PUBLIC_URL_STATEMENTS.iter().filter(|_| desired.url == Some(UrlAuth::Public));
    let layer = desired.worker_layer.as_ref().zip(layer_arn);
    let layer = layer.map(|(layer, arn)| LayerVersion { number: 0, arn, description: layer.description.clone() });
    ActualFunction {
        log_group: Some(ActualLogGroup { retention_days: Some(desired.log_retention_days) }),
        role: Some(ActualRole {
            arn: deployed.latest.settings.role_arn.clone(),
            created_at: None,
            permissions_boundary: desired.permissions_boundary.clone(),
            tags: stage.all_tags(),
            trust_policy: lambda_trust_policy(),
            inline_policy: Some(desired.policies.inline.clone()),
        }),
        managed_policies: managed_policies(stage, key, desired).into_keys().map(|name| (name, true)).collect(),
        layer_versions: layer.into_iter().collect(),
        deployed: Some(DeployedFunction {
            event_invoke_config: desired.event_invoke_config.clone(),
            allows_recursion: desired.allows_recursion,
            url,
            statement_ids: statements.map(|statement| statement.id().to_owned()).collect(),
            provisioned_concurrency: desired.lambda.provisioned_concurrency,
            code_signing: desired.lambda.code_signing.clone(),
            runtime_management: desired.lambda.runtime_management.clone().unwrap_or_default(),
            ..deployed
        }),
    }
}
