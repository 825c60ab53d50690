//! What a function uses of AWS besides workers: resources, and what it may do with them. This file has the types and the
//! words for access with their actions; `use_reader.rs` reads them from the settings.
//!
//! The table [`ACCESS`] is the only place that knows the actions. `docs/src/uses.md` lists them.

use std::collections::{BTreeMap, BTreeSet};

use super::placeholder::STAGE_PLACEHOLDER;
use super::triggers::{TriggerSource, variable_name};
use crate::name::AppName;

/// The name of the stage on this machine.
const LOCAL_STAGE: &str = "local";
/// The account in ARNs on this machine.
const LOCAL_ACCOUNT: &str = "000000000000";

/// An entry of the list `uses`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Use {
    /// A resource and what the function may do with it.
    Resource(ResourceUse),
    /// A statement of an IAM policy, as JSON text.
    Statement(String),
}

/// `{ table = "orders", access = "read" }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceUse {
    /// The kind of resource.
    pub kind: ResourceKind,
    /// A name, or the ARN of a resource.
    pub name: String,
    /// What the function may do with it.
    pub access: &'static Access,
    /// The key of a table of the app.
    pub key: Option<TableKey>,
}

/// A resource with its location in the manifest, to compare it with other ones.
#[derive(Clone)]
pub(super) struct UseDeclaration {
    pub(super) location: String,
    pub(super) resource: ResourceUse,
}

/// The key of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableKey {
    /// The partition key.
    pub partition: KeyAttribute,
    /// The sort key.
    pub sort: Option<KeyAttribute>,
}

/// An attribute of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyAttribute {
    /// Its name.
    pub name: String,
    /// Its type in DynamoDB's API: `S`, `N` or `B`.
    pub kind: &'static str,
}

/// A kind of resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResourceKind {
    /// A table of DynamoDB.
    Table,
    /// A bucket of S3.
    Bucket,
    /// A queue of SQS.
    Queue,
    /// A topic of SNS.
    Topic,
    /// An event bus of EventBridge.
    Bus,
    /// A data stream of Kinesis.
    Stream,
    /// A secret of Secrets Manager.
    Secret,
    /// A parameter of the Systems Manager Parameter Store.
    Parameter,
    /// A key of KMS.
    Key,
    /// A function of another app.
    Function,
}

/// What a function may do with a resource.
#[derive(Debug, PartialEq, Eq)]
pub struct Access {
    /// The kind of resource.
    pub kind: ResourceKind,
    /// The word in the settings.
    pub word: &'static str,
    /// The actions, and the parts of the resource that they concern.
    pub grants: &'static [Grant],
}

/// Actions, and what follows the ARN in the resources that they concern.
#[derive(Debug, PartialEq, Eq)]
pub struct Grant {
    /// Names of actions, sorted.
    pub actions: &'static [&'static str],
    /// What follows the ARN: nothing, `/*`.
    pub suffixes: &'static [&'static str],
}

const fn access(kind: ResourceKind, word: &'static str, grants: &'static [Grant]) -> Access {
    Access { kind, word, grants }
}

const fn grant(actions: &'static [&'static str], suffixes: &'static [&'static str]) -> Grant {
    Grant { actions, suffixes }
}

const TABLE_READ: &[&str] = &[
    "dynamodb:BatchGetItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DescribeTable",
    "dynamodb:GetItem",
    "dynamodb:Query",
    "dynamodb:Scan",
];
const TABLE_WRITE: &[&str] = &[
    "dynamodb:BatchWriteItem",
    "dynamodb:DeleteItem",
    "dynamodb:DescribeTable",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
];
const OBJECT_READ: &[&str] = &["s3:GetObject", "s3:GetObjectTagging"];
const OBJECT_WRITE: &[&str] = &["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject", "s3:PutObjectTagging"];
const QUEUE_SEND: &[&str] = &["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"];
const QUEUE_RECEIVE: &[&str] = &[
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ReceiveMessage",
];
const STREAM_PUT: &[&str] =
    &["kinesis:DescribeStreamSummary", "kinesis:ListShards", "kinesis:PutRecord", "kinesis:PutRecords"];
