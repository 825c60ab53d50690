//! The IAM policies of a function. They permit exactly what it needs: to write its own log, invoke its callees, send events
//! to its destinations, and receive the messages of its queues. The statements are the same as in the app's
//! `terraform/manifest/policies.tf`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::stage::StageContext;

/// Maximum size of all inline policies of a role together.
pub(crate) const MAX_INLINE_POLICY_CHARS: usize = 10_240;
/// Callees in one managed policy, which may have 6,144 characters; a callee takes at most 264.
const CALLEES_PER_MANAGED_POLICY: usize = 20;
/// Kinds of destinations by the service in their ARN, and the actions that a function needs to send events to them (Lambda
/// developer guide, "Capturing records of Lambda asynchronous invocations").
const DESTINATION_ACTIONS: [(&str, &[&str]); 5] = [
    ("events", &["events:PutEvents"]),
    ("lambda", &["lambda:InvokeFunction"]),
    ("s3", &["s3:ListBucket", "s3:PutObject"]),
    ("sns", &["sns:Publish"]),
    ("sqs", &["sqs:SendMessage"]),
];

/// The policy documents of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RolePolicies {
    pub(crate) inline: Value,
    /// Attached managed policies with the callees, if there are too many for the inline policy.
    pub(crate) managed: Vec<Value>,
}

/// The resources that a function accesses.
#[derive(Debug, Clone, Default)]
pub(crate) struct AccessedResources<'a> {
    /// Workers that it invokes.
    pub(crate) callees: Vec<&'a str>,
    /// ARN of the dead-letter queue or topic.
    pub(crate) dead_letter: Option<String>,
    /// ARN of the on-failure destination.
    pub(crate) on_failure: Option<String>,
    /// ARN of the on-success destination.
    pub(crate) on_success: Option<String>,
    /// ARNs of the queues that invoke it, sorted.
    pub(crate) queues: Vec<String>,
    /// Name of the log group. `None` for the function's own.
    pub(crate) log_group: Option<String>,
    /// Statements for settings and resources.
    pub(crate) statements: Vec<Value>,
}

/// Returns the trust policy of a function's role: Lambda may assume it.
pub(crate) fn lambda_trust_policy() -> Value {
    policy_document(&[json!({
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "Service": "lambda.amazonaws.com" }
    })])
}

/// Returns the trust policy of the role of schedules: EventBridge Scheduler may assume it, but only for schedules of this
/// stage. Without the condition, schedules of other accounts could use it too.
pub(crate) fn scheduler_trust_policy(stage: &StageContext) -> Value {
    let condition = json!({ "StringEquals": {
        "aws:SourceAccount": stage.env.account, "aws:SourceArn": stage.schedule_group_arn()
    } });
    policy_document(&[json!({
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "Service": "scheduler.amazonaws.com" },
        "Condition": condition
    })])
}

/// Returns the policy of the role of schedules: they may invoke the function `key`. Schedules invoke its alias; those of an
/// earlier deploy invoke the unqualified function until they are updated.
pub(crate) fn schedule_policy(stage: &StageContext, key: &str) -> Value {
    policy_document(&[json!({
        "Sid": "Invoke", "Effect": "Allow", "Action": "lambda:InvokeFunction",
        "Resource": [stage.function_arn(key), stage.live_arn(key)]
    })])
}

/// Returns the actions that are needed to send events to `arn`, or `None` if `arn` cannot be a destination.
pub(crate) fn destination_actions(arn: &str) -> Option<&'static [&'static str]> {
    let service = arn.split(':').nth(2)?;
    DESTINATION_ACTIONS.iter().find(|(name, _)| *name == service).map(|(_, actions)| *actions)
}

/// Returns the statement that permits sending events to `arn`, or `None` if `arn` cannot be a destination.
pub(crate) fn destination_statement(sid: &str, arn: &str) -> Option<Value> {
    // Records are objects of a bucket.
    let (actions, resources) = match destination_actions(arn)? {
        [action] => (json!(action), json!(arn)),
        actions => (json!(actions), json!([arn, format!("{arn}/*")])),
    };
    Some(json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources }))
}

