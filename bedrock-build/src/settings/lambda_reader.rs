//! Reads the settings of `lambda.rs`, and checks them against each other.

use std::collections::BTreeMap;

use super::arn::is_staged_arn_of;
use super::function::FunctionSettings;
use super::json::value_text;
use super::lambda::{
    EPHEMERAL_STORAGE_MEGABYTES, FileSystem, LambdaSettings, LogFormat, MAX_DESCRIPTION_CHARS, MAX_LOG_GROUP_CHARS,
    MAX_MOUNT_PATH_CHARS, MAX_SECURITY_GROUPS, MAX_SUBNETS, MAX_TAG_KEY_CHARS, MAX_TAG_VALUE_CHARS, MAX_TAGS,
    PROVISIONED_CONCURRENCY, RuntimeManagement, Tracing, Vpc,
};
use super::placeholder::STAGE_PLACEHOLDER;
use super::reader::{Reader, Value, set};
use crate::architecture::Architecture;

/// The settings that this file reads, sorted.
pub(super) const LAMBDA_KEYS: &[&str] = &[
    "architecture",
    "code-signing",
    "description",
    "ephemeral-storage",
    "file-system",
    "kms-key",
    "lambda",
    "log-format",
    "log-group",
    "log-level",
    "provisioned-concurrency",
    "runtime-management",
    "snap-start",
    "system-log-level",
    "tags",
    "tracing",
    "vpc",
];
const VPC_KEYS: &[&str] = &["ipv6", "security-groups", "subnets"];
const FILE_SYSTEM_KEYS: &[&str] = &["arn", "path"];
/// Levels of a function's own lines (API model, `ApplicationLogLevel`).
const LEVELS: &[(&str, &str)] = &[
    ("trace", "TRACE"),
    ("debug", "DEBUG"),
    ("info", "INFO"),
    ("warn", "WARN"),
    ("error", "ERROR"),
    ("fatal", "FATAL"),
];
/// Levels of Lambda's own lines (API model, `SystemLogLevel`).
const SYSTEM_LEVELS: &[(&str, &str)] = &[("debug", "DEBUG"), ("info", "INFO"), ("warn", "WARN")];
/// Members of `CreateFunction` that settings have, and the setting. An empty one has no setting: the tool decides it.
const KNOWN_MEMBERS: &[(&str, &str)] = &[
    ("Architectures", "architecture"),
    ("Code", ""),
    ("CodeSigningConfigArn", "code-signing"),
    ("DeadLetterConfig", "dead-letter"),
    ("Description", "description"),
    ("DurableConfig", "durable"),
    ("Environment", "env"),
    ("EphemeralStorage", "ephemeral-storage"),
    ("FileSystemConfigs", "file-system"),
    ("FunctionName", ""),
    ("Handler", ""),
    ("KMSKeyArn", "kms-key"),
    ("Layers", "layers"),
    ("LoggingConfig", "log-format"),
    ("MemorySize", "memory"),
    ("PackageType", ""),
    ("Publish", ""),
    ("Role", ""),
    ("Runtime", "runtime"),
    ("SnapStart", "snap-start"),
    ("Tags", "tags"),
    ("Timeout", "timeout"),
    ("TracingConfig", "tracing"),
    ("VpcConfig", "vpc"),
];

