//! What there is on AWS, as `read` found it: one entry for each function that is ours or is to be.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::desired::{Events, UrlAuth};
use super::triggers::found::FoundTriggers;
use super::version::Version;

/// What was found of a stage.
#[derive(Debug, Clone, Default)]
pub(crate) struct Actual {
    /// By worker, the endpoint as `endpoint`.
    pub(crate) functions: BTreeMap<String, Found>,
    /// What invokes them besides calls.
    pub(crate) triggers: FoundTriggers,
    /// What has names of this stage and is not ours.
    pub(crate) foreign: Vec<Foreign>,
}

/// A function or a role that somebody else made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Foreign {
    /// ``function `shop-dev-counter` ``
    pub(crate) what: String,
    /// What its tag `bedrock:owner` says.
    pub(crate) owner: Option<String>,
}

/// Whatever there is of one function; a deploy that was ended half-way leaves any part of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    pub(crate) log: Option<Log>,
    pub(crate) role: Option<Role>,
    /// Policies of ours for that role, and whether they are attached to it.
    pub(crate) managed: BTreeMap<String, bool>,
    /// Of the worker's own layer.
    pub(crate) layers: Vec<LayerVersion>,
    pub(crate) function: Option<Deployed>,
}

/// A log group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Log {
    /// Days; none keeps logs for ever.
    pub(crate) retention: Option<i32>,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Role {
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) trust: Value,
    pub(crate) own: Option<Value>,
}

/// A version of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LayerVersion {
    pub(crate) number: i64,
    pub(crate) arn: String,
    pub(crate) description: String,
}

/// A function that is there.
#[derive(Debug, Clone)]
pub(crate) struct Deployed {
    /// What calls by the plain name meet.
    pub(crate) latest: Version,
    /// Why its last update came to nothing, if it did.
    pub(crate) failed: Option<String>,
    /// What the alias `live` points to, and its number.
    pub(crate) live: Option<(String, Version)>,
    /// When the code or the settings were last changed, as AWS writes it.
    pub(crate) modified: String,
    pub(crate) concurrency: Option<i32>,
    pub(crate) events: Events,
    pub(crate) may_recurse: bool,
    pub(crate) url: Option<Url>,
    /// Ids of the statements about who may call the alias.
    pub(crate) statements: BTreeSet<String>,
    /// Whether it has the tag of those that have or had triggers.
    pub(crate) has_triggers: bool,
}

/// A URL of the alias `live`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) auth: UrlAuth,
    pub(crate) address: String,
}
