//! Checks an account before a deploy: identity, region, quotas, permissions, the bucket for uploads, the lock, and what earlier
//! deploys have left. Changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::{ContextEntry, ContextKeyTypeEnum};
use aws_sdk_lambda::types::AccountUsage;
use bedrock_build::App;
use bedrock_diagnostics::Result;

use crate::actual::Actual;
use crate::aws::{self, Aws, AwsError, AwsOptions, Idempotency, call, optional};
use crate::buckets::upload_bucket;
use crate::deployer_policy::{DeployerPolicyOptions, policy};
use crate::lock::describe_lock;
use crate::manifest::Manifest;
use crate::read::read_actual;
use crate::regions::check_function_url;
use crate::stage::{ENDPOINT, Stage, StageContext};

/// Concurrent executions that AWS keeps unreserved, in most accounts and in new ones.
const MIN_UNRESERVED: i32 = 100;
const MIN_UNRESERVED_IN_NEW_ACCOUNTS: i32 = 10;
/// Share of the code storage from which on a note is worth it.
const NOTABLE_STORAGE_PERCENT: i64 = 80;
/// Actions in one request, and in one message.
const MAX_SIMULATED_ACTIONS: usize = 50;
const MAX_SHOWN_ACTIONS: usize = 8;

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckLevel {
    /// A deploy will not fail because of it.
    Ok,
    /// Something that the user should know.
    Note,
    /// A deploy will fail.
    Error,
}

/// Result of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageFinding {
    /// What was checked: `permissions`.
    pub subject: &'static str,
    /// How serious it is.
    pub level: CheckLevel,
    /// What was found.
    pub message: String,
    /// What the user can do.
    pub help: Option<String>,
}

impl StageFinding {
    fn ok(subject: &'static str, message: impl Into<String>) -> Self {
        Self { subject, level: CheckLevel::Ok, message: message.into(), help: None }
    }

    fn note(subject: &'static str, message: impl Into<String>) -> Self {
        Self { level: CheckLevel::Note, ..Self::ok(subject, message) }
    }

    fn error(subject: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { level: CheckLevel::Error, help: Some(help.into()), ..Self::ok(subject, message) }
    }

    /// A check that AWS does not permit.
    fn unchecked(subject: &'static str, error: AwsError) -> Self {
        let report = error.into_app_error("it cannot be checked").reports.into_iter().next().unwrap_or_default();
        let message = std::iter::once(report.message).chain(report.causes).collect::<Vec<_>>().join(": ");
        Self::note(subject, message)
    }
}

/// Checks whether `stage` of `app` can be deployed.
pub fn check_stage(app: &App, stage: &Stage, options: &AwsOptions) -> Result<Vec<StageFinding>> {
    let is_built = app.root.join("target/bedrock/manifest.json").exists();
    let manifest = if is_built { Some(Manifest::load(app, stage.as_str())?) } else { None };
    aws::run(options, async |aws| {
        let stage = StageContext::new(app, stage.clone(), aws.env.clone())?;
        let checker = Checker { aws: &aws, stage: &stage, app, manifest: manifest.as_ref() };
        checker.check().await
    })
}

struct Checker<'a> {
    aws: &'a Aws,
    stage: &'a StageContext,
    app: &'a App,
    /// `None` if the app is not built.
    manifest: Option<&'a Manifest>,
}