const STREAM_READ: &[&str] = &[
    "kinesis:DescribeStream",
    "kinesis:DescribeStreamSummary",
    "kinesis:GetRecords",
    "kinesis:GetShardIterator",
    "kinesis:ListShards",
];
const PARAMETER_READ: &[&str] = &["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"];

/// All words for access, by the kind of resource. Where a kind has one word only, it is the default.
pub static ACCESS: &[Access] = &[
    access(ResourceKind::Table, "read", &[grant(TABLE_READ, &["", "/index/*"])]),
    access(ResourceKind::Table, "write", &[grant(TABLE_WRITE, &[""])]),
    access(ResourceKind::Table, "read-write", &[grant(TABLE_READ, &["", "/index/*"]), grant(TABLE_WRITE, &[""])]),
    access(ResourceKind::Bucket, "read", &[grant(&["s3:ListBucket"], &[""]), grant(OBJECT_READ, &["/*"])]),
    access(ResourceKind::Bucket, "write", &[grant(OBJECT_WRITE, &["/*"])]),
    access(
        ResourceKind::Bucket,
        "read-write",
        &[grant(&["s3:ListBucket"], &[""]), grant(OBJECT_READ, &["/*"]), grant(OBJECT_WRITE, &["/*"])],
    ),
    access(ResourceKind::Queue, "send", &[grant(QUEUE_SEND, &[""])]),
    access(ResourceKind::Queue, "receive", &[grant(QUEUE_RECEIVE, &[""])]),
    access(ResourceKind::Topic, "publish", &[grant(&["sns:Publish"], &[""])]),
    access(ResourceKind::Bus, "put", &[grant(&["events:PutEvents"], &[""])]),
    access(ResourceKind::Stream, "put", &[grant(STREAM_PUT, &[""])]),
    access(ResourceKind::Stream, "read", &[grant(STREAM_READ, &[""])]),
    access(
        ResourceKind::Secret,
        "read",
        &[grant(&["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"], &[""])],
    ),
    access(ResourceKind::Parameter, "read", &[grant(PARAMETER_READ, &[""])]),
    access(ResourceKind::Parameter, "write", &[grant(&["ssm:PutParameter"], &[""])]),
    access(ResourceKind::Key, "decrypt", &[grant(&["kms:Decrypt"], &[""])]),
    access(ResourceKind::Key, "encrypt", &[grant(&["kms:Encrypt", "kms:GenerateDataKey"], &[""])]),
    access(ResourceKind::Key, "sign", &[grant(&["kms:GetPublicKey", "kms:Sign", "kms:Verify"], &[""])]),
    access(ResourceKind::Function, "invoke", &[grant(&["lambda:InvokeFunction"], &["", ":*"])]),
];

impl ResourceKind {
    /// All kinds, in the order of the documentation.
    pub const ALL: [Self; 10] = [
        Self::Table,
        Self::Bucket,
        Self::Queue,
        Self::Topic,
        Self::Bus,
        Self::Stream,
        Self::Secret,
        Self::Parameter,
        Self::Key,
        Self::Function,
    ];

    /// Returns the key in the settings.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Bucket => "bucket",
            Self::Queue => "queue",
            Self::Topic => "topic",
            Self::Bus => "bus",
            Self::Stream => "stream",
            Self::Secret => "secret",
            Self::Parameter => "parameter",
            Self::Key => "key",
            Self::Function => "function",
        }
    }

    /// Returns the service in ARNs.
    #[must_use]
    pub fn service(self) -> &'static str {
        match self {
            Self::Table => "dynamodb",
            Self::Bucket => "s3",
            Self::Queue => "sqs",
            Self::Topic => "sns",
            Self::Bus => "events",
            Self::Stream => "kinesis",
            Self::Secret => "secretsmanager",
            Self::Parameter => "ssm",
            Self::Key => "kms",
            Self::Function => "lambda",
        }
    }

    /// Returns the words for access to this kind.
    pub fn accesses(self) -> impl Iterator<Item = &'static Access> {
        ACCESS.iter().filter(move |access| access.kind == self)
    }
}

