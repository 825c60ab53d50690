//! Lists the resources of a stage by their names: functions, log groups, managed policies, and versions of layers.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::PolicyScopeType;
use bedrock_diagnostics::Result;

use crate::actual::{ActualLogGroup, LayerVersion};
use crate::aws::{Aws, AwsError, Idempotency, call, optional};
use crate::stage::StageContext;

type AwsResult<T> = std::result::Result<T, AwsError>;

/// Everything of a stage that can be listed.
#[derive(Debug, Default)]
pub(super) struct StageLists {
    /// Keys of the functions.
    functions: BTreeSet<String>,
    /// Keys of the functions that have a layer of their own.
    pub(super) layers: BTreeSet<String>,
    /// Log groups by the keys of their functions.
    pub(super) log_groups: BTreeMap<String, ActualLogGroup>,
    /// Managed policies by their names, and whether they are attached to a role.
    managed_policies: BTreeMap<String, bool>,
}

pub(super) async fn read(aws: &Aws, stage: &StageContext) -> Result<StageLists> {
    let (functions, layers, log_groups, managed_policies) = tokio::join!(
        list_functions(aws, stage),
        list_layers(aws, stage),
        list_log_groups(aws, stage),
        list_managed_policies(aws, stage)
    );
    let in_context =
        |what: &str, error: AwsError| error.into_app_error(format!("failed to list the {what} of {stage}"));
    Ok(StageLists {
        functions: functions.map_err(|error| in_context("functions", error))?,
        layers: layers.map_err(|error| in_context("layers", error))?,
        log_groups: log_groups.map_err(|error| in_context("log groups", error))?,
        managed_policies: match managed_policies {
            // Few deployers may list all policies of the account. Attached policies are read with each role.
            Err(error) if error.is_denied() => BTreeMap::new(),
            policies => policies.map_err(|error| in_context("policies", error))?,
        },
    })
}

impl StageLists {
    /// Returns the keys of all functions that exist, completely or in part.
    pub(super) fn keys(&self) -> impl Iterator<Item = String> {
        self.functions.iter().chain(self.log_groups.keys()).cloned()
    }

    /// Returns the managed policies of a role. Their names are the name of the role, a number and a digest.
    pub(super) fn managed_policies_of(&self, role: &str, attached: &BTreeSet<String>) -> BTreeMap<String, bool> {
        let belongs_to_role = |name: &str| name.strip_prefix(role).is_some_and(|suffix| suffix.split('-').count() == 3);
        let listed = self.managed_policies.iter().map(|(name, is_attached)| (name, *is_attached));
        let policies = listed.chain(attached.iter().map(|name| (name, true)));
        let policies = policies.filter(|(name, _)| belongs_to_role(name));
        policies.map(|(name, is_attached)| (name.clone(), is_attached)).collect()
    }
}

async fn list_functions(aws: &Aws, stage: &StageContext) -> AwsResult<BTreeSet<String>> {
    let mut keys = BTreeSet::new();
    let mut marker = None::<String>;
    loop {
        let request = || aws.lambda.list_functions().set_marker(marker.clone()).send();
        let page = call(Idempotency::Idempotent, request).await?;
        let names = page.functions().iter().filter_map(|function| function.function_name());
        keys.extend(names.filter_map(|name| stage.function_key(name)).map(str::to_owned));
        marker = page.next_marker().filter(|marker| !marker.is_empty()).map(str::to_owned);
        if marker.is_none() {
            return Ok(keys);
        }
    }
}

async fn list_layers(aws: &Aws, stage: &StageContext) -> AwsResult<BTreeSet<String>> {
    let mut keys = BTreeSet::new();
    let mut marker = None::<String>;
    loop {
        let request = || aws.lambda.list_layers().set_marker(marker.clone()).send();
        let page = call(Idempotency::Idempotent, request).await?;
        let names = page.layers().iter().filter_map(|layer| layer.layer_name());
        keys.extend(names.filter_map(|name| stage.function_key(name)).map(str::to_owned));
        marker = page.next_marker().filter(|marker| !marker.is_empty()).map(str::to_owned);
        if marker.is_none() {
            return Ok(keys);
        }
    }
}

async fn list_log_groups(aws: &Aws, stage: &StageContext) -> AwsResult<BTreeMap<String, ActualLogGroup>> {
    let mut log_groups = BTreeMap::new();
    let mut token = None::<String>;
    loop {
        let request = || {
            let prefix = stage.log_group_name("");
            aws.logs.describe_log_groups().log_group_name_prefix(prefix).set_next_token(token.clone()).send()
        };
        let page = call(Idempotency::Idempotent, request).await?;
        for log_group in page.log_groups() {
            let function = log_group.log_group_name().and_then(|name| name.strip_prefix("/aws/lambda/"));
            if let Some(key) = function.and_then(|function| stage.function_key(function)) {
                let retention_days = log_group.retention_in_days();
                log_groups.insert(key.to_owned(), ActualLogGroup { retention_days });
            }
        }
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            return Ok(log_groups);
        }
    }
}

async fn list_managed_policies(aws: &Aws, stage: &StageContext) -> AwsResult<BTreeMap<String, bool>> {
    let mut policies = BTreeMap::new();
    let mut marker = None::<String>;
    loop {
        let request = || {
            let list = aws.iam.list_policies().scope(PolicyScopeType::Local).path_prefix(stage.policy_path());
            list.set_marker(marker.clone()).send()
        };
        let page = call(Idempotency::Idempotent, request).await?;
        for policy in page.policies() {
            // The path is compared again, because some emulators of AWS ignore the prefix.
            if let (Some(name), true) = (policy.policy_name(), policy.path() == Some(&stage.policy_path())) {
                policies.insert(name.to_owned(), policy.attachment_count().unwrap_or_default() > 0);
            }
        }
        marker = page.marker().filter(|_| page.is_truncated()).map(str::to_owned);
        if marker.is_none() {
            return Ok(policies);
        }
    }
}

/// Returns the tags of a log group. Empty if it does not exist.
pub(super) async fn log_group_tags(aws: &Aws, stage: &StageContext, key: &str) -> AwsResult<BTreeMap<String, String>> {
    let arn = stage.log_group_arn(key);
    let request = || aws.logs.list_tags_for_resource().resource_arn(&arn).send();
    let response = optional(call(Idempotency::Idempotent, request).await)?;
    Ok(response.and_then(|response| response.tags).unwrap_or_default().into_iter().collect())
}

/// Returns the versions of a worker's own layer, newest first. Empty if there is no such layer.
pub(super) async fn layer_versions(aws: &Aws, stage: &StageContext, key: &str) -> AwsResult<Vec<LayerVersion>> {
    let mut versions = Vec::new();
    let mut marker = None::<String>;
    loop {
        let request = || {
            let list = aws.lambda.list_layer_versions().layer_name(stage.function_name(key));
            list.set_marker(marker.clone()).send()
        };
        let Some(page) = optional(call(Idempotency::Idempotent, request).await)? else { return Ok(versions) };
        versions.extend(page.layer_versions().iter().filter_map(|version| {
            Some(LayerVersion {
                number: version.version(),
                arn: version.layer_version_arn()?.to_owned(),
                description: version.description().unwrap_or_default().to_owned(),
            })
        }));
        marker = page.next_marker().filter(|marker| !marker.is_empty()).map(str::to_owned);
        if marker.is_none() {
            return Ok(versions);
        }
    }
}
