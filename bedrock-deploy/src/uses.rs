//! What a function uses of AWS, as the manifest says it, and the ARNs of resources in a stage.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::regions::queue_url;
use crate::stage::{StageContext, arn_resource};

/// An entry of the key `uses` of a function in the manifest.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Use {
    Resource(Box<ResourceUse>),
    Statement { statement: Value },
}

/// A resource, and what the function may do with it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct ResourceUse {
    pub(crate) kind: String,
    /// Name in the settings, or ARN.
    pub(crate) name: String,
    pub(crate) is_of_app: bool,
    /// ARN with placeholders. `None` for a bucket of the app.
    pub(crate) arn: Option<String>,
    pub(crate) grants: Vec<Grant>,
    pub(crate) variable: String,
    /// Value of the variable with placeholders. `None` for queues and buckets.
    pub(crate) value: Option<String>,
    #[serde(default)]
    pub(crate) key: Option<TableKey>,
}

/// Actions, and what follows the ARN in the resources that they concern.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Grant {
    pub(crate) actions: Vec<String>,
    pub(crate) suffixes: Vec<String>,
}

/// The key of a table of the app.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct TableKey {
    pub(crate) partition: KeyAttribute,
    pub(crate) sort: Option<KeyAttribute>,
}

/// An attribute of a key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct KeyAttribute {
    pub(crate) name: String,
    /// `S`, `N` or `B`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
}

/// A table, a topic, an event bus or a Kinesis stream of the app, by its full name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ResourceId {
    /// `table`, `topic`, `bus` or `stream`.
    pub(crate) kind: String,
    /// With app and stage: `shop-dev-orders`.
    pub(crate) name: String,
    pub(crate) arn: String,
}

/// Resources of the app, tables with their keys.
pub(crate) type AppResources = BTreeMap<ResourceId, Option<TableKey>>;

impl Use {
    pub(crate) fn resource(&self) -> Option<&ResourceUse> {
        match self {
            Self::Resource(resource) => Some(resource.as_ref()),
            Self::Statement { .. } => None,
        }
    }
}

impl ResourceUse {
    /// Returns the ARN in a stage.
    pub(crate) fn arn_in(&self, stage: &StageContext) -> String {
        match &self.arn {
            Some(arn) => fill(arn, stage),
            None => stage.bucket_arn(&stage.bucket_name(&self.name)),
        }
    }

    /// Returns the value of the variable in a stage.
    pub(crate) fn value_in(&self, stage: &StageContext) -> String {
        match &self.value {
            Some(value) => fill(value, stage),
            None if self.kind == "queue" => queue_url(&self.arn_in(stage)).unwrap_or_default(),
            None => arn_resource(&self.arn_in(stage)).to_owned(),
        }
    }
}

/// Replaces the placeholders for what depends on the deployment.
fn fill(text: &str, stage: &StageContext) -> String {
    let env = &stage.env;
    let values = [
        ("{partition}", &env.partition),
        ("{region}", &env.region),
        ("{account}", &env.account),
        ("{prefix}", &stage.prefix()),
    ];
    values.iter().fold(text.to_owned(), |text, (placeholder, value)| text.replace(placeholder, value))
}
