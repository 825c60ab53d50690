//! The IAM policy that `terraform apply` and `terraform destroy` of the app's `terraform/` folder need: what version 5.100 of
//! the AWS provider asks for, which a test records. The provider reads much that it does not change.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::deployer_names::{Names, SecretArns, statement, with_condition};
use crate::lambda_settings::LambdaSettings;
use crate::manifest::{Manifest, Trigger};
use crate::uses::Use;

/// Actions of which IAM cannot restrict the resource.
const UNRESTRICTED: [&str; 2] = ["logs:DescribeLogGroups", "tag:GetResources"];
const FUNCTION: [&str; 37] = [
    "AddPermission",
    "CreateAlias",
    "CreateFunction",
    "CreateFunctionUrlConfig",
    "DeleteAlias",
    "DeleteFunction",
    "DeleteFunctionConcurrency",
    "DeleteFunctionEventInvokeConfig",
    "DeleteFunctionUrlConfig",
    "GetAlias",
    "GetFunction",
    "GetFunctionCodeSigningConfig",
    "GetFunctionConfiguration",
    "GetFunctionEventInvokeConfig",
    "GetFunctionRecursionConfig",
    "GetFunctionUrlConfig",
    "GetPolicy",
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
    // For settings that only some functions have.
    "DeleteFunctionCodeSigningConfig",
    "DeleteProvisionedConcurrencyConfig",
    "GetProvisionedConcurrencyConfig",
    "GetRuntimeManagementConfig",
    "PutFunctionCodeSigningConfig",
    "PutProvisionedConcurrencyConfig",
    "PutRuntimeManagementConfig",
];
/// How many actions of [`FUNCTION`] every app needs.
const COMMON_FUNCTION: usize = 30;
const LAYER: [&str; 2] = ["GetLayerVersion", "PublishLayerVersion"];
const MAPPING: [&str; 7] = [
    "CreateEventSourceMapping",
    "DeleteEventSourceMapping",
    "GetEventSourceMapping",
    "ListTags",
    "TagResource",
    "UntagResource",
    "UpdateEventSourceMapping",
];
const ROLE: [&str; 16] = [
    "AttachRolePolicy",
    "CreateRole",
    "DeleteRole",
    "DeleteRolePolicy",
    "DetachRolePolicy",
    "GetRole",
    "GetRolePolicy",
    "ListAttachedRolePolicies",
    "ListInstanceProfilesForRole",
    "ListRolePolicies",
    "PutRolePermissionsBoundary",
    "DeleteRolePermissionsBoundary",
    "PutRolePolicy",
    "TagRole",
    "UntagRole",
    "UpdateAssumeRolePolicy",
];
const POLICY: [&str; 9] = [
    "CreatePolicy",
    "CreatePolicyVersion",
    "DeletePolicy",
    "DeletePolicyVersion",
    "GetPolicy",
    "GetPolicyVersion",
    "ListPolicyVersions",
    "TagPolicy",
    "UntagPolicy",
];
const LOG: [&str; 6] =
    ["CreateLogGroup", "DeleteLogGroup", "ListTagsForResource", "PutRetentionPolicy", "TagResource", "UntagResource"];
