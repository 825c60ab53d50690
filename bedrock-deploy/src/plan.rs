//! The plan that turns the actual state of a stage into the desired one: steps for each function in their order, and the
//! reasons. Planning does no I/O, so `--dry-run` shows exactly the plan that a deploy applies.
//!
//! All functions are prepared first. Then the alias of each function is moved, so that callers reach new code and settings at
//! one moment, and no version in use misses a function or a permission.
//!
//! A deploy may be stopped after any step; the next plan then continues from there. Therefore the log group is created first
//! and deleted last: it is how an unfinished deploy is found again.

mod order;
mod policies;
mod step_list;
mod tags;
mod url;

use std::collections::BTreeSet;

use crate::actual::{Actual, ActualFunction, DeployedFunction};
use crate::actual_role::ActualRole;
use crate::alarms::plan::plan_alarms;
use crate::canary::{CanaryPlan, CanaryTag};
use crate::contract_record::is_contract_tag;
use crate::contracts::{self, ContractBreak};
use crate::desired::{Desired, DesiredFunction, EventInvokeConfig};
use crate::executions::running_text;
use crate::http_api::plan::plan_http_api;
use crate::lambda_settings::{DESCRIPTION, Members};
use crate::policy::lambda_trust_policy;
use crate::resources::{plan_resource_deletions, plan_resources};
use crate::stage::{CANARY_TAG, SETTINGS_TAG, StageContext, UNRECORDED_TAG};
use crate::step::{Change, Step};
use crate::triggers::plan::plan_triggers;
use crate::triggers::step::PlannedTrigger;
use crate::version::{FunctionSettings, Version, VersionDifferences, change_text};
use order::{is_late, split_steps};
pub(crate) use policies::managed_policies;
use step_list::StepList;
use tags::{plan_resource_tags, plan_role_tags};
use url::{plan_url, plan_url_statements};

/// Versions of a layer that are kept for rollbacks.
const MAX_KEPT_LAYER_VERSIONS: usize = 5;

/// What is done with each function and trigger, including those that are kept.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Functions, sorted by their keys.
    pub functions: Vec<PlannedFunction>,
    /// Triggers: the schedules of the stage, each queue and each bucket.
    pub triggers: Vec<PlannedTrigger>,
    /// `None` if all calls go to new versions at one moment.
    pub canary: Option<CanaryPlan>,
    /// Changes of contracts that break deployed callers.
    pub(crate) contract_breaks: Vec<ContractBreak>,
    /// Keys of the functions with [`UNRECORDED_TAG`].
    pub(crate) unrecorded: Vec<String>,
    /// What is left as it is, and why, for people.
    pub(crate) warnings: Vec<String>,
}

/// What is done with one function.
#[derive(Debug, Clone)]
pub struct PlannedFunction {
    /// Name of the worker, or `endpoint`.
    pub key: String,
    /// Name of the function.
    pub function: String,
    /// What is done.
    pub change: Change,
    /// Why it is updated or deleted, for people: ``memory 128 → 512``.
    pub reasons: Vec<String>,
    pub(crate) steps: Vec<Step>,
    /// Steps that are possible only after all functions are prepared.
    pub(crate) final_steps: Vec<Step>,
    /// Steps that remove a front door after its replacement, which is a trigger, exists.
    pub(crate) late_steps: Vec<Step>,
    /// ARN of the worker's own layer, if the desired version is published already.
    pub(crate) layer_arn: Option<String>,
    /// Number of the version in use.
    pub(crate) live_version: Option<String>,
    /// Members of Lambda's API to send with the settings.
    pub(crate) members: Members,
    /// Whether the function exists.
    pub(crate) is_deployed: bool,
    /// Revision of the function that the plan was made for.
    pub(crate) revision: Option<String>,
    /// ARN of the role that exists or is created. Empty if the function is deleted.
    pub(crate) role_arn: String,
}

impl PlannedFunction {
    /// Returns the names of all steps in JSON output.
    #[must_use]
    pub fn step_ids(&self) -> Vec<&'static str> {
        self.steps.iter().chain(&self.final_steps).chain(&self.late_steps).map(Step::id).collect()
    }
}