/// A resource with all that a function may do with it, as call graphs show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedResource<'a> {
    /// One of the entries of `uses` with this resource.
    pub used: &'a ResourceUse,
    /// The words for access, such as `read`, sorted.
    pub access: Vec<&'static str>,
}

/// Returns the resources that a function uses, each once, sorted by kind and name.
#[must_use]
pub fn used_resources(uses: &[Use]) -> Vec<UsedResource<'_>> {
    let mut resources: BTreeMap<(ResourceKind, &str), (&ResourceUse, BTreeSet<&'static str>)> = BTreeMap::new();
    for each in uses {
        let Use::Resource(resource) = each else { continue };
        let entry = resources.entry((resource.kind, resource.name.as_str()));
        let entry = entry.or_insert_with(|| (resource, BTreeSet::new()));
        entry.1.insert(resource.access.word);
        if entry.0.key.is_none() {
            entry.0 = resource;
        }
    }
    let entries = resources.into_values();
    entries.map(|(used, access)| UsedResource { used, access: access.into_iter().collect() }).collect()
}

impl Use {
    /// Returns the name on this machine and the key of a table of the app. `None` for everything else, and if another
    /// function has the key.
    pub(crate) fn local_table(&self, app: &AppName) -> Option<(String, &TableKey)> {
        let Self::Resource(resource) = self else { return None };
        let is_table = resource.kind == ResourceKind::Table && resource.is_of_app();
        let key = resource.key.as_ref().filter(|_| is_table)?;
        // The name of a table depends on no region.
        Some((resource.local_value(app, "")?, key))
    }
}

impl Use {
    /// Returns the name of a Kinesis stream of the app. `None` for everything else.
    pub(crate) fn stream_of_app(&self) -> Option<&str> {
        match self {
            Self::Resource(used) if used.kind == ResourceKind::Stream && used.is_of_app() => Some(&used.name),
            _ => None,
        }
    }
}

impl ResourceUse {
    /// Returns whether the resource is one of the app, which is created with it.
    #[must_use]
    pub fn is_of_app(&self) -> bool {
        let is_created = match self.kind {
            ResourceKind::Table
            | ResourceKind::Bucket
            | ResourceKind::Queue
            | ResourceKind::Topic
            | ResourceKind::Stream => true,
            // Every account has the bus `default`.
            ResourceKind::Bus => self.name != "default",
            ResourceKind::Secret | ResourceKind::Parameter | ResourceKind::Key | ResourceKind::Function => false,
        };
        is_created && !self.name.starts_with("arn:")
    }

    /// Returns the name without account and region: the last part of an ARN.
    #[must_use]
    pub fn short_name(&self) -> &str {
        if self.name.starts_with("arn:") {
            self.name.rsplit([':', '/']).next().unwrap_or(&self.name)
        } else {
            self.name.trim_start_matches('/')
        }
    }

    /// Returns the ARN, with `{partition}`, `{region}`, `{account}` and `{prefix}` for what depends on the deployment.
    /// `None` for a bucket of the app, whose name is shortened.
    #[must_use]
    pub fn arn(&self) -> Option<String> {
        let name = &self.name;
        if name.starts_with("arn:") {
            return Some(name.clone());
        }
        let resource = match self.kind {
            ResourceKind::Table => format!("table/{{prefix}}{name}"),
            ResourceKind::Bucket => return None,
            ResourceKind::Queue | ResourceKind::Topic => format!("{{prefix}}{name}"),
            ResourceKind::Bus if name == "default" => "event-bus/default".to_owned(),
            ResourceKind::Bus => format!("event-bus/{{prefix}}{name}"),
            ResourceKind::Stream => format!("stream/{{prefix}}{name}"),
            // Secrets Manager adds `-` and six characters to the name.
            ResourceKind::Secret => format!("secret:{name}-??????"),
            ResourceKind::Parameter => format!("parameter/{}", name.trim_start_matches('/')),
            ResourceKind::Key => format!("key/{name}"),
            ResourceKind::Function => format!("function:{name}"),
        };
        let service = self.kind.service();
        Some(format!("arn:{{partition}}:{service}:{{region}}:{{account}}:{resource}"))
    }

