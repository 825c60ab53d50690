//! The IAM policy of a deployer: every action that the commands of a stage need, on the resources of that stage only.

use std::collections::BTreeSet;

use bedrock_build::App;
use bedrock_diagnostics::{Error, Result};
use serde_json::{Value, json};

use crate::deployer_names::{Names, SecretArns, statement, with_condition};
use crate::lambda_settings::LambdaSettings;
use crate::manifest::{Manifest, Trigger};
use crate::stage::{ENDPOINT, Stage, deploy_settings};
use crate::terraform_policy::terraform_policy;
use crate::uses::Use;

/// Which stages a policy is for.
#[derive(Debug, Clone, Default)]
pub struct DeployerPolicyOptions {
    /// `None` for all stages of the app.
    pub stage: Option<Stage>,
    /// `None` for all regions.
    pub region: Option<String>,
    /// For `terraform apply` and `terraform destroy` instead of the commands.
    pub is_for_terraform: bool,
}

/// Actions of which IAM cannot restrict the resource.
const UNRESTRICTED_ACTIONS: [&str; 7] = [
    "iam:ListPolicies",
    "lambda:ListEventSourceMappings",
    "lambda:ListFunctions",
    "lambda:ListLayers",
    "logs:DescribeLogGroups",
    "scheduler:ListSchedules",
    "sqs:ListQueues",
];
const FUNCTION_ACTIONS: [&str; 28] = [
    "AddPermission",
    "CreateAlias",
    "CreateFunction",
    "CreateFunctionUrlConfig",
    "DeleteFunction",
    "DeleteFunctionConcurrency",
    "DeleteFunctionEventInvokeConfig",
    "GetAlias",
    "GetFunction",
    "GetFunctionEventInvokeConfig",
    "GetFunctionRecursionConfig",
    "GetFunctionUrlConfig",
    "GetPolicy",
    "InvokeFunction",
    "ListDurableExecutionsByFunction",
    "ListTags",
    "ListVersionsByFunction",
    "PublishVersion",
    "PutFunctionConcurrency",
    "PutFunctionEventInvokeConfig",
    "PutFunctionRecursionConfig",
    "RemovePermission",
    "TagResource",
    "UntagResource",
    "UpdateAlias",
    "UpdateFunctionCode",
    "UpdateFunctionConfiguration",
    "UpdateFunctionUrlConfig",
];
const LAYER_ACTIONS: [&str; 4] = ["DeleteLayerVersion", "GetLayerVersion", "ListLayerVersions", "PublishLayerVersion"];
const MAPPING_ACTIONS: [&str; 3] = ["CreateEventSourceMapping", "DeleteEventSourceMapping", "UpdateEventSourceMapping"];
const ROLE_ACTIONS: [&str; 9] = [
    "DeleteRole",
    "DeleteRolePolicy",
    "DetachRolePolicy",
    "GetRole",
    "GetRolePolicy",
    "ListAttachedRolePolicies",
    "ListRolePolicies",
    "TagRole",
    "UpdateAssumeRolePolicy",
];
/// Actions with which a deployer gives a role its permissions.
const ROLE_PERMISSION_ACTIONS: [&str; 3] = ["AttachRolePolicy", "CreateRole", "PutRolePolicy"];
const BOUNDARY_ACTIONS: [&str; 1] = ["PutRolePermissionsBoundary"];
const POLICY_ACTIONS: [&str; 3] = ["CreatePolicy", "DeletePolicy", "TagPolicy"];
const LOG_ACTIONS: [&str; 6] =
    ["CreateLogGroup", "DeleteLogGroup", "FilterLogEvents", "ListTagsForResource", "PutRetentionPolicy", "TagResource"];
const QUEUE_ACTIONS: [&str; 7] = [
    "CreateQueue",
    "DeleteQueue",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListQueueTags",
    "SetQueueAttributes",
    "TagQueue",
];
const SCHEDULE_ACTIONS: [&str; 9] = [
    "CreateSchedule",
    "CreateScheduleGroup",
    "DeleteSchedule",
    "DeleteScheduleGroup",
    "GetSchedule",
    "GetScheduleGroup",
    "ListTagsForResource",
    "TagResource",
    "UpdateSchedule",
];
const BUCKET_ACTIONS: [&str; 8] = [
    "CreateBucket",
    "DeleteBucket",
    "GetBucketNotification",
    "GetBucketTagging",
    "ListBucket",
    "ListBucketVersions",
    "PutBucketNotification",
    "PutBucketTagging",
];
const UPLOAD_BUCKET_ACTIONS: [&str; 4] =
    ["CreateBucket", "ListBucket", "PutBucketTagging", "PutLifecycleConfiguration"];
