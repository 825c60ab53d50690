//! What the settings of `lambda_settings.rs` need of the IAM policy of a function: to join a VPC, to send traces, to mount a
//! file system. The statements are the same as in the app's `terraform/manifest/lambda.tf`.

use serde_json::{Value, json};

use crate::lambda_settings::LambdaSettings;
use crate::stage::StageContext;

/// Actions that Lambda needs to connect a function to a VPC, on the network interfaces of the account.
const INTERFACE_ACTIONS: [&str; 4] = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:UnassignPrivateIpAddresses",
];
/// Actions for which EC2 has no resource other than `*`.
const LIST_ACTIONS: [&str; 2] = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"];
/// Actions for which X-Ray has no resource other than `*`.
const TRACE_ACTIONS: [&str; 2] = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"];

/// Returns the statements of the function `key`.
pub(crate) fn statements(stage: &StageContext, key: &str, settings: &LambdaSettings) -> Vec<Value> {
    let env = &stage.env;
    let mut statements = Vec::new();
    let mut allow = |sid: &str, actions: &[&str], resource: Value, condition: Option<Value>| {
        let mut statement = json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource });
        if let Some(condition) = condition {
            statement["Condition"] = condition;
        }
        statements.push(statement);
    };
    if settings.tracing.as_deref() == Some("Active") {
        allow("SendTraces", &TRACE_ACTIONS, json!("*"), None);
    }
    if let Some(system) = &settings.file_system {
        let systems = format!("arn:{}:elasticfilesystem:{}:{}:file-system/*", env.partition, env.region, env.account);
        let condition = json!({ "StringEquals": { "elasticfilesystem:AccessPointArn": system.arn } });
        let actions = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"];
        allow("MountFileSystem", &actions, json!(systems), Some(condition));
    }
    if settings.vpc.is_some() {
        let interfaces = format!("arn:{}:ec2:{}:{}:*/*", env.partition, env.region, env.account);
        allow("JoinVpc", &INTERFACE_ACTIONS, json!(interfaces), None);
        allow("ListVpc", &LIST_ACTIONS, json!("*"), None);
        // Only Lambda itself needs these rights, the code of the function does not.
        let condition = json!({ "ArnEquals": { "lambda:SourceFunctionArn": stage.function_arn(key) } });
        statements.push(json!({
            "Sid": "KeepCodeOutOfVpc", "Effect": "Deny", "Action": INTERFACE_ACTIONS, "Resource": "*",
            "Condition": condition
        }));
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_fixtures::stage;

    #[test]
    fn functions_without_such_settings_get_no_statement() {
        assert_eq!(statements(&stage(), "counter", &LambdaSettings::default()), Vec::<Value>::new());
    }

    #[test]
    fn statements_name_exact_resources_where_aws_has_them() {
        let settings = json!({
            "tracing": "Active", "vpc": { "subnets": [], "security_groups": [], "ipv6": false },
            "file_system": { "arn": "arn:aws:elasticfilesystem:eu-west-1:1:access-point/fsap-1", "path": "/mnt/x" }
        });
        let settings: LambdaSettings = serde_json::from_value(settings).expect("settings");
        let statements = statements(&stage(), "counter", &settings);
        let texts: Vec<String> =
            statements.iter().map(|each| format!("{} {}", each["Sid"], each["Resource"])).collect();
        assert_eq!(
            texts,
            [
                r#""SendTraces" "*""#,
                r#""MountFileSystem" "arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/*""#,
                r#""JoinVpc" "arn:aws:ec2:eu-west-1:123456789012:*/*""#,
                r#""ListVpc" "*""#,
                r#""KeepCodeOutOfVpc" "*""#,
            ]
        );
        assert_eq!(
            statements[4]["Condition"]["ArnEquals"]["lambda:SourceFunctionArn"],
            stage().function_arn("counter")
        );
    }
}
