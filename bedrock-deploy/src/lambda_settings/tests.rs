//! Members that the settings have, and those that they had.

use aws_sdk_lambda::types::{DurableConfig, FunctionConfiguration};
use serde_json::json;

use super::{LambdaSettings, ManagedSettings, Members, actual_members, member_differences};

const GROUP: &str = "/aws/lambda/shop-dev-counter";

fn settings(value: serde_json::Value) -> LambdaSettings {
    serde_json::from_value(value).expect("settings")
}

#[test]
fn members_are_only_those_of_the_settings() {
    assert_eq!(settings(json!({})).members(GROUP), Members::new());
    let some = settings(json!({
        "ephemeral_storage": 2048, "tracing": "Active", "snap_start": true, "members": { "TenancyConfig": { "A": 1 } },
        "logging": { "format": "JSON", "level": "WARN", "system_level": "INFO", "group": null }
    }));
    assert_eq!(
        json!(some.members(GROUP)),
        json!({
            "EphemeralStorage": { "Size": 2048 }, "TracingConfig": { "Mode": "Active" },
            "SnapStart": { "ApplyOn": "PublishedVersions" }, "TenancyConfig": { "A": 1 },
            "LoggingConfig": {
                "LogFormat": "JSON", "LogGroup": GROUP, "ApplicationLogLevel": "WARN", "SystemLogLevel": "INFO"
            }
        })
    );
}

#[test]
fn tag_records_what_is_managed() {
    let empty = settings(json!({})).managed(GROUP);
    assert_eq!((empty.tag(), empty.unknown_members()), (None, None));
    let some = settings(json!({
        "kms_key": "arn:aws:kms:eu-west-1:1:key/x", "provisioned_concurrency": 2, "members": { "TenancyConfig": {} },
        "tags": { "team": "x" }
    }));
    let managed = some.managed(GROUP);
    let tag = managed.tag().expect("a tag");
    assert!(tag.starts_with("KMSKeyArn ProvisionedConcurrency lambda:"), "{tag}");
    assert_eq!(ManagedSettings::parse(&tag), managed);
    let all = settings(json!({
        "code_signing": "x", "description": "x", "ephemeral_storage": 1, "file_system": { "arn": "x", "path": "x" },
        "kms_key": "x", "logging": { "format": "Text", "level": null, "system_level": null, "group": null },
        "members": { "X": 1 }, "provisioned_concurrency": 1, "runtime_management": { "mode": "Auto", "version": null },
        "snap_start": true, "tracing": "Active", "vpc": { "subnets": [], "security_groups": [], "ipv6": false }
    }));
    // The limit of AWS for the value of a tag.
    assert!(all.managed(GROUP).tag().expect("a tag").len() <= 256);
}

#[test]
fn members_that_were_managed_get_their_defaults() {
    let managed = ManagedSettings::parse("EphemeralStorage KMSKeyArn ProvisionedConcurrency lambda:0a1b2c3d");
    let desired = settings(json!({ "ephemeral_storage": 1024 })).members(GROUP);
    assert_eq!(json!(managed.resets(&desired, GROUP)), json!({ "KMSKeyArn": "" }));
    assert_eq!(ManagedSettings::default().resets(&Members::new(), GROUP), Members::new());
}

#[test]
fn resets_equal_the_members_of_a_new_function() {
    let configuration = FunctionConfiguration::builder().function_name("shop-dev-counter").build();
    let actual = actual_members(&configuration);
    let names = actual.keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(ManagedSettings::parse(&names).resets(&Members::new(), GROUP), actual);
}

#[test]
fn differences_name_the_settings() {
    let configuration = FunctionConfiguration::builder().function_name("shop-dev-counter").build();
    let desired = settings(json!({
        "ephemeral_storage": 2048, "tracing": "Active", "kms_key": "arn",
        "vpc": { "subnets": ["subnet-1"], "security_groups": ["sg-1"], "ipv6": false }
    }));
    assert_eq!(
        member_differences(&actual_members(&configuration), &desired.members(GROUP)),
        ["ephemeral-storage 512 → 2048", "kms-key", "tracing PassThrough → Active", "vpc"]
    );
    assert_eq!(member_differences(&desired.members(GROUP), &desired.members(GROUP)), [""; 0]);
}

#[test]
fn only_durable_functions_have_a_durable_config() {
    let member = |config: DurableConfig| {
        let configuration = FunctionConfiguration::builder().durable_config(config).build();
        actual_members(&configuration).get("DurableConfig").cloned()
    };
    assert_eq!(member(DurableConfig::builder().build()), None);
    let config = DurableConfig::builder().execution_timeout(60).retention_period_in_days(1).build();
    assert_eq!(member(config), Some(json!({ "ExecutionTimeout": 60, "RetentionPeriodInDays": 1 })));
}