const UPLOAD_OBJECT_ACTIONS: [&str; 3] = ["DeleteObject", "GetObject", "PutObject"];
/// For settings that only some functions have.
const SETTINGS_ACTIONS: [&str; 9] = [
    "DeleteFunctionCodeSigningConfig",
    "DeleteFunctionUrlConfig",
    "DeleteProvisionedConcurrencyConfig",
    "GetFunctionCodeSigningConfig",
    "GetProvisionedConcurrencyConfig",
    "GetRuntimeManagementConfig",
    "PutFunctionCodeSigningConfig",
    "PutProvisionedConcurrencyConfig",
    "PutRuntimeManagementConfig",
];
const TABLE_ACTIONS: [&str; 4] = ["CreateTable", "DescribeTable", "ListTagsOfResource", "TagResource"];
const TABLE_STREAM_ACTIONS: [&str; 1] = ["UpdateTable"];
/// `TagResource` does not permit tags of new streams (API reference of Kinesis, `CreateStream`).
const STREAM_ACTIONS: [&str; 4] = ["AddTagsToStream", "CreateStream", "DescribeStreamSummary", "ListTagsForStream"];
const TOPIC_ACTIONS: [&str; 4] = ["CreateTopic", "GetTopicAttributes", "ListTagsForResource", "TagResource"];
const BUS_ACTIONS: [&str; 4] = ["CreateEventBus", "DescribeEventBus", "ListTagsForResource", "TagResource"];
const SUBSCRIBED_TOPIC_ACTIONS: [&str; 2] = ["ListSubscriptionsByTopic", "Subscribe"];
/// SNS has no ARNs of subscriptions in policies (service authorization reference of SNS).
const SUBSCRIPTION_ACTIONS: [&str; 3] = ["GetSubscriptionAttributes", "SetSubscriptionAttributes", "Unsubscribe"];
const RULE_ACTIONS: [&str; 8] = [
    "DeleteRule",
    "DescribeRule",
    "ListTagsForResource",
    "ListTargetsByRule",
    "PutRule",
    "PutTargets",
    "RemoveTargets",
    "TagResource",
];
/// The actions of API Gateway are the methods of its requests (service authorization reference of API Gateway Management V2).
const HTTP_API_ACTIONS: [&str; 5] = ["DELETE", "GET", "PATCH", "POST", "TagResource"];
const ALARM_ACTIONS: [&str; 4] = ["DeleteAlarms", "ListTagsForResource", "PutMetricAlarm", "TagResource"];
/// Alarms are listed by the prefix of their names, which is a request for all of them.
const ALARM_LIST_ACTIONS: [&str; 1] = ["DescribeAlarms"];
const FOREIGN_BUCKET_ACTIONS: [&str; 3] = ["GetBucketNotification", "ListBucket", "PutBucketNotification"];

/// Returns the policy as JSON text. Secrets and existing buckets of the settings are those of the last build. Without a stage, it
/// has what any of the stages needs.
pub fn deployer_policy(app: &App, options: &DeployerPolicyOptions) -> Result<String> {
    let manifests = Manifest::load_for_policy(app, options.stage.as_ref().map(Stage::as_str))?;
    let document = policy(app, options, &manifests);
    let text = serde_json::to_string_pretty(&document);
    Ok(text.map_err(|error| Error::call("failed to write the policy as JSON").cause(error.to_string()))? + "\n")
}

/// Returns the policy for the last build, which has a manifest for each stage of `options`. Without a build there are none.
pub(crate) fn policy(app: &App, options: &DeployerPolicyOptions, manifests: &[Manifest]) -> Value {
    let roles = RoleLimits::of(app, options.stage.as_ref());
    policy_with(app.name.as_str(), options, &roles, manifests)
}