const STACK: [&str; 5] = ["CreateStack", "DeleteStack", "DescribeStacks", "GetTemplate", "UpdateStack"];
const QUEUE: [&str; 7] = [
    "CreateQueue",
    "DeleteQueue",
    "GetQueueAttributes",
    "ListQueueTags",
    "SetQueueAttributes",
    "TagQueue",
    "UntagQueue",
];
const BUCKET: [&str; 19] = [
    "CreateBucket",
    "DeleteBucket",
    "GetAccelerateConfiguration",
    "GetBucketAcl",
    "GetBucketCORS",
    "GetBucketLogging",
    "GetBucketNotification",
    "GetBucketObjectLockConfiguration",
    "GetBucketPolicy",
    "GetBucketRequestPayment",
    "GetBucketTagging",
    "GetBucketVersioning",
    "GetBucketWebsite",
    "GetEncryptionConfiguration",
    "GetLifecycleConfiguration",
    "GetReplicationConfiguration",
    "ListBucket",
    "PutBucketNotification",
    "PutBucketTagging",
];
const THEIR_BUCKET: [&str; 2] = ["GetBucketNotification", "PutBucketNotification"];
const SCHEDULE: [&str; 10] = [
    "CreateSchedule",
    "CreateScheduleGroup",
    "DeleteSchedule",
    "DeleteScheduleGroup",
    "GetSchedule",
    "GetScheduleGroup",
    "ListTagsForResource",
    "TagResource",
    "UntagResource",
    "UpdateSchedule",
];
const TABLE: [&str; 9] = [
    "CreateTable",
    "DeleteTable",
    "DescribeContinuousBackups",
    "DescribeTable",
    "DescribeTimeToLive",
    "ListTagsOfResource",
    "TagResource",
    "UntagResource",
    "UpdateTable",
];
const STREAM: [&str; 8] = [
    "AddTagsToStream",
    "CreateStream",
    "DeleteStream",
    "DescribeStream",
    "DescribeStreamSummary",
    "ListTagsForStream",
    "RemoveTagsFromStream",
    "UpdateStreamMode",
];
const TOPIC: [&str; 7] = [
    "CreateTopic",
    "DeleteTopic",
    "GetTopicAttributes",
    "ListTagsForResource",
    "SetTopicAttributes",
    "TagResource",
    "UntagResource",
];
const SUBSCRIBED_TOPIC: [&str; 2] = ["ListSubscriptionsByTopic", "Subscribe"];
const SUBSCRIPTION: [&str; 3] = ["GetSubscriptionAttributes", "SetSubscriptionAttributes", "Unsubscribe"];
const BUS: [&str; 6] =
    ["CreateEventBus", "DeleteEventBus", "DescribeEventBus", "ListTagsForResource", "TagResource", "UntagResource"];
const RULE: [&str; 9] = [
    "DeleteRule",
    "DescribeRule",
    "ListTagsForResource",
    "ListTargetsByRule",
    "PutRule",
    "PutTargets",
    "RemoveTargets",
    "TagResource",
    "UntagResource",
];
const ALARM: [&str; 5] = ["DeleteAlarms", "ListTagsForResource", "PutMetricAlarm", "TagResource", "UntagResource"];
/// The actions of API Gateway are the methods of its requests.
const HTTP_API: [&str; 7] = ["DELETE", "GET", "PATCH", "POST", "PUT", "TagResource", "UntagResource"];

