//! The plan of one trigger and its steps. Each step can be repeated without harm.

use super::desired::{AppQueue, DesiredRule, EventSourceMapping, NotificationConfig, Schedule, SubscriptionFilter};
use super::streams::desired::{StreamMapping, StreamSource};
use crate::alarms::alarm::Alarm;
use crate::http_api::actual::ActualHttpApi;
use crate::http_api::change::HttpApiChange;
use crate::resource_tags::{TagTarget, Tags};
use crate::stage::function_label;
use crate::step::Change;
use crate::uses::{ResourceId, TableKey};

/// What is done with one trigger: a queue, a bucket, or all schedules of the stage.
#[derive(Debug, Clone)]
pub struct PlannedTrigger {
    /// Kind and name: `queue shop-dev-jobs`.
    pub resource: String,
    /// What is done.
    pub change: Change,
    /// Why it is updated or deleted, for people: `batch size 10 → 5`.
    pub reasons: Vec<String>,
    pub(crate) steps: Vec<TriggerStep>,
    /// Set if a resource is kept that is not part of the app any more, with what the user can do about it.
    pub(crate) warning: Option<String>,
}

impl PlannedTrigger {
    /// Returns the names of all steps in JSON output.
    #[must_use]
    pub fn step_ids(&self) -> Vec<&'static str> {
        self.steps.iter().map(TriggerStep::id).collect()
    }

    /// Returns whether this deletes data that `deploy` never deletes, and that functions may write until they are deleted.
    pub(crate) fn deletes_data(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, TriggerStep::EmptyBucket(_) | TriggerStep::DeleteResource(_)))
    }
}

/// One step for one trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TriggerStep {
    /// Adds the tag of functions with triggers to a function.
    TagFunction(String),
    CreateScheduleGroup,
    CreateScheduleRole(String),
    UpdateScheduleTrustPolicy(String),
    /// Limits the permissions of the role of a function's schedules by the policy with this ARN.
    SetSchedulePermissionsBoundary(String, String),
    PutSchedulePolicy(String),
    CreateSchedule(String, Schedule),
    UpdateSchedule(String, Schedule),
    DeleteSchedule(String),
    DeleteScheduleRole(String),
    DeleteScheduleGroup,
    /// Creates a queue and its dead-letter queue. Both may exist already.
    CreateQueue(AppQueue),
    UpdateQueue(AppQueue),
    CreateMapping {
        key: String,
        queue_arn: String,
        mapping: EventSourceMapping,
    },
    UpdateMapping {
        id: String,
        key: String,
        mapping: EventSourceMapping,
        old: EventSourceMapping,
    },
    DeleteMapping(String),
    /// Deletes a queue and its dead-letter queue with all messages.
    DeleteQueue(String),
    CreateBucket(String),
    /// Allows a bucket to invoke the alias of a function.
    AddBucketPermission {
        key: String,
        bucket: String,
    },
    /// Replaces the notifications of a bucket to the functions `keys`, and keeps all others.
    PutNotifications {
        bucket: String,
        keys: Vec<String>,
        notifications: Vec<NotificationConfig>,
    },
    RemoveBucketPermission {
        key: String,
        bucket: String,
        qualifier: Option<&'static str>,
    },
    CreateTable(String, TableKey),
    CreateTopic(String),
    CreateBus(String),
    /// Creates a Kinesis stream.
    CreateStream(String),
    /// Enables the stream of a table.
    EnableTableStream {
        table: String,
        view_type: String,
    },
    CreateStreamMapping {
        key: String,
        source: StreamSource,
        mapping: Box<StreamMapping>,
    },
    UpdateStreamMapping {
        id: String,
        key: String,
        mapping: Box<StreamMapping>,
        old: Box<StreamMapping>,
    },
    /// Allows a topic or a rule, by its ARN, to invoke the alias of a function.
    AddSourcePermission {
        key: String,
        source_arn: String,
    },
    RemoveSourcePermission {
        key: String,
        source_arn: String,
    },
    Subscribe {
        key: String,
        topic_arn: String,
        filter: SubscriptionFilter,
    },
    UpdateSubscription {
        arn: String,
        key: String,
        filter: SubscriptionFilter,
    },
    Unsubscribe {
        arn: String,
        key: String,
    },
    /// Creates or updates a rule.
    PutRule(DesiredRule),
    /// Makes a rule invoke the alias of its function, and nothing else.
    PutTarget(DesiredRule),
    /// Deletes a rule, by its ARN.
    DeleteRule(String),
    /// Creates an HTTP API, or changes what differs.
    PutHttpApi(Box<HttpApiChange>),
    /// Deletes an HTTP API with its domain name.
    DeleteHttpApi(Box<ActualHttpApi>),
    /// Creates or changes alarms of a function.
    PutAlarms {
        key: String,
        alarms: Vec<Alarm>,
    },
    /// Deletes alarms of a function by their names.
    DeleteAlarms {
        key: String,
        names: Vec<String>,
        /// Whether the function has no others.
        is_last: bool,
    },
    /// Adds or changes tags of a resource.
    TagResource(TagTarget, Tags),
    /// Deletes all versions of all objects of a bucket.
    EmptyBucket(String),
    /// Deletes a table, a topic, an event bus, a Kinesis stream or a bucket with its data.
    DeleteResource(ResourceId),
    /// Deletes a bucket. S3 refuses it unless the bucket is empty.
    DeleteBucket(String),
}

