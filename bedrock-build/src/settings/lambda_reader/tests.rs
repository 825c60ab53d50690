//! Settings that Lambda has: their values, their limits, and what excludes each other.

use crate::architecture::Architecture;
use crate::settings::tests::{error_of, read};
use crate::settings::{FileSystem, LambdaSettings, LogFormat, Logging, RuntimeManagement, Tracing, Vpc};

fn lambda(text: &str) -> LambdaSettings {
    read(&format!("[workers.a]\n{text}")).expect(text).workers["a"].lambda.clone()
}

fn refusal(text: &str) -> String {
    error_of(&format!("[workers.a]\n{text}"))
}

#[test]
fn lambda_settings_have_no_value_by_default() {
    assert_eq!(lambda("memory = 512"), LambdaSettings::default());
}

#[test]
fn lambda_settings_of_all_kinds_are_read() {
    let text = r#"
        architecture = "arm64"
        code-signing = "arn:aws:lambda:eu-west-1:123456789012:code-signing-config:csc-0123456789abcdef0"
        description = "resizes pictures"
        ephemeral-storage = 2048
        file-system = { arn = "arn:aws:elasticfilesystem:eu-west-1:123456789012:access-point/fsap-0123456789abcdef0", path = "/mnt/data" }
        kms-key = "arn:aws:kms:eu-west-1:123456789012:key/{stage}-key"
        log-format = "json"
        log-group = "/shop/{stage}"
        log-level = "warn"
        system-log-level = "debug"
        provisioned-concurrency = 2
        runtime-management = { version = "arn:aws:lambda:eu-west-1::runtime:0a1b" }
        tags = { team = "media", "cost center" = "7" }
        tracing = "active"
        vpc = { subnets = ["subnet-2b", "subnet-1a"], security-groups = ["sg-1"], ipv6 = true }
        lambda = { TenancyConfig = { TenantIsolationMode = "PER_TENANT" } }
    "#;
    let arn = |rest: &str| format!("arn:aws:{rest}");
    let expected = LambdaSettings {
        architecture: Some(Architecture::Arm64),
        code_signing: Some(arn("lambda:eu-west-1:123456789012:code-signing-config:csc-0123456789abcdef0")),
        description: Some("resizes pictures".to_owned()),
        ephemeral_storage: Some(2_048),
        file_system: Some(FileSystem {
            arn: arn("elasticfilesystem:eu-west-1:123456789012:access-point/fsap-0123456789abcdef0"),
            path: "/mnt/data".to_owned(),
        }),
        kms_key: Some(arn("kms:eu-west-1:123456789012:key/{stage}-key")),
        logging: Logging {
            format: Some(LogFormat::Json),
            level: Some("WARN"),
            system_level: Some("DEBUG"),
            group: Some("/shop/{stage}".to_owned()),
        },
        members: [("TenancyConfig".to_owned(), r#"{"TenantIsolationMode":"PER_TENANT"}"#.to_owned())].into(),
        provisioned_concurrency: Some(2),
        runtime_management: Some(RuntimeManagement::Manual(arn("lambda:eu-west-1::runtime:0a1b"))),
        snap_start: false,
        tags: [("team", "media"), ("cost center", "7")].map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        tracing: Some(Tracing::Active),
        vpc: Some(Vpc {
            subnets: vec!["subnet-1a".to_owned(), "subnet-2b".to_owned()],
            security_groups: vec!["sg-1".to_owned()],
            ipv6: true,
        }),
    };
    assert_eq!(lambda(text), expected);
}

#[test]
fn endpoint_has_lambda_settings_except_snap_start() {
    assert_eq!(read("endpoint.tracing = 'active'").expect("ok").endpoint.lambda.tracing, Some(Tracing::Active));
    assert!(error_of("endpoint.snap-start = true").starts_with("Cargo.toml:1: unknown setting `snap-start`"));
}

#[test]
fn lambda_limits_name_the_value_the_bound_and_its_source() {
    assert_eq!(
        refusal("ephemeral-storage = 511"),
        "Cargo.toml:2: `workers.a.ephemeral-storage` must be a whole number of megabytes from 512 to 10240, found \
         `511`\nthe limits are AWS's: Lambda quotas, `/tmp`"
    );
    assert_eq!(
        refusal("provisioned-concurrency = 0"),
        "Cargo.toml:2: `workers.a.provisioned-concurrency` must be a whole number from 1 to 1000000, found `0`\n\
         the limits are AWS's: `PutProvisionedConcurrencyConfig` in Lambda's API reference"
    );
    assert_eq!(
        refusal("vpc = { subnets = [], security-groups = ['sg-1'] }"),
        "Cargo.toml:2: `workers.a.vpc.subnets` must be a list of 1 to 16 ids like `subnet-0a1b2c3d`, found `[]`\n"
    );
    let groups = "vpc = { subnets = ['subnet-1'], security-groups = ['sg-1','sg-2','sg-3','sg-4','sg-5','sg-6'] }";
    assert!(refusal(groups).contains("must be a list of 1 to 5 ids like `sg-0a1b2c3d`"));
    assert!(refusal(&format!("description = '{}'", "x".repeat(257))).contains("at most 256 characters"));
}

#[test]
fn lambda_settings_of_a_wrong_kind_are_errors() {
    for (text, expected) in [
        ("tracing = true", "`workers.a.tracing` must be `\"active\"` or `\"pass-through\"`, found `true`"),
        ("log-format = 'JSON'", "`workers.a.log-format` must be `\"text\"` or `\"json\"`, found `'JSON'`"),
        ("kms-key = 'alias/x'", "`workers.a.kms-key` must be the ARN of a key of KMS, found `'alias/x'`"),
        ("vpc = { subnets = ['subnet-1'] }", "`workers.a.vpc` needs `security-groups`: a function in a VPC has both"),
        ("vpc = 1", "`workers.a.vpc` must be a table with `subnets` and `security-groups`, found `1`"),
        ("log-group = 'a b'", "`workers.a.log-group` must be the name of a log group: at most 512 letters"),
        ("runtime-management = 'never'", "`workers.a.runtime-management` must be `\"auto\"`, `\"function-update\"`"),
        ("tags = { 'aws:x' = 'y' }", "`workers.a.tags.aws:x` cannot be set: tags that start with `bedrock:` or `aws:`"),
        ("tags = { x = 1 }", "`workers.a.tags.x` must be a string of at most 256 letters"),
        ("lambda = { VpcConfig = {} }", "`workers.a.lambda.VpcConfig` cannot be set here: use the setting `vpc`"),
        ("lambda = { Role = 'x' }", "`workers.a.lambda.Role` cannot be set: the tool decides it"),
        ("lambda = { tenancy = 1 }", "`workers.a.lambda.tenancy` cannot be set: members of Lambda's API are named"),
        ("architecture = 'arm'", "`workers.a.architecture` must be `\"x86_64\"` or `\"arm64\"`, found `'arm'`"),
        ("code-signing = 'x'", "`workers.a.code-signing` must be the ARN of a code signing configuration, found `'x'`"),
    ] {
        let found = refusal(text);
        assert!(found.starts_with(&format!("Cargo.toml:2: {expected}")), "{text}: {found}");
    }
    let mount = "vpc = { subnets = ['subnet-1'], security-groups = ['sg-1'] }\nfile-system.arn = \
                 'arn:aws:elasticfilesystem:eu-west-1:1:access-point/fsap-1'\nfile-system.path = '/data'";
    assert!(refusal(mount).contains("must be a folder in `/mnt`, like `/mnt/data`"), "{}", refusal(mount));
}

#[test]
fn lambda_settings_that_exclude_each_other_are_errors() {
    for (text, expected) in [
        ("log-level = 'warn'", "`workers.a.log-level` cannot be set without `log-format = \"json\"`"),
        ("log-format = 'text'\nsystem-log-level = 'warn'", "`workers.a.system-log-level` cannot be set without"),
        ("concurrency = 2\nprovisioned-concurrency = 3", "cannot be 3, which is more than the `concurrency` of 2"),
        ("snap-start = true\nprovisioned-concurrency = 1", "cannot be set together with `provisioned-concurrency`"),
        ("snap-start = true\nephemeral-storage = 1024", "cannot be set together with an `ephemeral-storage` above 512"),
    ] {
        let found = refusal(text);
        assert!(found.contains(expected), "{text}: {found}");
    }
    let arn = "arn:aws:elasticfilesystem:eu-west-1:123456789012:access-point/fsap-1";
    let found = refusal(&format!("file-system = {{ arn = '{arn}', path = '/mnt/data' }}"));
    assert!(found.contains("`workers.a.file-system` cannot be set without `vpc`"), "{found}");
}