impl Reader<'_> {
    /// Reads the setting `name`, which is one of [`LAMBDA_KEYS`].
    pub(super) fn lambda_setting(&mut self, name: &str, value: &Value<'_>, path: &str, lambda: &mut LambdaSettings) {
        match name {
            "architecture" => {
                let choices = Architecture::ALL.map(|architecture| (architecture.as_str(), architecture));
                lambda.architecture = self.choice(value, path, &choices);
            }
            "code-signing" => {
                lambda.code_signing = self.arn(value, path, "lambda", "code signing configuration");
            }
            "description" => lambda.description = self.short_text(value, path, MAX_DESCRIPTION_CHARS),
            "ephemeral-storage" => {
                let range = &EPHEMERAL_STORAGE_MEGABYTES;
                lambda.ephemeral_storage =
                    self.limited_number(value, path, "megabytes", range, "Lambda quotas, `/tmp`");
            }
            "file-system" => lambda.file_system = self.file_system(value, path),
            "kms-key" => lambda.kms_key = self.arn(value, path, "kms", "key of KMS"),
            "lambda" => lambda.members = self.members(value, path),
            "log-format" => {
                let choices = [("text", LogFormat::Text), ("json", LogFormat::Json)];
                lambda.logging.format = self.choice(value, path, &choices);
            }
            "log-group" => lambda.logging.group = self.log_group(value, path),
            "log-level" => lambda.logging.level = self.choice(value, path, LEVELS),
            "provisioned-concurrency" => {
                let source = "`PutProvisionedConcurrencyConfig` in Lambda's API reference";
                let range = &PROVISIONED_CONCURRENCY;
                lambda.provisioned_concurrency = self.limited_number(value, path, "", range, source);
            }
            "runtime-management" => lambda.runtime_management = self.runtime_management(value, path),
            "snap-start" => set(&mut lambda.snap_start, self.boolean(value, path)),
            "system-log-level" => lambda.logging.system_level = self.choice(value, path, SYSTEM_LEVELS),
            // The tags of a stage are added to those of all stages.
            "tags" => lambda.tags.extend(self.tags(value, path)),
            "tracing" => {
                let choices = [("active", Tracing::Active), ("pass-through", Tracing::PassThrough)];
                lambda.tracing = self.choice(value, path, &choices);
            }
            // `vpc` is the only key left.
            _ => lambda.vpc = self.vpc(value, path),
        }
    }

    /// Checks the settings of one function against each other. Each problem is at the setting that `value` finds.
    pub(super) fn check_lambda_settings(&mut self, value: &Value<'_>, path: &str, settings: &FunctionSettings) {
        let lambda = &settings.lambda;
        let setting = |key: &str| value.get_ref().as_table().and_then(|table| table.get(key)).unwrap_or(value);
        let mut refuse = |key: &str, reason: &str| self.not_allowed(setting(key), &format!("{path}.{key}"), reason);
        if lambda.logging.format != Some(LogFormat::Json) {
            for (key, level) in [("log-level", lambda.logging.level), ("system-log-level", lambda.logging.system_level)]
            {
                if level.is_some() {
                    refuse(key, "be set without `log-format = \"json\"`: Lambda filters only JSON lines by level");
                }
            }
        }
        if settings.cors.is_some() && !settings.has_url() && settings.http_api.is_none() {
            refuse("cors", "be set with `url = false`: there is no URL that pages could call");
        }
        if settings.stream && !settings.has_url() {
            let reason = match settings.url {
                Some(_) => "be set with `url = false`: there is no URL that could stream",
                None => "be set with `http-api` and without `url = true`: only function URLs stream",
            };
            refuse("stream", reason);
        }
        if lambda.file_system.is_some() && lambda.vpc.is_none() {
            refuse("file-system", "be set without `vpc`: Lambda reaches file systems only through a VPC");
        }
        if let (Some(provisioned), Some(reserved)) = (lambda.provisioned_concurrency, settings.concurrency)
            && provisioned > reserved
        {
            let reason = format!("be {provisioned}, which is more than the `concurrency` of {reserved}");
            refuse("provisioned-concurrency", &reason);
        }
        if lambda.snap_start {
            let conflicts = [
                ("`provisioned-concurrency`", lambda.provisioned_concurrency.is_some()),
                ("`file-system`", lambda.file_system.is_some()),
                ("an `ephemeral-storage` above 512", lambda.ephemeral_storage.is_some_and(|size| size > 512)),
            ];
            for (other, _) in conflicts.iter().filter(|(_, is_set)| *is_set) {
                refuse("snap-start", &format!("be set together with {other}: Lambda's SnapStart does not support it"));
            }
        }
    }

    /// Reads an ARN of `service`. `kind` continues "the ARN of a".
    pub(super) fn arn(&mut self, value: &Value<'_>, path: &str, service: &str, kind: &str) -> Option<String> {
        let arn = value.get_ref().as_str().filter(|arn| is_staged_arn_of(arn, service)).map(str::to_owned);
        if arn.is_none() {
            self.wrong_value(value, path, &format!("the ARN of a {kind}"));
        }
        arn
    }

    fn short_text(&mut self, value: &Value<'_>, path: &str, max_chars: usize) -> Option<String> {
        let text = value.get_ref().as_str().filter(|text| text.chars().count() <= max_chars).map(str::to_owned);
        if text.is_none() {
            self.wrong_value(value, path, &format!("a string of at most {max_chars} characters"));
        }
        text
    }

    fn log_group(&mut self, value: &Value<'_>, path: &str) -> Option<String> {
        let is_legal = |c: char| c.is_ascii_alphanumeric() || ".-_/#".contains(c);
        let is_name = |name: &&str| {
            let name = name.replace(STAGE_PLACEHOLDER, "stage");
            (1..=MAX_LOG_GROUP_CHARS).contains(&name.len()) && name.chars().all(is_legal)
        };
        let name = value.get_ref().as_str().filter(is_name).map(str::to_owned);
        if name.is_none() {
            let expected = format!(
                "the name of a log group: at most {MAX_LOG_GROUP_CHARS} letters, digits, `.`, `-`, `_`, `/` and `#`"
            );
            self.wrong_value(value, path, &expected);
        }
        name
    }

    fn vpc(&mut self, value: &Value<'_>, path: &str) -> Option<Vpc> {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_value(value, path, "a table with `subnets` and `security-groups`");
            return None;
        };
        let problems = self.problems.len();
        let mut vpc = Vpc { subnets: Vec::new(), security_groups: Vec::new(), ipv6: false };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let full_path = format!("{path}.{name}");
            match name {
                "ipv6" => set(&mut vpc.ipv6, self.boolean(value, &full_path)),
                "security-groups" => vpc.security_groups = self.ids(value, &full_path, "sg-", MAX_SECURITY_GROUPS),
                "subnets" => vpc.subnets = self.ids(value, &full_path, "subnet-", MAX_SUBNETS),
                _ => self.unknown_key(name, &key.span(), path, VPC_KEYS),
            }
        }
        // What seems to be missing may be the setting with the wrong name.
        let is_missing = |key: &&str| !table.contains_key(*key) && self.problems.len() == problems;
        let missing: Vec<&str> = ["subnets", "security-groups"].into_iter().filter(is_missing).collect();
        for missing in missing {
            self.needs(value, path, &format!("`{missing}`: a function in a VPC has both"));
        }
        Some(vpc)
    }

    /// Reads a list of ids of EC2, sorted.
    fn ids(&mut self, value: &Value<'_>, path: &str, prefix: &str, max: usize) -> Vec<String> {
        let ids = value.get_ref().as_array().and_then(|list| {
            list.iter().map(|id| id.get_ref().as_str().map(str::to_owned)).collect::<Option<Vec<String>>>()
        });
        let is_id = |id: &String| {
            let rest = id.strip_prefix(prefix).map(|rest| rest.replace(STAGE_PLACEHOLDER, "stage"));
            rest.is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric()))
        };
        let mut ids = ids.filter(|ids| (1..=max).contains(&ids.len()) && ids.iter().all(is_id)).unwrap_or_default();
        if ids.is_empty() {
            self.wrong_value(value, path, &format!("a list of 1 to {max} ids like `{prefix}0a1b2c3d`"));
        }
        ids.sort();
        ids.dedup();
        ids
    }

    fn file_system(&mut self, value: &Value<'_>, path: &str) -> Option<FileSystem> {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_value(value, path, "a table with `arn` and `path`");
            return None;
        };
        let problems = self.problems.len();
        let mut system = FileSystem { arn: String::new(), path: String::new() };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let full_path = format!("{path}.{name}");
            match name {
                "arn" => system.arn = self.access_point(value, &full_path).unwrap_or_default(),
                "path" => system.path = self.mount_path(value, &full_path).unwrap_or_default(),
                _ => self.unknown_key(name, &key.span(), path, FILE_SYSTEM_KEYS),
            }
        }
        let is_missing = |key: &&&str| !table.contains_key(**key) && self.problems.len() == problems;
        let missing: Vec<&&str> = FILE_SYSTEM_KEYS.iter().filter(is_missing).collect();
        for missing in missing {
            self.needs(value, path, &format!("`{missing}`"));
        }
        Some(system)
    }

    fn access_point(&mut self, value: &Value<'_>, path: &str) -> Option<String> {
        let is_access_point =
            |arn: &&str| arn.split(':').nth(2) == Some("elasticfilesystem") && arn.contains(":access-point/fsap-");
        let arn = value.get_ref().as_str().filter(is_access_point).map(str::to_owned);
        if arn.is_none() {
            self.wrong_value(value, path, "the ARN of an access point of EFS");
        }
        arn
    }

    fn mount_path(&mut self, value: &Value<'_>, path: &str) -> Option<String> {
        let is_legal = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let is_mount_path = |path: &&str| {
            let folder = path.strip_prefix("/mnt/").unwrap_or_default();
            path.len() <= MAX_MOUNT_PATH_CHARS && !folder.is_empty() && folder.chars().all(is_legal)
        };
        let mount_path = value.get_ref().as_str().filter(is_mount_path).map(str::to_owned);
        if mount_path.is_none() {
            let expected =
                format!("a folder in `/mnt`, like `/mnt/data`, of at most {MAX_MOUNT_PATH_CHARS} characters");
            self.wrong_value(value, path, &expected);
        }
        mount_path
    }

    fn runtime_management(&mut self, value: &Value<'_>, path: &str) -> Option<RuntimeManagement> {
        let text = value.get_ref().as_str();
        let version =
            value.get_ref().as_table().filter(|table| table.len() == 1).and_then(|table| table.get("version"));
        let arn = version.and_then(|version| version.get_ref().as_str());
        match (text, arn) {
            (Some("auto"), _) => Some(RuntimeManagement::Auto),
            (Some("function-update"), _) => Some(RuntimeManagement::FunctionUpdate),
            (_, Some(arn)) if arn.starts_with("arn:") && arn.contains(":runtime") => {
                Some(RuntimeManagement::Manual(arn.to_owned()))
            }
            _ => {
                let expected =
                    "`\"auto\"`, `\"function-update\"` or `{ version = \"ARN of a version of the runtime\" }`";
                self.wrong_value(value, path, expected);
                None
            }
        }
    }

    pub(super) fn tags(&mut self, value: &Value<'_>, path: &str) -> BTreeMap<String, String> {
        let Some(table) = value.get_ref().as_table().filter(|table| table.len() <= MAX_TAGS) else {
            self.wrong_value(value, path, &format!("a table of at most {MAX_TAGS} strings"));
            return BTreeMap::new();
        };
        let is_legal = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
        let is_text = |text: &str, max: usize| {
            let text = text.replace(STAGE_PLACEHOLDER, "stage");
            text.chars().count() <= max && text.chars().all(is_legal)
        };
        let mut tags = BTreeMap::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let full_path = format!("{path}.{name}");
            self.record_origin(&full_path, value);
            if ["bedrock:", "aws:"].iter().any(|prefix| name.to_lowercase().starts_with(prefix)) {
                self.not_allowed(value, &full_path, "be set: tags that start with `bedrock:` or `aws:` are reserved");
            } else if name.is_empty() || !is_text(name, MAX_TAG_KEY_CHARS) {
                let reason = format!(
                    "be set: the key of a tag has 1 to {MAX_TAG_KEY_CHARS} letters, digits, spaces and `_.:/=+-@`"
                );
                self.not_allowed(value, &full_path, &reason);
            } else if let Some(text) = value.get_ref().as_str().filter(|text| is_text(text, MAX_TAG_VALUE_CHARS)) {
                tags.insert(name.to_owned(), text.to_owned());
            } else {
                let expected =
                    format!("a string of at most {MAX_TAG_VALUE_CHARS} letters, digits, spaces and `_.:/=+-@`");
                self.wrong_value(value, &full_path, &expected);
            }
        }
        tags
    }

    /// Reads members of Lambda's API that this version has no setting for.
    fn members(&mut self, value: &Value<'_>, path: &str) -> BTreeMap<String, String> {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_value(value, path, "a table of members of Lambda's `CreateFunction`");
            return BTreeMap::new();
        };
        let mut members = BTreeMap::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let full_path = format!("{path}.{name}");
            let known = KNOWN_MEMBERS.iter().find(|(member, _)| *member == name).map(|(_, setting)| *setting);
            let is_member =
                name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(|c| c.is_ascii_alphanumeric());
            match (known, value_text(value.get_ref())) {
                (Some(""), _) => self.not_allowed(value, &full_path, "be set: the tool decides it"),
                (Some(setting), _) => {
                    self.not_allowed(value, &full_path, &format!("be set here: use the setting `{setting}`"));
                }
                (None, Some(text)) if is_member => {
                    members.insert(name.to_owned(), text);
                }
                (None, Some(_)) => {
                    self.not_allowed(
                        value,
                        &full_path,
                        "be set: members of Lambda's API are named like `TenancyConfig`",
                    );
                }
                (None, None) => self.wrong_value(value, &full_path, "a value that can be written as JSON"),
            }
        }
        members
    }
}

#[cfg(test)]
mod tests;
