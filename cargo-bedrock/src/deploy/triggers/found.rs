//! What there is on AWS that invokes the functions of a stage.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::wanted::{Mapping, Notice, Schedule};

/// All of it. Nothing was looked for where no function has or had a trigger.
#[derive(Debug, Clone, Default)]
pub(crate) struct FoundTriggers {
    /// Functions that have the tag of those with triggers.
    pub(crate) marked: BTreeSet<String>,
    /// Whether the group of the schedules is there.
    pub(crate) group: bool,
    pub(crate) schedules: BTreeMap<String, FoundSchedule>,
    /// By worker: the roles with which schedules invoke them.
    pub(crate) roles: BTreeMap<String, FoundRole>,
    /// The queues of the app by their names, those of dead letters excepted.
    pub(crate) queues: BTreeMap<String, FoundQueue>,
    pub(crate) mappings: Vec<FoundMapping>,
    pub(crate) buckets: BTreeMap<String, FoundBucket>,
}

/// A schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoundSchedule {
    pub(crate) schedule: Schedule,
    /// Whether it is switched on and invokes the worker's function with the worker's role.
    pub(crate) sound: bool,
}

/// A role for schedules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoundRole {
    pub(crate) trust: Value,
    pub(crate) own: Option<Value>,
}

/// A queue of the app and its dead letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoundQueue {
    pub(crate) visibility_timeout: i32,
    /// None without its dead-letter queue.
    pub(crate) max_receives: Option<i32>,
    /// Messages in both, about.
    pub(crate) messages: u64,
}

/// Who takes the messages of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoundMapping {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) queue_arn: String,
    pub(crate) mapping: Mapping,
    /// Whether it is switched on.
    pub(crate) enabled: bool,
}

/// A bucket that invokes functions of ours, or is to do so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FoundBucket {
    pub(crate) exists: bool,
    /// Whether it was made with the app.
    pub(crate) own: bool,
    pub(crate) empty: bool,
    /// What our functions hear of.
    pub(crate) notices: Vec<Notice>,
    /// The functions that it may invoke.
    pub(crate) permitted: BTreeSet<String>,
}
