//! The name of the action that a request needs, in the words of IAM, for messages: `lambda:CreateFunction`.

/// Prefixes of actions by the crates of the SDK, where they differ.
const SERVICES: [(&str, &str); 2] = [("cloudwatchlogs", "logs"), ("eventbridge", "events")];
/// Operations whose action has another name (service authorization reference of Lambda and S3).
const ACTIONS: [(&str, &str); 8] = [
    ("lambda:Invoke", "lambda:InvokeFunction"),
    ("s3:DeleteObjects", "s3:DeleteObject"),
    ("s3:GetBucketNotificationConfiguration", "s3:GetBucketNotification"),
    ("s3:HeadBucket", "s3:ListBucket"),
    ("s3:ListObjectVersions", "s3:ListBucketVersions"),
    ("s3:ListObjectsV2", "s3:ListBucket"),
    ("s3:PutBucketLifecycleConfiguration", "s3:PutLifecycleConfiguration"),
    ("s3:PutBucketNotificationConfiguration", "s3:PutBucketNotification"),
];

/// Returns the action of the request whose error has the type `E`, for example
/// `aws_sdk_lambda::operation::create_function::CreateFunctionError`. Returns `None` for other types.
pub(super) fn action_of<E>() -> Option<String> {
    let path = std::any::type_name::<E>().strip_prefix("aws_sdk_")?;
    let service = path.split("::").next()?;
    let operation = path.rsplit("::").next()?.strip_suffix("Error")?;
    let service = SERVICES.iter().find(|(name, _)| *name == service).map_or(service, |(_, prefix)| prefix);
    let action = format!("{service}:{operation}");
    Some(ACTIONS.iter().find(|(name, _)| *name == action).map_or(action, |(_, action)| (*action).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_named_by_the_types_of_errors() {
        for (action, expected) in [
            (action_of::<aws_sdk_lambda::operation::create_function::CreateFunctionError>(), "lambda:CreateFunction"),
            (action_of::<aws_sdk_lambda::operation::invoke::InvokeError>(), "lambda:InvokeFunction"),
            (action_of::<aws_sdk_iam::operation::put_role_policy::PutRolePolicyError>(), "iam:PutRolePolicy"),
            (action_of::<aws_sdk_cloudwatchlogs::operation::tag_resource::TagResourceError>(), "logs:TagResource"),
            (action_of::<aws_sdk_eventbridge::operation::put_rule::PutRuleError>(), "events:PutRule"),
            (action_of::<aws_sdk_s3::operation::head_bucket::HeadBucketError>(), "s3:ListBucket"),
            (action_of::<aws_sdk_sqs::operation::create_queue::CreateQueueError>(), "sqs:CreateQueue"),
        ] {
            assert_eq!(action.as_deref(), Some(expected));
        }
        assert_eq!(action_of::<std::io::Error>(), None);
    }
}