impl Checker<'_> {
    async fn check(&self) -> Result<Vec<StageFinding>> {
        let env = &self.stage.env;
        let mut findings = vec![StageFinding::ok("identity", format!("`{}` in {}", self.aws.principal, env.region))];
        findings.extend(self.check_region());
        let workers = self.app.workers.iter().map(|worker| worker.name.to_string());
        let expected: BTreeSet<String> = workers.chain([ENDPOINT.to_owned()]).collect();
        let actual = read_actual(self.aws, self.stage, &expected, false).await;
        match actual {
            Ok(actual) => {
                findings.extend(self.check_quotas(&actual).await);
                findings.extend(self.check_leftovers(&actual, &expected));
            }
            Err(error) => {
                let report = error.reports.into_iter().next().unwrap_or_default();
                let message = std::iter::once(report.message).chain(report.causes).collect::<Vec<_>>().join(": ");
                findings.push(StageFinding::error(
                    "stage",
                    message,
                    "`cargo bedrock deploy --print-policy` prints the permissions",
                ));
            }
        }
        findings.push(self.check_permissions().await);
        findings.push(self.check_bucket().await);
        findings.extend(
            describe_lock(self.aws, self.stage)
                .await
                .map(|holder| StageFinding::note("lock", format!("it is held by {holder}"))),
        );
        Ok(findings)
    }

    fn check_region(&self) -> Option<StageFinding> {
        let endpoint = self.manifest.and_then(|manifest| manifest.endpoint.as_ref());
        let has_url = endpoint.is_some_and(|endpoint| endpoint.url_auth.is_some());
        let error = check_function_url(self.stage).err().filter(|_| has_url)?;
        let report = error.reports.into_iter().next().unwrap_or_default();
        Some(StageFinding::error("region", report.message, report.help.join("; ")))
    }

    async fn check_quotas(&self, actual: &Actual) -> Vec<StageFinding> {
        let settings = call(Idempotency::Idempotent, || self.aws.lambda.get_account_settings().send()).await;
        let settings = match settings {
            Ok(settings) => settings,
            Err(error) => return vec![StageFinding::unchecked("concurrency", error)],
        };
        let mut findings = Vec::new();
        if let Some(limit) = settings.account_limit() {
            let unreserved = limit.unreserved_concurrent_executions().unwrap_or(limit.concurrent_executions());
            findings.push(concurrency_finding(
                limit.concurrent_executions(),
                unreserved,
                self.new_reservations(actual),
            ));
            let used = settings.account_usage().map(AccountUsage::total_code_size).unwrap_or_default();
            findings.extend(storage_finding(limit.total_code_size(), used));
        }
        findings
    }

    /// Returns how many more executions a deploy of the last build would reserve.
    fn new_reservations(&self, actual: &Actual) -> i32 {
        let reserved = |key: &str| actual.functions.get(key)?.deployed.as_ref()?.reserved_concurrency;
        let functions = self.manifest.into_iter().flat_map(Manifest::functions);
        functions.map(|(key, entry)| entry.concurrency.unwrap_or_default() - reserved(key).unwrap_or_default()).sum()
    }

    fn check_leftovers(&self, actual: &Actual, expected: &BTreeSet<String>) -> Vec<StageFinding> {
        let left = actual.functions.keys().filter(|key| !expected.contains(*key));
        let left: Vec<String> = left.map(|key| format!("`{}`", self.stage.function_name(key))).collect();
        let unmanaged = actual.unmanaged.iter().map(|unmanaged| {
            let message =
                format!("{} has a name of this stage and is not managed by `cargo bedrock deploy`", unmanaged.resource);
            StageFinding::error("stage", message, "choose another stage, or delete it")
        });
        let mut findings: Vec<StageFinding> = unmanaged.collect();
        if !left.is_empty() {
            let message = format!("left by earlier deploys, which the next one deletes: {}", left.join(", "));
            findings.push(StageFinding::note("leftovers", message));
        }
        findings
    }

    async fn check_bucket(&self) -> StageFinding {
        let bucket = match upload_bucket(self.aws).await {
            Ok(bucket) => bucket,
            Err(error) => return StageFinding::unchecked("bucket", error),
        };
        let account = &self.stage.env.account;
        let head = || self.aws.s3.head_bucket().bucket(&bucket).expected_bucket_owner(account).send();
        match optional(call(Idempotency::Idempotent, head).await) {
            Ok(Some(_)) => StageFinding::ok("bucket", format!("`{bucket}` for locks and large zips exists")),
            Ok(None) => StageFinding::ok("bucket", format!("`{bucket}` for locks and large zips will be created")),
            Err(error) if error.is_denied() => StageFinding::error(
                "bucket",
                format!("`{bucket}` belongs to another account, or the permission `s3:ListBucket` is missing"),
                "`cargo bedrock deploy --print-policy` prints the permissions",
            ),
            Err(error) => StageFinding::unchecked("bucket", error),
        }
    }

    async fn check_permissions(&self) -> StageFinding {
        const SUBJECT: &str = "permissions";
        let Some(principal) = simulated_principal(&self.aws.principal) else {
            return StageFinding::note(
                SUBJECT,
                format!("`{}` has no policies that could be simulated", self.aws.principal),
            );
        };
        let options = DeployerPolicyOptions {
            stage: Some(self.stage.name.clone()),
            region: Some(self.stage.env.region.clone()),
            is_for_terraform: false,
        };
        let document = policy(self.app, &options, self.manifest.map_or(&[][..], std::slice::from_ref));
        let context = simulated_context(self.stage);
        let mut denied = BTreeSet::new();
        let mut count = 0;
        for (resource, actions) in actions_by_resource(&document, &self.stage.env.account) {
            count += actions.len();
            for actions in actions.chunks(MAX_SIMULATED_ACTIONS) {
                let request = || {
                    let simulation = self.aws.iam.simulate_principal_policy().policy_source_arn(&principal);
                    let simulation = simulation.set_action_names(Some(actions.to_vec()));
                    let simulation = simulation.set_context_entries(Some(context.clone()));
                    simulation.resource_arns(&resource).max_items(1_000).send()
                };
                let response = match call(Idempotency::Idempotent, request).await {
                    Ok(response) => response,
                    Err(error) => return StageFinding::unchecked(SUBJECT, error),
                };
                let results = response.evaluation_results().iter();
                let refused = results.filter(|result| result.eval_decision().as_str() != "allowed");
                denied.extend(refused.map(|result| result.eval_action_name().to_owned()));
            }
        }
        if denied.is_empty() {
            return StageFinding::ok(SUBJECT, format!("all {count} actions that the commands need are allowed"));
        }
        let shown: Vec<String> = denied.iter().take(MAX_SHOWN_ACTIONS).map(|action| format!("`{action}`")).collect();
        let more = if denied.len() > shown.len() {
            format!(" and {} more", denied.len() - shown.len())
        } else {
            String::new()
        };
        StageFinding::error(
            SUBJECT,
            format!("not allowed: {}{more}", shown.join(", ")),
            format!("`cargo bedrock deploy --print-policy --stage {}` prints a policy", self.stage.name),
        )
    }
}

