//! The actual triggers of a stage on AWS.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::desired::{EventSourceMapping, NotificationConfig, Schedule, SubscriptionFilter};
use super::streams::desired::StreamMapping;
use crate::actual_role::ActualRole;

/// The actual triggers. Empty, without having been read, if no function has or had triggers.
#[derive(Debug, Clone, Default)]
pub(crate) struct ActualTriggers {
    /// Keys of the functions that have the tag of functions with triggers.
    pub(crate) tagged_functions: BTreeSet<String>,
    /// Whether the schedule group exists.
    pub(crate) has_schedule_group: bool,
    pub(crate) schedules: BTreeMap<String, ActualSchedule>,
    /// Roles with which schedules invoke functions, by the keys of the functions.
    pub(crate) schedule_roles: BTreeMap<String, ActualRole>,
    /// Queues of the app by their names, without dead-letter queues.
    pub(crate) queues: BTreeMap<String, ActualQueue>,
    pub(crate) mappings: Vec<ActualMapping>,
    pub(crate) stream_mappings: Vec<ActualStreamMapping>,
    /// Enabled streams of tables that invoke functions, by the full names of the tables.
    pub(crate) table_streams: BTreeMap<String, ActualTableStream>,
    pub(crate) buckets: BTreeMap<String, ActualBucket>,
    /// Whether buckets of the app are deleted with their objects.
    pub(crate) empties_buckets: bool,
    /// By their ARNs.
    pub(crate) topics: BTreeMap<String, ActualTopic>,
    /// By their ARNs.
    pub(crate) rules: BTreeMap<String, ActualRule>,
}

/// A topic that invokes functions of the stage, or is to do so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ActualTopic {
    /// By the keys of the functions.
    pub(crate) subscriptions: BTreeMap<String, ActualSubscription>,
    /// Keys of the functions whose aliases it may invoke.
    pub(crate) permitted: BTreeSet<String>,
}

/// A subscription of the alias of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ActualSubscription {
    pub(crate) arn: String,
    pub(crate) filter: SubscriptionFilter,
}

/// A rule that invokes a function of the stage, or is to do so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ActualRule {
    pub(crate) key: String,
    pub(crate) exists: bool,
    pub(crate) pattern: Value,
    /// Whether it is enabled and invokes nothing but the alias of the function.
    pub(crate) is_effective: bool,
    pub(crate) is_permitted: bool,
}

/// A schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ActualSchedule {
    pub(crate) schedule: Schedule,
    /// Whether it is enabled and invokes the alias of the worker's function with the worker's role.
    pub(crate) is_effective: bool,
}

/// A queue of the app and its dead-letter queue. One of the two may be missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ActualQueue {
    pub(crate) visibility_timeout_seconds: i32,
    /// `None` if it has no dead-letter queue.
    pub(crate) max_receives: Option<i32>,
    /// Whether the body of a message identifies duplicates; only FIFO queues have it.
    pub(crate) content_based_deduplication: bool,
    /// Approximate number of messages in both queues.
    pub(crate) messages: u64,
}

/// An event source mapping from a queue to a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ActualMapping {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) queue_arn: String,
    pub(crate) mapping: EventSourceMapping,
    pub(crate) is_enabled: bool,
    /// Whether it invokes the alias. A mapping of an earlier deploy invokes the unqualified function.
    pub(crate) invokes_alias: bool,
}

/// An event source mapping from a stream to a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ActualStreamMapping {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) source_arn: String,
    pub(crate) mapping: StreamMapping,
    pub(crate) is_enabled: bool,
    /// Whether it invokes the alias.
    pub(crate) invokes_alias: bool,
}

/// The stream of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ActualTableStream {
    pub(crate) arn: String,
}

/// A bucket that invokes functions of the stage, or is to do so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ActualBucket {
    pub(crate) exists: bool,
    /// Whether it was created by a deploy of this stage.
    pub(crate) is_app_bucket: bool,
    /// Only read for buckets that are to be deleted.
    pub(crate) is_empty: bool,
    /// Notifications to functions of the stage.
    pub(crate) notifications: Vec<NotificationConfig>,
    /// Keys of the functions whose aliases it may invoke.
    pub(crate) permitted: BTreeSet<String>,
    /// Keys of the functions that it may invoke without a qualifier: an earlier deploy has allowed that.
    pub(crate) permitted_unqualified: BTreeSet<String>,
}