/// Returns the policies of the role of the function `key`.
pub(crate) fn role_policies(stage: &StageContext, key: &str, resources: &AccessedResources<'_>) -> RolePolicies {
    let log_group = resources.log_group.clone().unwrap_or_else(|| stage.log_group_name(key));
    let log_streams = format!("{}:*", stage.arn_of_log_group(&log_group));
    let mut statements = vec![json!({
        "Sid": "Log", "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": log_streams
    })];
    let destinations = [
        ("HandOnDeadEvents", &resources.dead_letter),
        ("HandOnFailedEvents", &resources.on_failure),
        ("HandOnResults", &resources.on_success),
    ];
    statements.extend(destinations.iter().filter_map(|(sid, arn)| destination_statement(sid, arn.as_deref()?)));
    if !resources.queues.is_empty() {
        let actions = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"];
        statements
            .push(json!({ "Sid": "TakeMessages", "Effect": "Allow", "Action": actions, "Resource": resources.queues }));
    }
    statements.extend(resources.statements.iter().cloned());
    let callees = &resources.callees[..];
    let mut all_statements = statements.clone();
    if !callees.is_empty() {
        all_statements.push(invoke_statement(stage, callees));
    }
    let inline = policy_document(&all_statements);
    if inline.to_string().len() <= MAX_INLINE_POLICY_CHARS {
        return RolePolicies { inline, managed: Vec::new() };
    }
    let managed = callees
        .chunks(CALLEES_PER_MANAGED_POLICY)
        .map(|chunk| policy_document(&[invoke_statement(stage, chunk)]))
        .collect();
    RolePolicies { inline: policy_document(&statements), managed }
}

/// For IAM, the versions and aliases of a function are resources of their own. Calls go to the alias; versions that an earlier
/// deploy published call the unqualified function.
fn invoke_statement(stage: &StageContext, callees: &[&str]) -> Value {
    let arns = callees.iter().map(|callee| stage.function_arn(callee));
    let resources: Vec<String> = arns.flat_map(|arn| [arn.clone(), format!("{arn}:*")]).collect();
    json!({ "Sid": "Call", "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": resources })
}

/// Returns a policy that permits what `old` and what `new` permits, or `None` if `new` permits all of it or if both do not fit
/// into a role. The version in use needs what `old` permits until a new version replaces it.
pub(crate) fn combined_policy(old: Option<&Value>, new: &Value) -> Option<Value> {
    let statements = |policy: &Value| policy["Statement"].as_array().cloned().unwrap_or_default();
    let mut all = statements(new);
    for mut statement in statements(old?) {
        if all.iter().any(|each| is_covered(&statement, each)) {
            continue;
        }
        // Ids are unique in a policy.
        statement.as_object_mut()?.remove("Sid");
        all.push(statement);
    }
    let combined = policy_document(&all);
    let is_wider = all.len() > statements(new).len();
    (is_wider && combined.to_string().len() <= MAX_INLINE_POLICY_CHARS).then_some(combined)
}

/// Returns whether `wide` permits what `narrow` permits: the same actions under the same condition, on at least its resources.
fn is_covered(narrow: &Value, wide: &Value) -> bool {
    let resources = |statement: &Value| -> BTreeSet<String> {
        let resource = &statement["Resource"];
        let list = resource.as_array().cloned().unwrap_or_else(|| vec![resource.clone()]);
        list.iter().map(ToString::to_string).collect()
    };
    let is_same = |key: &str| narrow[key] == wide[key];
    ["Effect", "Action", "Condition"].into_iter().all(is_same) && resources(narrow).is_subset(&resources(wide))
}