fn concurrency_finding(limit: i32, unreserved: i32, new_reservations: i32) -> StageFinding {
    const SUBJECT: &str = "concurrency";
    let remaining = unreserved - new_reservations;
    if new_reservations > 0 && remaining < MIN_UNRESERVED_IN_NEW_ACCOUNTS {
        let message = format!(
            "the settings reserve {new_reservations} more concurrent executions, and {unreserved} of {limit} are unreserved: at least \
             {MIN_UNRESERVED_IN_NEW_ACCOUNTS} must remain"
        );
        return StageFinding::error(SUBJECT, message, "lower `concurrency` in the settings, or request a higher quota");
    }
    let message = format!("{unreserved} of {limit} concurrent executions are unreserved");
    if new_reservations > 0 && remaining < MIN_UNRESERVED {
        return StageFinding::note(
            SUBJECT,
            format!("{message}, {remaining} after a deploy: AWS may refuse less than {MIN_UNRESERVED}"),
        );
    }
    StageFinding::ok(SUBJECT, message)
}

fn storage_finding(limit: i64, used: i64) -> Option<StageFinding> {
    let percent = used.saturating_mul(100).checked_div(limit)?;
    let message = format!("{percent} % of the storage for code is used, {used} of {limit} bytes");
    (percent >= NOTABLE_STORAGE_PERCENT).then(|| StageFinding::note("storage", message))
}

/// Returns the ARN of the user or role whose policies apply to a caller. `None` for the root user and for federated users.
fn simulated_principal(caller: &str) -> Option<String> {
    let parts: Vec<&str> = caller.splitn(6, ':').collect();
    let [_, partition, service, _, account, resource] = parts[..] else { return None };
    match (service, resource.split('/').collect::<Vec<_>>().as_slice()) {
        ("iam", ["user", ..]) => Some(caller.to_owned()),
        // The path of the role is not in the ARN of its session.
        ("sts", ["assumed-role", role, _]) => Some(format!("arn:{partition}:iam::{account}:role/{role}")),
        _ => None,
    }
}

/// Returns what requests of a deploy have for the conditions of a policy. Without it, IAM takes conditions as not met.
fn simulated_context(stage: &StageContext) -> Vec<ContextEntry> {
    let function = stage.function_arn("example");
    let boundary = stage.settings.permissions_boundary.clone();
    let keys = [
        ("iam:PassedToService", Some("lambda.amazonaws.com".to_owned())),
        ("iam:PermissionsBoundary", boundary),
        ("lambda:FunctionArn", Some(function)),
    ];
    let entry = |(key, value): (&str, Option<String>)| {
        let entry = ContextEntry::builder().context_key_name(key).context_key_values(value?);
        Some(entry.context_key_type(ContextKeyTypeEnum::String).build())
    };
    keys.into_iter().filter_map(entry).collect()
}

