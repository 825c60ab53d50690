//! Settings of Lambda without a default value, in the manifest: only those that the settings have.

use std::collections::BTreeMap;

use bedrock_build::FunctionSettings;
use bedrock_build::settings::{FileSystem, LambdaSettings, LogFormat, RuntimeManagement, Tracing, Vpc};
use serde::Serialize;
use serde_json::Value;

/// The key `lambda` of a function.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(super) struct Entry {
    #[serde(skip_serializing_if = "Option::is_none")]
    code_signing: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// Megabytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    ephemeral_storage: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_system: Option<FileSystemEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kms_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logging: Option<LoggingEntry>,
    /// Members of Lambda's API that this version has no setting for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    members: BTreeMap<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provisioned_concurrency: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    runtime_management: Option<RuntimeManagementEntry>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    snap_start: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracing: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vpc: Option<VpcEntry>,
}

#[derive(Debug, PartialEq, Serialize)]
struct FileSystemEntry {
    arn: String,
    path: String,
}

/// All four are complete: Lambda's default if the settings do not have a value.
#[derive(Debug, PartialEq, Serialize)]
struct LoggingEntry {
    /// `Text` or `JSON`.
    format: &'static str,
    /// Null for text.
    level: Option<&'static str>,
    /// Null for text.
    system_level: Option<&'static str>,
    /// Null for the function's own log group.
    group: Option<String>,
}

#[derive(Debug, PartialEq, Serialize)]
struct RuntimeManagementEntry {
    /// `Auto`, `FunctionUpdate` or `Manual`.
    mode: &'static str,
    /// ARN of the version; null unless the mode is `Manual`.
    version: Option<String>,
}

#[derive(Debug, PartialEq, Serialize)]
struct VpcEntry {
    subnets: Vec<String>,
    security_groups: Vec<String>,
    ipv6: bool,
}

impl Entry {
    /// Returns `None` if all settings are at their defaults.
    pub(super) fn of(settings: &FunctionSettings) -> Option<Self> {
        let lambda = &settings.lambda;
        let member = |(name, text): (&String, &String)| Some((name.clone(), serde_json::from_str(text).ok()?));
        let entry = Self {
            code_signing: lambda.code_signing.clone(),
            description: lambda.description.clone(),
            ephemeral_storage: lambda.ephemeral_storage,
            file_system: lambda.file_system.clone().map(|FileSystem { arn, path }| FileSystemEntry { arn, path }),
            kms_key: lambda.kms_key.clone(),
            logging: LoggingEntry::of(lambda),
            members: lambda.members.iter().filter_map(member).collect(),
            provisioned_concurrency: lambda.provisioned_concurrency,
            runtime_management: lambda.runtime_management.as_ref().map(RuntimeManagementEntry::of),
            snap_start: lambda.snap_start,
            tags: lambda.tags.clone(),
            tracing: lambda.tracing.map(|tracing| match tracing {
                Tracing::Active => "Active",
                Tracing::PassThrough => "PassThrough",
            }),
            vpc: lambda.vpc.clone().map(|Vpc { subnets, security_groups, ipv6 }| VpcEntry {
                subnets,
                security_groups,
                ipv6,
            }),
        };
        (entry != Self::default()).then_some(entry)
    }
}

impl LoggingEntry {
    fn of(lambda: &LambdaSettings) -> Option<Self> {
        let logging = &lambda.logging;
        if *logging == bedrock_build::settings::Logging::default() {
            return None;
        }
        let is_json = logging.format == Some(LogFormat::Json);
        let level = |level: Option<&'static str>| is_json.then_some(level.unwrap_or("INFO"));
        Some(Self {
            format: if is_json { "JSON" } else { "Text" },
            level: level(logging.level),
            system_level: level(logging.system_level),
            group: logging.group.clone(),
        })
    }
}

impl RuntimeManagementEntry {
    fn of(management: &RuntimeManagement) -> Self {
        let (mode, version) = match management {
            RuntimeManagement::Auto => ("Auto", None),
            RuntimeManagement::FunctionUpdate => ("FunctionUpdate", None),
            RuntimeManagement::Manual(arn) => ("Manual", Some(arn.clone())),
        };
        Self { mode, version }
    }
}