impl Plan {
    /// Plans the changes from `actual` to `desired`. Resources that are not desired are deleted, unless the plan is partial:
    /// then `desired` contains only some functions of the app.
    pub(crate) fn new(stage: &StageContext, desired: &Desired, actual: &Actual, is_partial: bool) -> Self {
        let nothing = ActualFunction::default();
        let kept = desired.iter().map(|(key, desired)| {
            let actual = actual.functions.get(key).unwrap_or(&nothing);
            plan_function(stage, key, desired, actual)
        });
        let removed = actual.functions.iter().filter(|(key, _)| !is_partial && !desired.contains_key(*key));
        let deletions = removed.map(|(key, actual)| plan_deletion(stage, key, actual));
        let mut functions: Vec<PlannedFunction> = kept.chain(deletions).collect();
        functions.sort_by(|one, other| one.key.cmp(&other.key));
        let review = contracts::review(desired, actual);
        for planned in functions.iter_mut().filter(|planned| planned.change == Change::Update) {
            planned.reasons.extend(review.notes.get(&planned.key).cloned().unwrap_or_default());
        }
        let mut triggers = plan_triggers(stage, desired, actual, is_partial);
        triggers.extend(plan_resources(stage, desired, &actual.resources));
        triggers.extend(plan_resource_deletions(&actual.deleted_resources));
        triggers.extend(plan_http_api(stage, desired, actual, is_partial));
        triggers.extend(plan_alarms(stage, desired, actual));
        plan_resource_tags(&mut triggers, &actual.untagged);
        let is_unrecorded = |function: &ActualFunction| {
            function.deployed.as_ref().is_some_and(|deployed| deployed.tags.contains_key(UNRECORDED_TAG))
        };
        let unrecorded = actual.functions.iter().filter(|(_, function)| is_unrecorded(function));
        let unrecorded = unrecorded.map(|(key, _)| key.clone()).collect();
        let warnings = actual.foreign_buckets.iter().map(|name| foreign_bucket_warning(stage, name)).collect();
        Self { functions, triggers, canary: None, contract_breaks: review.breaks, unrecorded, warnings }
    }

    /// Returns the functions that are changed.
    pub fn function_changes(&self) -> impl Iterator<Item = &PlannedFunction> {
        self.functions.iter().filter(|planned| planned.change != Change::Keep)
    }

    /// Returns the triggers that are changed.
    pub fn trigger_changes(&self) -> impl Iterator<Item = &PlannedTrigger> {
        self.triggers.iter().filter(|planned| planned.change != Change::Keep)
    }

    /// Returns whether everything is up to date.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.function_changes().next().is_none() && self.trigger_changes().next().is_none()
    }

    /// Returns what is deleted with data that `deploy` never deletes: `table shop-dev-orders`.
    pub(crate) fn deleted_data(&self) -> Vec<String> {
        let triggers = self.triggers.iter().filter(|planned| planned.deletes_data());
        triggers.map(|planned| planned.resource.clone()).collect()
    }

    /// Returns whether a function URL is created.
    pub(crate) fn creates_url(&self) -> bool {
        self.functions.iter().any(|planned| planned.steps.contains(&Step::CreateUrl))
    }

    fn count(&self, change: Change) -> usize {
        let functions = self.functions.iter().map(|planned| planned.change);
        let triggers = self.triggers.iter().map(|planned| planned.change);
        functions.chain(triggers).filter(|each| *each == change).count()
    }

    /// Renders the plan for people: a heading, one line for each change, and the number of changes.
    #[must_use]
    pub fn render(&self, stage: &StageContext) -> String {
        let mut text = format!("{stage} in {}, account {}\n\n", stage.env.region, stage.env.account);
        for planned in self.function_changes() {
            text += &change_line(planned.change, &planned.function, &planned.reasons);
        }
        for planned in self.trigger_changes() {
            text += &change_line(planned.change, &planned.resource, &planned.reasons);
        }
        if !self.is_empty() {
            text += "\n";
        }
        text += &(self.summary() + "\n");
        text + &self.canary.as_ref().map(CanaryPlan::render).unwrap_or_default()
    }

    /// Returns for example `1 to create, 2 to update, 3 unchanged`.
    fn summary(&self) -> String {
        let kinds = [
            (Change::Create, "to create"),
            (Change::Update, "to update"),
            (Change::Delete, "to delete"),
            (Change::Keep, "unchanged"),
        ];
        let parts: Vec<String> = kinds
            .into_iter()
            .map(|(change, label)| (self.count(change), label))
            .filter(|(count, _)| *count > 0)
            .map(|(count, label)| format!("{count} {label}"))
            .collect();
        if parts.is_empty() { "nothing to do".to_owned() } else { parts.join(", ") }
    }
}