fn policy_with(app: &str, options: &DeployerPolicyOptions, roles: &RoleLimits, manifests: &[Manifest]) -> Value {
    let names = Names::new(app, options.stage.as_ref(), options.region.as_deref()).with_role_paths(&roles.paths);
    if options.is_for_terraform {
        return terraform_policy(&names, manifests);
    }
    let mut statements = function_statements(&names, roles);
    statements.extend(trigger_statements(&names));
    statements.extend(manifest_statements(&names, manifests));
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// What the settings say of the roles of the stages.
#[derive(Debug, Default)]
pub(crate) struct RoleLimits {
    /// IAM paths, in addition to `/`.
    paths: BTreeSet<String>,
    /// ARNs of the permissions boundaries. Empty if a stage has none.
    boundaries: BTreeSet<String>,
}

impl RoleLimits {
    /// Without a stage, those of all stages of the app.
    fn of(app: &App, stage: Option<&Stage>) -> Self {
        let stages: Vec<&str> = match stage {
            Some(stage) => vec![stage.as_str()],
            None => std::iter::once("*").chain(app.settings.stages.keys().map(String::as_str)).collect(),
        };
        let settings: Vec<_> = stages.into_iter().map(|stage| deploy_settings(app, stage)).collect();
        let boundaries: Option<BTreeSet<String>> =
            settings.iter().map(|settings| settings.permissions_boundary.clone()).collect();
        let paths = settings.into_iter().filter_map(|settings| settings.role_path).filter(|path| path != "/");
        Self { paths: paths.collect(), boundaries: boundaries.unwrap_or_default() }
    }

    /// Returns the statement that lets a deployer give roles their permissions. With a permissions boundary only to roles that
    /// it limits, so that the deployer cannot get more permissions by way of a role.
    fn statement(&self, roles: &[String]) -> Value {
        if self.boundaries.is_empty() {
            return statement("RolePermissions", "iam", &ROLE_PERMISSION_ACTIONS, roles);
        }
        let operator = if self.boundaries.iter().any(|arn| arn.contains('*')) { "StringLike" } else { "StringEquals" };
        let condition = json!({ operator: { "iam:PermissionsBoundary": self.boundaries } });
        let actions = [&ROLE_PERMISSION_ACTIONS[..], &BOUNDARY_ACTIONS].concat();
        with_condition(statement("RolePermissions", "iam", &actions, roles), &condition)
    }
}

fn function_statements(names: &Names, limits: &RoleLimits) -> Vec<Value> {
    let stage = &names.stage;
    let roles = names.role_arns();
    let policies = names.iam_arn(&format!("policy/bedrock/{stage}-*"));
    let log_group = names.arn("logs", &format!("log-group:/aws/lambda/{stage}-*"));
    let layer = names.arn("lambda", &format!("layer:{stage}-*"));
    let services =
        json!({ "StringEquals": { "iam:PassedToService": ["lambda.amazonaws.com", "scheduler.amazonaws.com"] } });
    // A bucket of earlier versions, or one in the regional namespace of the account.
    let upload_buckets = ["", "-an"].map(|end| names.s3_arn(&format!("cargo-bedrock-*-{}{end}", names.region)));
    let keys = [format!("locks/{stage}.json"), format!("{stage}-*")];
    let objects: Vec<String> =
        upload_buckets.iter().flat_map(|bucket| keys.iter().map(move |key| format!("{bucket}/{key}"))).collect();
    vec![
        json!({ "Sid": "List", "Effect": "Allow", "Action": UNRESTRICTED_ACTIONS, "Resource": "*" }),
        statement("Functions", "lambda", &FUNCTION_ACTIONS, &[names.function_arn()]),
        statement("Layers", "lambda", &LAYER_ACTIONS, &[layer]),
        statement("Roles", "iam", &ROLE_ACTIONS, &roles),
        limits.statement(&roles),
        with_condition(statement("PassRoles", "iam", &["PassRole"], &roles), &services),
        statement("Policies", "iam", &POLICY_ACTIONS, &[policies]),
        statement("Logs", "logs", &LOG_ACTIONS, &[log_group]),
        statement("Uploads", "s3", &UPLOAD_BUCKET_ACTIONS, &upload_buckets),
        statement("UploadedObjects", "s3", &UPLOAD_OBJECT_ACTIONS, &objects),
    ]
}

fn trigger_statements(names: &Names) -> Vec<Value> {
    let stage = &names.stage;
    let of_functions = json!({ "ArnLike": { "lambda:FunctionArn": names.function_arn() } });
    let mappings = names.arn("lambda", "event-source-mapping:*");
    let schedules = ["schedule-group/", "schedule/"]
        .map(|kind| names.arn("scheduler", &format!("{kind}{stage}{}", if kind == "schedule/" { "/*" } else { "" })));
    vec![
        with_condition(statement("Mappings", "lambda", &MAPPING_ACTIONS, &["*".to_owned()]), &of_functions),
        statement("MappingTags", "lambda", &["ListTags", "TagResource"], &[mappings]),
        statement("Queues", "sqs", &QUEUE_ACTIONS, &[names.arn("sqs", &format!("{stage}-*"))]),
        statement("Schedules", "scheduler", &SCHEDULE_ACTIONS, &schedules),
        statement("Buckets", "s3", &BUCKET_ACTIONS, &[names.s3_arn(&format!("{stage}-*").replace('_', "-"))]),
    ]
}

/// The secrets, the existing buckets, and what only some apps have.
fn manifest_statements(names: &Names, manifests: &[Manifest]) -> Vec<Value> {
    let SecretArns { parameters, secrets } = SecretArns::of(names, manifests);
    let mut buckets = BTreeSet::new();
    let mut resources = BTreeSet::new();
    let mut functions = BTreeSet::new();
    let mut queues = BTreeSet::new();
    let mut topics = BTreeSet::new();
    let mut rules = BTreeSet::new();
    let mut apis = BTreeSet::new();
    let mut alarms = BTreeSet::new();
    for (name, entry) in manifests.iter().flat_map(Manifest::functions) {
        if entry.lambda != LambdaSettings::default()
            || (name == ENDPOINT && (entry.url_auth.is_none() || entry.cors.is_some() || entry.stream.is_some()))
        {
            functions.insert(names.function_arn());
        }
        if let Some(api) = entry.http_api.as_ref().filter(|_| name == ENDPOINT) {
            apis.extend(names.http_api_arns(api.domain_name()));
        }
        if let Some(settings) = &entry.alarms {
            alarms.insert(names.arn("cloudwatch", &format!("alarm:{}-*", names.stage)));
            resources.extend(settings.topic_of_app().map(|_| "topic"));
        }
        let used = entry.uses.iter().flatten().filter_map(Use::resource).filter(|used| used.is_of_app);
        resources.extend(used.map(|used| used.kind.as_str()));
        for trigger in &entry.triggers {
            match trigger {
                Trigger::Bucket { bucket, .. } if bucket.starts_with("arn:") => {
                    buckets.insert(bucket.clone());
                }
                Trigger::Queue { queue, .. } if queue.starts_with("arn:") => {
                    queues.insert(queue.clone());
                }
                Trigger::Topic { topic, .. } if topic.starts_with("arn:") => {
                    topics.insert(topic.clone());
                }
                Trigger::Topic { .. } => {
                    resources.insert("topic");
                    topics.insert(names.arn("sns", &format!("{}-*", names.stage)));
                }
                Trigger::Bus { bus, .. } => {
                    resources.extend(Names::is_app_bus(bus).then_some("bus"));
                    rules.insert(names.rule_arn(bus));
                }
                Trigger::Stream(stream) => {
                    resources.extend(stream.table_of_app().map(|_| "table"));
                    resources.extend(stream.table_of_app().map(|_| "table stream"));
                    resources.extend(stream.stream_of_app().map(|_| "stream"));
                }
                _ => {}
            }
        }
    }
    let of_kind = |kind: &str, service: &str, prefix: &str| -> BTreeSet<String> {
        let is_used = resources.contains(kind);
        is_used.then(|| names.arn(service, &format!("{prefix}{}-*", names.stage))).into_iter().collect()
    };
    let all = [
        ("Settings", "lambda", &SETTINGS_ACTIONS[..], functions),
        ("Tables", "dynamodb", &TABLE_ACTIONS, of_kind("table", "dynamodb", "table/")),
        ("TableStreams", "dynamodb", &TABLE_STREAM_ACTIONS, of_kind("table stream", "dynamodb", "table/")),
        ("Streams", "kinesis", &STREAM_ACTIONS, of_kind("stream", "kinesis", "stream/")),
        ("Topics", "sns", &TOPIC_ACTIONS, of_kind("topic", "sns", "")),
        ("Subscriptions", "sns", &SUBSCRIPTION_ACTIONS, topics.iter().map(|_| "*".to_owned()).collect()),
        ("SubscribedTopics", "sns", &SUBSCRIBED_TOPIC_ACTIONS, topics),
        ("HttpApis", "apigateway", &HTTP_API_ACTIONS, apis),
        (
            "ListAlarms",
            "cloudwatch",
            &ALARM_LIST_ACTIONS,
            alarms.iter().map(|_| names.arn("cloudwatch", "alarm:*")).collect(),
        ),
        ("Alarms", "cloudwatch", &ALARM_ACTIONS, alarms),
        ("Rules", "events", &RULE_ACTIONS, rules),
        ("EventBuses", "events", &BUS_ACTIONS, of_kind("bus", "events", "event-bus/")),
        ("Parameters", "ssm", &["GetParameter"], parameters),
        ("Secrets", "secretsmanager", &["GetSecretValue"], secrets),
        ("ExistingBuckets", "s3", &FOREIGN_BUCKET_ACTIONS, buckets),
        ("ExistingQueues", "sqs", &["GetQueueAttributes"], queues),
    ];
    let with_resources = all.into_iter().filter(|(_, _, _, resources)| !resources.is_empty());
    with_resources
        .map(|(sid, service, actions, resources)| {
            statement(sid, service, actions, &resources.into_iter().collect::<Vec<_>>())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Maximum size of a managed policy without whitespace.
    const MAX_MANAGED_POLICY_CHARS: usize = 6_144;

    fn options(stage: Option<&str>, region: Option<&str>) -> DeployerPolicyOptions {
        let stage = stage.map(|name| Stage::parse(name).expect("a stage"));
        DeployerPolicyOptions { stage, region: region.map(str::to_owned), is_for_terraform: false }
    }

    fn policy_of(app: &str, options: &DeployerPolicyOptions) -> Value {
        policy_with(app, options, &RoleLimits::default(), &[])
    }

    #[test]
    fn permissions_are_given_only_to_bounded_roles() {
        let boundary = "arn:aws:iam::123456789012:policy/boundary";
        let limits = RoleLimits {
            paths: BTreeSet::from(["/teams/".to_owned()]),
            boundaries: BTreeSet::from([boundary.to_owned()]),
        };
        let document = policy_with("shop", &options(Some("dev"), Some("eu-west-1")), &limits, &[]);
        let statements = document["Statement"].as_array().expect("statements");
        let roles = json!(["arn:aws:iam::*:role/shop-dev-*", "arn:aws:iam::*:role/teams/shop-dev-*"]);
        let giving = |action: &str| -> Vec<&Value> {
            let names = |statement: &&Value| statement["Action"].as_array().expect("actions").contains(&json!(action));
            statements.iter().filter(names).collect()
        };
        for action in ["iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary"]
        {
            let [statement] = giving(action)[..] else { panic!("{action}: {document}") };
            assert_eq!(statement["Condition"], json!({ "StringEquals": { "iam:PermissionsBoundary": [boundary] } }));
            assert_eq!(statement["Resource"], roles);
        }
        let [statement] = giving("iam:DeleteRole")[..] else { panic!("{document}") };
        assert_eq!((&statement["Condition"], &statement["Resource"]), (&Value::Null, &roles));
        assert!(document.to_string().len() <= MAX_MANAGED_POLICY_CHARS);
        let unlimited = policy_of("shop", &options(Some("dev"), None)).to_string();
        assert!(!unlimited.contains("PermissionsBoundary"), "{unlimited}");
    }

    /// Only one stage has alarms, a table, a secret of its own and a setting of Lambda.
    fn manifest_with_stages() -> String {
        let entry = json!({
            "runtime": "python3.13", "handler": "x", "architecture": "x86_64", "memory": 256, "timeout": 30, "environment": {},
            "secrets": { "TOKEN": { "ssm": "/{stage}/token" } }, "invokes": [], "retries": 2, "event_age": 21600,
            "on_failure": null, "recursion": "terminate", "concurrency": null, "log_retention": 30, "layers": [],
            "code": null, "layer": null
        });
        let of_prod = json!({
            "secrets": { "TOKEN": { "ssm": "/{stage}/token" }, "KEY": { "secretsmanager": "prod-key" } },
            "lambda": { "tracing": "Active" },
            "alarms": { "notify": "ops", "errors": 1, "throttles": 1, "dead_letters": 1, "period": 60, "evaluation_periods": 1, "datapoints_to_alarm": 1 },
            "triggers": [{ "dynamodb": "orders", "starting_position": "LATEST", "batch_size": 1, "batch_window": 0,
                "parallelization_factor": 1, "maximum_retry_attempts": -1, "maximum_record_age": -1,
                "bisect_batch_on_function_error": false, "tumbling_window": 0, "partial_failures": true, "on_failure": null }]
        });
        let stages = json!({ "prod": { "counter": of_prod }, "test": { "counter": { "memory": 512 } } });
        let manifest = json!({
            "version": 4, "app": "shop", "profile": "release", "endpoint": null, "workers": { "counter": entry },
            "stages": stages
        });
        manifest.to_string()
    }

    #[test]
    fn policy_without_a_stage_has_what_any_stage_needs() {
        let text = manifest_with_stages();
        let all = Manifest::parse_all(&text).expect("manifests");
        let resources = |document: &Value| -> Vec<(String, String)> {
            let statements = document["Statement"].as_array().expect("statements").iter();
            statements.map(|statement| (statement["Sid"].to_string(), statement["Resource"].to_string())).collect()
        };
        for is_for_terraform in [false, true] {
            let options = DeployerPolicyOptions { is_for_terraform, ..options(None, None) };
            let document = policy_with("shop", &options, &RoleLimits::default(), &all);
            let of_all = resources(&document);
            let sids: BTreeSet<&String> = of_all.iter().map(|(sid, _)| sid).collect();
            assert_eq!(sids.len(), of_all.len(), "{of_all:?}");
            for sid in ["Alarms", "Tables", "Topics", "Parameters", "Secrets"] {
                assert!(sids.contains(&json!(sid).to_string()), "{sid}: {of_all:?}");
            }
            assert!(document.to_string().contains("lambda:PutRuntimeManagementConfig"), "{document}");
            // One name for all stages, and what only one stage names.
            let text = document.to_string();
            assert!(text.contains(":parameter/*/token\"") && text.contains(":secret:prod-key-??????\""), "{text}");
            assert!(!text.contains("parameter/prod/"), "{text}");
            // Without what differs, there are fewer statements.
            let one = [Manifest::parse(&manifest_with_stages(), "dev").expect("a manifest")];
            let fewer = resources(&policy_with("shop", &options, &RoleLimits::default(), &one));
            assert!(fewer.len() < of_all.len() && fewer.iter().all(|(sid, _)| sids.contains(sid)), "{fewer:?}");
        }
    }

    #[test]
    fn policy_fits_into_one_managed_policy() {
        let long = "an-app-with-a-name-of-forty-characters-x";
        let document = policy_of(long, &options(Some("production"), Some("ap-southeast-2")));
        let length = document.to_string().len();
        assert!(length <= MAX_MANAGED_POLICY_CHARS, "{length}");
        let of_terraform = DeployerPolicyOptions { is_for_terraform: true, ..options(Some("production"), None) };
        let length = policy_of(long, &of_terraform).to_string().len();
        assert!(length <= MAX_MANAGED_POLICY_CHARS, "{length}");
    }

    #[test]
    fn resources_are_those_of_the_stage() {
        let text = policy_of("shop", &options(Some("dev"), Some("eu-west-1"))).to_string();
        assert!(text.contains("\"arn:aws:lambda:eu-west-1:*:function:shop-dev-*\""), "{text}");
        assert!(text.contains("\"arn:aws:scheduler:eu-west-1:*:schedule/shop-dev/*\""), "{text}");
        let all = policy_of("shop", &options(None, None)).to_string();
        assert!(all.contains("\"arn:aws:iam::*:role/shop-*-*\""), "{all}");
        let china = policy_of("shop", &options(None, Some("cn-north-1"))).to_string();
        assert!(china.contains("arn:aws-cn:sqs:cn-north-1:*:") && !china.contains("arn:aws:"), "{china}");
    }
}
