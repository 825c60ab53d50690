//! Settings of Lambda without a default value: from the manifest to members of Lambda's API, and the members of a deployed
//! function.
//!
//! A deploy changes only members that the settings have or had: a tag of the function records which. Everything else keeps
//! the value that other tools or people gave it.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_lambda::types::{EphemeralStorage, FunctionConfiguration, VpcConfigResponse};
use bedrock_artifacts::Digest;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::durable::{DURABLE_CONFIG, config_changes};

/// Members of Lambda's API by their names.
pub(crate) type Members = BTreeMap<String, Value>;

/// Member that belongs to the function and not to its versions, whose description says which deploy published them.
pub(crate) const DESCRIPTION: &str = "Description";
/// Words of the tag for settings that have requests of their own.
pub(crate) const PROVISIONED_CONCURRENCY: &str = "ProvisionedConcurrency";
pub(crate) const CODE_SIGNING: &str = "CodeSigning";
pub(crate) const RUNTIME_MANAGEMENT: &str = "RuntimeManagement";
/// Prefix of the word for members that this tool does not know, before the digest of their values.
const UNKNOWN_PREFIX: &str = "lambda:";

/// The known members, with the names of their settings.
const SETTINGS: [(&str, &str); 8] = [
    (DESCRIPTION, "description"),
    ("EphemeralStorage", "ephemeral-storage"),
    ("FileSystemConfigs", "file-system"),
    ("KMSKeyArn", "kms-key"),
    ("LoggingConfig", "logging"),
    ("SnapStart", "snap-start"),
    ("TracingConfig", "tracing"),
    ("VpcConfig", "vpc"),
];

/// The key `lambda` of a function in the manifest.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct LambdaSettings {
    pub(crate) code_signing: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) ephemeral_storage: Option<i32>,
    pub(crate) file_system: Option<FileSystem>,
    pub(crate) kms_key: Option<String>,
    pub(crate) logging: Option<Logging>,
    pub(crate) members: Members,
    pub(crate) provisioned_concurrency: Option<i32>,
    pub(crate) runtime_management: Option<RuntimeManagement>,
    pub(crate) snap_start: bool,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) tracing: Option<String>,
    pub(crate) vpc: Option<Vpc>,
}

/// A file system.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct FileSystem {
    pub(crate) arn: String,
    pub(crate) path: String,
}

/// Format, levels and log group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Logging {
    pub(crate) format: String,
    pub(crate) level: Option<String>,
    pub(crate) system_level: Option<String>,
    /// `None` for the function's own.
    pub(crate) group: Option<String>,
}

/// When Lambda updates the runtime.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct RuntimeManagement {
    /// As in Lambda's API.
    pub(crate) mode: String,
    /// ARN of the version of the runtime.
    pub(crate) version: Option<String>,
}

impl Default for RuntimeManagement {
    fn default() -> Self {
        Self { mode: "Auto".to_owned(), version: None }
    }
}

/// Subnets and security groups.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Vpc {
    pub(crate) subnets: Vec<String>,
    pub(crate) security_groups: Vec<String>,
    pub(crate) ipv6: bool,
}

impl LambdaSettings {
    /// Returns the members of `CreateFunction` that the settings have. `log_group` is the function's own.
    pub(crate) fn members(&self, log_group: &str) -> Members {
        let mut members = self.members.clone();
        let mut set = |name: &str, value: Value| members.insert(name.to_owned(), value);
        if let Some(description) = &self.description {
            set(DESCRIPTION, json!(description));
        }
        if let Some(size) = self.ephemeral_storage {
            set("EphemeralStorage", json!({ "Size": size }));
        }
        if let Some(FileSystem { arn, path }) = &self.file_system {
            set("FileSystemConfigs", json!([{ "Arn": arn, "LocalMountPath": path }]));
        }
        if let Some(key) = &self.kms_key {
            set("KMSKeyArn", json!(key));
        }
        if let Some(logging) = &self.logging {
            let group = logging.group.as_deref().unwrap_or(log_group);
            set(
                "LoggingConfig",
                logging_config(&logging.format, logging.level.as_deref(), logging.system_level.as_deref(), group),
            );
        }
        if self.snap_start {
            set("SnapStart", json!({ "ApplyOn": "PublishedVersions" }));
        }
        if let Some(mode) = &self.tracing {
            set("TracingConfig", json!({ "Mode": mode }));
        }
        if let Some(vpc) = &self.vpc {
            set("VpcConfig", vpc_config(&vpc.subnets, &vpc.security_groups, vpc.ipv6));
        }
        members
    }