/// Returns the policy for what any of the manifests says. Without one, it has no secrets and nothing that only some apps have.
pub(crate) fn terraform_policy(names: &Names, manifests: &[Manifest]) -> Value {
    let stage = &names.stage;
    let roles = names.role_arns();
    let services =
        json!({ "StringEquals": { "iam:PassedToService": ["lambda.amazonaws.com", "scheduler.amazonaws.com"] } });
    let mut functions = manifests.iter().flat_map(Manifest::functions);
    let has_settings = functions.any(|(_, entry)| entry.lambda != LambdaSettings::default());
    let functions = if has_settings { &FUNCTION[..] } else { &FUNCTION[..COMMON_FUNCTION] };
    let mut statements = vec![
        json!({ "Sid": "Any", "Effect": "Allow", "Action": UNRESTRICTED, "Resource": "*" }),
        statement("Functions", "lambda", functions, &[names.function_arn()]),
        statement(
            "Layers",
            "lambda",
            &LAYER,
            &["", ":*"].map(|end| names.arn("lambda", &format!("layer:{stage}-*{end}"))),
        ),
        statement("Roles", "iam", &ROLE, &roles),
        with_condition(statement("PassRoles", "iam", &["PassRole"], &roles), &services),
        statement("Policies", "iam", &POLICY, &[names.iam_arn(&format!("policy/{stage}-*"))]),
        statement("Logs", "logs", &LOG, &[names.arn("logs", &format!("log-group:/aws/lambda/{stage}-*"))]),
        // The name of a stack has no `_`.
        statement(
            "PublicUrl",
            "cloudformation",
            &STACK,
            &[names.arn("cloudformation", &format!("stack/{}-*", stage.replace('_', "-")))],
        ),
    ];
    statements.extend(manifest_statements(names, manifests));
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// What only some apps have.
fn manifest_statements(names: &Names, manifests: &[Manifest]) -> Vec<Value> {
    let stage = &names.stage;
    let secrets = SecretArns::of(names, manifests);
    let mut kinds = BTreeSet::new();
    let mut their_buckets = BTreeSet::new();
    let mut topics = BTreeSet::new();
    let mut rules = BTreeSet::new();
    let endpoints = manifests.iter().filter_map(|manifest| manifest.endpoint.as_ref()?.http_api.as_ref());
    let apis = endpoints.flat_map(|api| names.http_api_arns(api.domain_name())).collect();
    for (_, entry) in manifests.iter().flat_map(Manifest::functions) {
        if let Some(settings) = &entry.alarms {
            kinds.insert("alarm");
            kinds.extend(settings.topic_of_app().map(|_| "topic"));
        }
        let used = entry.uses.iter().flatten().filter_map(Use::resource).filter(|used| used.is_of_app);
        kinds.extend(used.map(|used| used.kind.as_str()));
        for trigger in &entry.triggers {
            match trigger {
                Trigger::Schedule { .. } => {
                    kinds.insert("schedule");
                }
                Trigger::Queue { queue, .. } => {
                    kinds.insert("mapping");
                    kinds.extend((!queue.starts_with("arn:")).then_some("queue"));
                }
                Trigger::Bucket { bucket, .. } if bucket.starts_with("arn:") => {
                    their_buckets.insert(bucket.clone());
                }
                Trigger::Bucket { .. } => {
                    kinds.insert("bucket");
                }
                Trigger::Stream(stream) => {
                    kinds.insert("mapping");
                    kinds.extend(stream.table_of_app().map(|_| "table"));
                    kinds.extend(stream.stream_of_app().map(|_| "stream"));
                }
                Trigger::Topic { topic, .. } => {
                    let is_theirs = topic.starts_with("arn:");
                    kinds.extend(["subscription"].into_iter().chain((!is_theirs).then_some("topic")));
                    topics.insert(if is_theirs { topic.clone() } else { names.arn("sns", &format!("{stage}-*")) });
                }
                Trigger::Bus { bus, .. } => {
                    kinds.extend(Names::is_app_bus(bus).then_some("bus"));
                    rules.insert(names.rule_arn(bus));
                }
            }
        }
    }
    let arns = |kind: &str, arns: Vec<String>| -> BTreeSet<String> {
        if kinds.contains(kind) { arns.into_iter().collect() } else { BTreeSet::new() }
    };
    let schedules = [format!("schedule-group/{stage}"), format!("schedule/{stage}/*")];
    let all = [
        ("Queues", "sqs", &QUEUE[..], arns("queue", vec![names.arn("sqs", &format!("{stage}-*"))])),
        // A mapping has no name.
        ("Mappings", "lambda", &MAPPING, arns("mapping", vec!["*".to_owned()])),
        ("Buckets", "s3", &BUCKET, arns("bucket", vec![names.s3_arn(&format!("{stage}-*").replace('_', "-"))])),
        ("ExistingBuckets", "s3", &THEIR_BUCKET, their_buckets),
        (
            "Schedules",
            "scheduler",
            &SCHEDULE,
            arns("schedule", schedules.map(|name| names.arn("scheduler", &name)).into()),
        ),
        ("Tables", "dynamodb", &TABLE, arns("table", vec![names.arn("dynamodb", &format!("table/{stage}-*"))])),
        ("Streams", "kinesis", &STREAM, arns("stream", vec![names.arn("kinesis", &format!("stream/{stage}-*"))])),
        ("Topics", "sns", &TOPIC, arns("topic", vec![names.arn("sns", &format!("{stage}-*"))])),
        ("SubscribedTopics", "sns", &SUBSCRIBED_TOPIC, topics),
        ("Subscriptions", "sns", &SUBSCRIPTION, arns("subscription", vec!["*".to_owned()])),
        ("EventBuses", "events", &BUS, arns("bus", vec![names.arn("events", &format!("event-bus/{stage}-*"))])),
        ("Rules", "events", &RULE, rules),
        ("HttpApis", "apigateway", &HTTP_API, apis),
        ("Alarms", "cloudwatch", &ALARM, arns("alarm", vec![names.arn("cloudwatch", &format!("alarm:{stage}-*"))])),
        ("ListAlarms", "cloudwatch", &["DescribeAlarms"], arns("alarm", vec![names.arn("cloudwatch", "alarm:*")])),
        ("Parameters", "ssm", &["GetParameter"], secrets.parameters),
        ("Secrets", "secretsmanager", &["GetSecretValue"], secrets.secrets),
    ];
    let with_resources = all.into_iter().filter(|(_, _, _, resources)| !resources.is_empty());
    with_resources
        .map(|(sid, service, actions, resources)| {
            statement(sid, service, actions, &resources.into_iter().collect::<Vec<_>>())
        })
        .collect()
}