/// S3 gives the same answer for a bucket of another account and for one that the caller may not read.
fn foreign_bucket_warning(stage: &StageContext, name: &str) -> String {
    let account = &stage.env.account;
    format!(
        "bucket `{name}` is kept: it belongs to another account than `{account}`, or the permissions `s3:ListBucket` and \
         `s3:GetBucketTagging` are missing; `aws s3 ls` lists it if it is yours"
    )
}

fn change_line(change: Change, resource: &str, reasons: &[String]) -> String {
    let label = match change {
        Change::Create => "+ create",
        Change::Update => "~ update",
        Change::Delete => "- delete",
        Change::Keep => "  keep  ",
    };
    let reasons = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
    format!("{label}  {resource}{reasons}\n")
}

pub(crate) fn plan_function(
    stage: &StageContext,
    key: &str,
    desired: &DesiredFunction,
    actual: &ActualFunction,
) -> PlannedFunction {
    let desired = &*desired.with_role(actual.role.as_ref());
    let mut steps = StepList::default();
    plan_log_group(&mut steps, desired, actual);
    plan_role(&mut steps, stage, key, desired, actual);
    let layer_arn = published_layer_arn(desired, actual);
    let layers = plan_layers(&mut steps, desired, layer_arn.as_deref());
    match &actual.deployed {
        None => plan_creation(&mut steps, desired),
        Some(deployed) => {
            let members = members_to_send(stage, key, desired, deployed);
            plan_grant(&mut steps, &stage.temporary_role_name(key), desired, actual.role.as_ref(), deployed);
            plan_update(&mut steps, desired, deployed, desired_version(desired, layers, members));
            // A deploy was stopped during its canary.
            if let Some(tag) = deployed.tags.get(CANARY_TAG) {
                steps.add(Step::EndCanary, CanaryTag::parse(tag).reason());
            }
        }
    }
    plan_old_layer_deletion(&mut steps, desired, actual);
    let change = match &actual.deployed {
        None => Change::Create,
        Some(_) if steps.steps.is_empty() => Change::Keep,
        Some(_) => Change::Update,
    };
    let reasons = match change {
        Change::Update => steps.reasons.into_iter().chain(steps.notes).collect(),
        _ => steps.notes,
    };
    let live = actual.deployed.as_ref().and_then(|deployed| deployed.live.as_ref());
    let (late_steps, steps) = steps.steps.into_iter().partition(|step| is_late(step, desired));
    let (steps, final_steps) = split_steps(stage, desired, actual, steps);
    PlannedFunction {
        key: key.to_owned(),
        function: stage.function_name(key),
        change,
        reasons,
        steps,
        final_steps,
        late_steps,
        layer_arn,
        live_version: live.map(|live| live.number.clone()),
        members: match &actual.deployed {
            Some(deployed) => members_to_send(stage, key, desired, deployed),
            None => desired.version.settings.members.clone(),
        },
        is_deployed: actual.deployed.is_some(),
        revision: actual.deployed.as_ref().and_then(|deployed| deployed.revision.clone()),
        role_arn: desired.version.settings.role_arn.clone(),
    }
}