    /// Returns the words of the tag that records what the deploy manages.
    pub(crate) fn managed(&self, log_group: &str) -> ManagedSettings {
        let members = self.members(log_group);
        let known = members.keys().filter(|name| setting(name).is_some()).cloned();
        let mut words: BTreeSet<String> = known.collect();
        let others = [
            (PROVISIONED_CONCURRENCY, self.provisioned_concurrency.is_some()),
            (CODE_SIGNING, self.code_signing.is_some()),
            (RUNTIME_MANAGEMENT, self.runtime_management.is_some()),
        ];
        words.extend(others.iter().filter(|(_, is_set)| *is_set).map(|(word, _)| (*word).to_owned()));
        if !self.members.is_empty() {
            let digest = Digest::of(json!(self.members).to_string().as_bytes()).to_string();
            words.insert(format!("{UNKNOWN_PREFIX}{}", digest.get(..8).unwrap_or_default()));
        }
        ManagedSettings(words)
    }
}

/// What a deploy manages of a function, in addition to what it manages of every function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ManagedSettings(BTreeSet<String>);

impl ManagedSettings {
    /// Parses the value of the tag.
    pub(crate) fn parse(tag: &str) -> Self {
        Self(tag.split_whitespace().map(str::to_owned).collect())
    }

    /// Returns the value of the tag, or `None` if nothing is managed.
    pub(crate) fn tag(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.iter().map(String::as_str).collect::<Vec<_>>().join(" "))
    }

    /// Adds a word.
    pub(crate) fn with(mut self, word: &str) -> Self {
        self.0.insert(word.to_owned());
        self
    }

    pub(crate) fn contains(&self, word: &str) -> bool {
        self.0.contains(word)
    }

    /// Returns the digest of the members that this tool does not know, or `None` if there are none.
    pub(crate) fn unknown_members(&self) -> Option<&str> {
        self.0.iter().find(|word| word.starts_with(UNKNOWN_PREFIX)).map(String::as_str)
    }

    /// Returns Lambda's defaults for the members that were managed and are not desired any more.
    pub(crate) fn resets(&self, desired: &Members, log_group: &str) -> Members {
        let default = |name: &String| match name.as_str() {
            DESCRIPTION | "KMSKeyArn" => Some(json!("")),
            "EphemeralStorage" => Some(json!({ "Size": 512 })),
            "FileSystemConfigs" => Some(json!([])),
            "LoggingConfig" => Some(logging_config("Text", None, None, log_group)),
            "SnapStart" => Some(json!({ "ApplyOn": "None" })),
            "TracingConfig" => Some(json!({ "Mode": "PassThrough" })),
            "VpcConfig" => Some(vpc_config(&[], &[], false)),
            _ => None,
        };
        let dropped = self.0.iter().filter(|name| !desired.contains_key(*name));
        dropped.filter_map(|name| Some((name.clone(), default(name)?))).collect()
    }
}

