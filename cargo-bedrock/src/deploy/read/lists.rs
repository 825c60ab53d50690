//! What can be listed by the names of a stage: its functions, log groups, managed policies, and versions of layers.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::PolicyScopeType;

use crate::aws::{Aws, Failure, Repeat, call};
use crate::deploy::actual::{LayerVersion, Log};
use crate::deploy::stage::Site;
use bedrock_diagnostics::Result;

/// Everything of a stage that a list shows.
#[derive(Debug, Default)]
pub(super) struct Lists {
    functions: BTreeSet<String>,
    /// The workers that have a layer of their own.
    pub(super) layers: BTreeSet<String>,
    /// By worker.
    pub(super) logs: BTreeMap<String, Log>,
    /// By name, and whether they are attached to a role.
    policies: BTreeMap<String, bool>,
}

pub(super) async fn read(aws: &Aws, site: &Site) -> Result<Lists> {
    let (functions, layers, logs, policies) =
        tokio::join!(functions(aws, site), layers(aws, site), logs(aws, site), policies(aws, site));
    let what = |what: &str| format!("failed to list the {what} of {}", site.shown());
    Ok(Lists {
        functions: functions.map_err(|failure| failure.app(what("functions")))?,
        layers: layers.map_err(|failure| failure.app(what("layers")))?,
        logs: logs.map_err(|failure| failure.app(what("log groups")))?,
        policies: policies.map_err(|failure| failure.app(what("policies")))?,
    })
}

impl Lists {
    /// The workers of which there seems to be something.
    pub(super) fn keys(&self) -> impl Iterator<Item = String> {
        self.functions.iter().chain(self.logs.keys()).cloned()
    }

    /// The policies that were made for a role: their names begin with its name, a number and a digest follow.
    pub(super) fn managed_of(&self, role: &str) -> BTreeMap<String, bool> {
        let is_its = |name: &str| name.strip_prefix(role).is_some_and(|rest| rest.split('-').count() == 3);
        self.policies.iter().filter(|(name, _)| is_its(name)).map(|(name, used)| (name.clone(), *used)).collect()
    }
}

async fn functions(aws: &Aws, site: &Site) -> std::result::Result<BTreeSet<String>, Failure> {
    let (mut names, mut marker) = (BTreeSet::new(), None::<String>);
    loop {
        let request = || aws.lambda.list_functions().set_marker(marker.clone()).send();
        let page = call(Repeat::Always, request).await?;
        let found = page.functions().iter().filter_map(|function| function.function_name());
        names.extend(found.filter_map(|name| site.key(name)).map(str::to_owned));
        marker = page.next_marker().filter(|marker| !marker.is_empty()).map(str::to_owned);
        if marker.is_none() {
            return Ok(names);
        }
    }
}

async fn layers(aws: &Aws, site: &Site) -> std::result::Result<BTreeSet<String>, Failure> {
    let (mut names, mut marker) = (BTreeSet::new(), None::<String>);
    loop {
        let page = call(Repeat::Always, || aws.lambda.list_layers().set_marker(marker.clone()).send()).await?;
        let found = page.layers().iter().filter_map(|layer| layer.layer_name());
        names.extend(found.filter_map(|name| site.key(name)).map(str::to_owned));
        marker = page.next_marker().filter(|marker| !marker.is_empty()).map(str::to_owned);
        if marker.is_none() {
            return Ok(names);
        }
    }
}

async fn logs(aws: &Aws, site: &Site) -> std::result::Result<BTreeMap<String, Log>, Failure> {
    let (mut logs, mut token) = (BTreeMap::new(), None::<String>);
    loop {
        let request = || {
            let prefix = site.log_group("");
            aws.logs.describe_log_groups().log_group_name_prefix(prefix).set_next_token(token.clone()).send()
        };
        let page = call(Repeat::Always, request).await?;
        for group in page.log_groups() {
            let name = group.log_group_name().and_then(|name| name.strip_prefix("/aws/lambda/"));
            if let Some(key) = name.and_then(|name| site.key(name)) {
                logs.insert(key.to_owned(), Log { retention: group.retention_in_days() });
            }
        }
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            return Ok(logs);
        }
    }
}

async fn policies(aws: &Aws, site: &Site) -> std::result::Result<BTreeMap<String, bool>, Failure> {
    let (mut policies, mut marker) = (BTreeMap::new(), None::<String>);
    loop {
        let request = || {
            let list = aws.iam.list_policies().scope(PolicyScopeType::Local).path_prefix(site.policy_path());
            list.set_marker(marker.clone()).send()
        };
        let page = call(Repeat::Always, request).await?;
        for policy in page.policies() {
            // The path says it once more: not everybody who answers like AWS looks at the prefix.
            if let (Some(name), true) = (policy.policy_name(), policy.path() == Some(&site.policy_path())) {
                policies.insert(name.to_owned(), policy.attachment_count().unwrap_or_default() > 0);
            }
        }
        marker = page.marker().filter(|_| page.is_truncated()).map(str::to_owned);
        if marker.is_none() {
            return Ok(policies);
        }
    }
}

/// The tags of a log group; none if it is not there.
pub(super) async fn log_tags(
    aws: &Aws,
    site: &Site,
    key: &str,
) -> std::result::Result<BTreeMap<String, String>, Failure> {
    let arn = crate::deploy::apply::log_arn(site, key);
    match call(Repeat::Always, || aws.logs.list_tags_for_resource().resource_arn(&arn).send()).await {
        Ok(answer) => Ok(answer.tags.unwrap_or_default().into_iter().collect()),
        Err(failure) if failure.is_missing() => Ok(BTreeMap::new()),
        Err(failure) => Err(failure),
    }
}

/// The versions of a worker's own layer, newest first.
pub(super) async fn versions(aws: &Aws, site: &Site, key: &str) -> std::result::Result<Vec<LayerVersion>, Failure> {
    let (mut versions, mut marker) = (Vec::new(), None::<String>);
    loop {
        let request =
            || aws.lambda.list_layer_versions().layer_name(site.function(key)).set_marker(marker.clone()).send();
        let page = match call(Repeat::Always, request).await {
            Err(failure) if failure.is_missing() => return Ok(versions),
            page => page?,
        };
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