impl TriggerStep {
    /// Returns what the step does, for messages such as ``failed to create queue `x` ``. `planned` is the resource of its plan.
    pub(crate) fn description(&self, planned: &str) -> String {
        let name = planned.rsplit(' ').next().unwrap_or_default();
        match self {
            Self::TagFunction(key) => format!("tag the function of worker `{key}`"),
            Self::CreateScheduleGroup => format!("create the schedule group `{name}`"),
            Self::CreateScheduleRole(key) => format!("create the role of the schedules of worker `{key}`"),
            Self::UpdateScheduleTrustPolicy(key) => {
                format!("update the trust policy of the role of the schedules of worker `{key}`")
            }
            Self::SetSchedulePermissionsBoundary(key, _) => {
                format!("set the permissions boundary of the role of the schedules of worker `{key}`")
            }
            Self::PutSchedulePolicy(key) => format!("set the permissions of the schedules of worker `{key}`"),
            Self::CreateSchedule(name, _) => format!("create schedule `{name}`"),
            Self::UpdateSchedule(name, _) => format!("update schedule `{name}`"),
            Self::DeleteSchedule(name) => format!("delete schedule `{name}`"),
            Self::DeleteScheduleRole(key) => format!("delete the role of the schedules of worker `{key}`"),
            Self::DeleteScheduleGroup => format!("delete the schedule group `{name}`"),
            Self::CreateQueue(queue) => format!("create queue `{}`", queue.name),
            Self::UpdateQueue(queue) => format!("update queue `{}`", queue.name),
            Self::CreateMapping { key, queue_arn, .. } => {
                format!("create the event source mapping of worker `{key}` for queue `{queue_arn}`")
            }
            Self::CreateStreamMapping { key, source, .. } => {
                format!("create the event source mapping of worker `{key}` for the {}", source.title())
            }
            Self::UpdateMapping { id, .. } | Self::UpdateStreamMapping { id, .. } => {
                format!("update event source mapping `{id}`")
            }
            Self::DeleteMapping(id) => format!("delete event source mapping `{id}`"),
            Self::DeleteQueue(name) => format!("delete queue `{name}`"),
            Self::CreateBucket(name) => format!("create bucket `{name}`"),
            Self::AddBucketPermission { key, bucket } => format!("allow bucket `{bucket}` to invoke worker `{key}`"),
            Self::PutNotifications { bucket, .. } => format!("set the notifications of bucket `{bucket}`"),
            Self::RemoveBucketPermission { key, bucket, .. } => {
                format!("disallow bucket `{bucket}` to invoke worker `{key}`")
            }
            Self::CreateTable(name, _) => format!("create table `{name}`"),
            Self::CreateTopic(name) => format!("create topic `{name}`"),
            Self::CreateBus(name) => format!("create event bus `{name}`"),
            Self::CreateStream(name) => format!("create Kinesis stream `{name}`"),
            Self::EnableTableStream { table, .. } => format!("enable the stream of table `{table}`"),
            Self::AddSourcePermission { key, source_arn } => format!("allow `{source_arn}` to invoke worker `{key}`"),
            Self::RemoveSourcePermission { key, source_arn } => {
                format!("disallow `{source_arn}` to invoke worker `{key}`")
            }
            Self::Subscribe { key, topic_arn, .. } => format!("subscribe worker `{key}` to topic `{topic_arn}`"),
            Self::UpdateSubscription { key, .. } => format!("set the filter policy of worker `{key}`"),
            Self::Unsubscribe { arn, key } => format!("delete subscription `{arn}` of worker `{key}`"),
            Self::PutRule(rule) => format!("set rule `{}` of event bus `{}`", rule.name, rule.bus),
            Self::PutTarget(rule) => format!("make rule `{}` invoke worker `{}`", rule.name, rule.key),
            Self::DeleteRule(arn) => format!("delete rule `{arn}`"),
            Self::PutHttpApi(_) => format!("set the HTTP API `{name}`"),
            Self::DeleteHttpApi(_) => format!("delete the HTTP API `{name}`"),
            Self::PutAlarms { key, .. } => format!("set the alarms of {}", function_label(key)),
            Self::DeleteAlarms { key, .. } => format!("delete alarms of {}", function_label(key)),
            Self::TagResource(target, _) => format!("set the tags of {target}"),
            Self::EmptyBucket(name) => format!("delete the objects of bucket `{name}`"),
            Self::DeleteResource(id) => format!("delete {} `{}`", id.kind, id.name),
            Self::DeleteBucket(name) => format!("delete bucket `{name}`"),
        }
    }