/// Returns the known members of a deployed function or version, complete.
pub(crate) fn actual_members(configuration: &FunctionConfiguration) -> Members {
    let size = configuration.ephemeral_storage().map_or(512, EphemeralStorage::size);
    let file_systems = configuration.file_system_configs().iter();
    let file_systems: Vec<Value> = file_systems
        .map(|system| json!({ "Arn": system.arn(), "LocalMountPath": system.local_mount_path() }))
        .collect();
    let logging = configuration.logging_config();
    let format = logging.and_then(|logging| logging.log_format()).map_or("Text", |format| format.as_str());
    let is_json = format == "JSON";
    let level = logging.and_then(|logging| logging.application_log_level()).map_or("INFO", |level| level.as_str());
    let system_level = logging.and_then(|logging| logging.system_log_level()).map_or("INFO", |level| level.as_str());
    let group = logging.and_then(|logging| logging.log_group()).map(str::to_owned);
    let own_group = || format!("/aws/lambda/{}", configuration.function_name().unwrap_or_default());
    let snap_start = configuration.snap_start().and_then(|snap| snap.apply_on()).map_or("None", |on| on.as_str());
    let mode = configuration.tracing_config().and_then(|tracing| tracing.mode()).map_or("PassThrough", |m| m.as_str());
    let vpc = configuration.vpc_config();
    let sorted = |ids: &[String]| {
        let mut ids = ids.to_vec();
        ids.sort();
        ids
    };
    let subnets = vpc.map(|vpc| sorted(vpc.subnet_ids())).unwrap_or_default();
    let groups = vpc.map(|vpc| sorted(vpc.security_group_ids())).unwrap_or_default();
    let ipv6 = vpc.and_then(VpcConfigResponse::ipv6_allowed_for_dual_stack).unwrap_or_default();
    let logging_config = logging_config(
        format,
        is_json.then_some(level),
        is_json.then_some(system_level),
        &group.unwrap_or_else(own_group),
    );
    let members = [
        (DESCRIPTION, json!(configuration.description().unwrap_or_default())),
        ("EphemeralStorage", json!({ "Size": size })),
        ("FileSystemConfigs", json!(file_systems)),
        ("KMSKeyArn", json!(configuration.kms_key_arn().unwrap_or_default())),
        ("LoggingConfig", logging_config),
        ("SnapStart", json!({ "ApplyOn": snap_start })),
        ("TracingConfig", json!({ "Mode": mode })),
        ("VpcConfig", vpc_config(&subnets, &groups, ipv6)),
    ];
    // The timeout is required, so a configuration without it is not that of a durable function.
    let durable = configuration.durable_config().filter(|config| config.execution_timeout().is_some());
    let durable = durable.map(|config| {
        let retention = config.retention_period_in_days();
        json!({ "ExecutionTimeout": config.execution_timeout(), "RetentionPeriodInDays": retention })
    });
    let durable = durable.map(|config| (DURABLE_CONFIG, config));
    members.into_iter().chain(durable).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Returns how known members differ, for people: `ephemeral-storage 512 → 2048`, `vpc`.
pub(crate) fn member_differences(old: &Members, new: &Members) -> Vec<String> {
    let differences = |(name, value): (&String, &Value)| {
        let before = old.get(name);
        if before == Some(value) {
            return Vec::new();
        }
        if name == DURABLE_CONFIG {
            return config_changes(before, value);
        }
        let Some(setting) = setting(name) else { return Vec::new() };
        let texts = before.and_then(scalar).zip(scalar(value));
        vec![texts.map_or_else(|| setting.to_owned(), |(old, new)| format!("{setting} {old} → {new}"))]
    };
    new.iter().flat_map(differences).collect()
}

/// Returns the text of a member that has one value without spaces.
fn scalar(value: &Value) -> Option<String> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    object.values().next().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

fn setting(member: &str) -> Option<&'static str> {
    SETTINGS.iter().find(|(name, _)| *name == member).map(|(_, setting)| *setting)
}

fn logging_config(format: &str, level: Option<&str>, system_level: Option<&str>, group: &str) -> Value {
    let mut config = json!({ "LogFormat": format, "LogGroup": group });
    for (key, level) in [("ApplicationLogLevel", level), ("SystemLogLevel", system_level)] {
        if let Some(level) = level {
            config[key] = json!(level);
        }
    }
    config
}

fn vpc_config(subnets: &[String], security_groups: &[String], ipv6: bool) -> Value {
    json!({ "SubnetIds": subnets, "SecurityGroupIds": security_groups, "Ipv6AllowedForDualStack": ipv6 })
}

#[cfg(test)]
mod tests;
