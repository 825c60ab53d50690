//! Settings of a function that Lambda has and that are at Lambda's defaults for most functions: storage, network, logging,
//! encryption, tracing, capacity. This file has only the types and limits; `lambda_reader.rs` reads them.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::architecture::Architecture;

/// The size of `/tmp` in megabytes (Lambda quotas).
pub(super) const EPHEMERAL_STORAGE_MEGABYTES: RangeInclusive<u64> = 512..=10_240;
/// The number of execution environments that are kept initialized (API model, `PositiveInteger`).
pub(super) const PROVISIONED_CONCURRENCY: RangeInclusive<u64> = 1..=1_000_000;
/// Subnets of a function (API model, `SubnetIds`).
pub(super) const MAX_SUBNETS: usize = 16;
/// Security groups of a function (API model, `SecurityGroupIds`).
pub(super) const MAX_SECURITY_GROUPS: usize = 5;
/// Characters of a description (API model, `Description`).
pub(super) const MAX_DESCRIPTION_CHARS: usize = 256;
/// Tags of a resource: AWS allows 50, and four are this tool's own.
pub(super) const MAX_TAGS: usize = 46;
/// Characters of the key and of the value of a tag (AWS documentation, tag restrictions).
pub(super) const MAX_TAG_KEY_CHARS: usize = 128;
pub(super) const MAX_TAG_VALUE_CHARS: usize = 256;
/// Characters of the name of a log group (API model, `LogGroup`).
pub(super) const MAX_LOG_GROUP_CHARS: usize = 512;
/// Characters of the folder of a file system (API model, `LocalMountPath`).
pub(super) const MAX_MOUNT_PATH_CHARS: usize = 160;

/// Settings that have no value here by default: Lambda's default applies, or what was set by other means is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LambdaSettings {
    /// The instruction set architecture. `None` for that of the app.
    pub architecture: Option<Architecture>,
    /// The ARN of the code signing configuration.
    pub code_signing: Option<String>,
    /// The description of the function.
    pub description: Option<String>,
    /// The size of `/tmp` in megabytes. Lambda's default is 512.
    pub ephemeral_storage: Option<u64>,
    /// A file system that is mounted in the function's environments.
    pub file_system: Option<FileSystem>,
    /// The ARN of the key that encrypts the environment variables.
    pub kms_key: Option<String>,
    /// The format, the levels and the log group of the function's log.
    pub logging: Logging,
    /// Members of Lambda's API by their names, as JSON text. Sent as they are.
    pub members: BTreeMap<String, String>,
    /// The number of execution environments that are kept initialized for the version in use.
    pub provisioned_concurrency: Option<u64>,
    /// When Lambda updates the runtime.
    pub runtime_management: Option<RuntimeManagement>,
    /// Whether new environments start from a snapshot of an initialized one.
    pub snap_start: bool,
    /// Tags of the function, in addition to those that identify its app and stage.
    pub tags: BTreeMap<String, String>,
    /// Whether Lambda samples requests for X-Ray.
    pub tracing: Option<Tracing>,
    /// The network that the function is connected to.
    pub vpc: Option<Vpc>,
}

/// `{ arn = "arn:aws:elasticfilesystem:…:access-point/fsap-…", path = "/mnt/data" }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSystem {
    /// The ARN of an access point.
    pub arn: String,
    /// The folder that it is mounted at, below `/mnt`.
    pub path: String,
}

/// Where a function's log lines go, and which are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Logging {
    /// The format. Lambda's default is text.
    pub format: Option<LogFormat>,
    /// The lowest level of the function's own lines, as in Lambda's API. Lambda's default is `INFO`.
    pub level: Option<&'static str>,
    /// The lowest level of Lambda's own lines, as in Lambda's API. Lambda's default is `INFO`.
    pub system_level: Option<&'static str>,
    /// The name of an existing log group. `None` for one of the function's own.
    pub group: Option<String>,
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines of text.
    Text,
    /// A JSON object in each line.
    Json,
}

/// When Lambda updates the runtime of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuntimeManagement {
    /// As soon as there is a new version.
    Auto,
    /// When the function is updated.
    FunctionUpdate,
    /// Never: the ARN of the version of the runtime.
    Manual(String),
}

/// Whether requests are sampled for X-Ray.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tracing {
    /// Lambda samples requests.
    Active,
    /// Only requests that the caller has sampled are traced.
    PassThrough,
}

/// `{ subnets = ["subnet-…"], security-groups = ["sg-…"] }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vpc {
    /// The ids of the subnets, sorted.
    pub subnets: Vec<String>,
    /// The ids of the security groups, sorted.
    pub security_groups: Vec<String>,
    /// Whether the function may connect to IPv6 addresses, in subnets that have both.
    pub ipv6: bool,
}