    /// Returns whether the step makes something that versions use, or an alarm that a canary watches. The other steps make
    /// something invoke the alias, and follow after all calls go to the new versions.
    pub(crate) fn precedes_canary(&self) -> bool {
        matches!(
            self,
            Self::TagFunction(_)
                | Self::CreateQueue(_)
                | Self::CreateBucket(_)
                | Self::CreateTable(..)
                | Self::CreateTopic(_)
                | Self::CreateBus(_)
                | Self::CreateStream(_)
                | Self::PutAlarms { .. }
        )
    }

    /// Returns the name of the step in JSON output.
    pub(crate) fn id(&self) -> &'static str {
        match self {
            Self::TagFunction(_) => "mark",
            Self::CreateScheduleGroup => "make-group",
            Self::CreateScheduleRole(_) => "make-schedule-role",
            Self::UpdateScheduleTrustPolicy(_) => "trust-scheduler",
            Self::SetSchedulePermissionsBoundary(..) => "set-schedule-boundary",
            Self::PutSchedulePolicy(_) => "write-schedule-rights",
            Self::CreateSchedule(..) => "make-schedule",
            Self::UpdateSchedule(..) => "set-schedule",
            Self::DeleteSchedule(_) => "delete-schedule",
            Self::DeleteScheduleRole(_) => "delete-schedule-role",
            Self::DeleteScheduleGroup => "delete-group",
            Self::CreateQueue(_) => "make-queue",
            Self::UpdateQueue(_) => "set-queue",
            Self::CreateMapping { .. } | Self::CreateStreamMapping { .. } => "map",
            Self::UpdateMapping { .. } | Self::UpdateStreamMapping { .. } => "remap",
            Self::DeleteMapping(_) => "unmap",
            Self::DeleteQueue(_) => "delete-queue",
            Self::CreateBucket(_) => "make-bucket",
            Self::AddBucketPermission { .. } => "permit",
            Self::PutNotifications { .. } => "notify",
            Self::RemoveBucketPermission { .. } => "forbid",
            Self::CreateTable(..) => "make-table",
            Self::CreateTopic(_) => "make-topic",
            Self::CreateBus(_) => "make-bus",
            Self::CreateStream(_) => "make-stream",
            Self::EnableTableStream { .. } => "enable-stream",
            Self::AddSourcePermission { .. } => "permit-source",
            Self::RemoveSourcePermission { .. } => "forbid-source",
            Self::Subscribe { .. } => "subscribe",
            Self::UpdateSubscription { .. } => "set-subscription",
            Self::Unsubscribe { .. } => "unsubscribe",
            Self::PutRule(_) => "put-rule",
            Self::PutTarget(_) => "put-target",
            Self::DeleteRule(_) => "delete-rule",
            Self::PutHttpApi(_) => "put-http-api",
            Self::DeleteHttpApi(_) => "delete-http-api",
            Self::PutAlarms { .. } => "put-alarms",
            Self::DeleteAlarms { .. } => "delete-alarms",
            Self::TagResource(..) => "tag-resource",
            Self::EmptyBucket(_) => "empty-bucket",
            Self::DeleteResource(_) => "delete-resource",
            Self::DeleteBucket(_) => "delete-bucket",
        }
    }
}