fn plan_deletion(stage: &StageContext, key: &str, actual: &ActualFunction) -> PlannedFunction {
    let mut steps = Vec::new();
    if actual.deployed.is_some() {
        steps.push(Step::DeleteFunction);
    }
    if !actual.layer_versions.is_empty() {
        steps.push(Step::DeleteLayerVersions(actual.layer_versions.iter().map(|layer| layer.number).collect()));
    }
    if actual.role.is_some() {
        steps.push(Step::DeleteRole);
    }
    steps.extend(actual.managed_policies.keys().cloned().map(Step::DeleteManagedPolicy));
    if actual.log_group.is_some() {
        steps.push(Step::DeleteLogGroup);
    }
    let executions = actual.deployed.as_ref().and_then(|deployed| running_text(&deployed.running_executions));
    let executions = executions.map(|text| format!("{text} on it and will be lost"));
    PlannedFunction {
        key: key.to_owned(),
        function: stage.function_name(key),
        change: Change::Delete,
        reasons: ["with its role and its log group".to_owned()].into_iter().chain(executions).collect(),
        steps,
        final_steps: Vec::new(),
        late_steps: Vec::new(),
        layer_arn: None,
        live_version: None,
        members: Members::new(),
        is_deployed: actual.deployed.is_some(),
        revision: None,
        role_arn: String::new(),
    }
}

fn plan_log_group(steps: &mut StepList, desired: &DesiredFunction, actual: &ActualFunction) {
    let retention_text = |days: Option<i32>| days.map_or("unlimited".to_owned(), |days| days.to_string());
    let desired_retention = retention_text(Some(desired.log_retention_days));
    match &actual.log_group {
        None => steps.add(Step::CreateLogGroup, "log group"),
        // Created by Lambda or by the user: it does not have our tags yet.
        Some(log_group) if actual.deployed.is_none() => {
            steps.add(Step::CreateLogGroup, "log group");
            let old = retention_text(log_group.retention_days);
            if let Some(note) = change_text("existing log group, log retention", &old, &desired_retention) {
                steps.notes.push(note);
            }
        }
        Some(log_group) => {
            let old = retention_text(log_group.retention_days);
            if let Some(reason) = change_text("log retention", &old, &desired_retention) {
                steps.add(Step::SetLogRetention, reason);
            }
        }
    }
}

fn plan_role(
    steps: &mut StepList,
    stage: &StageContext,
    key: &str,
    desired: &DesiredFunction,
    actual: &ActualFunction,
) {
    match &actual.role {
        None => steps.add(Step::CreateRole, "role"),
        Some(role) if role.trust_policy != lambda_trust_policy() => steps.add(Step::UpdateTrustPolicy, "role"),
        Some(_) => {}
    }
    // It comes before the permissions: a deployer may be allowed to set them only on roles with the boundary.
    if let (Some(role), Some(boundary)) = (&actual.role, &desired.permissions_boundary)
        && role.permissions_boundary.as_ref() != Some(boundary)
    {
        steps.add(Step::SetPermissionsBoundary(boundary.clone()), "permissions boundary");
    }
    plan_role_tags(steps, stage, key, desired, actual);
    let inline_policy = actual.role.as_ref().and_then(|role| role.inline_policy.as_ref());
    if inline_policy != Some(&desired.policies.inline) {
        steps.add(Step::PutInlinePolicy, "permissions");
    }
    let desired_policies = managed_policies(stage, key, desired);
    let actual_policies = &actual.managed_policies;
    for (name, document) in desired_policies.iter().filter(|(name, _)| actual_policies.get(*name) != Some(&true)) {
        steps.add(Step::AttachManagedPolicy(name.clone(), (*document).clone()), "permissions");
    }
    for name in actual_policies.keys().filter(|name| !desired_policies.contains_key(*name)) {
        steps.add(Step::DeleteManagedPolicy(name.clone()), "permissions");
    }
}

/// Returns the ARN of the published version of the worker's layer that has the desired contents.
fn published_layer_arn(desired: &DesiredFunction, actual: &ActualFunction) -> Option<String> {
    let layer = desired.worker_layer.as_ref()?;
    let published = actual.layer_versions.iter().find(|version| version.description == layer.description);
    published.map(|version| version.arn.clone())
}

/// Returns the desired layers, or `None` if the worker's own layer has to be published first.
fn plan_layers(steps: &mut StepList, desired: &DesiredFunction, layer_arn: Option<&str>) -> Option<Vec<String>> {
    if desired.worker_layer.is_some() && layer_arn.is_none() {
        steps.add(Step::PublishLayer, "layers");
        return None;
    }
    Some(desired.layers(layer_arn))
}