    /// Returns the environment variable with which the function finds the resource: `MY_APP_TABLE_ORDERS`.
    #[must_use]
    pub fn variable(&self, app: &AppName) -> String {
        resource_variable(app, self.kind, self.short_name())
    }

    /// Returns the value of the variable with the placeholders of [`Self::arn`], as SDKs expect it. `None` for queues and
    /// buckets: a queue has a URL, and the name of a bucket of the app is shortened.
    #[must_use]
    pub fn value(&self) -> Option<String> {
        let name = &self.name;
        match self.kind {
            ResourceKind::Bucket | ResourceKind::Queue => None,
            ResourceKind::Table | ResourceKind::Bus | ResourceKind::Stream if self.is_of_app() => {
                Some(format!("{{prefix}}{name}"))
            }
            // Kinesis has another parameter for an ARN.
            ResourceKind::Stream => Some(self.short_name().to_owned()),
            // These APIs accept an ARN where they expect a name.
            ResourceKind::Table | ResourceKind::Bus | ResourceKind::Secret | ResourceKind::Parameter => {
                Some(name.clone())
            }
            ResourceKind::Topic | ResourceKind::Key | ResourceKind::Function => self.arn(),
        }
    }
}

impl ResourceUse {
    /// Returns a queue or a bucket as the source of a trigger, with the name that it has on this machine.
    #[must_use]
    pub fn local_source(&self) -> TriggerSource {
        let name = self.name.replace(STAGE_PLACEHOLDER, LOCAL_STAGE);
        if name.starts_with("arn:") { TriggerSource::Existing(name) } else { TriggerSource::Own(name) }
    }

    /// Returns the value of the variable on this machine, where the stage is called `local`. `None` for queues and buckets.
    fn local_value(&self, app: &AppName, region: &str) -> Option<String> {
        let prefix = format!("{app}-{LOCAL_STAGE}-");
        let values = [
            ("{partition}", "aws"),
            ("{region}", region),
            ("{account}", LOCAL_ACCOUNT),
            ("{prefix}", prefix.as_str()),
            (STAGE_PLACEHOLDER, LOCAL_STAGE),
        ];
        let value = self.value()?;
        Some(values.iter().fold(value, |text, (placeholder, value)| text.replace(placeholder, value)))
    }
}

/// Returns the environment variables of what a function uses on this machine, except queues and buckets, which only a
/// server has.
pub(super) fn local_variables(uses: &[Use], app: &AppName, region: &str) -> BTreeMap<String, String> {
    let variable = |each: &Use| match each {
        Use::Resource(resource) => Some((resource.variable(app), resource.local_value(app, region)?)),
        Use::Statement(_) => None,
    };
    uses.iter().filter_map(variable).collect()
}

/// Returns the environment variable of a resource by its kind and name.
pub fn resource_variable(app: &AppName, kind: ResourceKind, name: &str) -> String {
    let word = match kind {
        ResourceKind::Table => "TABLE",
        ResourceKind::Bucket => "BUCKET",
        ResourceKind::Queue => "QUEUE_URL",
        ResourceKind::Topic => "TOPIC_ARN",
        ResourceKind::Bus => "BUS",
        ResourceKind::Stream => "STREAM",
        ResourceKind::Secret => "SECRET",
        ResourceKind::Parameter => "PARAMETER",
        ResourceKind::Key => "KEY_ARN",
        ResourceKind::Function => "FUNCTION_ARN",
    };
    variable_name(&format!("{app}_{word}_{name}"))
}