/// Returns the actions of a policy by an example of their resource.
fn actions_by_resource(policy: &serde_json::Value, account: &str) -> BTreeMap<String, Vec<String>> {
    let mut actions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for statement in policy["Statement"].as_array().into_iter().flatten() {
        // The last pattern is the one with a role path, and with the present name of the bucket.
        let resources = statement["Resource"].as_array();
        let resource = resources.and_then(|list| list.last()).unwrap_or(&statement["Resource"]);
        let resource = example_arn(resource.as_str().unwrap_or("*"), account);
        let names = statement["Action"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_str);
        actions.entry(resource).or_default().extend(names.map(str::to_owned));
    }
    actions
}

/// Replaces the patterns of an ARN.
fn example_arn(pattern: &str, account: &str) -> String {
    if pattern == "*" {
        return pattern.to_owned();
    }
    let parts: Vec<&str> = pattern.splitn(6, ':').collect();
    let [arn, partition, service, region, owner, resource] = parts[..] else { return pattern.to_owned() };
    let owner = if owner == "*" { account } else { owner };
    let resource = resource.replace('*', "example").replace('?', "x");
    [arn, partition, service, region, owner, &resource].join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserving_too_much_is_an_error() {
        assert_eq!(concurrency_finding(1_000, 1_000, 0).level, CheckLevel::Ok);
        assert_eq!(concurrency_finding(1_000, 1_000, 900).level, CheckLevel::Ok);
        assert_eq!(concurrency_finding(1_000, 1_000, 901).level, CheckLevel::Note);
        assert_eq!(concurrency_finding(10, 10, 1).level, CheckLevel::Error);
        // Without new reservations, a new account is no problem.
        assert_eq!(concurrency_finding(10, 10, 0).level, CheckLevel::Ok);
        assert_eq!(
            concurrency_finding(10, 10, 5).message,
            "the settings reserve 5 more concurrent executions, and 10 of 10 are unreserved: at least 10 must remain"
        );
    }

    #[test]
    fn conditions_of_policies_are_met_in_simulations() {
        let keys = |stage: &StageContext| -> Vec<String> {
            simulated_context(stage).iter().filter_map(|entry| entry.context_key_name().map(str::to_owned)).collect()
        };
        let mut stage = crate::test_fixtures::stage();
        assert_eq!(keys(&stage), ["iam:PassedToService", "lambda:FunctionArn"]);
        stage.settings.permissions_boundary = Some("arn:aws:iam::123456789012:policy/boundary".to_owned());
        assert_eq!(keys(&stage), ["iam:PassedToService", "iam:PermissionsBoundary", "lambda:FunctionArn"]);
    }

    #[test]
    fn full_storage_is_a_note() {
        assert_eq!(storage_finding(100, 79), None);
        assert_eq!(storage_finding(100, 80).map(|finding| finding.level), Some(CheckLevel::Note));
        assert_eq!(storage_finding(0, 80), None);
    }

    #[test]
    fn policies_are_those_of_the_user_or_role() {
        for (caller, expected) in [
            ("arn:aws:iam::1:user/team/ada", Some("arn:aws:iam::1:user/team/ada")),
            ("arn:aws-cn:sts::1:assumed-role/ci/session", Some("arn:aws-cn:iam::1:role/ci")),
            ("arn:aws:iam::1:root", None),
            ("", None),
        ] {
            assert_eq!(simulated_principal(caller).as_deref(), expected, "{caller}");
        }
    }

    #[test]
    fn simulated_resources_have_no_patterns() {
        assert_eq!(
            example_arn("arn:aws:lambda:eu-west-1:*:function:shop-dev-*", "1"),
            "arn:aws:lambda:eu-west-1:1:function:shop-dev-example"
        );
        assert_eq!(
            example_arn("arn:aws:s3:::cargo-bedrock-*-eu-west-1", "1"),
            "arn:aws:s3:::cargo-bedrock-example-eu-west-1"
        );
        assert_eq!(example_arn("*", "1"), "*");
    }
}
