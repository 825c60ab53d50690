//! What functions use, in the manifest: ARNs, actions and variables, with placeholders for what depends on the deployment.

use bedrock_build::uses::{Grant, KeyAttribute, ResourceUse};
use bedrock_build::{AppName, FunctionSettings, Use};
use serde::Serialize;
use serde_json::Value;

/// A resource, and what the function may do with it.
#[derive(Debug, Serialize)]
pub(super) struct ResourceEntry {
    kind: &'static str,
    /// The name in the settings, or an ARN.
    name: String,
    access: &'static str,
    /// Whether the resource is created with the app.
    is_of_app: bool,
    /// Null for a bucket of the app.
    arn: Option<String>,
    grants: Vec<GrantEntry>,
    variable: String,
    /// The value of the variable. Null for queues, which have a URL, and for buckets, which have a name.
    value: Option<String>,
    /// The key of a table of the app, in the entry that says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<TableKeyEntry>,
}

/// An entry of the key `uses` of a function.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Entry {
    Resource(Box<ResourceEntry>),
    Statement {
        /// A statement of an IAM policy.
        statement: Value,
    },
}

#[derive(Debug, Serialize)]
pub(super) struct GrantEntry {
    actions: &'static [&'static str],
    /// What follows the ARN in the resources of the statement.
    suffixes: &'static [&'static str],
}

#[derive(Debug, Serialize)]
pub(super) struct TableKeyEntry {
    partition: AttributeEntry,
    sort: Option<AttributeEntry>,
}

#[derive(Debug, Serialize)]
struct AttributeEntry {
    name: String,
    /// `S`, `N` or `B`.
    #[serde(rename = "type")]
    kind: &'static str,
}

/// Returns `None` if the settings say nothing.
pub(super) fn entries(app: &AppName, settings: &FunctionSettings) -> Option<Vec<Entry>> {
    let entry = |each: &Use| match each {
        Use::Resource(resource) => Entry::of(app, resource),
        // The settings have checked that it is JSON.
        Use::Statement(text) => Entry::Statement { statement: serde_json::from_str(text).unwrap_or_default() },
    };
    settings.uses.as_ref().map(|uses| uses.iter().map(entry).collect())
}

impl Entry {
    fn of(app: &AppName, resource: &ResourceUse) -> Self {
        let grant = |grant: &'static Grant| GrantEntry { actions: grant.actions, suffixes: grant.suffixes };
        let attribute =
            |attribute: &KeyAttribute| AttributeEntry { name: attribute.name.clone(), kind: attribute.kind };
        let key = resource
            .key
            .as_ref()
            .map(|key| TableKeyEntry { partition: attribute(&key.partition), sort: key.sort.as_ref().map(attribute) });
        Self::Resource(Box::new(ResourceEntry {
            kind: resource.kind.as_str(),
            name: resource.name.clone(),
            access: resource.access.word,
            is_of_app: resource.is_of_app(),
            arn: resource.arn(),
            grants: resource.access.grants.iter().map(grant).collect(),
            variable: resource.variable(app),
            value: resource.value(),
            key,
        }))
    }
}
