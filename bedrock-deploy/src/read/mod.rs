//! Reads the actual state of a stage from AWS, without its triggers. Changes nothing.
//!
//! Lists come first: functions, layers, log groups and policies by their names. Then each function is read, several at the
//! same time. Lambda allows 15 requests a second for an account, but many more `GetFunction` requests; hence `GetFunction`
//! is used even where a smaller operation would return enough.

mod function;
mod lists;
mod resources;
pub(crate) mod role;

use std::collections::{BTreeMap, BTreeSet};

use bedrock_diagnostics::Result;

use crate::actual::{Actual, ActualFunction, DeployedFunction};
use crate::aws::{Aws, AwsError};
use crate::concurrent::map_concurrently;
use crate::contract_record::ContractRecord;
use crate::ownership::{Ownership, UnmanagedResource};
use crate::stage::StageContext;
pub(crate) use function::{
    read_function_url, read_layers_in_use, read_version_descriptions, read_versions, version_from,
};
use lists::StageLists;
pub(crate) use resources::{read_deleted, read_resources};

/// Functions that are read at the same time; each takes up to eight requests.
const MAX_CONCURRENT_FUNCTIONS: usize = 6;

/// Reads the functions with the keys `expected` and, unless the operation `is_partial`, all others with names of this stage.
pub(crate) async fn read_actual(
    aws: &Aws,
    stage: &StageContext,
    expected: &BTreeSet<String>,
    is_partial: bool,
) -> Result<Actual> {
    let reader = &Reader { aws, stage, lists: lists::read(aws, stage).await? };
    let mut keys = expected.clone();
    if !is_partial {
        keys.extend(reader.lists.keys());
    }
    let lookups = map_concurrently(&keys, MAX_CONCURRENT_FUNCTIONS, |key| async move {
        reader.look_up(key, expected.contains(key)).await.map(|lookup| (key.clone(), lookup))
    });
    let mut actual = Actual::default();
    for lookup in lookups.await {
        match lookup? {
            (key, Lookup::Managed(function)) => {
                actual.functions.insert(key, *function);
            }
            (_, Lookup::Unmanaged(resource)) => actual.unmanaged.push(resource),
            (_, Lookup::Absent) => {}
        }
    }
    actual.unmanaged.sort_by(|one, other| one.resource.cmp(&other.resource));
    Ok(actual)
}

/// Reads what the tags of functions record of contracts. Functions that do not exist, or that are not managed by this tool,
/// are missing.
pub(crate) async fn read_contract_records(
    aws: &Aws,
    stage: &StageContext,
    keys: &BTreeSet<String>,
) -> Result<BTreeMap<String, ContractRecord>> {
    let tags = map_concurrently(keys, MAX_CONCURRENT_FUNCTIONS, |key| async move {
        let name = stage.function_name(key);
        let tags = function::read_tags(aws, &name).await;
        let tags = tags.map_err(|error| error.into_app_error(format!("failed to read function `{name}`")))?;
        Ok((key.clone(), tags))
    });
    let mut records = BTreeMap::new();
    for read in tags.await {
        let (key, tags) = read?;
        if let Some(tags) = tags.filter(|tags| matches!(Ownership::from_tags(stage, tags), Ownership::Managed)) {
            records.insert(key, ContractRecord::from_tags(&tags));
        }
    }
    Ok(records)
}

/// Returns the keys of all functions of a stage that this tool manages.
pub(crate) async fn read_managed_keys(aws: &Aws, stage: &StageContext) -> Result<BTreeSet<String>> {
    let keys = lists::read(aws, stage).await?.keys().collect();
    Ok(read_contract_records(aws, stage, &keys).await?.into_keys().collect())
}

/// What exists under the names of a function.
enum Lookup {
    Managed(Box<ActualFunction>),
    Unmanaged(UnmanagedResource),
    /// Nothing that this tool manages, and nothing that conflicts with the desired state.
    Absent,
}

struct Reader<'a> {
    aws: &'a Aws,
    stage: &'a StageContext,
    lists: StageLists,
}