fn plan_creation(steps: &mut StepList, desired: &DesiredFunction) {
    steps.add(Step::CreateFunction, "function");
    if desired.allows_recursion {
        steps.add(Step::SetRecursiveLoop, "recursion");
    }
    if desired.lambda.runtime_management.is_some() {
        steps.add(Step::SetRuntimeManagement, "runtime-management");
    }
    steps.add(Step::PublishVersion, "version");
    steps.add(Step::MoveAlias, "version");
    // It belongs to the alias.
    if desired.event_invoke_config != EventInvokeConfig::default() {
        steps.add(Step::SetEventInvokeConfig, "events");
    }
    if desired.lambda.provisioned_concurrency.is_some() {
        steps.add(Step::SetProvisionedConcurrency, "provisioned-concurrency");
    }
    if let Some(auth) = desired.url {
        steps.add(Step::CreateUrl, "URL");
        plan_url_statements(steps, auth, &BTreeSet::new());
    }
    // It is last because new accounts may reserve nothing: the function can be called although the deploy fails.
    if desired.reserved_concurrency.is_some() {
        steps.add(Step::SetConcurrency, "concurrency");
    }
}

/// Returns the members of Lambda's API that the settings have, and the defaults of those that they had.
fn members_to_send(stage: &StageContext, key: &str, desired: &DesiredFunction, deployed: &DeployedFunction) -> Members {
    let members = desired.version.settings.members.clone();
    let resets = deployed.managed.resets(&members, &stage.log_group_name(key));
    members.into_iter().chain(resets).collect()
}

fn desired_version(desired: &DesiredFunction, layers: Option<Vec<String>>, members: Members) -> Version {
    let version = desired.version.clone();
    Version { layers, settings: FunctionSettings { members, ..version.settings }, ..version }
}

/// A role that was created again under its name is another one to KMS: versions that were published before cannot decrypt their
/// variables with it. `temporary_role` is the function's role while an interrupted deploy renewed its grant.
fn plan_grant(
    steps: &mut StepList,
    temporary_role: &str,
    desired: &DesiredFunction,
    role: Option<&ActualRole>,
    deployed: &DeployedFunction,
) {
    let published_at = deployed.live.as_ref().and_then(|live| live.modified_at);
    let is_newer =
        |role: &ActualRole| role.created_at.zip(published_at).is_some_and(|(created, version)| created > version);
    let is_interrupted = deployed.latest.settings.role_arn.rsplit('/').next() == Some(temporary_role);
    let has_variables = !desired.version.settings.environment.values().is_empty();
    if is_interrupted || (has_variables && role.is_none_or(is_newer)) {
        steps.add(Step::RenewGrant, "role was created again");
    }
}

fn plan_update(steps: &mut StepList, desired: &DesiredFunction, deployed: &DeployedFunction, version: Version) {
    plan_tags(steps, desired, deployed);
    let code_signing = &desired.lambda.code_signing;
    if *code_signing != deployed.code_signing {
        steps.add(Step::SetCodeSigning, "code-signing");
    }
    let mut latest = deployed.latest.differences(&version);
    // Whether AWS has members that this tool does not know is only known from the tag.
    if desired.managed.unknown_members() != deployed.managed.unknown_members() {
        latest.settings.push("lambda".to_owned());
    }
    if !latest.settings.is_empty() || deployed.update_error.is_some() {
        steps.steps.push(Step::UpdateSettings);
        steps.add_reasons(deployed.update_error.iter().map(|error| format!("the last update failed: {error}")));
    }
    if !latest.code.is_empty() {
        steps.steps.push(Step::UpdateCode);
    }
    let mut live_version = version;
    live_version.settings.members.remove(DESCRIPTION);
    let live = deployed.live.as_ref().map(|live| live.version.differences(&live_version));
    let runtime_management = desired.lambda.runtime_management.clone().unwrap_or_default();
    if runtime_management != deployed.runtime_management {
        steps.add(Step::SetRuntimeManagement, "runtime-management");
    }
    // The description is not part of a published version.
    let is_same = latest.code.is_empty() && latest.settings.iter().all(|reason| reason == "description");
    let is_renewed = steps.steps.contains(&Step::RenewGrant);
    let is_live = is_same && !is_renewed && live.as_ref().is_some_and(VersionDifferences::is_empty);
    steps.add_reasons(latest.code);
    steps.add_reasons(latest.settings);
    if !is_live {
        steps.steps.extend([Step::PublishVersion, Step::MoveAlias]);
        match live {
            None => steps.add_reasons(["alias `live`".to_owned()]),
            Some(live) => steps.add_reasons(live.code.into_iter().chain(live.settings)),
        }
    }
    if desired.lambda.provisioned_concurrency != deployed.provisioned_concurrency {
        let text = |count: Option<i32>| count.map_or("none".to_owned(), |count| count.to_string());
        let old = text(deployed.provisioned_concurrency);
        let new = text(desired.lambda.provisioned_concurrency);
        steps.add(Step::SetProvisionedConcurrency, format!("provisioned-concurrency {old} → {new}"));
    }
    // Some of them belong to the alias.
    plan_unversioned_settings(steps, desired, deployed);
    plan_url(steps, desired, deployed);
    if steps.reasons.is_empty() && steps.steps.contains(&Step::SetTags) {
        steps.add_reasons(["tags".to_owned()]);
    }
}