fn policy_document(statements: &[Value]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_fixtures::stage;

    #[test]
    fn function_may_write_its_log_and_invoke_its_callees() {
        let queue = "arn:aws:sqs:eu-west-1:123456789012:failed";
        let resources = AccessedResources {
            callees: vec!["reporter"],
            on_failure: Some(queue.to_owned()),
            ..AccessedResources::default()
        };
        let RolePolicies { inline, managed } = role_policies(&stage(), "counter", &resources);
        assert_eq!(
            inline["Statement"],
            json!([
                {
                    "Sid": "Log", "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    "Resource": "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/shop-dev-counter:*"
                },
                { "Sid": "HandOnFailedEvents", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue },
                {
                    "Sid": "Call", "Effect": "Allow", "Action": "lambda:InvokeFunction",
                    "Resource": [
                        "arn:aws:lambda:eu-west-1:123456789012:function:shop-dev-reporter",
                        "arn:aws:lambda:eu-west-1:123456789012:function:shop-dev-reporter:*"
                    ]
                }
            ])
        );
        assert_eq!(managed, Vec::<Value>::new());
    }

    #[test]
    fn many_callees_are_split_into_managed_policies() {
        let names: Vec<String> =
            (0..60).map(|number| format!("a_worker_with_a_rather_long_name_{number:02}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let many = AccessedResources { callees: names.clone(), ..AccessedResources::default() };
        let RolePolicies { inline, managed } = role_policies(&stage(), "endpoint", &many);
        assert_eq!((inline["Statement"].as_array().map(Vec::len), managed.len()), (Some(1), 3));
        assert!(managed.iter().all(|policy| policy.to_string().len() <= 6_144), "{managed:?}");
        let few = AccessedResources { callees: names[..20].to_vec(), ..AccessedResources::default() };
        assert_eq!(role_policies(&stage(), "endpoint", &few).managed.len(), 0);
    }

    #[test]
    fn destinations_and_queues_get_minimal_permissions() {
        let arn = |suffix: &str| format!("arn:aws:{suffix}");
        let resources = AccessedResources {
            dead_letter: Some(arn("sns:eu-west-1:123456789012:dead")),
            on_failure: Some(stage().function_arn("reporter")),
            on_success: Some(arn("events:eu-west-1:123456789012:event-bus/done")),
            queues: vec![arn("sqs:eu-west-1:123456789012:shop-dev-jobs")],
            ..AccessedResources::default()
        };
        let inline = role_policies(&stage(), "counter", &resources).inline;
        let statements: Vec<String> = inline["Statement"]
            .as_array()
            .expect("statements")
            .iter()
            .skip(1)
            .map(|each| format!("{} {} {}", each["Sid"], each["Action"], each["Resource"]))
            .collect();
        assert_eq!(
            statements,
            [
                r#""HandOnDeadEvents" "sns:Publish" "arn:aws:sns:eu-west-1:123456789012:dead""#,
                r#""HandOnFailedEvents" "lambda:InvokeFunction" "arn:aws:lambda:eu-west-1:123456789012:function:shop-dev-reporter""#,
                r#""HandOnResults" "events:PutEvents" "arn:aws:events:eu-west-1:123456789012:event-bus/done""#,
                r#""TakeMessages" ["sqs:DeleteMessage","sqs:GetQueueAttributes","sqs:ReceiveMessage"] ["arn:aws:sqs:eu-west-1:123456789012:shop-dev-jobs"]"#,
            ]
        );
    }

    #[test]
    fn failed_events_may_become_objects_of_a_bucket() {
        let bucket = "arn:aws:s3:::failed-events";
        let resources = AccessedResources { on_failure: Some(bucket.to_owned()), ..AccessedResources::default() };
        assert_eq!(
            role_policies(&stage(), "counter", &resources).inline["Statement"][1],
            json!({
                "Sid": "HandOnFailedEvents", "Effect": "Allow", "Action": ["s3:ListBucket", "s3:PutObject"],
                "Resource": [bucket, format!("{bucket}/*")]
            })
        );
    }

    #[test]
    fn combined_policy_permits_what_both_permit() {
        let policy = |callees: &[&str]| {
            let resources = AccessedResources { callees: callees.to_vec(), ..AccessedResources::default() };
            role_policies(&stage(), "counter", &resources).inline
        };
        let combined = combined_policy(Some(&policy(&["a"])), &policy(&["b"])).expect("a wider policy");
        let statements = combined["Statement"].as_array().expect("statements");
        let sids: Vec<&Value> = statements.iter().map(|statement| &statement["Sid"]).collect();
        assert_eq!(sids, [&json!("Log"), &json!("Call"), &Value::Null]);
        assert_eq!(statements[2]["Resource"][0], "arn:aws:lambda:eu-west-1:123456789012:function:shop-dev-a");
        // New callees need no second policy, removed ones do.
        assert_eq!(combined_policy(Some(&policy(&["a"])), &policy(&["a", "b"])), None);
        assert!(combined_policy(Some(&policy(&["a", "b"])), &policy(&["a"])).is_some());
        assert_eq!(combined_policy(Some(&policy(&[])), &policy(&["b"])), None);
        assert_eq!(combined_policy(None, &policy(&["b"])), None);
        let names: Vec<String> =
            (0..30).map(|number| format!("a_worker_with_a_rather_long_name_{number:02}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(combined_policy(Some(&policy(&names)), &policy(&names[1..])), None);
    }

    #[test]
    fn schedules_of_a_stage_may_invoke_one_function() {
        assert_eq!(
            schedule_policy(&stage(), "counter")["Statement"][0]["Resource"],
            json!([
                "arn:aws:lambda:eu-west-1:123456789012:function:shop-dev-counter",
                "arn:aws:lambda:eu-west-1:123456789012:function:shop-dev-counter:live"
            ])
        );
        assert_eq!(
            scheduler_trust_policy(&stage())["Statement"][0]["Condition"]["StringEquals"],
            json!({
                "aws:SourceAccount": "123456789012",
                "aws:SourceArn": "arn:aws:scheduler:eu-west-1:123456789012:schedule-group/shop-dev"
            })
        );
    }
}