impl Reader<'_> {
    async fn look_up(&self, key: &str, is_expected: bool) -> Result<Lookup> {
        let name = self.stage.function_name(key);
        let function = function::read(self.aws, self.stage, key).await;
        let function = function.map_err(|error| error.into_app_error(format!("failed to read function `{name}`")))?;
        match function {
            Some((tags, deployed)) => match Ownership::from_tags(self.stage, &tags) {
                Ownership::Managed => self.read_resources(key, Some(deployed)).await,
                Ownership::Unmanaged(owner) if is_expected || owner.is_some() => {
                    Ok(Lookup::Unmanaged(UnmanagedResource { resource: format!("function `{name}`"), owner }))
                }
                Ownership::Unmanaged(_) => Ok(Lookup::Absent),
            },
            None if is_expected => self.read_resources(key, None).await,
            // A log group without a function is left by a deploy or destroy that did not finish.
            None => {
                let tags = lists::log_group_tags(self.aws, self.stage, key).await.map_err(|error| {
                    error.into_app_error(format!("failed to read the log group of function `{name}`"))
                })?;
                match Ownership::from_tags(self.stage, &tags) {
                    Ownership::Managed => self.read_resources(key, None).await,
                    Ownership::Unmanaged(_) => Ok(Lookup::Absent),
                }
            }
        }
    }

    /// Reads role and layer versions of a function, which may not exist itself.
    async fn read_resources(&self, key: &str, deployed: Option<DeployedFunction>) -> Result<Lookup> {
        let name = self.stage.function_name(key);
        // The list may be some seconds old. A deploy that stopped before it created the function has left a log group.
        let has_layer = self.lists.layers.contains(key)
            || match &deployed {
                Some(deployed) => uses_layer(deployed, &name),
                None => self.lists.log_groups.contains_key(key),
            };
        let layer_versions = async {
            if !has_layer {
                return Ok(Vec::new());
            }
            lists::layer_versions(self.aws, self.stage, key).await
        };
        let role_name = self.stage.role_name(key);
        let path = self.stage.policy_path();
        let attached = role::read_attached_policies(self.aws, &role_name, &path);
        let (role, attached, layer_versions) = tokio::join!(role::read(self.aws, &role_name), attached, layer_versions);
        let in_context =
            |what: &str, error: AwsError| error.into_app_error(format!("failed to read {what} of function `{name}`"));
        let function = ActualFunction {
            log_group: self.lists.log_groups.get(key).cloned(),
            role: role.map_err(|error| in_context("the role", error))?,
            managed_policies: self
                .lists
                .managed_policies_of(&role_name, &attached.map_err(|error| in_context("the policies", error))?),
            layer_versions: layer_versions.map_err(|error| in_context("the layer", error))?,
            deployed,
        };
        // If there is no function with our tags, a role with this name may belong to another tool.
        if let (None, Some(role)) = (&function.deployed, &function.role)
            && let Ownership::Unmanaged(owner) = Ownership::from_tags(self.stage, &role.tags)
        {
            return Ok(Lookup::Unmanaged(UnmanagedResource { resource: format!("role `{role_name}`"), owner }));
        }
        Ok(Lookup::Managed(Box::new(function)))
    }
}

/// Returns whether a function uses a version of the layer called `name`, now or in the version in use.
fn uses_layer(deployed: &DeployedFunction, name: &str) -> bool {
    let live = deployed.live.as_ref().map(|live| &live.version);
    let mut layers =
        std::iter::once(&deployed.latest).chain(live).filter_map(|version| version.layers.as_ref()).flatten();
    // `arn:PARTITION:lambda:REGION:ACCOUNT:layer:NAME:VERSION`
    layers.any(|arn| arn.split(':').nth(6) == Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_fixtures::{actual_function, desired_function, layer_arn};

    #[test]
    fn layer_that_is_used_is_known_without_a_list() {
        let mut deployed = actual_function("counter", &desired_function("counter")).deployed.expect("a function");
        assert!(!uses_layer(&deployed, "shop-dev-counter"));
        deployed.latest.layers = Some(vec![layer_arn(1)]);
        assert!(uses_layer(&deployed, "shop-dev-counter") && !uses_layer(&deployed, "shop-dev-reporter"));
    }
}