/// Tags come first: they record which settings the later steps manage.
fn plan_tags(steps: &mut StepList, desired: &DesiredFunction, deployed: &DeployedFunction) {
    let tags = desired.tags();
    let is_changed = tags.iter().any(|(key, value)| deployed.tags.get(key) != Some(value));
    let is_removed =
        deployed.tags.keys().any(|key| (key == SETTINGS_TAG || is_contract_tag(key)) && !tags.contains_key(key));
    if is_changed || is_removed {
        let own = desired.own_tags().into_iter().filter(|(key, value)| deployed.tags.get(key) != Some(value));
        let reasons: Vec<String> = own.take(1).map(|_| "tags".to_owned()).collect();
        steps.steps.push(Step::SetTags);
        steps.add_reasons(reasons);
    }
}

/// Settings that are not part of a version.
fn plan_unversioned_settings(steps: &mut StepList, desired: &DesiredFunction, deployed: &DeployedFunction) {
    let concurrency_text = |reserved: Option<i32>| reserved.map_or("none".to_owned(), |count| count.to_string());
    let old_concurrency = concurrency_text(deployed.reserved_concurrency);
    let new_concurrency = concurrency_text(desired.reserved_concurrency);
    if let Some(reason) = change_text("concurrency", &old_concurrency, &new_concurrency) {
        steps.add(Step::SetConcurrency, reason);
    }
    let old = &deployed.event_invoke_config;
    let new = &desired.event_invoke_config;
    if old != new {
        steps.steps.push(Step::SetEventInvokeConfig);
        let reasons = [
            change_text("retries", &old.max_retries, &new.max_retries),
            change_text("event age", &old.max_age_seconds, &new.max_age_seconds),
            (old.on_failure != new.on_failure).then(|| "on-failure".to_owned()),
            (old.on_success != new.on_success).then(|| "on-success".to_owned()),
        ];
        steps.add_reasons(reasons.into_iter().flatten());
    }
    let recursion_text = |is_allowed: bool| if is_allowed { "allow" } else { "terminate" };
    let old_recursion = recursion_text(deployed.allows_recursion);
    let new_recursion = recursion_text(desired.allows_recursion);
    if let Some(reason) = change_text("recursion", &old_recursion, &new_recursion) {
        steps.add(Step::SetRecursiveLoop, reason);
    }
}

/// Deletes old layer versions only together with the publication of a new one, so that a plan without changes is empty.
fn plan_old_layer_deletion(steps: &mut StepList, desired: &DesiredFunction, actual: &ActualFunction) {
    if !steps.steps.contains(&Step::PublishLayer) || desired.worker_layer.is_none() {
        return;
    }
    let mut numbers: Vec<i64> = actual.layer_versions.iter().map(|layer| layer.number).collect();
    numbers.sort_unstable_by(|one, other| other.cmp(one));
    let old: Vec<i64> = numbers.into_iter().skip(MAX_KEPT_LAYER_VERSIONS - 1).collect();
    if !old.is_empty() {
        steps.steps.push(Step::DeleteLayerVersions(old));
    }
}

#[cfg(test)]
mod role_tests;
#[cfg(test)]
mod tests;
